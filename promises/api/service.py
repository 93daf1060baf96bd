"""The API as app.py registers it."""

from flask import Flask

from promises.api import (
    branches,
    events,
    figures,
    matters,
    money,
    promises,
    proposals,
    reference,
    tickets,
    verdicts,
)
from promises.api.blueprint import api_v1
from promises.api.operations import ALL
from promises.api.spec import make_api, published
from promises.http.security import csrf

__all__ = ["ALL", "ROOMS", "init_app"]

ROOMS = (branches, tickets, matters, events, promises, proposals, figures, verdicts, money)


def init_app(app: Flask) -> None:
    """After permissions. A key is no cookie: requests with one need no form token."""
    api = make_api()
    api.init_app(app)
    api.register_blueprint(api_v1)
    app.cli.commands.pop("openapi")  # it prints the description without what `published` adds
    csrf.exempt(api_v1)
    app.extensions[reference.EXTENSION] = published(api)
    app.register_blueprint(reference.blueprint)
