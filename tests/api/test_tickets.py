"""Taking numbers and logging events over the API, on the real database."""

import datetime as dt
import uuid

import psycopg

from tests.api.ground import Shop, problem


def test_number_taken_is_the_next_of_the_day_and_opens_the_commitment(shop):
    first, second = shop.take(), shop.take()
    assert (first["number"], second["number"]) == (1, 2)
    assert first["label"] == "A001" and first["verified"] is True
    assert first["url"].endswith(f"/o/{shop.made.slug}/t/{first['public_code']}")
    [row] = shop.rows("SELECT * FROM commitments WHERE ticket_id = %(t)s", t=first["id"])
    assert row.state == "open"
    found = shop.program.get(f"/tickets/{first['id']}")
    assert found.json["next_due_at"] == row.due_at.isoformat()
    assert "public_code" not in found.json


def test_event_moves_the_ticket_and_is_judged(shop):
    ticket = shop.take()
    answer = shop.program.post(f"/tickets/{ticket['id']}/events", {"kind": "service_started"})
    assert answer.status_code == 201
    assert answer.json["ticket"]["state"] == "in_service" and answer.json["verified"] is True
    [row] = shop.rows("SELECT state FROM commitments WHERE ticket_id = %(t)s", t=ticket["id"])
    assert row.state == "kept"
    again = shop.program.post(f"/tickets/{ticket['id']}/events", {"kind": "service_started"})
    problem(again, 409, "ticket_not_waiting")


def event(shop, ticket, **body):
    return shop.program.post(f"/tickets/{ticket['id']}/events", body)


def iso(shop, **back):
    with shop.made.work(None) as uow:
        return (uow.now - dt.timedelta(**back)).isoformat()


def test_answers_of_writing_are_as_described(shop, contract):
    body = {"branch_id": str(shop.made.branch_id), "service_kind_id": str(shop.made.kind_id)}
    taken = shop.program.post("/tickets", body)
    contract.check_answer("post", "/api/v1/tickets", taken)
    logged = event(shop, taken.json, kind="called", counter_id=str(shop.made.counter_id))
    contract.check_answer("post", "/api/v1/tickets/{ticket_id}/events", logged)
    items = [{"ticket_id": taken.json["id"], "kind": kind} for kind in ("service_started", "left")]
    batch = shop.program.post("/events", {"events": items})
    contract.check_answer("post", "/api/v1/events", batch)


def test_claimed_time_is_vouched_for_up_to_a_minute_and_refused_in_the_future(shop):
    old = shop.take(occurred_at=iso(shop, minutes=5))
    assert old["verified"] is False
    recent = shop.take(occurred_at=iso(shop, seconds=40))
    assert recent["verified"] is True
    late = event(shop, recent, kind="service_started", occurred_at=iso(shop, seconds=20))
    assert late.json["verified"] is True and late.json["occurred_at"] < late.json["recorded_at"]
    doubtful = event(shop, old, kind="service_started", occurred_at=iso(shop, minutes=3))
    assert doubtful.status_code == 201 and doubtful.json["verified"] is False
    before = shop.counts()
    ticket = {"id": shop.rows("SELECT id FROM tickets LIMIT 1")[0].id}
    ahead = event(shop, ticket, kind="recalled", occurred_at=iso(shop, minutes=-5))
    problem(ahead, 422, "time_in_future")
    ancient = event(shop, ticket, kind="recalled", occurred_at=iso(shop, days=40))
    problem(ancient, 422, "time_too_old")
    assert shop.counts() == before


def test_offsets_are_the_same_instant_and_come_back_in_utc(shop):
    at = dt.datetime.fromisoformat(iso(shop, seconds=30)).replace(microsecond=0)
    there = at.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
    ticket = shop.take(occurred_at=there.isoformat())
    assert ticket["arrived_at"] == at.isoformat()
    zulu = shop.take(occurred_at=at.isoformat().replace("+00:00", "Z"))
    assert zulu["arrived_at"] == at.isoformat()


def test_known_customer_is_the_same_row_each_time_and_its_reference_is_not_kept(shop):
    for reference in ("AB-12 34", "ab1234"):
        shop.take(customer_reference=reference)
    shop.take()
    tickets = shop.rows("SELECT customer_id FROM tickets ORDER BY number")
    assert tickets[0].customer_id == tickets[1].customer_id is not None
    assert tickets[2].customer_id is None
    [customer] = shop.rows("SELECT * FROM customers")
    assert b"1234" not in bytes(customer.reference_index)


def test_reference_that_is_only_punctuation_is_refused_by_its_place(shop):
    body = {"branch_id": str(shop.made.branch_id), "service_kind_id": str(shop.made.kind_id)}
    before = shop.counts()
    answer = shop.program.post("/tickets", body | {"customer_reference": "---"})
    assert problem(answer, 422, "refused")["errors"][0]["pointer"] == "#/customer_reference"
    assert shop.counts() == before


def test_service_that_the_branch_does_not_give_is_refused(shop):
    shop.rows(
        "DELETE FROM branch_services WHERE branch_id = %(b)s AND service_kind_id = %(k)s"
        " RETURNING 1",
        b=shop.made.branch_id, k=shop.made.kind_ids[1],
    )  # fmt: skip
    body = {"branch_id": str(shop.made.branch_id), "service_kind_id": str(shop.made.kind_ids[1])}
    problem(shop.program.post("/tickets", body), 422, "service_not_offered")


def test_undone_event_no_longer_holds(shop):
    ticket = shop.take()
    called = event(shop, ticket, kind="called", counter_id=str(shop.made.counter_id)).json
    undone = event(shop, ticket, kind="undone", corrects_id=called["id"])
    assert undone.json["ticket"]["state"] == "waiting"
    listed = shop.program.get(f"/tickets/{ticket['id']}/events").json["data"]
    assert [(row["kind"], row["undone"]) for row in listed] == [
        ("arrived", False), ("called", True), ("undone", False),
    ]  # fmt: skip


def test_words_that_only_rules_customers_or_people_may_say_are_no_words_of_the_api(shop):
    ticket = shop.take()
    for kind in ("arrived", "closed", "disputed", "dispute_resolved"):
        document = problem(event(shop, ticket, kind=kind), 422, "malformed")
        assert document["errors"][0]["pointer"] == "#/kind"


def test_batch_answers_each_event_in_order_and_those_refused_change_nothing(shop):
    first, second, third = (shop.take()["id"] for _ in range(3))
    other = Shop(shop.app).take()["id"]
    counter = str(shop.made.counter_id)
    events = [
        {"ticket_id": first, "kind": "called", "counter_id": counter},
        {"ticket_id": second, "kind": "called", "counter_id": counter},
        {"ticket_id": first, "kind": "service_started"},
        {"ticket_id": other, "kind": "left"},
        {"ticket_id": third, "kind": "transferred", "service_kind_id": str(uuid.uuid4())},
        {"ticket_id": third, "kind": "left", "occurred_at": iso(shop, minutes=-9)},
        {"ticket_id": third, "kind": "left"},
    ]
    answer = shop.program.post("/events", {"events": events}, headers={"Accept-Language": "fi"})
    assert answer.status_code == 200
    results = answer.json["results"]
    assert [one["status"] for one in results] == [201, 409, 201, 404, 404, 422, 201]
    assert (answer.json["logged"], answer.json["refused"]) == (3, 4)
    assert [one["problem"] and one["problem"]["code"] for one in results] == [
        None, "counter_busy", None, "not_found", "not_found", "time_in_future", None,
    ]  # fmt: skip
    states = {first: "in_service", second: "waiting", third: "left"}
    for ticket_id, state in states.items():
        assert shop.program.get(f"/tickets/{ticket_id}").json["state"] == state
    kept = shop.rows("SELECT state FROM commitments WHERE ticket_id = %(t)s", t=first)
    assert [row.state for row in kept] == ["kept"]


def test_batch_of_a_thousand_is_taken_and_of_one_more_refused_whole(shop):
    ticket = shop.take()["id"]
    one = {"ticket_id": ticket, "kind": "recalled"}
    answer = shop.program.post("/events", {"events": [one] * 1000})
    assert answer.json["refused"] == 1000
    before = shop.counts()
    for events in ([one] * 1001, []):
        document = problem(shop.program.post("/events", {"events": events}), 422, "malformed")
        assert document["errors"][0]["pointer"] == "#/events"
    assert shop.counts() == before


def test_batch_with_one_shapeless_event_is_refused_whole_by_its_place(shop):
    ticket = shop.take()["id"]
    before = shop.counts()
    good = {"ticket_id": ticket, "kind": "left"}
    answer = shop.program.post("/events", {"events": [good, good | {"kind": "danced"}]})
    assert problem(answer, 422, "malformed")["errors"][0]["pointer"] == "#/events/1/kind"
    assert shop.counts() == before


def test_event_over_the_api_takes_few_statements(shop, monkeypatch):
    """What an event costs is mostly how often the database is asked. A batch asks no more often."""
    first, *others = (shop.take()["id"] for _ in range(51))
    event(shop, {"id": first}, kind="presence_shown")
    seen, real = [], psycopg.Cursor.execute

    def counting(cursor, query, *args, **kwargs):
        seen.append(query)
        return real(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)
    assert event(shop, {"id": first}, kind="service_started").status_code == 201
    single = len(seen)
    seen.clear()
    events = [{"ticket_id": one, "kind": "service_started"} for one in others]
    assert shop.program.post("/events", {"events": events}).json["logged"] == 50
    assert single <= 12 and len(seen) <= single + 1
