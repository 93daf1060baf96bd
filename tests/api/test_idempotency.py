"""The Idempotency-Key over HTTP: replays, conflicts, races, and nothing left by a refusal."""

import threading

from promises.api import tickets as rooms
from tests.api.ground import Program, problem


def body_of(shop, **changes):
    own = {"branch_id": str(shop.made.branch_id), "service_kind_id": str(shop.made.kind_id)}
    return own | changes


def tickets(shop):
    return shop.rows("SELECT count(*) AS n FROM tickets")[0].n


def test_post_without_a_key_is_refused_and_does_nothing(shop):
    before = shop.counts()
    program = shop.program
    for header in (
        {},
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "x" * 256},
        {"Idempotency-Key": "ä"},
    ):
        answer = program.client.post(
            "/api/v1/tickets", json=body_of(shop), headers=program.headers(header)
        )
        problem(answer, 400, "idempotency_key_missing")
    assert shop.counts() == before


def test_same_key_and_body_replays_status_and_body(shop):
    body = body_of(shop)
    first = shop.program.post("/tickets", body, idempotency_key="one")
    assert "Idempotent-Replayed" not in first.headers
    turned = dict(reversed(body.items()))
    second = shop.program.post("/tickets", turned, idempotency_key="one")
    assert (second.status_code, second.data) == (201, first.data)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.content_type == "application/json"
    assert tickets(shop) == 1


def test_same_key_with_another_body_or_address_is_refused(shop):
    ticket = shop.program.post("/tickets", body_of(shop), idempotency_key="one").json
    other = shop.program.post("/tickets", body_of(shop, locale="fi"), idempotency_key="one")
    problem(other, 422, "idempotency_key_reused")
    path = f"/tickets/{ticket['id']}/events"
    problem(
        shop.program.post(path, {"kind": "left"}, idempotency_key="one"),
        422,
        "idempotency_key_reused",
    )
    assert tickets(shop) == 1
    assert shop.program.get(f"/tickets/{ticket['id']}").json["state"] == "waiting"


def test_keys_of_two_programs_do_not_meet(shop):
    other = shop.program_with()
    first = shop.program.post("/tickets", body_of(shop), idempotency_key="one").json
    second = other.post("/tickets", body_of(shop), idempotency_key="one").json
    assert first["number"] != second["number"]


def test_refused_request_leaves_its_key_free(shop):
    ticket = shop.take()
    path = f"/tickets/{ticket['id']}/events"
    refused = shop.program.post(path, {"kind": "served"}, idempotency_key="s")
    problem(refused, 409, "ticket_not_in_service")
    assert shop.program.post(path, {"kind": "service_started"}).status_code == 201
    assert shop.program.post(path, {"kind": "served"}, idempotency_key="s").status_code == 201
    again = shop.program.post(path, {"kind": "served"}, idempotency_key="s")
    assert again.status_code == 201 and again.headers["Idempotent-Replayed"] == "true"


def test_many_at_once_with_one_key_have_one_effect(shop):
    body, answers, start = body_of(shop), [], threading.Barrier(8)

    def send():
        program = Program(shop.app, shop.program.key)
        start.wait(120)
        answers.append(program.post("/tickets", body, idempotency_key="race"))

    for _ in range(5):
        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {201, 409} and len(answers) == 40
    bodies = {answer.data for answer in answers if answer.status_code == 201}
    assert len(bodies) == 1 and tickets(shop) == 1
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "request_in_flight")
            assert answer.headers["Retry-After"] == "1"


def test_fault_after_the_effect_leaves_neither_effect_nor_key(shop, monkeypatch):
    """As a crash in the middle would: nothing was committed, so the same request works again."""
    before = shop.counts()
    real = rooms._issued
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "_issued", lambda issued: real(issued)["nothing of the kind"])
        answer = shop.program.post("/tickets", body_of(shop), idempotency_key="one")
        problem(answer, 500, "fault")
    assert shop.counts() == before
    assert shop.program.post("/tickets", body_of(shop), idempotency_key="one").status_code == 201
    assert tickets(shop) == 1


def test_stored_row_does_not_tell_who_the_customer_is(shop):
    body = body_of(shop, customer_reference="CUST-4711")
    assert shop.program.post("/tickets", body).status_code == 201
    [row] = shop.rows("SELECT fingerprint, body FROM idempotent_requests")
    assert b"4711" not in bytes(row.body) and len(bytes(row.fingerprint)) == 32
