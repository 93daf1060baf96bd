"""Every kind of error is a problem document with a code, in the language asked for."""

import json

import pytest
from sqlalchemy.exc import OperationalError

from promises.api.errors import TITLES, problem_kinds
from promises.http.permissions import access_of
from promises.reporting import registers
from tests.api.ground import Program, Shop, problem


@pytest.fixture
def post(shop):
    """Send raw bytes to take a number; `program.post` would make them well-formed."""

    def send(data, content_type="application/json"):
        headers = shop.program.headers({"Idempotency-Key": "raw"})
        return shop.program.client.post(
            "/api/v1/tickets", data=data, content_type=content_type, headers=headers
        )

    return send


def test_unknown_address_and_method_are_problems(shop):
    problem(shop.program.get("/nowhere"), 404, "not_found")
    problem(Program(shop.app, None).get("/nowhere"), 404, "not_found")
    problem(shop.program.get("/tickets/42"), 404, "not_found")
    answer = shop.program.client.delete("/api/v1/branches", headers=shop.program.headers())
    problem(answer, 405, "method_not_allowed")
    assert {"GET", "HEAD"} <= set(answer.headers["Allow"].replace(" ", "").split(","))


def test_request_from_the_page_of_another_site_is_refused(shop):
    before = shop.counts()
    body = {"branch_id": str(shop.made.branch_id), "service_kind_id": str(shop.made.kind_id)}
    answer = shop.program.post("/tickets", body, headers={"Sec-Fetch-Site": "cross-site"})
    problem(answer, 403, "other_site")
    assert shop.counts() == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_other_content_types_than_json_are_refused(post, content_type):
    problem(post(b"{}", content_type), 415, "not_json")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe{}", b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000, b"1" * 5000],
)
def test_body_that_is_not_json_cannot_be_read(post, data):
    problem(post(data), 400, "unreadable")


@pytest.mark.parametrize("document", [[], 7, None, "text", True])
def test_body_that_is_no_object_is_refused(shop, post, document):
    found = problem(post(json.dumps(document).encode()), 422, "malformed")
    assert found["errors"][0]["pointer"] == "#"


def test_body_above_the_limit_is_too_large(post):
    problem(post(b" " * 1_000_001), 413, "too_large")


def test_unknown_missing_and_ill_formed_fields_are_named_all_at_once(shop):
    before = shop.counts()
    body = {
        "branch_id": "not-an-id", "kind": "dance", "occurred_at": "2026-03-02T10:00:00",
        "tenant_id": "x", "is_admin": True, "a/b~c": 1, "locale": "xx",
        "customer_reference": "a\nb",
    }  # fmt: skip
    found = problem(shop.program.post("/tickets", body), 422, "malformed")
    assert {one["pointer"] for one in found["errors"]} == {
        "#/branch_id", "#/kind", "#/occurred_at", "#/tenant_id", "#/is_admin", "#/a~1b~0c",
        "#/locale", "#/customer_reference", "#/service_kind_id",
    }  # fmt: skip
    assert shop.counts() == before


@pytest.mark.parametrize(
    "field", ["tenant_id", "organisation_id", "status", "amount_minor", "state"]
)
def test_fields_that_are_not_for_the_sender_are_refused_everywhere(shop, field):
    ticket = shop.take()
    bodies = {
        "/tickets": {
            "branch_id": str(shop.made.branch_id), "service_kind_id": str(shop.made.kind_id)
        },
        f"/tickets/{ticket['id']}/events": {"kind": "left"},
        "/events": {"events": [{"ticket_id": ticket["id"], "kind": "left"}]},
        "/vouchers/redeem": {"code": "ABCD"},
    }  # fmt: skip
    before = shop.counts()
    for path, body in bodies.items():
        found = problem(shop.program.post(path, body | {field: "x"}), 422, "malformed")
        assert found["errors"][0]["pointer"] == f"#/{field}"
    inner = {"events": [{"ticket_id": ticket["id"], "kind": "left", field: "x"}]}
    found = problem(shop.program.post("/events", inner), 422, "malformed")
    assert found["errors"][0]["pointer"] == f"#/events/0/{field}"
    assert shop.counts() == before


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 101}, {"limit": "many"}, {"after": "x"}, {"state": "odd"}, {"page": 2},
     {"limit": ["1", "2"]}],
)  # fmt: skip
def test_queries_are_held_to_their_schema(shop, query):
    found = problem(shop.program.get("/branches", **query), 422, "malformed")
    assert [one["parameter"] for one in found["errors"]] == list(query)


def test_operation_without_a_query_refuses_one(shop):
    found = problem(shop.program.get(f"/branches/{shop.made.branch_id}", x=1), 422, "malformed")
    assert found["errors"][0]["parameter"] == "x"


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("fi", "fi"), ("sv-FI,sv;q=0.9", "sv"), ("en", "en"), ("de, fi;q=0.4", "fi"), ("de", "sv")],
)
def test_problem_speaks_the_language_asked_for_else_the_organisations(in_app, language, spoken):
    shop = Shop(in_app, locale="sv")
    answer = shop.program.get("/branches", headers={"Accept-Language": language}, limit=0)
    assert answer.headers["Content-Language"] == spoken
    same = shop.program.get("/branches", headers={"Accept-Language": spoken}, limit=0)
    assert problem(answer, 422, "malformed")["title"] == same.json["title"]
    assert answer.json["errors"] == same.json["errors"]


def test_times_in_a_problem_are_shown_on_the_organisations_clock(shop):
    ticket = shop.take()
    path = f"/tickets/{ticket['id']}/events"
    shop.program.post(path, {"kind": "called", "counter_id": str(shop.made.counter_id)})
    found = problem(shop.program.post(path, {"kind": "no_show"}), 409, "no_show_too_early")
    assert "A001" in found["detail"]


def test_fault_and_unreachable_database_tell_nothing_of_the_inside(shop, monkeypatch):
    def broken(*_args, **_more):
        raise ZeroDivisionError("a secret of the inside")

    with monkeypatch.context() as patch:
        patch.setattr(registers, "_list_statement", broken)
        answer = shop.program.get("/branches")
    document = problem(answer, 500, "fault")
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert (
        document["instance"] != problem(shop.program.get("/nowhere"), 404, "not_found")["instance"]
    )

    def unreachable(*_args, **_more):
        raise OperationalError("SELECT secret", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(registers, "_list_statement", unreachable)
        answer = shop.program.get("/branches")
    problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0 and "secret" not in answer.text


def test_answers_carry_no_cookie_and_ask_for_no_form_token(shop):
    answer = shop.program.get("/branches")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in shop.program.post("/events", {}).headers


def test_every_status_has_a_title_and_every_code_stands_on_the_page_of_problems(app):
    page = app.test_client().get("/api/v1/problems").text
    for kind in problem_kinds():
        assert f'id="{kind.code}"' in page
        assert kind.status in TITLES, kind


def test_reference_shows_every_operation_and_schema(app, contract):
    page = app.test_client().get("/api/v1/docs").text
    for method, path, operation in contract.operations():
        assert f'id="{operation["operationId"]}"' in page
        assert f"{method.upper()} {path}" in page
    for name in contract.document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page


def test_pages_about_the_api_declare_that_they_are_public(app):
    for endpoint in ("openapi", "docs", "problems"):
        assert access_of(app, f"api_reference.{endpoint}", "GET").asks == "anybody"
