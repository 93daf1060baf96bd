"""Logging events, one or many."""

import datetime as dt

import pytest

from promises.desk import errors
from promises.desk.actions import LONGEST_BATCH
from promises.desk.models import EventSource, TicketState
from promises.desk.values import LoggedEvent
from promises.identity.models import ServiceStart
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from tests.desk.events import claim, refused_without_change
from tests.factories.desk import Desk, seconds
from tests.factories.identity import make_organisation


@pytest.fixture
def desk(as_application):
    return Desk(make_organisation(kinds=("A", "B"), branches=2))


def test_event_is_stored_with_both_times_and_its_author(desk, called):
    at = desk.now() + seconds(30)
    logged = desk.log(called, "service_started", at=at, occurred_at=at - seconds(20))
    event = desk.timeline(called)[-1]
    assert event.event_id == logged.event_id
    assert (event.occurred_at, event.recorded_at) == (at - seconds(20), at)
    assert (event.actor_kind, event.actor_id) == ("member", desk.made.actor().id)
    assert (event.counter_name, event.verified) == ("1", True)
    assert (logged.ticket.state, logged.ticket.present) == (TicketState.IN_SERVICE, True)


def test_claim_older_than_a_minute_is_unverified(desk, called):
    at = desk.now() + seconds(120)
    logged = desk.log(called, "service_started", at=at, occurred_at=at - seconds(61))
    assert logged.verified is False
    assert desk.timeline(called)[-1].verified is False


@pytest.mark.parametrize(
    ("claimed", "error"),
    [
        (lambda now: now + seconds(3), errors.TimeInFuture),
        (lambda now: now.replace(tzinfo=None), errors.TimeWithoutZone),
        (lambda now: now - seconds(50), errors.TimeBeforeArrival),
        (lambda now: now - dt.timedelta(days=40), errors.TimeTooOld),
    ],
)
def test_impossible_times_are_refused(desk, called, claimed, error):
    at = desk.now()
    refused_without_change(
        desk, called, error,
        lambda: desk.log(called, "service_started", at=at, occurred_at=claimed(at)),
    )  # fmt: skip


def test_second_of_two_equal_acts_is_refused(desk, called):
    desk.log(called, "service_started")
    refused_without_change(
        desk, called, errors.TicketNotWaiting, lambda: desk.log(called, "service_started")
    )
    desk.log(called, "served")
    refused_without_change(
        desk, called, errors.TicketNotInService, lambda: desk.log(called, "served")
    )


def test_recall_changes_nothing_but_is_known(desk, called):
    state = desk.state(called)
    desk.log(called, "recalled")
    assert desk.state(called) is state
    assert desk.kinds(called) == ["arrived", "called", "recalled"]


def test_no_show_needs_a_call_and_the_wait(desk):
    ticket = desk.take().ticket_id
    refused_without_change(
        desk, ticket, errors.TicketNotCalled, lambda: desk.log(ticket, "no_show")
    )
    at = desk.now()
    desk.call(at=at)
    early = at + seconds(119.5)
    with pytest.raises(errors.NoShowTooEarly) as refused:
        desk.log(ticket, "no_show", at=early)
    assert refused.value.params == {"label": "A001", "wait": seconds(1)}
    logged = desk.log(ticket, "no_show", at=at + seconds(120))
    assert logged.ticket.state is TicketState.NO_SHOW


def test_no_show_counts_from_the_latest_call(desk):
    ticket = desk.take().ticket_id
    at = desk.now()
    desk.call(at=at)
    desk.log(ticket, "transferred", at=at + seconds(10), service_kind_id=desk.made.kind_ids[1])
    desk.call(at=at + seconds(100))
    refused_without_change(
        desk, ticket, errors.NoShowTooEarly,
        lambda: desk.log(ticket, "no_show", at=at + seconds(130)),
    )  # fmt: skip
    desk.log(ticket, "no_show", at=at + seconds(220))


def test_only_closing_time_closes(desk):
    ticket = desk.take().ticket_id
    refused_without_change(desk, ticket, errors.OnlyByRule, lambda: desk.log(ticket, "closed"))


def test_transfer_needs_a_service_that_the_branch_gives(desk):
    ticket = desk.take().ticket_id
    for kind_id in (new_id(), None, make_organisation().kind_id):
        refused_without_change(
            desk, ticket, errors.ServiceNotOffered,
            lambda kind_id=kind_id: desk.log(ticket, "transferred", service_kind_id=kind_id),
        )  # fmt: skip
    refused_without_change(
        desk, ticket, errors.SameService,
        lambda: desk.log(ticket, "transferred", service_kind_id=desk.made.kind_id),
    )  # fmt: skip


def test_transfer_keeps_arrival_and_place(desk):
    issued = desk.take()
    desk.log(issued.ticket_id, "transferred", service_kind_id=desk.made.kind_ids[1])
    stored = desk.ticket(issued.ticket_id)
    assert (stored.arrived_at, stored.queued_at) == (issued.arrived_at, issued.arrived_at)
    assert stored.service_kind_id == desk.made.kind_ids[1]


def test_start_at_a_counter_elsewhere_or_taken_is_refused(desk, called):
    waiting = desk.take().ticket_id
    elsewhere = desk.made.branches[1].counter_ids[0]
    for counter_id, error in (
        (elsewhere, errors.CounterNotHere),
        (new_id(), errors.CounterNotHere),
        (desk.made.counter_id, errors.CounterBusy),
    ):
        refused_without_change(
            desk, waiting, error,
            lambda counter_id=counter_id: desk.log(
                waiting, "service_started", counter_id=counter_id
            ),
        )  # fmt: skip


def test_customer_may_be_started_without_a_call(desk):
    waiting = desk.take().ticket_id
    desk.log(waiting, "service_started", counter_id=desk.made.counter_id)
    stored = desk.ticket(waiting)
    assert (stored.state, stored.counter_name, stored.called_at) == ("in_service", "1", None)


def test_call_by_the_api_starts_service_where_the_branch_says_so(as_application):
    desk = Desk(make_organisation(service_start=ServiceStart.CALL))
    waiting = desk.take().ticket_id
    logged = desk.log(waiting, "called", source=EventSource.API)
    assert logged.ticket.state is TicketState.IN_SERVICE
    assert desk.kinds(waiting) == ["arrived", "called", "service_started"]


def test_unknown_ticket_and_one_of_another_organisation_are_not_there(desk):
    other = Desk(make_organisation())
    foreign = other.take().ticket_id
    for ticket_id in (new_id(), foreign):
        with pytest.raises(NotFound):
            desk.log(ticket_id, "left")
        with pytest.raises(NotFound):
            desk.undo(ticket_id, new_id())
    assert other.state(foreign) is TicketState.WAITING


def test_dispute_is_raised_and_settled(desk, called):
    desk.log(called, "service_started")
    desk.log(called, "served")
    disputed = desk.log(called, "disputed", source=EventSource.CUSTOMER)
    assert disputed.ticket.disputed is True
    assert desk.log(called, "dispute_resolved").ticket.disputed is False
    assert desk.state(called) is TicketState.SERVED


def test_batch_answers_each_event_for_itself(desk):
    first, second = desk.take().ticket_id, desk.take().ticket_id
    before = desk.snapshot(second)
    outcomes = desk.log_many(
        [
            claim(first, "called"),
            claim(second, "served"),
            claim(new_id(), "called"),
            claim(first, "service_started"),
            claim(first, "served"),
            claim(first, "served"),
        ]
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [
        LoggedEvent, errors.TicketNotInService, NotFound, LoggedEvent, LoggedEvent,
        errors.TicketNotInService,
    ]  # fmt: skip
    assert [o.ticket.state.value for o in outcomes if isinstance(o, LoggedEvent)] == [
        "called", "in_service", "served",
    ]  # fmt: skip
    assert desk.state(first) is TicketState.SERVED
    assert desk.kinds(first) == ["arrived", "called", "service_started", "served"]
    assert desk.snapshot(second) == before


def test_batch_moves_two_customers_through_one_counter(desk):
    first, second = desk.take().ticket_id, desk.take().ticket_id
    counter_id = desk.made.counter_id
    desk.log(first, "service_started", counter_id=counter_id)
    outcomes = desk.log_many(
        [
            claim(second, "called", counter_id=counter_id),
            claim(first, "served"),
            claim(second, "called", counter_id=counter_id),
        ]
    )
    assert isinstance(outcomes[0], errors.CounterBusy)
    assert desk.state(first) is TicketState.SERVED
    assert desk.ticket(second).counter_name == "1"


def test_batch_undoes_its_own_event(desk):
    ticket = desk.take().ticket_id
    [logged] = desk.log_many([claim(ticket, "called")])
    desk.log_many([claim(ticket, "undone", corrects_id=logged.event_id), claim(ticket, "left")])
    assert desk.kinds(ticket) == ["arrived", "left"]
    assert desk.state(ticket) is TicketState.LEFT


def test_batch_serves_fifty_visits_from_call_to_end(desk):
    tickets = [desk.take().ticket_id for _ in range(50)]
    steps = ("called", "service_started", "served")
    claims = [claim(ticket, kind) for kind in steps for ticket in tickets]
    outcomes = desk.log_many(claims)
    assert all(isinstance(outcome, LoggedEvent) for outcome in outcomes)
    assert {desk.state(ticket) for ticket in tickets} == {TicketState.SERVED}


def test_batch_longer_than_a_thousand_is_refused(desk):
    ticket = desk.take().ticket_id
    refused_without_change(
        desk, ticket, errors.BatchTooLong,
        lambda: desk.log_many([claim(ticket, "called")] * (LONGEST_BATCH + 1)),
    )  # fmt: skip


def test_empty_batch_is_nothing(desk):
    assert desk.log_many([]) == []
