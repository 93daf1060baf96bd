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
from promises.desk.models import EventKind, TicketKind, TicketState
from promises.kernel.errors import DomainError

WAITING, CALLED, IN_SERVICE = TicketState.WAITING, TicketState.CALLED, TicketState.IN_SERVICE
OPEN, HANDED_OVER, ANSWERED = (
    TicketState.OPEN,
    TicketState.HANDED_OVER,
    TicketState.ANSWERED,
)
IN_QUEUE = frozenset({WAITING, CALLED, IN_SERVICE})
OPEN_MATTER = frozenset({OPEN, HANDED_OVER})
ANY_MATTER = OPEN_MATTER | {ANSWERED, TicketState.LEFT}
LIVE = IN_QUEUE | OPEN_MATTER
AT_COUNTER = frozenset({CALLED, IN_SERVICE})
BOOKED = TicketState.BOOKED
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
        frozenset({WAITING, CALLED, BOOKED}), IN_SERVICE, errors.TicketNotWaiting
    ),
    EventKind.SERVED: Move(frozenset({IN_SERVICE}), TicketState.SERVED, errors.TicketNotInService),
    EventKind.NO_SHOW: Move(frozenset({CALLED}), TicketState.NO_SHOW, errors.TicketNotCalled),
    EventKind.LEFT: Move(frozenset({WAITING, CALLED}), TicketState.LEFT, errors.TicketNotWaiting),
    EventKind.CLOSED: Move(frozenset({WAITING, CALLED}), TicketState.CLOSED, errors.TicketOver),
    EventKind.TRANSFERRED: Move(IN_QUEUE, WAITING, errors.TicketOver),
    EventKind.BOOKED: Move(frozenset({WAITING}), BOOKED, errors.TicketNotWaiting),
    EventKind.PRESENCE_SHOWN: Move(IN_QUEUE | {BOOKED}, None, errors.TicketOver),
    EventKind.DISPUTED: Move(ANY, None, errors.TicketOver),
    EventKind.DISPUTE_RESOLVED: Move(ANY, None, errors.NotDisputed),
}

MATTER_MOVES = {
    EventKind.PROMISED: Move(OPEN_MATTER, None, errors.MatterOver),
    EventKind.TOLD: Move(OPEN_MATTER, None, errors.MatterOver),
    EventKind.SERVICE_STARTED: Move(OPEN_MATTER, None, errors.MatterOver),
    EventKind.CALLED_BACK: Move(OPEN_MATTER, None, errors.MatterOver),
    EventKind.ANSWERED: Move(OPEN_MATTER, ANSWERED, errors.MatterOver),
    EventKind.LEFT: Move(OPEN_MATTER, TicketState.LEFT, errors.MatterOver),
    EventKind.HANDED_OVER: Move(OPEN_MATTER, HANDED_OVER, errors.MatterOver),
    EventKind.HANDED_BACK: Move(frozenset({HANDED_OVER}), OPEN, errors.MatterNotHandedOver),
    EventKind.REOPENED: Move(frozenset({ANSWERED, TicketState.LEFT}), OPEN, errors.MatterNotOver),
    EventKind.NOTED: Move(ANY_MATTER, None, errors.MatterOver),
    EventKind.DISPUTED: MOVES[EventKind.DISPUTED],
    EventKind.DISPUTE_RESOLVED: MOVES[EventKind.DISPUTE_RESOLVED],
}
"""The same for matters that take no number. A call back ends a matter that asked for one; in any
other it is a step on the way."""

_CALLED_BACK_IS_ALL = Move(OPEN_MATTER, ANSWERED, errors.MatterOver)

UNDOABLE = frozenset(
    {
        EventKind.CALLED,
        EventKind.RECALLED,
        EventKind.SERVICE_STARTED,
        EventKind.SERVED,
        EventKind.NO_SHOW,
        EventKind.LEFT,
        EventKind.TRANSFERRED,
        EventKind.PROMISED,
        EventKind.TOLD,
        EventKind.ANSWERED,
        EventKind.CALLED_BACK,
        EventKind.HANDED_OVER,
        EventKind.HANDED_BACK,
        EventKind.REOPENED,
        EventKind.NOTED,
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
    promised_at: dt.datetime | None = None
    partner_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """The columns of a ticket that follow from its events. `promised_at` (the latest date that was
    given) and `partner_id` (who has it now) are those of a matter."""

    state: TicketState
    service_kind_id: uuid.UUID
    counter_id: uuid.UUID | None = None
    arrived_at: dt.datetime | None = None
    called_at: dt.datetime | None = None
    service_started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    presence_shown_at: dt.datetime | None = None
    disputed_at: dt.datetime | None = None
    kind: TicketKind = TicketKind.VISIT
    promised_at: dt.datetime | None = None
    partner_id: uuid.UUID | None = None


def _move_of(held: Fold, kind: EventKind) -> Move | None:
    if held.kind is TicketKind.VISIT:
        return MOVES.get(kind)
    if kind is EventKind.CALLED_BACK and held.kind is TicketKind.CALLBACK:
        return _CALLED_BACK_IS_ALL
    return MATTER_MOVES.get(kind)


def refusal(held: Fold, event: Happening) -> type[DomainError] | None:
    """Why the event may not happen to a ticket in this state; None where it may."""
    move = _move_of(held, event.kind)
    if move is None:
        return _no_such_move(event.kind)
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


def _no_such_move(kind: EventKind) -> type[DomainError]:
    if kind is EventKind.ARRIVED:
        return errors.AlreadyArrived
    return errors.NotUndoable if kind is EventKind.UNDONE else errors.NotOfThisKind


def apply(held: Fold, event: Happening) -> Fold:
    """The ticket after the event. Knows nothing of what may happen: see `refusal`."""
    kind, at = event.kind, event.occurred_at
    move = _move_of(held, kind)
    state = (move.to if move else None) or held.state
    over = state not in LIVE and held.state in LIVE
    after = dataclasses.replace(
        held,
        state=state,
        service_kind_id=event.service_kind_id or held.service_kind_id,
        counter_id=_counter(held, event, state),
        ended_at=at if over else None if state in IN_QUEUE else held.ended_at,
    )
    if held.kind is not TicketKind.VISIT:
        after = _of_matter(after, event)
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


def _of_matter(after: Fold, event: Happening) -> Fold:
    """What an event does to a matter besides. Whose matter came in is not doubted to be there, so
    nothing that is owed waits for the sight of them."""
    kind = event.kind
    if kind is EventKind.ARRIVED:
        return dataclasses.replace(after, presence_shown_at=event.occurred_at)
    if kind is EventKind.PROMISED:
        return dataclasses.replace(after, promised_at=event.promised_at)
    if kind is EventKind.REOPENED:
        return dataclasses.replace(after, ended_at=None)
    if kind is EventKind.HANDED_OVER:
        return dataclasses.replace(after, partner_id=event.partner_id)
    if after.state is not HANDED_OVER:
        return dataclasses.replace(after, partner_id=None)
    return after


def fold(
    service_kind_id: uuid.UUID,
    happenings: Iterable[Happening],
    kind: TicketKind = TicketKind.VISIT,
) -> Fold:
    """The ticket from its events, undone ones left out, in the order in which they were recorded.

    `service_kind_id` serves where no event names one. With no events at all nothing is left of
    the ticket: it is withdrawn.
    """
    held = Fold(WAITING if kind is TicketKind.VISIT else OPEN, service_kind_id, kind=kind)
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
