"""The one error page for people, in their language; programs get theirs from the API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from psycopg import DataError as DriverDataError
from psycopg import OperationalError as DriverOperationalError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from promises.http import i18n
from promises.http.context import current_or_none
from promises.identity.errors import DeviceNotEnrolled
from promises.kernel.errors import DomainError, NotSignedIn, Refused, TooMany
from promises.kernel.ids import new_id
from promises.kernel.text import N_

API_PATH = "/api/"
BUSY_SECONDS = 5
_EXTENSION = "lupaus.api_errors"

_log = structlog.get_logger("http")


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    happened: str
    what_to_do: tuple[str, ...] = ()


_WORDS = {
    400: Words(
        N_("This could not be read"),
        N_("What the browser sent is not complete, or the page was open for very long."),
        (N_("Go back, load the page again and send it once more."),),
    ),
    401: Words(
        N_("Sign in first"),
        N_("You are not signed in, or your session has ended."),
        (N_("Sign in, then do it again."),),
    ),
    403: Words(
        N_("You may not do this"),
        N_("Your role does not include this."),
        (N_("Ask an administrator of your organisation if you need it."),),
    ),
    404: Words(
        N_("There is nothing here"),
        N_("The address leads nowhere, or what it led to is not yours to see."),
        (N_("Check the address, or the number and the code on your ticket."),),
    ),
    405: Words(
        N_("This address does not work that way"),
        N_("The page cannot be opened or sent like this."),
        (N_("Go back and use the links and buttons of the page."),),
    ),
    409: Words(
        N_("Somebody was faster"),
        N_("What you wanted to change has changed meanwhile."),
        (N_("Load the page again and see how things stand now."),),
    ),
    410: Words(N_("No longer valid"), N_("This link or page has had its time.")),
    413: Words(
        N_("This is too large"),
        N_("What you sent is larger than this page accepts. Nothing was saved."),
        (N_("Send a smaller file, or less text."),),
    ),
    422: Words(N_("This could not be done"), N_("Some of this needs another look.")),
    429: Words(
        N_("Too many attempts"),
        N_("There were too many attempts from here in a short time."),
        (N_("Wait a little and try again."),),
    ),
    500: Words(
        N_("Something went wrong here"),
        N_("The fault is ours. What you sent may not have been saved."),
        (
            N_("Try again in a moment."),
            N_("If it happens again, tell the support the reference below."),
        ),
    ),
    503: Words(
        N_("We are back in a moment"),
        N_("The service cannot reach its database right now. Nothing that was confirmed is lost."),
        (N_("Wait a few seconds and load the page again."),),
    ),
}

ApiErrors = Callable[[DomainError | HTTPException | int], Response]


def page(
    status: int,
    *,
    happened: str | None = None,
    steps: list[str] | None = None,
    way_in: tuple[str | None, str | None] | None = None,
) -> Response:
    """The error page of a status; `happened` and `steps`, already in words, replace its own, and
    `way_in`, an address and its words, the button."""
    words = _WORDS.get(status) or _WORDS[500 if status >= 500 else 400]
    context = current_or_none()
    told = [i18n.gettext(step) for step in words.what_to_do] if steps is None else steps
    way_in = way_in or _way_in(status)
    body = render_template(
        "error.html",
        page_title=i18n.gettext(words.title),
        happened=happened or i18n.gettext(words.happened),
        what_to_do=told,
        reference=g.get("reference") if status >= 500 else None,
        organisation=context.organisation if context else None,
        home_href=way_in[0],
        home_text=way_in[1],
    )
    response = make_response(body, status)
    if status == 503:
        response.headers["Retry-After"] = str(BUSY_SECONDS)
    return response


def _way_in(status: int) -> tuple[str | None, str | None]:
    """Where the button of the page leads, and its words."""
    context = current_or_none()
    if context is None:
        return None, None
    if status == 401 and _has("sign_in.form"):
        return url_for("sign_in.form"), i18n.gettext("Sign in")
    if context.member is not None and _has("home.start"):
        return url_for("home.start"), None
    return f"/o/{context.organisation.slug}/", None


def _has(endpoint: str) -> bool:
    return endpoint in current_app.view_functions


def _answer(error: DomainError | HTTPException | int, people: Callable[[], Response]) -> Response:
    api_errors: ApiErrors | None = current_app.extensions[_EXTENSION]
    if api_errors is not None and request.path.startswith(API_PATH):
        return api_errors(error)
    return people()


def _domain(error: DomainError) -> ResponseReturnValue:
    if isinstance(error, NotSignedIn) and _may_redirect():
        return redirect(url_for("sign_in.form", next=request.full_path.rstrip("?")), 303)
    response = _answer(error, lambda: _refusal(error))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code
    if status is None or status < 400:
        return error.get_response()
    if isinstance(error, SecurityError):  # a host that is not ours: no page of ours has a link
        told = i18n.gettext("The service is not known by this name.")
        return Response(told, status, mimetype="text/plain")
    response = _answer(error, lambda: page(status))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _unavailable(error: Exception) -> ResponseReturnValue:
    """Also a statement or a lock that took too long: trying again is right."""
    _log.warning("database_unavailable", error=type(error).__name__)
    return _answer(503, lambda: page(503))


def _unreadable(error: Exception) -> ResponseReturnValue:
    _log.info("data_refused", error=type(error).__name__)
    return _answer(400, lambda: page(400))


def _unexpected(error: Exception) -> ResponseReturnValue:
    g.reference = str(new_id())
    _log.error("request_failed", reference=g.reference, exc_info=error)
    return _answer(500, lambda: page(500))


_HANDLERS: tuple[tuple[type[Exception], Callable[[Any], ResponseReturnValue]], ...] = (
    (DomainError, _domain),
    (HTTPException, _http),
    (OperationalError, _unavailable),
    (InterfaceError, _unavailable),
    (PoolTimeout, _unavailable),
    (DriverOperationalError, _unavailable),
    (DataError, _unreadable),
    (DriverDataError, _unreadable),
    (Exception, _unexpected),
)


def init_app(app: Flask, api_errors: ApiErrors | None = None) -> None:
    """`api_errors` answers for addresses of the API; it gets what was raised, or a bare status."""
    app.extensions[_EXTENSION] = api_errors
    for kind, handler in _HANDLERS:
        app.register_error_handler(kind, handler)


def _may_redirect() -> bool:
    """A page that somebody opens leads to the sign-in; a poll or a form tells that it ended."""
    opened = request.method in ("GET", "HEAD") and "X-Live" not in request.headers
    return opened and "slug" in g and _has("sign_in.form")


def _refusal(error: DomainError) -> Response:
    happened = i18n.say(error.text)
    if isinstance(error, Refused) and error.problems:
        return page(
            error.status, happened=happened, steps=[i18n.say(p.text) for p in error.problems]
        )
    if isinstance(error, DeviceNotEnrolled) and _has("devices.enrol"):
        way_in = (url_for("devices.enrol"), i18n.gettext("Enter the code"))
        return page(error.status, happened=happened, steps=[], way_in=way_in)
    own = _WORDS.get(error.status)
    if own is not None and error.message.rstrip(".") == own.title:
        return page(error.status)  # what the page of the status says tells more
    return page(error.status, happened=happened)
