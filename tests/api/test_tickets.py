"""Taking numbers and logging events over the API, on the real database."""

from tests.api.ground import problem


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
