"""The pages for customers: what app.py registers under the organisation's address."""

from flask import Blueprint

from promises.public import (
    badges,
    callback,
    display,
    embed,
    feedback,
    feeds,
    figures_json,
    hooks,
    kiosk,
    payouts,
    presence,
    promises,
    subscriptions,
    tickets,
)

ALL: tuple[Blueprint, ...] = (
    badges.blueprint,
    callback.blueprint,
    display.blueprint,
    embed.blueprint,
    feedback.blueprint,
    feeds.blueprint,
    figures_json.blueprint,
    hooks.blueprint,
    kiosk.blueprint,
    payouts.blueprint,
    presence.blueprint,
    promises.blueprint,
    subscriptions.blueprint,
    tickets.blueprint,
)
