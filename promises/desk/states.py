"""What may happen to a ticket, and what the ticket then is. Pure.

A ticket's columns are the fold of its events. Taking a step (`apply`) and reading all events again
after one was undone (`fold`) are the same function, so they cannot disagree.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from promises.desk import errors
from promises.desk.models import EventKind, TicketState
from promises.kernel.errors import DomainError

WAITING, CALLED, IN_SERVICE = TicketState.WAITING, TicketState.CALLED, TicketState.IN_SERVICE
LIVE = frozenset({WAITING, CALLED, IN_SERVICE})
AT_COUNTER = frozenset({CALLED, IN_SERVICE})
ANY = frozenset(TicketState) - {TicketState.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class Move:
    """From which states an event may happen, to which it leads (None: it stays), and who says no
    otherwise."""

    legal: frozenset[TicketState]
    to: TicketState | None
    refusal: type[DomainError]


MOVES = {
    EventKind.CALLED: Move(frozenset({WAITING}), CALLED, errors.TicketNotWaiting),
    EventKind.RECALLED: Move(frozenset({CALLED}), None, errors.TicketNotCalled),
    EventKind.SERVICE_STARTED: Move(
        frozenset({WAITING, CALLED}), IN_SERVICE, errors.TicketNotWaiting
    ),
    EventKind.SERVED: Move(frozenset({IN_SERVICE}), TicketState.SERVED, errors.TicketNotInService),
    EventKind.NO_SHOW: Move(frozenset({CALLED}), TicketState.NO_SHOW, errors.TicketNotCalled),
    EventKind.LEFT: Move(frozenset({WAITING, CALLED}), TicketState.LEFT, errors.TicketNotWaiting),
    EventKind.CLOSED: Move(frozenset({WAITING, CALLED}), TicketState.CLOSED, errors.TicketOver),
    EventKind.TRANSFERRED: Move(LIVE, WAITING, errors.TicketOver),
    EventKind.PRESENCE_SHOWN: Move(LIVE, None, errors.TicketOver),
    EventKind.DISPUTED: Move(ANY, None, errors.TicketOver),
    EventKind.DISPUTE_RESOLVED: Move(ANY, None, errors.NotDisputed),
}

UNDOABLE = frozenset(
    {
        EventKind.CALLED,
        EventKind.RECALLED,
        EventKind.SERVICE_STARTED,
        EventKind.SERVED,
        EventKind.NO_SHOW,
        EventKind.LEFT,
        EventKind.TRANSFERRED,
    }
)
"""What a person may take back. What the customer or a rule has said stands."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as the fold needs it."""

    kind: EventKind
    occurred_at: dt.datetime
    counter_id: uuid.UUID | None = None
    service_kind_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """The columns of a ticket that follow from its events."""

    state: TicketState
    service_kind_id: uuid.UUID
    counter_id: uuid.UUID | None = None
    arrived_at: dt.datetime | None = None
    called_at: dt.datetime | None = None
    service_started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    presence_shown_at: dt.datetime | None = None
    disputed_at: dt.datetime | None = None


def refusal(held: Fold, event: Happening) -> type[DomainError] | None:
    """Why the event may not happen to a ticket in this state; None where it may."""
    move = MOVES.get(event.kind)
    if move is None:
        return errors.AlreadyArrived if event.kind is EventKind.ARRIVED else errors.NotUndoable
    if held.state not in move.legal:
        return move.refusal
    if event.kind is EventKind.PRESENCE_SHOWN and held.presence_shown_at is not None:
        return errors.AlreadyThere
    if event.kind is EventKind.DISPUTED and held.disputed_at is not None:
        return errors.AlreadyDisputed
    if event.kind is EventKind.DISPUTE_RESOLVED and held.disputed_at is None:
        return errors.NotDisputed
    if event.kind is EventKind.TRANSFERRED and event.service_kind_id == held.service_kind_id:
        return errors.SameService
    return None


def apply(held: Fold, event: Happening) -> Fold:
    """The ticket after the event. Knows nothing of what may happen: see `refusal`."""
    kind, at = event.kind, event.occurred_at
    move = MOVES.get(kind)
    state = (move.to if move else None) or held.state
    after = dataclasses.replace(
        held,
        state=state,
        service_kind_id=event.service_kind_id or held.service_kind_id,
        counter_id=_counter(held, event, state),
        ended_at=held.ended_at if state in LIVE or held.state not in LIVE else at,
    )
    if kind is EventKind.ARRIVED:
        return dataclasses.replace(after, arrived_at=_first(held.arrived_at, at))
    if kind is EventKind.CALLED:
        return dataclasses.replace(after, called_at=_first(held.called_at, at))
    if kind is EventKind.SERVICE_STARTED:
        return dataclasses.replace(after, service_started_at=_first(held.service_started_at, at))
    if kind is EventKind.PRESENCE_SHOWN:
        return dataclasses.replace(after, presence_shown_at=_first(held.presence_shown_at, at))
    if kind is EventKind.DISPUTED:
        return dataclasses.replace(after, disputed_at=at)
    if kind is EventKind.DISPUTE_RESOLVED:
        return dataclasses.replace(after, disputed_at=None)
    return after


def fold(service_kind_id: uuid.UUID, happenings: Iterable[Happening]) -> Fold:
    """The ticket from its events, undone ones left out, in the order in which they were recorded.

    `service_kind_id` serves where no event names one. With no events at all nothing is left of
    the ticket: it is withdrawn.
    """
    held = Fold(WAITING, service_kind_id)
    empty = True
    for happening in happenings:
        held = apply(held, happening)
        empty = False
    return dataclasses.replace(held, state=TicketState.WITHDRAWN) if empty else held


def _counter(held: Fold, event: Happening, state: TicketState) -> uuid.UUID | None:
    """A ticket is at a counter from its call on, and afterwards keeps the last one it was at."""
    if state is WAITING:
        return None
    if state in AT_COUNTER and event.kind in (EventKind.CALLED, EventKind.SERVICE_STARTED):
        return event.counter_id or held.counter_id
    return held.counter_id


def _first(known: dt.datetime | None, at: dt.datetime) -> dt.datetime:
    return at if known is None else min(known, at)
