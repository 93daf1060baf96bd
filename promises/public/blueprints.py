"""The pages for customers: what app.py registers under the organisation's address."""

from flask import Blueprint

from promises.public import display, kiosk, presence, promises, tickets

ALL: tuple[Blueprint, ...] = (
    display.blueprint,
    kiosk.blueprint,
    presence.blueprint,
    promises.blueprint,
    tickets.blueprint,
)
