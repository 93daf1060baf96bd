"""Every reading operation: what it returns is true of the database and of the description."""

import datetime as dt
import uuid

import pytest

from tests.api.ground import problem

READS = {
    "/branches/{branch_id}": "branch_id",
    "/tickets/{ticket_id}": "ticket_id",
    "/promises/{promise_id}": "promise_id",
    "/proposals/{proposal_id}": "proposal_id",
    "/commitments/{commitment_id}": "commitment_id",
    "/breaches/{breach_id}": "breach_id",
    "/compensations/{compensation_id}": "compensation_id",
    "/payouts/{payout_id}": "payout_id",
    "/vouchers/{voucher_id}": "voucher_id",
}
LISTS = (
    "/branches",
    "/promises",
    "/proposals",
    "/commitments",
    "/breaches",
    "/compensations",
    "/payouts",
    "/vouchers",
)


def day(world):
    return {"branch_id": str(world.made.branch_id), "day_on": world.ticket.day_on.isoformat()}


@pytest.mark.parametrize("path", READS)
def test_single_row_is_answered_as_described(paid, contract, path):
    ids = paid.ids()
    answer = paid.program.get(path.format(**ids))
    assert answer.status_code == 200
    contract.check_answer("get", f"/api/v1{path}", answer)
    assert answer.json["id"] == str(ids[READS[path]])
    missing = paid.program.get(path.format(**dict.fromkeys(ids, uuid.uuid4())))
    assert problem(missing, 404, missing.json["code"])


@pytest.mark.parametrize("path", LISTS)
def test_list_is_answered_as_described(paid, contract, path):
    answer = paid.program.get(path)
    assert answer.status_code == 200 and answer.json["data"]
    contract.check_answer("get", f"/api/v1{path}", answer)
    assert answer.json["has_more"] is False and answer.json["next"] is None


@pytest.mark.parametrize("what", ["services", "counters"])
def test_what_a_branch_has_is_listed(paid, contract, what):
    answer = paid.program.get(f"/branches/{paid.made.branch_id}/{what}")
    contract.check_answer("get", f"/api/v1/branches/{{branch_id}}/{what}", answer)
    expected = paid.made.kind_ids if what == "services" else paid.made.counter_ids
    assert {row["id"] for row in answer.json["data"]} == {str(one) for one in expected}


def test_ticket_and_its_events_are_as_recorded_without_the_customer(paid, contract):
    ticket_id = paid.ticket.ticket_id
    ticket = paid.program.get(f"/tickets/{ticket_id}").json
    assert (ticket["label"], ticket["state"]) == ("A001", "in_service")
    assert not {"customer_id", "contact_id", "public_code", "locale"} & set(ticket)
    events = paid.program.get(f"/tickets/{ticket_id}/events")
    contract.check_answer("get", "/api/v1/tickets/{ticket_id}/events", events)
    assert [row["kind"] for row in events.json["data"]] == ["arrived", "service_started"]


def test_verdict_money_and_voucher_follow_each_other(paid):
    ids = {name: str(value) for name, value in paid.ids().items()}
    get = paid.program.get
    [commitment] = get("/commitments", ticket_id=ids["ticket_id"]).json["data"]
    assert (commitment["state"], commitment["evidence"]) == ("broken", "live")
    [breach] = get("/breaches", commitment_id=commitment["id"]).json["data"]
    assert breach["breached_at"] == commitment["due_at"] and breach["found_by"] == "clock"
    [compensation] = get("/compensations", breach_id=breach["id"]).json["data"]
    assert (compensation["amount_minor"], compensation["currency"]) == (1000, "EUR")
    assert compensation["state"] == "released" and compensation["holds"] == []
    [payout] = get("/payouts", compensation_id=compensation["id"]).json["data"]
    assert (payout["rail"], payout["state"]) == ("voucher", "submitted")
    [voucher] = get("/vouchers", payout_id=payout["id"]).json["data"]
    assert voucher["state"] == "active" and voucher["last4"] == paid.voucher.last4
    assert voucher["ticket_id"] == ids["ticket_id"]
    plain = paid.code.replace("-", "")
    assert plain not in get("/vouchers").text.replace("-", "")


def test_promise_shows_versions_terms_and_its_sentence_in_the_language_asked_for(paid):
    path = f"/promises/{paid.published.promise_id}"
    found = paid.program.get(path).json
    [version] = found["versions"]
    assert found["state"] == "in_force" and found["current_version_id"] == version["id"]
    assert version["terms"]["limit"] == {"seconds": 900, "boundary": "inclusive"}
    assert version["terms"]["amount"] == {"kind": "flat", "amount_minor": 1000}
    assert version["sentence"] == "We serve you within 15\u00a0min, or we pay you €10."
    assert "published_by" not in version
    swedish = paid.program.get(path, headers={"Accept-Language": "sv"}).json
    assert swedish["versions"][0]["sentence"].startswith("Vi ")


def test_cursor_pages_through_everything_once_while_new_rows_arrive(paid):
    taken = [paid.waiting, *(paid.take() for _ in range(4)), paid.ticket]
    expected = sorted((str(one.ticket_id) for one in taken), reverse=True)
    seen, after = [], {}
    while True:
        page = paid.program.get("/tickets", **day(paid), limit=2, **after).json
        seen += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            assert page["next"] is None
            break
        after = {"after": page["next"]}
        paid.take()
    assert seen == expected


def test_page_that_is_exactly_full_says_that_nothing_follows(paid):
    page = paid.program.get("/tickets", **day(paid), limit=2).json
    assert len(page["data"]) == 2 and page["has_more"] is False


def test_filters_narrow_and_add_up(paid):
    get = paid.program.get
    assert len(get("/tickets", **day(paid)).json["data"]) == 2
    [waiting] = get("/tickets", **day(paid), state="waiting").json["data"]
    assert waiting["id"] == str(paid.waiting.ticket_id)
    promise = str(paid.published.promise_id)
    on = paid.ticket.day_on
    both = get("/commitments", promise_id=promise, from_on=on.isoformat(), to_on=on.isoformat())
    assert len(both.json["data"]) == 2
    assert get("/commitments", from_on=(on + dt.timedelta(days=1)).isoformat()).json["data"] == []
    [still_open] = get("/commitments", promise_id=promise, state="open").json["data"]
    assert still_open["ticket_id"] == str(paid.waiting.ticket_id)
    at = get("/breaches").json["data"][0]["breached_at"]
    assert len(get("/breaches", from_at=at).json["data"]) == 1
    assert get("/breaches", before_at=at).json["data"] == []
    assert get("/compensations", state="owed").json["data"] == []
    assert get("/payouts", state="ready").json["data"] == []
    assert get("/vouchers", state="redeemed").json["data"] == []
    assert get("/branches", state="closed").json["data"] == []
    assert get("/promises", after=str(uuid.UUID(int=0))).json["data"] == []


def test_head_answers_like_get_without_a_body(paid):
    program = paid.program
    answer = program.client.head("/api/v1/branches", headers=program.headers())
    assert answer.status_code == 200 and answer.data == b""


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("tickets", "branch_id, day_on"),
        ("service_events", "ticket_id"),
        ("commitments", "ticket_id"),
        ("commitments", "promise_id, day_on, state"),
        ("breaches", "commitment_id"),
        ("breaches", "promise_id, breached_at"),
        ("breaches", "branch_id, breached_at"),
        ("compensations", "breach_id"),
        ("compensations", "ticket_id"),
        ("compensations", "promise_id, state"),
        ("payouts", "compensation_id"),
        ("vouchers", "payout_id"),
        ("vouchers", "state"),
    ],
)
def test_filters_of_lists_have_their_index(shop, table, columns):
    found = shop.rows("SELECT indexdef FROM pg_indexes WHERE tablename = %(t)s", t=table)
    assert any(f"(organisation_id, {columns}" in row.indexdef for row in found)
