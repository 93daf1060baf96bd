"""The published description of the API: OpenAPI 3.1, made from what the operations declare."""

import json
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from flask_smorest import Api

from promises.api import errors
from promises.api.fields import Many, Nested, Part, Text, Whole, choice_properties
from promises.kernel.text import translate

VERSION = "1.0.0"
TAGS = {
    "Branches": "Where customers are served, and what for.",
    "Tickets": "Customer matters: taking a number, and how it went.",
    "Events": "What happens to a ticket. Every event is judged at once.",
    "Promises": "What is promised, by immutable versions.",
    "Commitments": "A promise applied to a ticket, with its deadline and its verdict.",
    "Breaches": "Missed commitments, each recorded once.",
    "Money": "What is owed for breaches, and how it is paid.",
}
DESCRIPTION = (
    "Ids are UUIDs. Times are ISO 8601 with an offset, deadlines are the first instant that is too "
    "late. Money is a whole number of minor units beside its currency. Unknown fields and query "
    "parameters are refused. Lists go from the newest to the oldest; `next` of a page is `after` "
    "of the following one. A key that is bound to a branch sees and touches that branch only. "
    "Every error is a problem document (RFC 9457) in the language of Accept-Language (fi, sv, en)."
)


class ProblemPlace(Part):
    """One place that needs another look: `pointer` into the body, or `parameter` of the query."""

    pointer = Text(metadata={"description": "JSON pointer into the body, as a fragment."})
    parameter = Text()
    detail = Text(required=True)


class Problem(Part):
    """RFC 9457. Decide by `code`; `title` and `detail` are for people."""

    type = Text(required=True)
    title = Text(required=True)
    status = Whole(required=True)
    detail = Text(required=True)
    instance = Text(required=True, metadata={"description": "Names this one occurrence."})
    code = Text(required=True)
    errors = Many(Nested(ProblemPlace))


class PublishedApi(Api):
    """Problems as problem+json in the document; errors are answered by promises.http.errors."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None: what the library would register holds for the whole application."""

    def _register_pagination_header(self) -> None:
        """None: pages carry their cursor in the body."""

    def _register_responses(self) -> None:
        self.ma_plugin.converter.add_attribute_function(choice_properties)
        for status in errors.TITLES:
            self.spec.components.response(f"Problem{status}", _response(status))


def _response(status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": translate("en", errors.TITLES[status]),
        "content": {errors.PROBLEM_TYPE: {"schema": Problem, "example": problem_example(status)}},
    }
    hints = {401: "WWW-Authenticate", 403: "WWW-Authenticate", 429: "Retry-After"}
    hints |= {503: "Retry-After"}
    if status in hints:
        response["headers"] = {hints[status]: {"schema": {"type": "string"}}}
    return response


def problem_example(status: int) -> dict[str, Any]:
    kinds = {kind.status: kind for kind in reversed(errors.OWN)}
    kind = kinds.get(status)
    return {
        "type": f"{errors.TYPES}{kind.code if kind else 'ticket_not_waiting'}",
        "title": translate("en", errors.TITLES[status]),
        "status": status,
        "detail": kind.message if kind else "A042 is not waiting any more.",
        "instance": "urn:uuid:0195a1c4-7d32-7c11-9a52-3f0a7a6d1e01",
        "code": kind.code if kind else "ticket_not_waiting",
    }


def make_api() -> PublishedApi:
    return PublishedApi(
        spec_kwargs={
            "title": "Lupaus",
            "version": VERSION,
            "openapi_version": "3.1.0",
            "marshmallow_plugin": MarshmallowPlugin(),
            "info": {"description": DESCRIPTION},
        }
    )


def published(api: PublishedApi) -> dict[str, Any]:
    """The whole document."""
    document: dict[str, Any] = json.loads(json.dumps(api.spec.to_dict()))
    document["servers"] = [{"url": "/"}]
    for key, name in api.ma_plugin.converter.refs.items():
        if key[0].__doc__:
            document["components"]["schemas"][name]["description"] = " ".join(
                key[0].__doc__.split()
            )
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    document["components"]["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of the organisation. Its scopes say what it may do.",
        }
    }
    return document
