"""Problems as programs get them: RFC 9457, in the language that Accept-Language asks for."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from promises.http.context import current_or_none
from promises.http.errors import BUSY_SECONDS
from promises.http.permissions import access_of
from promises.kernel.errors import (
    DomainError,
    FieldProblem,
    Forbidden,
    NotSignedIn,
    Refused,
)
from promises.kernel.ids import new_id
from promises.kernel.text import LOCALES, N_, render, translate

PROBLEM_TYPE = "application/problem+json"
TYPES = "/api/v1/problems#"
"""Each `type` leads to the page that explains its code."""

TITLES = {
    400: N_("This could not be read"),
    401: N_("A key is needed"),
    403: N_("This key may not do that"),
    404: N_("There is nothing here"),
    405: N_("This address does not work that way"),
    409: N_("This does not fit how things stand"),
    410: N_("No longer valid"),
    413: N_("This is too large"),
    415: N_("This must be JSON"),
    422: N_("Some of this needs another look"),
    429: N_("Too many attempts"),
    500: N_("Something went wrong here"),
    503: N_("We are back in a moment"),
}

_log = structlog.get_logger("api")


class Unreadable(DomainError):
    code = "unreadable"
    status = 400
    message = N_("The request could not be read. The body must be one JSON object in UTF-8.")


class IdempotencyKeyMissing(DomainError):
    code = "idempotency_key_missing"
    status = 400
    message = N_("Send an Idempotency-Key: 1 to 255 printable ASCII characters, new for each act.")


class NoKey(DomainError):
    code = "no_key"
    status = 401
    message = N_("Send an API key that is in force, as in Authorization: Bearer lup_….")


class ScopeMissing(DomainError):
    code = "scope_missing"
    status = 403
    message = N_("The key needs the scope %(scope)s for this.")


class OtherSite(DomainError):
    code = "other_site"
    status = 403
    message = N_("Requests from the pages of other sites are refused.")


class NotAllowed(DomainError):
    code = "method_not_allowed"
    status = 405
    message = N_("This address does not take this method.")


class NotHere(DomainError):
    code = "not_found"
    status = 404
    message = N_("There is nothing here that this key may see.")


class TooLarge(DomainError):
    code = "too_large"
    status = 413
    message = N_("The body is larger than this address accepts. Nothing was saved.")


class NotJson(DomainError):
    code = "not_json"
    status = 415
    message = N_("The body must be sent as application/json.")


class Malformed(Refused):
    """`problems` name fields of the body by JSON pointer, query parameters as `?name`."""

    code = "malformed"
    message = N_("Some of what was sent does not fit. Nothing was saved.")


class Fault(DomainError):
    code = "fault"
    status = 500
    message = N_("The fault is ours. Nothing of this request was saved.")


class Unavailable(DomainError):
    code = "unavailable"
    status = 503
    message = N_("The service cannot reach its database right now. Send the same again soon.")


OWN = (
    Unreadable,
    IdempotencyKeyMissing,
    NoKey,
    ScopeMissing,
    OtherSite,
    NotHere,
    NotAllowed,
    TooLarge,
    NotJson,
    Malformed,
    Fault,
    Unavailable,
)
_BY_STATUS: Mapping[int, type[DomainError]] = {
    kind.status: kind
    for kind in (Unreadable, NoKey, OtherSite, NotHere, NotAllowed, TooLarge, NotJson)
} | {500: Fault, 503: Unavailable}


def problem_kinds() -> list[type[DomainError]]:
    """Every kind of refusal in the product, by status and code; one a code."""
    found = {kind.code: kind for kind in _below(DomainError)}
    return sorted(found.values(), key=lambda kind: (kind.status, kind.code))


def _below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _below(inner)


def locale() -> str:
    """What the program asks for, else the organisation's language."""
    wanted = request.accept_languages.best_match(LOCALES)
    if wanted:
        return wanted
    context = current_or_none()
    given = context.organisation.locale if context else None
    return given if given in LOCALES else "en"


def zone() -> str:
    context = current_or_none()
    return context.organisation.time_zone if context else "UTC"


def answer(raised: DomainError | HTTPException | int) -> Response:
    """The response to whatever was raised at an address of the API."""
    error = _domain_error(raised)
    instance = f"urn:uuid:{g.get('reference') or new_id()}"
    document = problem(error, locale()) | {"instance": instance}
    if error.status < 500:
        _log.info("request_refused", code=error.code, status=error.status, instance=instance)
    response = Response(json.dumps(document), error.status, content_type=PROBLEM_TYPE)
    response.headers["Content-Language"] = locale()
    response.headers["Vary"] = "Accept-Language"
    _add_hints(response, error)
    return response


def problem(error: DomainError, language: str) -> dict[str, Any]:
    """The problem document, without `instance`."""
    title = TITLES.get(error.status, TITLES[422])
    document: dict[str, Any] = {
        "type": f"{TYPES}{error.code}",
        "title": translate(language, title),
        "status": error.status,
        "detail": render(language, error.text, zone()),
        "code": error.code,
    }
    if isinstance(error, Refused) and error.problems:
        document["errors"] = [_place(one, language) for one in error.problems]
    return document


def _place(one: FieldProblem, language: str) -> dict[str, str]:
    detail = render(language, one.text, zone())
    if one.field.startswith("?"):
        return {"parameter": one.field[1:], "detail": detail}
    pointer = one.field if one.field.startswith("/") or not one.field else f"/{one.field}"
    return {"pointer": f"#{pointer}", "detail": detail}


def _domain_error(raised: DomainError | HTTPException | int) -> DomainError:
    if isinstance(raised, NotSignedIn):
        return NoKey()
    if type(raised) is Forbidden:
        return ScopeMissing(scope=_scope_wanted())
    if isinstance(raised, DomainError):
        return raised
    status = raised if isinstance(raised, int) else raised.code or 500
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = Fault if status >= 500 else Unreadable
    return kind()


def _scope_wanted() -> str:
    rule = request.url_rule
    found = access_of(current_app, rule.endpoint, request.method) if rule else None
    return found.scope.value if found and found.scope else "–"


def _add_hints(response: Response, error: DomainError) -> None:
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, ScopeMissing):
        scope = error.params.get("scope")
        response.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{scope}"'
    retry = getattr(error, "retry_after", BUSY_SECONDS if error.status == 503 else None)
    if retry is not None:
        response.headers["Retry-After"] = str(retry)


def malformed(messages: Any, *, query: bool = False) -> Malformed:
    """From marshmallow's nested messages to places and texts."""
    return Malformed(
        FieldProblem(f"?{path.lstrip('/')}" if query else path, text)
        for path, text in _flat(messages, "")
    )


def _flat(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            step = str(name).replace("~", "~0").replace("/", "~1")
            yield from _flat(inner, path if name == "_schema" else f"{path}/{step}")
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flat(inner, path)
    else:
        yield path, str(messages)
