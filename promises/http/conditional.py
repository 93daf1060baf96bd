"""Polls that cost next to nothing when nothing has changed."""

import datetime as dt
import hashlib
from collections.abc import Callable

from flask import Response, current_app, make_response, request

from promises.http import i18n
from promises.http.context import current


def respond_if_changed(
    etag_parts: tuple[object, ...], render: Callable[[], str], *, now: dt.datetime | None = None
) -> Response:
    """304 without rendering when the reader has what these parts made; else the page with its tag.

    `etag_parts`: everything the page depends on (version numbers of a branch or a ticket, a
    counter). Language, organisation, reader and the release are added here. With `now` (the
    database's) the answer carries X-Now, which sets the countdowns of the page.
    """
    etag = etag_of(*etag_parts)
    known = etag in request.if_none_match
    response = Response(status=304) if known else make_response(render())
    response.set_etag(etag)
    response.headers["Cache-Control"] = "no-store"
    if now is not None:
        response.headers["X-Now"] = str(int(now.timestamp() * 1000))
    return response


def etag_of(*parts: object) -> str:
    """The strong tag of a page; templates give it to `ui.live(…, etag=…)` of the first fragment."""
    context = current()
    everything = (
        current_app.config["LUPAUS_RELEASE"],
        i18n.locale(),
        context.organisation.id,
        context.session_id,
        context.member.role if context.member else None,
        *parts,
    )
    return hashlib.sha256(repr(everything).encode()).hexdigest()[:32]
