"""The examples of docs/api.md are sent, and answered as it says."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

from promises.identity.models import Scope
from tests.api.ground import problem

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLE = re.compile(r"```http\n(.*?)```\n```json\n(.*?)```", re.DOTALL)


def fill(text, known):
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def send(program, text):
    head, _, body = text.strip().partition("\n\n")
    first, *lines = head.splitlines()
    method, path = first.split(" ", 1)
    path = path.removeprefix("/api/v1")
    if method == "GET":
        path, _, query = path.partition("?")
        return program.get(path, **dict(parse_qsl(query)))
    headers = dict(line.split(": ", 1) for line in lines)
    return program.post(path, json.loads(body), idempotency_key=headers["Idempotency-Key"])


def holds(stated, found):
    """What the document states is there, however much more there is."""
    if isinstance(stated, dict):
        return all(name in found and holds(value, found[name]) for name, value in stated.items())
    if isinstance(stated, list):
        return len(stated) == len(found) and all(map(holds, stated, found))
    return stated == found


def test_examples_are_answered_as_written(shop):
    known = {
        "branch_id": shop.made.branch_id,
        "service_kind_id": shop.made.kind_id,
        "counter_id": shop.made.counter_id,
    }
    examples = EXAMPLE.findall(DOCUMENT.read_text())
    assert len(examples) >= 6
    for request, stated in examples:
        answer = send(shop.program, fill(request, known))
        expected = json.loads(stated)
        assert holds(expected, answer.json), (request, answer.text)
        if "code" in expected:
            problem(answer, expected["status"], expected["code"])
        elif "label" in expected:
            known["ticket_id"] = answer.json["id"]


def test_every_scope_and_address_of_the_document_exists(app, contract):
    text = DOCUMENT.read_text()
    for scope in Scope:
        assert f"| `{scope.value}` |" in text
    described = {path for _method, path, _operation in contract.operations()}
    described |= {"/api/v1/docs", "/api/v1/openapi.json", "/api/v1/problems"}
    for path in re.findall(r"/api/v1/[a-z_/{}.]+[a-z}]", text):
        assert path in described, path
