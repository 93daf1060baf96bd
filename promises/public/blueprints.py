"""The pages for customers: what app.py registers under the organisation's address."""

from flask import Blueprint

from promises.public import display, kiosk, promises, tickets

ALL: tuple[Blueprint, ...] = (
    display.blueprint,
    kiosk.blueprint,
    promises.blueprint,
    tickets.blueprint,
)
