"""Addresses: every page of an organisation lies under its slug, which views never see."""

from typing import Any

from flask import Flask, current_app, g, has_request_context, url_for
from werkzeug.routing import BaseConverter

PREFIX = "/o/<slug:slug>"
"""app.py registers every blueprint of pages with this prefix; `url_for` fills the slug in."""


class SlugConverter(BaseConverter):
    regex = "[a-z0-9][a-z0-9-]{0,62}"


class CodeConverter(BaseConverter):
    """Public codes of tickets and the like, as people type them or a QR code carries them."""

    regex = "[A-Za-z0-9_-]{4,80}"


class AccountConverter(BaseConverter):
    """Accounts of the books: a meaning, and the rail whose it is."""

    regex = "[a-z_]{2,60}(?::[a-z_]{2,60})?"


class TokenConverter(BaseConverter):
    """One-time tokens in links: the organisation, a dot, the secret."""

    regex = r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{10,80}"


def init_app(app: Flask) -> None:
    app.url_map.converters.update(
        slug=SlugConverter, code=CodeConverter, account=AccountConverter, token=TokenConverter
    )
    app.url_value_preprocessor(_take_slug)
    app.url_defaults(_give_slug)


def _take_slug(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values is not None and "slug" in values:
        g.slug = values.pop("slug")


def _give_slug(endpoint: str, values: dict[str, Any]) -> None:
    if not has_request_context() or "slug" in values:
        return
    slug = g.get("slug")
    if slug is not None and current_app.url_map.is_endpoint_expecting(endpoint, "slug"):
        values["slug"] = slug


def absolute(endpoint: str, **values: Any) -> str:
    """A link that works outside this site: on paper, in a QR code. Its host is the configured one,
    never what a request claims."""
    base: str = current_app.config["LUPAUS"].base_url
    return base + url_for(endpoint, **values)
