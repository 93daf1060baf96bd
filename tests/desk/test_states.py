"""The pure heart of the desk: which step is legal, and what a ticket is after its events."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.desk import errors
from promises.desk.models import EventKind, TicketKind, TicketState
from promises.desk.states import LIVE, MATTER_MOVES, MOVES, Fold, Happening, apply, fold, refusal
from promises.kernel.ids import new_id

ALL_OPEN = {
    "promised", "told", "service_started", "called_back", "answered", "left", "handed_over",
    "noted",
}  # fmt: skip
LEGAL_FOR_MATTER = {
    "open": ALL_OPEN,
    "handed_over": ALL_OPEN | {"handed_back"},
    "answered": {"reopened", "noted"},
    "left": {"reopened", "noted"},
}
T0 = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
LOANS, CARDS, DESK, OTHER_DESK = (new_id() for _ in range(4))


def at(minutes):
    return T0 + dt.timedelta(minutes=minutes)


def waiting():
    return apply(Fold(TicketState.WAITING, LOANS), Happening(EventKind.ARRIVED, T0))


def event(kind, minutes=1, **words):
    return Happening(EventKind(kind), at(minutes), **words)


def after(*steps):
    held = waiting()
    for number, kind in enumerate(steps, start=1):
        held = apply(held, event(kind, number, counter_id=DESK))
    return held


LEGAL = {
    "waiting": {
        "called", "service_started", "left", "closed", "transferred", "presence_shown", "booked",
    },
    "booked": {"service_started", "presence_shown"},
    "called": {
        "recalled", "service_started", "no_show", "left", "closed", "transferred",
        "presence_shown",
    },
    "in_service": {"served", "transferred", "presence_shown"},
    "served": set(), "left": set(), "no_show": set(), "closed": set(), "withdrawn": set(),
    "open": set(), "handed_over": set(), "answered": set(),
}  # fmt: skip


@pytest.mark.parametrize("state", list(TicketState))
@pytest.mark.parametrize("kind", sorted(set(EventKind) - {EventKind.DISPUTED}))
def test_refusal_follows_the_table(state, kind):
    held = Fold(state, LOANS, disputed_at=None)
    refused = refusal(held, event(kind, service_kind_id=CARDS))
    assert (refused is None) is (kind.value in LEGAL[state.value])


@pytest.mark.parametrize("state", list(TicketState))
@pytest.mark.parametrize("kind", sorted(set(EventKind) - {EventKind.DISPUTED}))
@pytest.mark.parametrize("matter", sorted(set(TicketKind) - {TicketKind.VISIT}))
def test_refusal_of_matters_follows_their_table(matter, state, kind):
    refused = refusal(Fold(state, LOANS, kind=matter), event(kind))
    assert (refused is None) is (kind.value in LEGAL_FOR_MATTER.get(state.value, ()))


def matter(kind=TicketKind.COMPLAINT):
    return apply(Fold(TicketState.OPEN, LOANS, kind=kind), Happening(EventKind.ARRIVED, T0))


def test_matter_goes_to_a_partner_and_comes_back():
    gone = apply(matter(), event("handed_over", 1, partner_id=DESK))
    assert (gone.state, gone.partner_id) == ("handed_over", DESK)
    on = apply(gone, event("handed_over", 2, partner_id=OTHER_DESK))
    assert (on.state, on.partner_id) == ("handed_over", OTHER_DESK)
    told = apply(on, event("told", 3))
    assert (told.state, told.partner_id) == ("handed_over", OTHER_DESK)
    back = apply(told, event("handed_back", 4))
    assert (back.state, back.partner_id, back.ended_at) == ("open", None, None)
    assert apply(on, event("answered", 4)).partner_id is None


def test_call_back_ends_only_what_asked_for_one():
    done = apply(matter(TicketKind.CALLBACK), event("called_back", 5))
    assert (done.state, done.ended_at) == ("answered", at(5))
    on_the_way = apply(matter(), event("called_back", 5))
    assert (on_the_way.state, on_the_way.ended_at) == ("open", None)


def test_latest_promise_counts_and_opening_again_takes_the_end_back():
    held = apply(matter(), event("promised", 1, promised_at=at(90)))
    held = apply(held, event("promised", 2, promised_at=at(60)))
    held = apply(held, event("answered", 3))
    assert (held.promised_at, held.ended_at) == (at(60), at(3))
    again = apply(held, event("reopened", 4))
    assert (again.state, again.ended_at, again.promised_at) == ("open", None, at(60))


def test_who_sends_a_matter_in_is_there():
    assert matter().presence_shown_at == T0


@given(st.lists(st.sampled_from(sorted(MATTER_MOVES)), max_size=12))
def test_fold_of_a_matter_equals_taking_the_steps(tried):
    arrival = Happening(EventKind.ARRIVED, T0)
    held, taken = matter(), [arrival]
    for minute, kind in enumerate(tried, start=1):
        partner = DESK if kind is EventKind.HANDED_OVER else None
        date = at(minute + 60) if kind is EventKind.PROMISED else None
        step = Happening(kind, at(minute), promised_at=date, partner_id=partner)
        if refusal(held, step) is None:
            held = apply(held, step)
            taken.append(step)
    assert fold(LOANS, taken, TicketKind.COMPLAINT) == held
    assert (held.ended_at is None) is (held.state in LIVE)
    assert (held.partner_id is None) is (held.state is not TicketState.HANDED_OVER)


@pytest.mark.parametrize("state", list(TicketState))
def test_dispute_is_possible_whenever_the_ticket_counts(state):
    refused = refusal(Fold(state, LOANS), event("disputed"))
    assert (refused is None) is (state is not TicketState.WITHDRAWN)


def test_same_step_twice_names_its_own_refusal():
    cases = {
        ("called",): ("called", errors.TicketNotWaiting),
        ("called", "service_started"): ("service_started", errors.TicketNotWaiting),
        ("called", "service_started", "served"): ("served", errors.TicketNotInService),
        ("called", "no_show"): ("no_show", errors.TicketNotCalled),
        ("left",): ("left", errors.TicketNotWaiting),
        ("presence_shown",): ("presence_shown", errors.AlreadyThere),
        ("disputed",): ("disputed", errors.AlreadyDisputed),
        ("disputed", "dispute_resolved"): ("dispute_resolved", errors.NotDisputed),
    }
    for steps, (kind, expected) in cases.items():
        assert refusal(after(*steps), event(kind)) is expected, steps


def test_arrival_is_logged_once_with_the_ticket():
    assert refusal(waiting(), event("arrived")) is errors.AlreadyArrived


def test_whole_visit_fills_the_columns():
    held = after("called", "recalled", "service_started", "served")
    assert held == Fold(
        state=TicketState.SERVED, service_kind_id=LOANS, counter_id=DESK, arrived_at=T0,
        called_at=at(1), service_started_at=at(3), ended_at=at(4),
    )  # fmt: skip


def test_transfer_goes_back_to_the_queue_and_keeps_the_first_times():
    held = apply(after("called", "service_started"), event("transferred", 3, service_kind_id=CARDS))
    assert (held.state, held.service_kind_id, held.counter_id) == ("waiting", CARDS, None)
    assert (held.arrived_at, held.called_at, held.service_started_at) == (T0, at(1), at(2))
    again = apply(held, event("called", 9, counter_id=OTHER_DESK))
    assert (again.called_at, again.counter_id) == (at(1), OTHER_DESK)


def test_start_at_another_counter_moves_the_ticket_there():
    held = apply(after("called"), event("service_started", 2, counter_id=OTHER_DESK))
    assert held.counter_id == OTHER_DESK


def test_start_without_a_counter_stays_where_it_was_called():
    assert apply(after("called"), event("service_started", 2)).counter_id == DESK


def test_end_stands_whatever_is_said_afterwards():
    held = after("called", "service_started", "served", "disputed")
    assert (held.state, held.ended_at, held.disputed_at) == ("served", at(3), at(4))


def test_earlier_claim_of_the_same_kind_counts():
    held = apply(after("called"), event("transferred", 5, service_kind_id=CARDS))
    assert apply(held, event("called", 0.5)).called_at == at(0.5)


def test_fold_of_nothing_is_withdrawn():
    assert fold(LOANS, []).state is TicketState.WITHDRAWN


def test_fold_without_a_named_service_keeps_the_known_one():
    assert fold(LOANS, [Happening(EventKind.ARRIVED, T0)]).service_kind_id == LOANS


steps = st.lists(
    st.tuples(
        st.sampled_from(sorted(MOVES)),
        st.sampled_from([DESK, OTHER_DESK, None]),
        st.sampled_from([LOANS, CARDS]),
    ),
    max_size=12,
)


@given(steps)
def test_fold_of_all_events_equals_taking_the_steps(tried):
    """An undo reads the events again: it must find the very state that the steps made."""
    arrival = Happening(EventKind.ARRIVED, T0, service_kind_id=LOANS)
    held, taken = apply(Fold(TicketState.WAITING, LOANS), arrival), [arrival]
    states = [held]
    for minute, (kind, counter_id, service_kind_id) in enumerate(tried, start=1):
        named = service_kind_id if kind is EventKind.TRANSFERRED else None
        step = Happening(kind, at(minute), counter_id, named)
        if refusal(held, step) is None:
            held = apply(held, step)
            taken.append(step)
            states.append(held)
    assert fold(CARDS, taken) == held
    assert [fold(CARDS, taken[: n + 1]) for n in range(len(taken))] == states


@given(steps)
def test_ticket_has_an_end_exactly_when_it_is_over(tried):
    held = waiting()
    for minute, (kind, counter_id, service_kind_id) in enumerate(tried, start=1):
        step = Happening(kind, at(minute), counter_id, service_kind_id)
        if refusal(held, step) is None:
            held = apply(held, step)
    assert (held.ended_at is None) is (held.state in LIVE)
    assert held.arrived_at == T0
