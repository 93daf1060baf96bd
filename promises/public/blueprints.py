"""The pages for customers: what app.py registers under the organisation's address."""

from flask import Blueprint

from promises.public import callback, display, feedback, kiosk, presence, promises, tickets

ALL: tuple[Blueprint, ...] = (
    callback.blueprint,
    display.blueprint,
    feedback.blueprint,
    kiosk.blueprint,
    presence.blueprint,
    promises.blueprint,
    tickets.blueprint,
)
