"""One operation of the API: what it declares is what is checked, published and tested.

The work around every handler stands here: permission, JSON only, strict bodies and queries, one
unit of work, and for a POST the Idempotency-Key. Handlers get an `Asked` and return the document.
"""

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, cast

from flask import Response, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from promises.api import errors
from promises.api.blueprint import api_v1
from promises.api.fields import Part
from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.http.limits import guard
from promises.http.permissions import api_key
from promises.idempotency.actions import Answer, Request, claim, keep
from promises.identity import tokens
from promises.identity.access import OpenedKey
from promises.identity.models import Scope
from promises.kernel.errors import FieldProblem, Forbidden
from promises.kernel.text import N_

JSON_TYPE = "application/json"
REPLAYED = "Idempotent-Replayed"

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ALWAYS = (401, 403, 422, 500, 503)
_WITH_BODY = (400, 409, 413, 415)
_ONCE = N_("Give this once.")


class NoQuery(Part):
    """An operation that takes no query parameters."""


@dataclass(frozen=True, slots=True)
class Tries:
    """At most so many requests of one key in a window; for what could be guessed."""

    name: str
    limit: int
    window_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`errors`: the statuses besides those that every operation may give."""

    name: str
    tag: str
    summary: str
    description: str
    scope: Scope
    answer: type[Schema]
    example: Mapping[str, Any]
    status: int = 200
    query: type[Schema] = NoQuery
    body: type[Schema] | None = None
    body_example: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    tries: Tries | None = None

    @property
    def statuses(self) -> tuple[int, ...]:
        """Every status of a problem that it may answer with."""
        always = _ALWAYS + (_WITH_BODY if self.body else ())
        extra = (429,) if self.tries else ()
        return tuple(sorted({*always, *self.errors, *extra}))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a handler works with: the unit of work, the key, the query or the body, loaded."""

    uow: UnitOfWork
    key: OpenedKey
    data: dict[str, Any]

    @property
    def branch_id(self) -> uuid.UUID | None:
        """The only branch that exists for this key; None: all of the organisation."""
        return self.key.branch_id


Handler = Callable[..., Mapping[str, Any]]
ALL: dict[str, Operation] = {}
"""Every operation by its name, filled as the modules of the rooms are imported."""


def operation(rule: str, what: Operation) -> Callable[[Handler], Handler]:
    """Register the handler under `rule`, as GET, or as POST where it takes a body."""

    def register(handler: Handler) -> Handler:
        view = _post(what, handler) if what.body else _get(what, handler)
        view.__name__ = what.name
        view.__doc__ = f"{what.summary}\n\n{what.description}"
        cast(Any, view)._apidoc = _documentation(what)
        api_key(what.scope)(view)
        method = "POST" if what.body else "GET"
        api_v1.add_url_rule(rule, what.name, view, methods=[method], tags=[what.tag])
        ALL[what.name] = what
        return handler

    return register


def _get(what: Operation, handler: Handler) -> Callable[..., Response]:
    def view(**path: uuid.UUID) -> Response:
        query = _load_query(what.query)
        with work() as uow:
            document = handler(Asked(uow, _key(), query), **path)
        return _response(what.status, encode(document))

    return view


def _post(what: Operation, handler: Handler) -> Callable[..., Response]:
    body_schema = cast("type[Schema]", what.body)

    def view(**path: uuid.UUID) -> Response:
        name = _idempotency_key()
        document = _read_json()
        _load_query(what.query)
        data = _load(body_schema, document)
        key = _key()
        if what.tries:
            guard(
                what.tries.name,
                limit=what.tries.limit,
                window_s=what.tries.window_s,
                key=str(key.id),
            )
        with work() as uow:
            asked = Request(key.id, name, _fingerprint(uow, document))
            common: dict[str, Any] = {"organisation_id": uow.organisation_id}
            known = claim(uow.session, **common, now=uow.now, request=asked)
            if known is not None:
                return _response(known.status, known.body, replayed=True)
            body = encode(handler(Asked(uow, key, data), **path))
            keep(uow.session, **common, request=asked, answer=Answer(what.status, body))
        return _response(what.status, body)

    return view


def _key() -> OpenedKey:
    key = current().api_key
    if key is None:
        raise Forbidden
    return key


def _response(status: int, body: bytes, *, replayed: bool = False) -> Response:
    response = Response(body, status, content_type=JSON_TYPE)
    if replayed:
        response.headers[REPLAYED] = "true"
    return response


def encode(document: Mapping[str, Any]) -> bytes:
    """JSON; ids, times and enums as the published schema has them."""
    return json.dumps(document, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value)


def _idempotency_key() -> str:
    name = request.headers.get("Idempotency-Key", "")
    if _KEY.fullmatch(name) is None:
        raise errors.IdempotencyKeyMissing
    return name


def _fingerprint(uow: UnitOfWork, document: object) -> bytes:
    """Of all that was asked, under the organisation's key: a body may tell who a customer is."""
    body = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return tokens.token_mac(
        uow.session,
        organisation_id=uow.organisation_id,
        use="idempotent_request",
        token=f"{request.path} {body}",
    )


def _read_json() -> Any:
    if request.mimetype != JSON_TYPE:
        raise errors.NotJson
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise errors.TooLarge from error
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise errors.Unreadable from error


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


@cache
def _schema(kind: type[Schema]) -> Schema:
    return kind()


def _load(kind: type[Schema], document: object) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = _schema(kind).load(cast(Any, document))
    except ValidationError as error:
        raise errors.malformed(error.messages) from error
    return loaded


def _load_query(kind: type[Schema]) -> dict[str, Any]:
    given = request.args
    if not given and kind is NoQuery:
        return {}
    repeated = [name for name, values in given.lists() if len(values) > 1]
    if repeated:
        raise errors.Malformed(FieldProblem(f"?{name}", _ONCE) for name in repeated)
    try:
        loaded: dict[str, Any] = _schema(kind).load(given.to_dict())
    except ValidationError as error:
        raise errors.malformed(error.messages, query=True) from error
    return loaded


def _documentation(what: Operation) -> dict[str, Any]:
    """In the form that flask-smorest reads from a view; its own decorators would parse, validate
    and dump a second time."""
    parameters: list[dict[str, Any]] = []
    if what.body:
        parameters += [
            {"in": "json", "required": True, "schema": what.body, "example": what.body_example},
            _KEY_PARAMETER,
        ]
    if what.query is not NoQuery:
        parameters.append({"in": "query", "schema": what.query})
    success = {
        "schema": what.answer,
        "description": "Done" if what.body else "Found",
        "example": what.example,
        "content_type": JSON_TYPE,
    }
    if what.body:
        success["headers"] = {REPLAYED: _REPLAYED_HEADER}
    responses: dict[int, list[Any]] = {what.status: [success]}
    responses |= {status: [f"Problem{status}"] for status in what.statuses}
    return {
        "arguments": {"parameters": parameters},
        "response": {"responses": responses},
        "manual_doc": {
            "operationId": what.name,
            "security": [{"key": [what.scope.value]}],
        },
    }


_KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "New for each act, the same when the act is sent again. Kept for 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "b1f6a7c2-ticket-7",
}
_REPLAYED_HEADER = {
    "description": "`true` where this is the answer of an earlier request with the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}
