"""Taking events back, and correcting them later."""

import pytest

from promises.desk import errors
from promises.desk.models import EventKind, EventSource, TicketState
from promises.identity.models import ServiceStart
from promises.kernel.errors import NotFound
from tests.desk.events import refused_without_change
from tests.factories.desk import Desk, seconds
from tests.factories.identity import make_organisation


@pytest.fixture
def desk(as_application):
    return Desk(make_organisation(kinds=("A", "B"), branches=2))


def test_undo_gives_back_the_state_before(desk, called):
    before = desk.ticket(called)
    logged = desk.log(called, "service_started")
    undone = desk.undo(called, logged.event_id)
    after = desk.ticket(called)
    assert (after.state, after.service_started_at) == (before.state, None)
    assert after.called_at == before.called_at
    assert undone.verified is True
    last = desk.timeline(called)[-1]
    assert (last.kind, last.corrects_id) == (EventKind.UNDONE, logged.event_id)
    assert desk.kinds(called) == ["arrived", "called"]


def test_undone_call_puts_the_customer_back_to_the_same_place(desk):
    first, second = desk.take(), desk.take()
    called = desk.call().called
    desk.undo(called.ticket_id, called.event_id)
    stored = desk.ticket(first.ticket_id)
    assert (stored.state, stored.called_at, stored.counter_name) == ("waiting", None, None)
    assert desk.call().called.ticket_id == first.ticket_id
    assert desk.state(second.ticket_id) is TicketState.WAITING


def test_undo_takes_back_everything_that_one_press_did(as_application):
    desk = Desk(make_organisation(service_start=ServiceStart.CALL))
    ticket = desk.take().ticket_id
    called = desk.call().called
    desk.undo(ticket, called.event_id)
    assert desk.state(ticket) is TicketState.WAITING
    assert desk.kinds(ticket) == ["arrived"]


def test_undo_of_a_transfer_gives_the_service_and_counter_back(desk, called):
    desk.log(called, "service_started")
    moved = desk.log(called, "transferred", service_kind_id=desk.made.kind_ids[1])
    desk.undo(called, moved.event_id)
    stored = desk.ticket(called)
    assert (stored.state, stored.counter_name) == ("in_service", "1")
    assert stored.service_kind_id == desk.made.kind_id


def test_undo_of_an_end_is_refused_once_the_counter_has_somebody_else(desk, called):
    desk.log(called, "service_started")
    served = desk.log(called, "served")
    desk.take()
    desk.call()
    refused_without_change(
        desk, called, errors.CounterBusy, lambda: desk.undo(called, served.event_id)
    )


def test_undo_is_possible_for_ten_seconds(desk, called):
    at = desk.now()
    logged = desk.log(called, "service_started", at=at)
    refused_without_change(
        desk, called, errors.UndoTooLate,
        lambda: desk.undo(called, logged.event_id, at=at + seconds(10.001)),
    )  # fmt: skip
    desk.undo(called, logged.event_id, at=at + seconds(10))
    assert desk.state(called) is TicketState.CALLED


def test_undo_does_not_skip_over_later_steps(desk, called):
    started = desk.log(called, "service_started")
    desk.log(called, "served")
    refused_without_change(
        desk, called, errors.LaterEventsStand, lambda: desk.undo(called, started.event_id)
    )


def test_undo_twice_is_refused(desk, called):
    logged = desk.log(called, "service_started")
    desk.undo(called, logged.event_id)
    refused_without_change(
        desk, called, errors.AlreadyUndone, lambda: desk.undo(called, logged.event_id)
    )


def test_arrival_dispute_and_presence_cannot_be_undone(desk):
    issued = desk.take()
    ticket = issued.ticket_id
    events = [
        issued.event_id,
        desk.log(ticket, "presence_shown", source=EventSource.CUSTOMER).event_id,
        desk.log(ticket, "disputed", source=EventSource.CUSTOMER).event_id,
    ]
    for event_id in events:
        refused_without_change(
            desk, ticket, errors.NotUndoable,
            lambda event_id=event_id: desk.undo(ticket, event_id),
        )  # fmt: skip


def test_dispute_does_not_hinder_the_clerk_from_undoing(desk, called):
    desk.log(called, "service_started")
    served = desk.log(called, "served")
    desk.log(called, "disputed", source=EventSource.CUSTOMER)
    desk.undo(called, served.event_id)
    stored = desk.ticket(called)
    assert stored.state is TicketState.IN_SERVICE
    assert stored.disputed_at is not None


def test_event_of_another_ticket_is_not_undone(desk, called):
    other = desk.take()
    desk.log(other.ticket_id, "left")
    event_id = desk.timeline(other.ticket_id)[-1].event_id
    with pytest.raises(NotFound):
        desk.undo(called, event_id)
    assert desk.state(other.ticket_id) is TicketState.LEFT


def test_late_correction_is_taken_and_marked(desk, called):
    at = desk.now()
    logged = desk.log(called, "service_started", at=at)
    corrected = desk.log(called, "undone", corrects_id=logged.event_id, at=at + seconds(11))
    assert corrected.verified is False
    assert desk.timeline(called)[-1].verified is False
    assert desk.state(called) is TicketState.CALLED


def test_correction_takes_back_what_followed(desk, called):
    started = desk.log(called, "service_started")
    desk.log(called, "served")
    desk.log(called, "undone", corrects_id=started.event_id)
    assert desk.kinds(called) == ["arrived", "called"]
    assert desk.ticket(called).ended_at is None


def test_late_correction_yields_a_counter_that_is_taken(desk, called):
    at = desk.now()
    desk.log(called, "service_started", at=at)
    served = desk.log(called, "served", at=at)
    other = desk.take().ticket_id
    desk.call()
    desk.log(called, "undone", corrects_id=served.event_id, at=at + seconds(60))
    stored = desk.ticket(called)
    assert (stored.state, stored.counter_name) == ("in_service", None)
    assert desk.ticket(other).counter_name == "1"
