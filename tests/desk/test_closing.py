"""What closing time does to tickets that are still open."""

import datetime as dt

import pytest

from promises.desk.models import EventKind, EventSource, TicketState
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from tests.factories.desk import Desk, seconds
from tests.factories.identity import make_organisation

OFFICE = (*((((540, 720), (780, 960)),) * 5), (), ())
"""09:00–12:00 and 13:00–16:00 on weekdays, in Helsinki."""


def helsinki(day, hour, minute=0, second=0):
    """An instant of March 2026, two hours ahead of UTC; the 2nd is a Monday."""
    return dt.datetime(2026, 3, day, hour, minute, second, tzinfo=dt.UTC) - dt.timedelta(hours=2)


@pytest.fixture
def desk(as_application):
    return Desk(make_organisation(weekly=OFFICE, counters=3, branches=2))


def last(desk, ticket_id):
    return desk.timeline(ticket_id)[-1]


def test_nothing_closes_before_closing_time(desk):
    desk.take(at=helsinki(2, 15, 50))
    assert desk.close(at=helsinki(2, 15, 59, 59)) == []


def test_pause_at_noon_closes_nothing(desk):
    ticket = desk.take(at=helsinki(2, 11, 50)).ticket_id
    assert desk.close(at=helsinki(2, 12, 30)) == []
    assert desk.state(ticket) is TicketState.WAITING


def test_waiting_ticket_is_closed_at_the_closing_instant(desk):
    ticket = desk.take(at=helsinki(2, 15, 50)).ticket_id
    ran_at = helsinki(2, 16, 0, 40)
    [change] = desk.close(at=ran_at)
    event = last(desk, ticket)
    assert (change.ticket_id, change.state) == (ticket, TicketState.CLOSED)
    assert (event.kind, event.source) == (EventKind.CLOSED, EventSource.RULE)
    assert (event.occurred_at, event.recorded_at) == (helsinki(2, 16), ran_at)
    assert (event.actor_kind, event.verified) == ("system", True)
    assert desk.ticket(ticket).ended_at == helsinki(2, 16)


def test_second_run_finds_nothing(desk):
    ticket = desk.take(at=helsinki(2, 15, 50)).ticket_id
    desk.close(at=helsinki(2, 16, 1))
    before = desk.snapshot(ticket)
    assert desk.close(at=helsinki(2, 16, 2)) == []
    assert desk.snapshot(ticket) == before


def test_days_when_nobody_ran_it_are_closed_at_their_own_time(desk):
    monday = desk.take(at=helsinki(2, 10)).ticket_id
    tuesday = desk.take(at=helsinki(3, 10)).ticket_id
    today = desk.take(at=helsinki(5, 10)).ticket_id
    changed = desk.close(at=helsinki(5, 11))
    assert {change.ticket_id for change in changed} == {monday, tuesday}
    assert last(desk, monday).occurred_at == helsinki(2, 16)
    assert last(desk, tuesday).occurred_at == helsinki(3, 16)
    assert desk.state(today) is TicketState.WAITING


def test_called_customer_gets_the_usual_wait_beyond_closing(desk):
    ticket = desk.take(at=helsinki(2, 15, 50)).ticket_id
    desk.call(at=helsinki(2, 15, 59, 30))
    assert desk.close(at=helsinki(2, 16, 1)) == []
    desk.close(at=helsinki(2, 16, 2))
    event = last(desk, ticket)
    assert desk.state(ticket) is TicketState.NO_SHOW
    assert (event.kind, event.occurred_at) == (EventKind.NO_SHOW, helsinki(2, 16, 1, 30))


def test_called_customer_who_did_not_come_for_long_ends_at_closing(desk):
    ticket = desk.take(at=helsinki(2, 15)).ticket_id
    desk.call(at=helsinki(2, 15, 5))
    desk.close(at=helsinki(2, 16))
    assert last(desk, ticket).occurred_at == helsinki(2, 16)


def test_customer_in_service_stays_until_midnight(desk):
    ticket = desk.take(at=helsinki(2, 15, 50)).ticket_id
    desk.call(at=helsinki(2, 15, 55))
    desk.log(ticket, "service_started", at=helsinki(2, 15, 56))
    assert desk.close(at=helsinki(2, 23, 59, 59)) == []
    desk.close(at=helsinki(3, 0))
    event = last(desk, ticket)
    assert desk.state(ticket) is TicketState.SERVED
    assert (event.kind, event.source) == (EventKind.SERVED, EventSource.RULE)
    assert event.occurred_at == helsinki(3, 0)


def test_walk_in_that_was_forgotten_ends_at_midnight(desk):
    ticket = desk.walk_in(at=helsinki(2, 15)).ticket_id
    desk.close(at=helsinki(3, 8))
    assert last(desk, ticket).occurred_at == helsinki(3, 0)


def test_clerk_may_end_a_visit_after_closing(desk):
    ticket = desk.walk_in(at=helsinki(2, 15, 59)).ticket_id
    desk.close(at=helsinki(2, 16, 5))
    desk.log(ticket, "served", at=helsinki(2, 16, 20))
    assert desk.ticket(ticket).ended_at == helsinki(2, 16, 20)


def test_ticket_taken_while_closed_has_until_midnight(desk):
    ticket = desk.take(at=helsinki(2, 17), source=EventSource.DESK).ticket_id
    assert desk.close(at=helsinki(2, 23, 59)) == []
    desk.close(at=helsinki(3, 0))
    assert last(desk, ticket).occurred_at == helsinki(3, 0)


def test_ended_tickets_other_matters_and_other_branches_stay(desk):
    gone = desk.take(at=helsinki(2, 10)).ticket_id
    desk.log(gone, "left", at=helsinki(2, 10, 5))
    complaint = desk.open_matter(at=helsinki(2, 10)).ticket_id
    elsewhere = desk.take(at=helsinki(2, 10), branch_id=desk.made.branches[1].id).ticket_id
    before = [desk.snapshot(one) for one in (gone, complaint, elsewhere)]
    assert desk.close(at=helsinki(4, 12)) == []
    assert [desk.snapshot(one) for one in (gone, complaint, elsewhere)] == before


def test_ticket_that_somebody_holds_is_left_to_the_next_round(desk):
    ticket = desk.take(at=helsinki(2, 10)).ticket_id
    with desk.made.work() as holder:
        holder.session.connection().exec_driver_sql(
            "SELECT id FROM tickets WHERE id = %s FOR UPDATE", (ticket,)
        )
        assert desk.close(at=helsinki(2, 17)) == []
    assert [change.ticket_id for change in desk.close(at=helsinki(2, 17))] == [ticket]


def test_closing_is_judged_on_the_branchs_clock_at_the_spring_change(as_application):
    """29.3.2026 has 23 hours in Helsinki: 16:00 is then 13:00 UTC, a day before 14:00."""
    desk = Desk(make_organisation(weekly=(((540, 960),),) * 7))
    saturday = desk.take(at=dt.datetime(2026, 3, 28, 13, 0, tzinfo=dt.UTC)).ticket_id
    sunday = desk.take(at=dt.datetime(2026, 3, 29, 12, 0, tzinfo=dt.UTC)).ticket_id
    desk.close(at=dt.datetime(2026, 3, 29, 13, 0, tzinfo=dt.UTC))
    assert last(desk, saturday).occurred_at == dt.datetime(2026, 3, 28, 14, 0, tzinfo=dt.UTC)
    assert last(desk, sunday).occurred_at == dt.datetime(2026, 3, 29, 13, 0, tzinfo=dt.UTC)


def test_unknown_branch_is_not_there(desk):
    with pytest.raises(NotFound):
        desk.close(at=helsinki(2, 17), branch_id=new_id())


def test_undone_close_is_not_for_the_desk(desk):
    """The customer of a closed ticket comes back with a new one."""
    ticket = desk.take(at=helsinki(2, 10)).ticket_id
    desk.close(at=helsinki(2, 16))
    event_id = last(desk, ticket).event_id
    with pytest.raises(Exception, match="not_undoable"):
        desk.undo(ticket, event_id, at=helsinki(2, 16) + seconds(5))
