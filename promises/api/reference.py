"""The description of the API: for programs as OpenAPI, for people as two pages.

The pages are our own: no viewer that reads OpenAPI 3.1 runs without inline styles.
"""

import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, render_template

from promises.api.blueprint import PREFIX
from promises.api.errors import problem_kinds
from promises.http.permissions import public
from promises.http.urls import absolute
from promises.rules.terms_schema import terms_schema

EXTENSION = "lupaus.api"
METHODS = ("get", "post")

blueprint = Blueprint("api_reference", __name__, url_prefix=PREFIX)


@blueprint.get("/openapi.json")
@public
def openapi() -> Response:
    body = json.dumps(_document(), ensure_ascii=False, indent=1)
    return Response(body, content_type="application/json")


@blueprint.get("/terms.schema.json")
@public
def terms_shape() -> Response:
    """The shape of the terms of a promise, for programs that write them."""
    address = absolute("api_reference.terms_shape")
    body = json.dumps(terms_schema(address), ensure_ascii=False, indent=1)
    return Response(body, content_type="application/schema+json")


@blueprint.get("/docs")
@public
def docs() -> str:
    document = _document()
    return render_template(
        "api/docs.html",
        document=document,
        groups=_groups(document),
        schemas=document["components"]["schemas"],
        shown=json_text,
        type_of=type_words,
    )


@blueprint.get("/problems")
@public
def problems() -> str:
    """Every code that a problem may have; the `type` of a problem leads here."""
    found = [(kind.code, kind.status, kind.message) for kind in problem_kinds()]
    return render_template("api/problems.html", problems=found)


def _document() -> dict[str, Any]:
    document: dict[str, Any] = current_app.extensions[EXTENSION]
    return document


def _groups(document: dict[str, Any]) -> list[tuple[dict[str, str], list[dict[str, Any]]]]:
    """Each tag with its operations, in the order of the tags."""
    operations = list(_operations(document))
    return [
        (tag, [one for one in operations if one["tags"] == [tag["name"]]])
        for tag in document["tags"]
    ]


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    responses = document["components"]["responses"]
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            status = next(code for code in operation["responses"] if code < "400")
            yield operation | {
                "method": method.upper(),
                "path": path,
                "scope": operation["security"][0]["key"][0],
                "parameters": item.get("parameters", []) + operation.get("parameters", []),
                "request": _content(operation.get("requestBody")),
                "status": status,
                "answer": _content(operation["responses"][status]),
                "problems": [
                    (code, responses[one["$ref"].rsplit("/", 1)[1]]["description"])
                    for code, one in operation["responses"].items()
                    if code >= "400"
                ],
            }


def _content(holder: dict[str, Any] | None) -> dict[str, Any] | None:
    if holder is None:
        return None
    content: dict[str, Any] = holder["content"]["application/json"]
    return {"schema": content["schema"]["$ref"].rsplit("/", 1)[1], "example": content["example"]}


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def type_words(schema: dict[str, Any]) -> tuple[str, str | None]:
    """How a field's type reads, and the schema it names, if any."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return name, name
    if "allOf" in schema or "anyOf" in schema:
        parts = [type_words(one) for one in schema.get("allOf") or schema["anyOf"]]
        named = next((name for _words, name in parts if name), None)
        return " or ".join(words for words, _name in parts), named
    kind = schema.get("type", "any")
    kinds = kind if isinstance(kind, list) else [kind]
    words, named = " or ".join(kinds), None
    if "array" in kinds:
        inner, named = type_words(schema["items"])
        words = words.replace("array", f"list of {inner}")
    form = schema.get("format")
    return (f"{words} ({form})" if form else words), named
