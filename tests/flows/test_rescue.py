"""Help before a breach and call backs instead of the queue, through the real flows."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from promises.desk.callbacks import callback_slots
from promises.desk.errors import TicketNotWaiting
from promises.desk.models import TicketState
from promises.desk.queries import people_ahead, ticket_by_id
from promises.desk.rescue import shown_help
from promises.desk.rescue_errors import (
    CallbackOffered,
    HelpAnswered,
    HelpAsked,
    OfferGone,
    OwnCall,
    PhoneMissing,
    SlotUnknown,
)
from promises.desk.rescue_models import HelpReason
from promises.flows import rescue
from promises.kernel.actors import Role
from promises.kernel.calendars import prepared
from promises.kernel.hours import CalendarSpec
from promises.reporting.rescue import callback_cases, help_cases, rescue_cases, rescue_figures
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")

PHONE = "+358401234567"
SPAN = dt.timedelta(days=30)


@pytest.fixture
def world():
    return World()


def ask(world, reason=HelpReason.AT_RISK):
    with world.work() as uow:
        return rescue.ask_help(
            uow, branch_id=world.made.branch_id, counter_id=world.made.counter_id, reason=reason
        )


def offer(world, ticket):
    with world.work() as uow:
        return rescue.offer_callback(uow, ticket_id=ticket.ticket_id)


def accept(world, ticket, role=None, **words):
    with world.work(role) as uow:
        return rescue.accept_callback(
            uow, ticket_id=ticket.ticket_id, **({"place": 0, "phone": PHONE} | words)
        )


def take(world, help_id, role=Role.MANAGER):
    with world.work(role) as uow:
        rescue.take_help(uow, help_id=help_id, counter_id=None)


def state_of(world, ticket):
    with world.work() as uow:
        return ticket_by_id(
            uow.session, organisation_id=world.made.id, ticket_id=ticket.ticket_id
        ).state


def figures(world):
    with world.work() as uow:
        return rescue_figures(
            uow.session, organisation_id=world.made.id, branch_id=world.made.branch_id,
            since_at=world.now - SPAN,
        )  # fmt: skip


def test_help_is_asked_once_a_reason_and_managers_hear_of_it(world):
    ask(world)
    with pytest.raises(HelpAsked):
        ask(world)
    ask(world, HelpReason.SKILL)
    assert world.one("SELECT count(*) AS n FROM help_requests").n == 2
    told = world.rows("SELECT kind, member_id, params FROM messages")
    assert [(row.kind, row.member_id) for row in told] == [
        ("help_asked", world.made.members[Role.MANAGER])
    ] * 2
    assert {row.params["reason"] for row in told} == {"at_risk", "skill"}


def test_help_is_answered_by_one_colleague_and_never_by_the_asker(world):
    help_id = ask(world)
    with pytest.raises(OwnCall):
        take(world, help_id, Role.CLERK)
    take(world, help_id)
    with pytest.raises(HelpAnswered):
        take(world, help_id, Role.ADMINISTRATOR)
    row = world.one("SELECT state, answered_by FROM help_requests")
    assert (row.state, row.answered_by) == ("taken", world.made.members[Role.MANAGER])


def test_help_that_nobody_answers_runs_out_and_may_be_asked_again(world):
    first = ask(world)
    world.later(minutes=10)
    with pytest.raises(HelpAnswered):
        take(world, first)
    with world.work(None) as uow:
        assert rescue.tidy_rescue(uow) == 1
        assert rescue.tidy_rescue(uow) == 0
    assert ask(world) != first
    world.later(minutes=10)
    assert ask(world) != first  # the one before is ended by the asking itself
    found = world.rows("SELECT state FROM help_requests ORDER BY asked_at")
    assert [row.state for row in found] == ["expired", "expired", "open"]


def test_help_counts_whom_it_saved(world):
    saved, lost, calm = world.take(), world.take(), None
    world.later(minutes=13)
    calm = world.take()
    take(world, ask(world))
    world.log(saved.ticket_id, "service_started")
    world.log(saved.ticket_id, "served")
    world.later(minutes=3).staff_act()
    world.sweep()
    found = figures(world)
    assert (found.asked, found.taken, found.at_risk, found.saved) == (1, 1, 2, 1)
    assert found.usual_wait == dt.timedelta(0)
    span = {
        "organisation_id": world.made.id, "branch_id": world.made.branch_id,
        "since_at": world.now - SPAN,
    }  # fmt: skip
    with world.work() as uow:
        at_risk = rescue_cases(uow.session, saved=False, **span)
        kept = rescue_cases(uow.session, saved=True, **span)
        assert len(help_cases(uow.session, state=None, **span)) == found.asked
        assert callback_cases(uow.session, state=None, **span) == []
    assert {row.ticket_id for row in at_risk} == {saved.ticket_id, lost.ticket_id}
    assert [row.ticket_id for row in kept] == [saved.ticket_id]
    assert calm.ticket_id not in {row.ticket_id for row in at_risk}


def test_help_in_sight_only_while_it_stands_and_a_moment_after(world):
    ask(world)

    def seen():
        with world.work() as uow:
            return [
                call.state
                for call in shown_help(
                    uow.session, organisation_id=world.made.id,
                    branch_id=world.made.branch_id, now=uow.now,
                )
            ]  # fmt: skip

    assert seen() == ["open"]
    world.later(minutes=12)
    assert seen() == ["open"]  # run out a moment ago: the asker is told
    world.later(minutes=2)
    assert seen() == []


def test_accepted_call_back_leaves_the_queue_and_keeps_the_right(world):
    behind = [world.take(), world.take()]
    world.later(minutes=13)
    offer(world, behind[0])
    matter = accept(world, behind[0])
    assert state_of(world, behind[0]) is TicketState.BOOKED
    with world.work() as uow:
        waiting = ticket_by_id(
            uow.session, organisation_id=world.made.id, ticket_id=behind[1].ticket_id
        )
        assert people_ahead(uow.session, organisation_id=world.made.id, ticket=waiting) == 0
    world.later(minutes=2, seconds=1).staff_act()
    world.sweep()
    assert world.commitment(behind[0].ticket_id).state == "broken"
    (owed,) = [c for c in world.compensations() if c.ticket_id == behind[0].ticket_id]
    assert (owed.state, owed.holds) == ("owed", ["presence"])
    world.later(hours=1).log(matter.ticket_id, "called_back")
    (owed,) = [c for c in world.compensations() if c.ticket_id == behind[0].ticket_id]
    assert owed.state == "released"
    found = figures(world)
    assert (found.offered, found.accepted, found.held) == (1, 1, 1)


def test_answer_without_a_call_shows_nobody_to_have_been_there(world):
    ticket = world.take()
    offer(world, ticket)
    matter = accept(world, ticket)
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    world.log(matter.ticket_id, "answered")
    (owed,) = world.compensations()
    assert (owed.state, owed.holds) == ("owed", ["presence"])


def test_acceptance_at_the_desk_shows_presence_and_takes_nothing_away(world):
    ticket = world.take()
    offer(world, ticket)
    accept(world, ticket, Role.CLERK)
    events = world.rows(
        "SELECT kind, source FROM service_events WHERE ticket_id = %(t)s ORDER BY ticket_version",
        t=ticket.ticket_id,
    )
    assert [(row.kind, row.source) for row in events[1:]] == [
        ("presence_shown", "desk"), ("booked", "desk"),
    ]  # fmt: skip
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    assert world.compensations()[0].state == "released"
    assert world.one("SELECT source FROM callback_offers").source == "desk"


def test_breach_that_came_before_the_acceptance_stays(world):
    ticket = world.take()
    world.later(minutes=14)
    offer(world, ticket)
    world.later(minutes=1, seconds=1).staff_act()
    world.sweep()
    accept(world, ticket)
    assert world.commitment(ticket.ticket_id).state == "broken"
    assert len(world.breaches()) == 1


def test_customer_who_was_called_meanwhile_cannot_accept(world):
    ticket = world.take()
    offer(world, ticket)
    world.call()
    with pytest.raises(OfferGone):
        accept(world, ticket)
    assert state_of(world, ticket) is TicketState.CALLED
    assert world.one("SELECT count(*) AS n FROM tickets WHERE kind = 'callback'").n == 0
    with world.work(None) as uow:
        rescue.tidy_rescue(uow)
    assert world.one("SELECT state FROM callback_offers").state == "withdrawn"


def test_offer_is_refused_without_times_phone_or_a_waiting_customer(world):
    ticket = world.take()
    offer(world, ticket)
    with pytest.raises(CallbackOffered):
        offer(world, ticket)
    with pytest.raises(SlotUnknown):
        accept(world, ticket, place=7)
    with pytest.raises(PhoneMissing):
        accept(world, ticket, phone=" ")
    assert state_of(world, ticket) is TicketState.WAITING
    world.later(minutes=15)
    with pytest.raises(OfferGone):
        accept(world, ticket)
    offer(world, ticket)
    with world.work(None) as uow:
        rescue.decline_callback(uow, ticket_id=ticket.ticket_id)
        rescue.decline_callback(uow, ticket_id=ticket.ticket_id)
    world.call()
    with pytest.raises(OfferGone):
        offer(world, ticket)
    states = world.rows("SELECT state FROM callback_offers ORDER BY offered_at")
    assert [row.state for row in states] == ["expired", "declined"]


@pytest.mark.parametrize(
    ("hour", "shown"),
    [
        (9, ["02 11:45", "02 13:45", "03 09:00"]),  # eleven in Helsinki
        (17, ["02 19:45", "03 09:00"]),
        (21, ["03 09:00"]),
    ],
)
def test_call_backs_are_offered_by_day_where_the_doors_never_close(hour, shown):
    spec = CalendarSpec((((0, 1440),),) * 7, "Europe/Helsinki")
    calendar = prepared(spec, dt.date(2026, 3, 1), dt.date(2026, 3, 9))
    slots = callback_slots(calendar, dt.datetime(2026, 3, 2, hour, tzinfo=dt.UTC))
    zone = ZoneInfo("Europe/Helsinki")
    assert [f"{slot.astimezone(zone):%d %H:%M}" for slot in slots] == shown


def test_branch_that_never_opens_offers_no_call_back():
    calendar = prepared(
        CalendarSpec(((),) * 7, "Europe/Helsinki"), dt.date(2026, 3, 1), dt.date(2026, 3, 9)
    )
    assert callback_slots(calendar, dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)) == []


def test_booked_customer_who_comes_back_is_served_in_time(world):
    ticket = world.take()
    offer(world, ticket)
    accept(world, ticket)
    with pytest.raises(TicketNotWaiting):
        world.log(ticket.ticket_id, "left")
    world.log(ticket.ticket_id, "service_started", counter_id=world.made.counter_id)
    assert world.commitment(ticket.ticket_id).state == "kept"
    row = world.one("SELECT ended_at FROM tickets WHERE id = %(t)s", t=ticket.ticket_id)
    assert row.ended_at is None
