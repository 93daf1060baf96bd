"""Matters over the API: opened, moved on, and what is refused."""

import datetime as dt

from promises.desk.actions import add_partner
from promises.kernel.actors import SYSTEM
from tests.api.ground import problem

MALFORMED = "malformed"


def body(shop, **words):
    return {
        "branch_id": str(shop.made.branch_id), "service_kind_id": str(shop.made.kind_id),
        "kind": "complaint",
    } | words  # fmt: skip


def opened(shop, **words):
    return shop.program.post("/matters", body(shop, **words))


def log(shop, matter, **words):
    return shop.program.post(f"/tickets/{matter['id']}/events", words)


def ahead(shop, **parts):
    with shop.made.work(None) as uow:
        return (uow.now + dt.timedelta(**parts)).isoformat()


def test_matter_is_opened_moved_on_and_answered(shop, contract):
    promised = ahead(shop, days=2)
    answer = opened(
        shop, subject="The card", reference="K-1", customer_reference="c-1", locale="fi",
        promised_at=promised, attributes={"price_minor": 4900, "cause": "card"},
    )  # fmt: skip
    contract.check_answer("post", "/api/v1/matters", answer)
    assert answer.json["promised_at"] == promised
    with shop.made.work(None) as uow:
        add_partner(
            uow.session, organisation_id=shop.made.id, actor=SYSTEM, now=uow.now,
            name="Debt Office",
        )  # fmt: skip
    told = log(shop, answer.json, kind="told", text="We are on it.", attributes={"steps": 2})
    contract.check_answer("post", "/api/v1/tickets/{ticket_id}/events", told)
    log(shop, answer.json, kind="promised", promised_at=ahead(shop, days=5))
    handed = log(shop, answer.json, kind="handed_over", partner="debt-office")
    assert handed.json["ticket"]["state"] == "handed_over"
    done = log(shop, answer.json, kind="answered", text="A new card is in the post.")
    assert done.json["ticket"]["state"] == "answered"
    found = shop.program.get(f"/tickets/{answer.json['id']}")
    contract.check_answer("get", "/api/v1/tickets/{ticket_id}", found)
    assert (found.json["kind"], found.json["number"]) == ("complaint", None)
    assert "The card" not in found.text


def test_facts_are_noted_also_after_the_answer(shop, contract):
    matter = opened(shop).json
    log(shop, matter, kind="answered")
    noted = log(shop, matter, kind="noted", attributes={"restored_at": ahead(shop, days=-1)})
    contract.check_answer("post", "/api/v1/tickets/{ticket_id}/events", noted)
    assert (noted.json["verified"], noted.json["ticket"]["state"]) == (False, "answered")
    assert log(shop, matter, kind="noted", attributes={"price_minor": 5}).json["verified"]
    problem(log(shop, matter, kind="noted"), 422, "nothing_noted")
    problem(log(shop, shop.take(), kind="noted"), 422, "not_of_this_kind")


def test_same_reference_is_a_conflict_and_opens_nothing(shop):
    opened(shop, reference="K-1")
    problem(opened(shop, reference="K-1"), 409, "matter_known")
    assert len(shop.rows("SELECT 1 FROM matters")) == 1


def test_what_does_not_fit_is_refused_with_its_place(shop):
    problem(opened(shop, kind="visit"), 422, MALFORMED)
    problem(opened(shop, attributes={"told": 1}), 422, "refused")
    problem(opened(shop, attributes=[1]), 422, MALFORMED)
    problem(opened(shop, promised_at="2020-01-01T10:00:00Z"), 422, "promised_in_past")
    assert shop.rows("SELECT 1 FROM tickets") == []


def test_steps_that_do_not_fit_are_refused(shop):
    matter = opened(shop).json
    problem(log(shop, matter, kind="promised"), 422, MALFORMED)
    problem(log(shop, matter, kind="told", promised_at=ahead(shop, days=1)), 422, MALFORMED)
    problem(log(shop, matter, kind="handed_over", partner="nobody"), 422, "partner_unknown")
    problem(log(shop, matter, kind="called"), 422, "not_of_this_kind")
    problem(log(shop, shop.take(), kind="told"), 422, "not_of_this_kind")
    assert len(shop.rows("SELECT 1 FROM service_events WHERE kind <> 'arrived'")) == 0


def test_number_is_only_for_visits_and_may_carry_facts(shop):
    problem(shop.program.post("/tickets", body(shop)), 422, MALFORMED)
    taken = shop.program.post("/tickets", body(shop, kind="visit", attributes={"fare_minor": 300}))
    assert taken.status_code == 201
    (row,) = shop.rows("SELECT attributes FROM tickets")
    assert row.attributes == {"fare_minor": 300}
