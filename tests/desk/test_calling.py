"""Calling the next customer."""

import threading

import pytest

from promises.desk import errors
from promises.desk.models import TicketState
from promises.desk.values import Seen
from promises.identity import actions as identity
from promises.identity.models import ServiceStart
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from tests.factories.desk import Desk, seconds
from tests.factories.identity import make_organisation


@pytest.fixture
def desk(as_application):
    return Desk(make_organisation(kinds=("A", "B")))


@pytest.fixture
def starting_desk(as_application):
    """A branch where calling counts as starting."""
    return Desk(make_organisation(service_start=ServiceStart.CALL))


def test_empty_queue_calls_nobody(desk):
    result = desk.call()
    assert (result.called, result.closed) == (None, None)


def test_first_in_line_is_called(desk):
    first, second = desk.take(), desk.take()
    at = desk.now()
    called = desk.call(at=at).called
    assert (called.ticket_id, called.label, called.state) == (first.ticket_id, "A001", "called")
    stored = desk.ticket(first.ticket_id)
    assert (stored.state, stored.called_at, stored.counter_name) == ("called", at, "1")
    assert desk.timeline(first.ticket_id)[-1].event_id == called.event_id
    assert desk.kinds(first.ticket_id) == ["arrived", "called"]
    assert desk.state(second.ticket_id) is TicketState.WAITING


def test_order_is_that_of_arrival_not_of_the_number(desk):
    at = desk.now()
    desk.take(at=at)
    earlier = desk.take(at=at, occurred_at=at - seconds(30))
    assert desk.call().called.ticket_id == earlier.ticket_id


def test_only_the_kinds_of_service_asked_for_are_called(desk):
    loans, cards = desk.made.kind_ids
    desk.take(kind_id=loans)
    later = desk.take(kind_id=cards)
    assert desk.call(service_kind_ids=[cards]).called.ticket_id == later.ticket_id
    assert desk.call(desk.made.counter_ids[1], service_kind_ids=[]).called is None


def test_call_ends_the_previous_visit_as_served(desk):
    first, second = desk.take(), desk.take()
    desk.call()
    desk.log(first.ticket_id, "service_started", counter_id=desk.made.counter_id)
    at = desk.now()
    result = desk.call(at=at)
    assert (result.closed.ticket_id, result.closed.state) == (first.ticket_id, "served")
    assert result.called.ticket_id == second.ticket_id
    assert desk.ticket(first.ticket_id).ended_at == at
    assert desk.kinds(first.ticket_id) == ["arrived", "called", "service_started", "served"]


def test_call_with_nobody_waiting_still_ends_the_previous_visit(desk):
    first = desk.take()
    desk.call()
    desk.log(first.ticket_id, "service_started")
    result = desk.call()
    assert result.called is None
    assert result.closed.ticket_id == first.ticket_id
    assert desk.state(first.ticket_id) is TicketState.SERVED


def test_previous_who_has_not_come_is_not_assumed_served(desk):
    first, second = desk.take(), desk.take()
    desk.call()
    before = desk.snapshot(first.ticket_id), desk.snapshot(second.ticket_id)
    with pytest.raises(errors.PreviousStillCalled) as refused:
        desk.call()
    assert refused.value.params == {"label": "A001"}
    assert (desk.snapshot(first.ticket_id), desk.snapshot(second.ticket_id)) == before


def test_call_starts_service_where_the_branch_says_so(starting_desk):
    desk = starting_desk
    first, second = desk.take(), desk.take()
    at = desk.now()
    called = desk.call(at=at).called
    stored = desk.ticket(first.ticket_id)
    assert called.state is TicketState.IN_SERVICE
    assert (stored.called_at, stored.service_started_at) == (at, at)
    assert desk.kinds(first.ticket_id) == ["arrived", "called", "service_started"]
    assert desk.call().called.ticket_id == second.ticket_id
    assert desk.state(first.ticket_id) is TicketState.SERVED


def test_double_click_calls_once(starting_desk):
    """Both clicks come from a screen that showed an empty counter."""
    desk = starting_desk
    first, second = desk.take(), desk.take()
    desk.call(seen=Seen(None))
    before = desk.snapshot(first.ticket_id), desk.snapshot(second.ticket_id)
    with pytest.raises(errors.CounterMoved):
        desk.call(seen=Seen(None))
    assert (desk.snapshot(first.ticket_id), desk.snapshot(second.ticket_id)) == before
    assert desk.call(seen=Seen(first.ticket_id)).called.ticket_id == second.ticket_id


def test_screen_that_shows_a_customer_long_gone_is_refused(starting_desk):
    desk = starting_desk
    first = desk.take()
    desk.call()
    desk.log(first.ticket_id, "served")
    desk.take()
    with pytest.raises(errors.CounterMoved):
        desk.call(seen=Seen(first.ticket_id))


def test_ticket_that_somebody_holds_is_passed_over_for_the_moment(desk):
    first, second = desk.take(), desk.take()
    with desk.made.work() as holder:
        holder.session.connection().exec_driver_sql(
            "SELECT id FROM tickets WHERE id = %s FOR UPDATE", (first.ticket_id,)
        )
        assert desk.call().called.ticket_id == second.ticket_id


def test_only_customer_held_for_a_moment_is_still_called(desk, as_application):
    """A sweep may hold the row just then: the hall is not empty."""
    only = desk.take()
    held, release = threading.Event(), threading.Event()

    def hold():
        with as_application.app_context(), desk.made.work() as holder:
            holder.session.connection().exec_driver_sql(
                "SELECT id FROM tickets WHERE id = %s FOR UPDATE", (only.ticket_id,)
            )
            held.set()
            release.wait(120)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(120)
    threading.Timer(0.02, release.set).start()
    called = desk.call().called
    holder.join()
    assert called.ticket_id == only.ticket_id


def test_closed_or_unknown_counter_calls_nobody(desk):
    waiting = desk.take()
    made = desk.made
    with made.work() as uow:
        identity.close_counter(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            counter_id=made.counter_id,
        )  # fmt: skip
    with pytest.raises(errors.CounterNotHere):
        desk.call()
    with pytest.raises(NotFound):
        desk.call(new_id())
    assert desk.state(waiting.ticket_id) is TicketState.WAITING


def test_counter_of_another_organisation_is_not_there(desk):
    other = make_organisation()
    with pytest.raises(NotFound):
        desk.call(other.counter_id)


def test_queue_of_another_branch_is_left_alone(as_application):
    desk = Desk(make_organisation(branches=2))
    other = desk.take(branch_id=desk.made.branches[1].id)
    assert desk.call().called is None
    assert desk.call(desk.made.branches[1].counter_ids[0]).called.ticket_id == other.ticket_id


def test_transferred_ticket_keeps_its_place(desk):
    loans, cards = desk.made.kind_ids
    first = desk.take(kind_id=loans)
    desk.take(kind_id=cards)
    desk.call()
    desk.log(first.ticket_id, "transferred", service_kind_id=cards)
    assert desk.call(service_kind_ids=[cards]).called.ticket_id == first.ticket_id
    assert desk.kinds(first.ticket_id) == ["arrived", "called", "transferred", "called"]
