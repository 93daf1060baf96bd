"""The pages of the staff: what app.py registers under the organisation's address."""

from flask import Blueprint

from promises.web import account, home, people, sign_in

ALL: tuple[Blueprint, ...] = (
    account.blueprint,
    home.blueprint,
    people.blueprint,
    sign_in.blueprint,
)
