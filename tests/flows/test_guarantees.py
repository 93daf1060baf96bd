"""Promises in general terms through the chain: opened, judged, broken, owed, told, explained."""

import datetime as dt

import pytest

from promises.catalogue.errors import DraftRefused
from promises.desk.models import TicketKind
from promises.flows.decide_proposal import publish
from promises.flows.record_event import undo
from promises.identity.actions import known_customer
from promises.kernel.actors import Role
from promises.kernel.errors import FieldProblem
from promises.reporting.ticket_panels import ticket_panels
from promises.rules.terms import parse_terms
from tests.factories.catalogue import new_version
from tests.flows.ground import TICK
from tests.flows.guarantees import (
    ANSWERED_IN_TWO_DAYS,
    CALLED_BY_PROMISED_DATE,
    GROWING_BY_THE_DAY,
    MISSED_APPOINTMENT,
    TOLD_EVERY_WEEK,
    GeneralWorld,
    general,
)

pytestmark = pytest.mark.usefixtures("as_application")

DAY = dt.timedelta(days=1)
WEEK = 7 * DAY


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


MIDSUMMER_THURSDAY = utc(2026, 6, 18, 9)
AFTER_MIDSUMMER = utc(2026, 6, 23, 21)  # midnight in Helsinki after Monday and Tuesday


def test_version_of_general_terms_stores_what_it_needs():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS)
    row = world.one(
        "SELECT * FROM promise_versions WHERE id = %(id)s", id=world.published[0].version_id
    )
    assert (row.limit_us, row.amount_minor) == (None, None)
    assert row.calendars == ["business-days"]
    assert row.ticket_kinds == ["complaint"]
    assert parse_terms(row.terms).guarantee.calendars == {"business-days"}


def test_terms_that_count_by_a_calendar_that_nobody_keeps_are_refused():
    world = GeneralWorld()
    document = ANSWERED_IN_TWO_DAYS | {
        "deadlines": {
            "answer_before": {
                "from": "arrived_at", "add": 2, "unit": "working_day", "calendar": "moon-days",
            }
        }
    }  # fmt: skip
    with pytest.raises(DraftRefused) as refused, world.work(Role.MANAGER) as uow:
        publish(uow, version=new_version(uow.now, terms=parse_terms(document)))
    assert refused.value.problems == (
        FieldProblem(
            "calendars", "You keep no calendar called %(calendar)s.", {"calendar": "moon-days"}
        ),
    )
    assert len(world.rows("SELECT id FROM promise_versions")) == 1


def test_complaint_answered_over_midsummer_is_kept():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS, start=MIDSUMMER_THURSDAY)
    ticket_id = world.open()
    commitment = world.commitment(ticket_id)
    assert (commitment.state, commitment.due_at) == ("open", AFTER_MIDSUMMER)
    assert commitment.next_change_at == AFTER_MIDSUMMER
    world.now = AFTER_MIDSUMMER - dt.timedelta(minutes=1)
    assert world.sweep_all() == 0
    world.log(ticket_id, "answered")
    commitment = world.commitment(ticket_id)
    assert (commitment.state, commitment.reason) == ("kept", "in_time")
    assert commitment.next_change_at is None
    world.later(days=30)
    assert world.sweep_all() == 0
    assert world.breaches() == []


def test_silence_breaks_the_promise_at_the_very_instant_and_owes_the_money():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS, start=MIDSUMMER_THURSDAY)
    ticket_id = world.open()
    world.now = AFTER_MIDSUMMER - TICK
    assert world.sweep_all() == 0
    world.now = AFTER_MIDSUMMER
    assert world.sweep_all() == 1
    (breach,) = world.breaches()
    assert (breach.breached_at, breach.detected_at) == (AFTER_MIDSUMMER, AFTER_MIDSUMMER)
    assert breach.found_by == "clock"
    (debt,) = world.compensations()
    assert (debt.amount_minor, debt.outcome, debt.remedy) == (1000, "full", "money")
    assert (debt.state, debt.holds) == ("released", [])
    assert world.commitment(ticket_id).state == "broken"
    world.later(days=3).log(ticket_id, "answered")
    assert world.sweep_all() == 0
    assert len(world.breaches()) == len(world.compensations()) == 1


def test_callback_by_the_promised_date_rolls_over_a_holiday():
    world = GeneralWorld(CALLED_BY_PROMISED_DATE, start=utc(2026, 6, 15, 9))
    ticket_id = world.open(TicketKind.CALLBACK)
    commitment = world.commitment(ticket_id)
    assert (commitment.state, commitment.due_at, commitment.next_change_at) == ("open", None, None)
    world.say(ticket_id, "promised", promised_at=utc(2026, 6, 19, 9))
    due = utc(2026, 6, 22, 21)
    assert world.commitment(ticket_id).due_at == due
    world.later(days=1).say(ticket_id, "promised", promised_at=utc(2026, 6, 17, 9))
    assert world.commitment(ticket_id).due_at == utc(2026, 6, 17, 21)
    world.now = utc(2026, 6, 17, 21)
    assert world.sweep_all() == 1
    (debt,) = world.compensations()
    assert debt.amount_minor == 500


def test_three_silent_weeks_are_three_breaches():
    world = GeneralWorld(TOLD_EVERY_WEEK)
    ticket_id = world.open()
    opened = world.now
    for week in (1, 2, 3):
        world.now = opened + week * WEEK
        world.staff_act()
        assert world.sweep_all() == 1
        assert len(world.commitments()) == week + 1
    states = [(one.occurrence, one.state) for one in world.commitments()]
    assert states == [(1, "broken"), (2, "broken"), (3, "broken"), (4, "open")]
    weeks = [opened + week * WEEK for week in (1, 2, 3)]
    assert [one.breached_at for one in world.breaches()] == weeks
    assert [one.started_at for one in world.commitments()] == [opened, *weeks]
    assert [debt.amount_minor for debt in world.compensations()] == [300] * 3
    world.later(days=1).log(ticket_id, "told")
    states = [one.state for one in world.commitments()]
    assert states == ["broken", "broken", "broken", "kept", "open"]
    world.later(days=1).log(ticket_id, "answered")
    assert world.commitments()[-1].state == "kept"
    world.later(days=60)
    assert world.sweep_all() == 0
    assert len(world.breaches()) == 3


def test_worker_that_was_away_finds_every_silent_week():
    world = GeneralWorld(TOLD_EVERY_WEEK)
    world.open()
    world.now = utc(2026, 3, 24, 9)
    assert world.sweep_all() == 3
    assert [one.occurrence for one in world.commitments()] == [1, 2, 3, 4]
    assert {tuple(debt.holds) for debt in world.compensations()} == {("mass_breach",)}


def test_accrual_is_awarded_when_it_closes():
    world = GeneralWorld(GROWING_BY_THE_DAY)
    ticket_id = world.open()
    opened = world.now
    world.now = opened + 2 * DAY + TICK
    assert world.sweep_all() == 1
    (breach,) = world.breaches()
    assert breach.breached_at == opened + 2 * DAY + TICK
    assert world.compensations() == []
    first = world.commitment(ticket_id)
    assert first.detail["answer"]["amount_minor"] == 500
    assert first.next_change_at == opened + 3 * DAY + TICK
    world.now = opened + 3 * DAY + TICK
    assert world.sweep_all() == 0
    assert world.commitment(ticket_id).detail["answer"]["amount_minor"] == 1000
    world.later(hours=3).log(ticket_id, "answered")
    (debt,) = world.compensations()
    assert (debt.breach_id, debt.amount_minor, debt.state) == (breach.id, 1000, "released")
    world.later(days=9)
    assert world.sweep_all() == 0
    assert len(world.compensations()) == 1


def test_accrual_that_nobody_ends_is_awarded_when_it_can_grow_no_more():
    world = GeneralWorld(GROWING_BY_THE_DAY)
    world.open()
    for _ in range(14):
        world.later(days=1, minutes=1).staff_act()
        world.sweep_all()
    (debt,) = world.compensations()
    assert debt.amount_minor == 5000


def test_missed_appointment_has_no_deadline_and_is_broken_when_it_is_reported():
    world = GeneralWorld(MISSED_APPOINTMENT)
    ticket_id = world.open(TicketKind.REQUEST)
    commitment = world.commitment(ticket_id)
    assert (commitment.state, commitment.due_at) == ("open", None)
    world.later(days=3)
    assert world.sweep_all() == 0
    world.say(ticket_id, "told", attributes={"missed": True})
    (breach,) = world.breaches()
    assert (breach.breached_at, breach.found_by) == (world.now, "event")
    (debt,) = world.compensations()
    assert debt.amount_minor == 3000


def test_fact_that_is_not_of_its_type_counts_as_not_known():
    world = GeneralWorld(MISSED_APPOINTMENT)
    ticket_id = world.open(TicketKind.REQUEST, attributes={"missed": "perhaps"})
    commitment = world.commitment(ticket_id)
    assert commitment.state == "open"
    assert commitment.detail["unreadable"] == ["missed"]


def test_promise_that_does_not_apply_opens_no_commitment():
    document = MISSED_APPOINTMENT | {
        "facts": {"missed": "boolean", "tariff": "text"},
        "applies_when": {"one_of": {"fact": "tariff", "values": ["home"]}},
    }
    world = GeneralWorld(document)
    world.open(TicketKind.REQUEST, attributes={"tariff": "office"})
    assert world.commitments() == []
    unknown = world.open(TicketKind.REQUEST)
    assert world.commitment(unknown).state == "open"
    world.say(unknown, "told", attributes={"tariff": "office"})
    left_out = world.commitment(unknown)
    assert (left_out.state, left_out.reason) == ("excluded", "does_not_apply")


def verdict(world, ticket_id):
    row = world.commitment(ticket_id)
    return row.state, row.reason, row.due_at, row.detail["facts"], row.detail["answer"]


def test_events_in_any_order_give_the_same_verdict():
    answers = []
    for order in ((40, 20, 0), (0, 20, 40), (20, 40, 0)):
        world = GeneralWorld(TOLD_EVERY_WEEK)
        ticket_id = world.open()
        world.later(hours=5)
        for seconds in order:
            at = world.now - dt.timedelta(seconds=seconds)
            world.say(ticket_id, "told", occurred_at=at)
        answers.append(
            [
                (one.occurrence, one.state, one.started_at, one.due_at, one.detail["answer"])
                for one in world.commitments()
            ]
        )
    assert answers[0] == answers[1] == answers[2]
    assert [state for _, state, *_ in answers[0]] == ["kept", "kept", "kept", "open"]


def test_answer_taken_back_opens_the_promise_again():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS)
    ticket_id = world.open()
    before = verdict(world, ticket_id)
    answered = world.later(hours=5).log(ticket_id, "answered")
    assert world.commitment(ticket_id).state == "kept"
    with world.work() as uow:
        undo(uow, ticket_id=ticket_id, event_id=answered.event_id)
    assert verdict(world, ticket_id)[:3] == before[:3]
    world.now = utc(2026, 3, 4, 22)
    assert world.sweep_all() == 1


def test_late_evidence_of_an_answer_asks_a_second_person():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS)
    ticket_id = world.open()
    world.now = utc(2026, 3, 4, 22)
    world.sweep_all()
    world.later(hours=1)
    world.say(ticket_id, "answered", occurred_at=utc(2026, 3, 3, 9))
    assert world.commitment(ticket_id).state == "broken"
    (asked,) = world.rows("SELECT * FROM annulments")
    assert (asked.state, asked.asked_by) == ("asked", None)
    (debt,) = world.compensations()
    assert (debt.state, debt.holds) == ("owed", ["evidence"])
    assert world.sweep_all() == 0


def test_calendar_that_changes_later_changes_nothing_about_the_case():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS)
    ticket_id = world.open()
    due = world.commitment(ticket_id).due_at
    world.later(hours=1)
    with world.work(None) as uow:
        uow.session.connection().exec_driver_sql(
            "INSERT INTO calendar_versions (organisation_id, calendar_id, number, content, notes,"
            " created_at) SELECT organisation_id, calendar_id, number + 1,"
            " jsonb_set(content, '{weekly}', '{}'), notes, now() + interval '200 days'"
            " FROM calendar_versions WHERE calendar_id = (SELECT id FROM calendars"
            " WHERE slug = 'business-days')"
        )
    world.say(ticket_id, "told")
    assert world.commitment(ticket_id).due_at == due


def test_caps_of_the_terms_count_what_the_customer_had_before():
    document = general(
        facts={"arrived_at": "instant", "answered_at": "instant"},
        deadlines=ANSWERED_IN_TWO_DAYS["deadlines"],
        broken_when=ANSWERED_IN_TWO_DAYS["broken_when"],
        steps=[{"window_cap": {"most": 1500, "window": {"every": "year"}, "dated": "arrived_at"}}],
    )
    world = GeneralWorld(document)
    customer = known(world)
    for _ in range(3):
        world.open(customer_id=customer)
    world.open()
    world.now = utc(2026, 3, 4, 22)
    assert world.sweep_all() == 4
    amounts = sorted((debt.amount_minor, debt.outcome) for debt in world.compensations())
    assert amounts == [(0, "limit_reached"), (500, "capped"), (1000, "full"), (1000, "full")]


def known(world):
    with world.work() as uow:
        return known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="asiakas 7"
        )


def test_remedy_without_money_is_no_debt():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS | {"remedy": {"kind": "apology"}, "amount": 0})
    world.open()
    world.now = utc(2026, 3, 4, 22)
    assert world.sweep_all() == 1
    (said,) = world.compensations()
    assert (said.state, said.amount_minor, said.remedy) == ("nothing_owed", 0, "apology")
    assert world.balances() == {}


def test_credit_on_the_bill_waits_for_a_person():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS | {"remedy": {"kind": "bill_credit"}})
    world.open()
    world.now = utc(2026, 3, 4, 22)
    world.sweep_all()
    (debt,) = world.compensations()
    assert (debt.state, debt.holds, debt.remedy) == ("owed", ["approval"], "bill_credit")


def test_ticket_shows_why():
    world = GeneralWorld(ANSWERED_IN_TWO_DAYS)
    ticket_id = world.open()
    world.now = utc(2026, 3, 4, 22)
    world.sweep_all()
    with world.work() as uow:
        (panel,) = ticket_panels(uow.session, organisation_id=world.made.id, ticket_id=ticket_id)
    assert panel.state == "broken"
    assert panel.limit_at == utc(2026, 3, 4, 22) - TICK
    assert panel.why
