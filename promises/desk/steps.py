"""One claimed event after another, on tickets that are locked and held in memory. No SQL here.

A batch and a single event take the same way, so they refuse the same things.
"""

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from promises.desk import errors
from promises.desk.attributes import check_attributes, tells_the_past
from promises.desk.claims import UNDO_SPAN, Claim, claimed_time
from promises.desk.models import EventKind, EventSource, TicketKind
from promises.desk.states import AT_COUNTER, UNDOABLE, Fold, Happening, apply, fold, refusal
from promises.desk.values import EventClaim, Said, TicketChange, label_of
from promises.identity.models import ServiceStart
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id

NEEDS_HISTORY = frozenset({EventKind.NO_SHOW, EventKind.UNDONE})
_TAKES_COUNTER = frozenset({EventKind.CALLED, EventKind.SERVICE_STARTED})
STEPS = UNDOABLE | {EventKind.CLOSED}
_IMPORTED_VERSION = 0
FURTHEST_PROMISE = dt.timedelta(days=3660)
_WORK_BEGAN = frozenset({EventKind.ANSWERED, EventKind.CALLED_BACK})
"""Whoever answers has begun: a promise that counts until work starts ends with it at the latest."""


@dataclass(frozen=True, slots=True)
class Past:
    """A recorded event of a ticket. `undone` when a later one took it back."""

    event_id: uuid.UUID
    kind: EventKind
    source: EventSource
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    verified: bool
    ticket_version: int
    counter_id: uuid.UUID | None = None
    service_kind_id: uuid.UUID | None = None
    corrects_id: uuid.UUID | None = None
    undone: bool = False
    said: Said | None = None

    @property
    def happening(self) -> Happening:
        return _happening(
            self.kind, self.occurred_at, self.counter_id, self.service_kind_id, self.said
        )


def _happening(
    kind: EventKind,
    at: dt.datetime,
    counter_id: uuid.UUID | None,
    service_kind_id: uuid.UUID | None,
    said: Said | None,
) -> Happening:
    if said is None:
        return Happening(kind, at, counter_id, service_kind_id)
    return Happening(kind, at, counter_id, service_kind_id, said.promised_at, said.partner_id)


@dataclass(slots=True)
class Held:
    """A locked ticket. `row` is as it was read, `fold` and `version` as the steps left it.

    `history` holds all its events where a step needs them; `added` what the steps wrote.
    """

    row: Any
    fold: Fold
    version: int
    history: list[Past]
    added: list[Past] = field(default_factory=list)

    @property
    def label(self) -> str:
        return label_of(self.row.letter, self.row.number)

    @property
    def at_counter(self) -> bool:
        return self.fold.state in AT_COUNTER

    @property
    def is_matter(self) -> bool:
        return self.fold.kind is not TicketKind.VISIT

    def change(self, event_id: uuid.UUID) -> TicketChange:
        row, now = self.row, self.fold
        return TicketChange(
            ticket_id=row.id,
            branch_id=row.branch_id,
            state=now.state,
            kind=TicketKind(row.kind),
            label=self.label,
            public_code=row.public_code,
            day_on=row.day_on,
            service_kind_id=now.service_kind_id,
            arrived_at=now.arrived_at,
            disputed=now.disputed_at is not None,
            present=now.presence_shown_at is not None or now.service_started_at is not None,
            event_id=event_id,
            customer_id=row.customer_id,
            contact_id=row.contact_id,
            device_id=row.device_id,
            locale=row.locale,
        )


@dataclass(frozen=True, slots=True)
class Counter:
    branch_id: uuid.UUID
    open: bool


@dataclass(slots=True)
class Surroundings:
    """What else decides: counters and who is at them, which services branches give, and the
    partners that matters may go to."""

    now: dt.datetime
    counters: dict[uuid.UUID, Counter] = field(default_factory=dict)
    busy: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    offered: frozenset[tuple[uuid.UUID, uuid.UUID]] = frozenset()
    partners: frozenset[uuid.UUID] = frozenset()


def take_step(held: Held, claim: EventClaim, around: Surroundings) -> Past:
    """Let the claimed event happen to the held ticket; returns the event that names the act.

    Raises a DomainError and changes nothing where it may not happen.
    """
    if claim.seen_version is not None and claim.seen_version != held.row.version:
        raise errors.MatterMoved
    if claim.kind is EventKind.UNDONE:
        return _undo(held, claim, around)
    if claim.kind is EventKind.CLOSED:
        raise errors.OnlyByRule
    told = _claimed(claim, around.now)
    counter_id = claim.counter_id or held.fold.counter_id
    kind_id = claim.service_kind_id if claim.kind is EventKind.TRANSFERRED else None
    event = _happening(claim.kind, told.occurred_at, counter_id, kind_id, claim.said)
    _check(held, claim, event, around)
    happenings = [event]
    if claim.kind in _WORK_BEGAN and held.fold.service_started_at is None:
        happenings.append(Happening(EventKind.SERVICE_STARTED, told.occurred_at))
    if claim.kind is EventKind.CALLED and held.row.service_start == ServiceStart.CALL:
        happenings.append(Happening(EventKind.SERVICE_STARTED, told.occurred_at, counter_id))
    after = held.fold
    for happening in happenings:
        after = apply(after, happening)
    _move(held, after, around)
    written = [_past(held, one, claim.source, told, around.now) for one in happenings]
    if claim.said is not None:
        written[0] = dataclasses.replace(written[0], said=claim.said)
    held.added += written
    held.history += written
    return written[0]


def _claimed(claim: EventClaim, now: dt.datetime) -> Claim:
    """Facts that say when something happened are believed as far as an event of that time is."""
    told = claimed_time(claim.occurred_at, now)
    if claim.kind is EventKind.NOTED and claim.said is not None:
        past = tells_the_past(claim.said.attributes, now)
        return told._replace(verified=told.verified and not past)
    return told


def _check(held: Held, claim: EventClaim, event: Happening, around: Surroundings) -> None:
    refused = refusal(held.fold, event)
    if refused is not None:
        raise refused(label=held.label)
    if held.fold.arrived_at is not None and event.occurred_at < held.fold.arrived_at:
        raise errors.TimeBeforeArrival(label=held.label)
    if claim.counter_id is not None and claim.counter_id != held.fold.counter_id:
        counter = around.counters.get(claim.counter_id)
        if counter is None or not counter.open or counter.branch_id != held.row.branch_id:
            raise errors.CounterNotHere
    if claim.kind is EventKind.TRANSFERRED:
        if (held.row.branch_id, claim.service_kind_id) not in around.offered:
            raise errors.ServiceNotOffered
    elif claim.kind is EventKind.NO_SHOW:
        _check_wait(held, event.occurred_at)
    if held.is_matter:
        _check_said(claim, around)
    elif claim.said is not None:
        raise errors.NotOfThisKind


def _check_said(claim: EventClaim, around: Surroundings) -> None:
    """A promise names its time and a hand-over its partner; nothing else does."""
    said = claim.said or Said()
    if (said.promised_at is not None) is not (claim.kind is EventKind.PROMISED):
        raise errors.NotOfThisKind
    if (said.partner_id is not None) is not (claim.kind is EventKind.HANDED_OVER):
        raise errors.PartnerUnknown
    check_attributes(said.attributes)
    if claim.kind is EventKind.NOTED and not said.attributes:
        raise errors.NothingNoted
    if said.promised_at is not None:
        check_promised(said.promised_at, around.now)
    if said.partner_id is not None and said.partner_id not in around.partners:
        raise errors.PartnerUnknown


def check_promised(promised_at: dt.datetime, now: dt.datetime) -> None:
    """Raises PromisedInPast, PromisedTooFar."""
    if promised_at <= now:
        raise errors.PromisedInPast
    if promised_at - now > FURTHEST_PROMISE:
        raise errors.PromisedTooFar(days=FURTHEST_PROMISE.days)


def _check_wait(held: Held, at: dt.datetime) -> None:
    """A customer is given time to come, from the last call on."""
    calls = [p.occurred_at for p in held.history if p.kind is EventKind.CALLED and not p.undone]
    wait = dt.timedelta(seconds=held.row.no_show_after_s)
    too_early = max(calls, default=at) + wait - at
    if too_early > dt.timedelta(0):
        seconds = -(-too_early // dt.timedelta(seconds=1))
        raise errors.NoShowTooEarly(label=held.label, wait=dt.timedelta(seconds=seconds))


def _undo(held: Held, claim: EventClaim, around: Surroundings) -> Past:
    """Take back an act: the named event, those written with it, and every later step.

    Where that would bring the ticket back to a counter that has somebody else by now, the desk's
    quick undo is refused; a correction leaves the ticket without a counter.
    """
    named = undoable(held, claim.corrects_id)
    standing = [p for p in held.history if not p.undone and p.kind is not EventKind.UNDONE]
    taken = {
        p.event_id for p in standing if p.ticket_version >= named.ticket_version and p.kind in STEPS
    }
    kept = [p.happening for p in standing if p.event_id not in taken]
    after = fold(held.fold.service_kind_id, kept, held.fold.kind)
    told = Claim(around.now, around.now - named.recorded_at <= UNDO_SPAN)
    if not told.verified and _taken_by_another(held, after, around):
        after = dataclasses.replace(after, counter_id=None)
    _move(held, after, around)
    event = Happening(EventKind.UNDONE, around.now)
    written = [
        _past(held, event, claim.source, told, around.now, corrects=event_id)
        for event_id in (p.event_id for p in standing)
        if event_id in taken
    ]
    held.history[:] = [_mark(p, taken) for p in held.history] + written
    held.added += written
    return next(p for p in written if p.corrects_id == named.event_id)


def undoable(held: Held, event_id: uuid.UUID | None) -> Past:
    """The event by its id. Raises NotFound, AlreadyUndone, NotUndoable."""
    named = next((p for p in held.history if p.event_id == event_id), None)
    if named is None:
        raise NotFound(event_id=str(event_id))
    if named.undone:
        raise errors.AlreadyUndone
    if (
        named.kind not in UNDOABLE
        or named.source is EventSource.RULE
        or named.ticket_version == _IMPORTED_VERSION
    ):
        raise errors.NotUndoable
    return named


def has_later_step(held: Held, named: Past) -> bool:
    return any(
        p.ticket_version > named.ticket_version and p.kind in STEPS and not p.undone
        for p in held.history
    )


def _mark(past: Past, taken_back: set[uuid.UUID]) -> Past:
    return dataclasses.replace(past, undone=True) if past.event_id in taken_back else past


def _move(held: Held, after: Fold, around: Surroundings) -> None:
    """Put the ticket into its new state unless another one stands at its counter."""
    before = held.fold
    counter_id = after.counter_id
    if _taken_by_another(held, after, around):
        raise errors.CounterBusy
    if after.state in AT_COUNTER and counter_id is not None:
        around.busy[counter_id] = held.row.id
    if before.state in AT_COUNTER and before.counter_id is not None:
        left = after.state not in AT_COUNTER or before.counter_id != counter_id
        if left and around.busy.get(before.counter_id) == held.row.id:
            del around.busy[before.counter_id]
    held.fold = after
    held.version += 1


def _taken_by_another(held: Held, after: Fold, around: Surroundings) -> bool:
    if after.state not in AT_COUNTER or after.counter_id is None:
        return False
    return bool(around.busy.get(after.counter_id, held.row.id) != held.row.id)


def _past(
    held: Held,
    event: Happening,
    source: EventSource,
    told: Claim,
    now: dt.datetime,
    *,
    corrects: uuid.UUID | None = None,
) -> Past:
    return Past(
        event_id=new_id(),
        kind=event.kind,
        source=source,
        occurred_at=told.occurred_at,
        recorded_at=now,
        verified=told.verified,
        ticket_version=held.version,
        counter_id=event.counter_id,
        service_kind_id=event.service_kind_id,
        corrects_id=corrects,
    )
