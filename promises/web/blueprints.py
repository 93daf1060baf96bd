"""The pages of the staff: what app.py registers under the organisation's address."""

from flask import Blueprint

from promises.web import account, counter, home, people, sign_in, tickets

ALL: tuple[Blueprint, ...] = (
    account.blueprint,
    counter.blueprint,
    home.blueprint,
    people.blueprint,
    sign_in.blueprint,
    tickets.blueprint,
)
