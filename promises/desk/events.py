"""Logging what happens to tickets: one event, a batch, an undo."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy.orm import Session

from promises.db.sql import execute, records, rows
from promises.desk import errors
from promises.desk.claims import UNDO_SPAN
from promises.desk.matter_events import open_partners, write_matters
from promises.desk.models import EventKind, EventSource, TicketKind, TicketState
from promises.desk.states import Fold, fold
from promises.desk.steps import (
    NEEDS_HISTORY,
    Counter,
    Held,
    Past,
    Surroundings,
    has_later_step,
    take_step,
    undoable,
)
from promises.desk.values import EventClaim, LoggedEvent, Said
from promises.kernel.actors import Actor
from promises.kernel.errors import DomainError, NotFound

LONGEST_BATCH = 1000

HELD_COLUMNS = """
       t.id, t.branch_id, t.kind, t.state, t.service_kind_id, t.counter_id, t.customer_id,
       t.contact_id, t.device_id, t.day_on, t.letter, t.number, t.public_code, t.locale,
       t.arrived_at, t.queued_at, t.called_at, t.service_started_at, t.ended_at,
       t.presence_shown_at, t.disputed_at, t.version, b.no_show_after_s, b.service_start
"""

# The state of a row is read after its lock was had, so it is the newest there is.
_LOCK = f"""
SELECT {HELD_COLUMNS}
FROM tickets t
JOIN branches b ON b.organisation_id = t.organisation_id AND b.id = t.branch_id
WHERE t.organisation_id = %(organisation_id)s AND t.id = ANY(%(ticket_ids)s)
ORDER BY t.id
FOR NO KEY UPDATE OF t
"""

_HISTORY = """
SELECT e.ticket_id, e.id AS event_id, e.kind, e.source, e.occurred_at, e.recorded_at, e.verified,
       e.ticket_version, e.counter_id, e.service_kind_id, e.corrects_id, e.promised_at,
       e.partner_id,
       EXISTS (SELECT 1 FROM service_events u
               WHERE u.organisation_id = e.organisation_id AND u.corrects_id = e.id) AS undone
FROM service_events e
WHERE e.organisation_id = %(organisation_id)s AND e.ticket_id = ANY(%(ticket_ids)s)
ORDER BY e.ticket_version, e.id
"""

_COUNTERS = """
SELECT c.id, c.branch_id, c.closed_at IS NULL AS open,
       (SELECT t.id FROM tickets t
        WHERE t.organisation_id = c.organisation_id AND t.counter_id = c.id
          AND t.state IN ('called', 'in_service')) AS ticket_id
FROM counters c
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(counter_ids)s)
"""

_OFFERED = """
SELECT o.branch_id, o.service_kind_id
FROM branch_services o
JOIN service_kinds s ON s.organisation_id = o.organisation_id AND s.id = o.service_kind_id
WHERE o.organisation_id = %(organisation_id)s AND s.closed_at IS NULL
  AND o.service_kind_id = ANY(%(service_kind_ids)s)
"""

_WRITE = """
WITH moved AS (
    UPDATE tickets t
    SET state = m.state, service_kind_id = m.service_kind_id, counter_id = m.counter_id,
        called_at = m.called_at, service_started_at = m.service_started_at,
        ended_at = m.ended_at, presence_shown_at = m.presence_shown_at,
        disputed_at = m.disputed_at, version = m.version
    FROM jsonb_to_recordset(%(tickets)s::jsonb)
        AS m (id uuid, state text, service_kind_id uuid, counter_id uuid, called_at timestamptz,
              service_started_at timestamptz, ended_at timestamptz, presence_shown_at timestamptz,
              disputed_at timestamptz, version bigint)
    WHERE t.organisation_id = %(organisation_id)s AND t.id = m.id
)
INSERT INTO service_events (organisation_id, id, ticket_id, kind, source, occurred_at, recorded_at,
    verified, actor_kind, actor_id, counter_id, corrects_id, service_kind_id, ticket_version)
SELECT %(organisation_id)s, e.id, e.ticket_id, e.kind, e.source, e.occurred_at, %(now)s,
    e.verified, %(actor_kind)s, %(actor_id)s, e.counter_id, e.corrects_id, e.service_kind_id,
    e.ticket_version
FROM jsonb_to_recordset(%(events)s::jsonb)
    AS e (id uuid, ticket_id uuid, kind text, source text, occurred_at timestamptz,
          verified boolean, counter_id uuid, corrects_id uuid, service_kind_id uuid,
          ticket_version bigint)
"""


def log_event(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    claim: EventClaim,
) -> LoggedEvent:
    """Write the event and the ticket's new state. The same act a second time is refused.

    An event of kind undone is a correction: it takes back the event that it names and every later
    step of the ticket, and after ten seconds it is marked unverified.
    Raises the refusals of `desk.errors`, or NotFound.
    """
    [outcome] = log_events(
        session, organisation_id=organisation_id, actor=actor, now=now, claims=[claim]
    )
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def undo_last(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    ticket_id: uuid.UUID,
    event_id: uuid.UUID,
) -> LoggedEvent:
    """The desk takes back its last act on a ticket, all its events, for ten seconds after it.

    Raises UndoTooLate, LaterEventsStand, AlreadyUndone, NotUndoable, CounterBusy, NotFound.
    """
    claim = EventClaim(
        ticket_id=ticket_id,
        kind=EventKind.UNDONE,
        source=EventSource.DESK,
        corrects_id=event_id,
    )
    held = _lock(session, organisation_id, [claim])
    around = _look_around(session, organisation_id, now, [claim], held)
    if ticket_id not in held:
        raise NotFound(ticket_id=str(ticket_id))
    named = undoable(held[ticket_id], event_id)
    if now - named.recorded_at > UNDO_SPAN:
        raise errors.UndoTooLate
    if has_later_step(held[ticket_id], named):
        raise errors.LaterEventsStand
    event = take_step(held[ticket_id], claim, around)
    write(session, organisation_id=organisation_id, actor=actor, now=now, held=held.values())
    return LoggedEvent(event.event_id, held[ticket_id].change(event.event_id), event.verified)


def log_events(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    claims: Sequence[EventClaim],
) -> list[LoggedEvent | DomainError]:
    """Many events at once, in their order, each with its own answer; those refused change nothing.

    A handful of statements however many they are. Raises only BatchTooLong, and CounterBusy where
    somebody else took one of the counters in the same moment; then nothing was written.
    """
    if len(claims) > LONGEST_BATCH:
        raise errors.BatchTooLong(most=LONGEST_BATCH)
    held = _lock(session, organisation_id, claims)
    around = _look_around(session, organisation_id, now, claims, held)
    outcomes: list[LoggedEvent | DomainError] = []
    for claim in claims:
        ticket = held.get(claim.ticket_id)
        if ticket is None:
            outcomes.append(NotFound(ticket_id=str(claim.ticket_id)))
            continue
        try:
            event = take_step(ticket, claim, around)
        except DomainError as refusal:
            outcomes.append(refusal)
        else:
            change = ticket.change(event.event_id)
            outcomes.append(LoggedEvent(event.event_id, change, event.verified))
    write(session, organisation_id=organisation_id, actor=actor, now=now, held=held.values())
    return outcomes


def write(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    held: Iterable[Held],
) -> None:
    """Store what the steps added. Tickets that leave a counter go first: it holds one at a time."""
    every = [ticket for ticket in held if ticket.added]
    changed = [ticket for ticket in every if not ticket.is_matter]
    common = {
        "organisation_id": organisation_id,
        "now": now,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
    }
    for at_counter in (False, True):
        group = [ticket for ticket in changed if ticket.at_counter is at_counter]
        if not group:
            continue
        try:
            execute(session, _WRITE, common | _as_written(group))
        except UniqueViolation as error:
            raise _clash(error) from error
    if len(changed) != len(every):
        try:
            write_matters(session, common, [ticket for ticket in every if ticket.is_matter])
        except UniqueViolation as error:
            raise _clash(error) from error


def _clash(error: UniqueViolation) -> DomainError:
    """Somebody else was first: at the counter, or in taking the same event back."""
    if error.diag.constraint_name == "uq_service_events_corrects":
        return errors.AlreadyUndone()
    return errors.CounterBusy()


def _lock(
    session: Session, organisation_id: uuid.UUID, claims: Sequence[EventClaim]
) -> dict[uuid.UUID, Held]:
    ticket_ids = sorted({claim.ticket_id for claim in claims})
    found = rows(session, _LOCK, {"organisation_id": organisation_id, "ticket_ids": ticket_ids})
    read = {claim.ticket_id for claim in claims if claim.kind in NEEDS_HISTORY}
    read |= {row.id for row in found if row.kind != TicketKind.VISIT}
    histories = _histories(session, organisation_id, sorted(read))
    return {row.id: held_ticket(row, histories.get(row.id, [])) for row in found}


def held_ticket(row: Any, history: list[Past]) -> Held:
    """A locked row of HELD_COLUMNS, ready for steps; for a matter with its whole history, which is
    short and says more than the row."""
    if row.kind != TicketKind.VISIT:
        standing = [past.happening for past in history if _stands(past)]
        after = fold(row.service_kind_id, standing, TicketKind(row.kind))
        return Held(row, after, row.version, history)
    known = Fold(
        state=TicketState(row.state),
        service_kind_id=row.service_kind_id,
        counter_id=row.counter_id,
        arrived_at=row.arrived_at,
        called_at=row.called_at,
        service_started_at=row.service_started_at,
        ended_at=row.ended_at,
        presence_shown_at=row.presence_shown_at,
        disputed_at=row.disputed_at,
    )
    return Held(row, known, row.version, history)


def _stands(past: Past) -> bool:
    return not past.undone and past.kind is not EventKind.UNDONE


def _histories(
    session: Session, organisation_id: uuid.UUID, ticket_ids: list[uuid.UUID]
) -> dict[uuid.UUID, list[Past]]:
    if not ticket_ids:
        return {}
    found: dict[uuid.UUID, list[Past]] = {}
    params = {"organisation_id": organisation_id, "ticket_ids": ticket_ids}
    for row in rows(session, _HISTORY, params):
        past = Past(
            event_id=row.event_id,
            kind=EventKind(row.kind),
            source=EventSource(row.source),
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            verified=row.verified,
            ticket_version=row.ticket_version,
            counter_id=row.counter_id,
            service_kind_id=row.service_kind_id,
            corrects_id=row.corrects_id,
            undone=row.undone,
            said=_said(row),
        )
        found.setdefault(row.ticket_id, []).append(past)
    return found


def _said(row: Any) -> Said | None:
    if row.promised_at is None and row.partner_id is None:
        return None
    return Said(promised_at=row.promised_at, partner_id=row.partner_id)


def _look_around(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    claims: Sequence[EventClaim],
    held: dict[uuid.UUID, Held],
) -> Surroundings:
    around = Surroundings(now)
    counter_ids = {counter for claim in claims for counter in _counters(claim, held)}
    if counter_ids:
        params = {"organisation_id": organisation_id, "counter_ids": sorted(counter_ids)}
        for row in rows(session, _COUNTERS, params):
            around.counters[row.id] = Counter(row.branch_id, row.open)
            if row.ticket_id is not None:
                around.busy[row.id] = row.ticket_id
    kinds = {claim.service_kind_id for claim in claims if claim.kind is EventKind.TRANSFERRED}
    if kinds - {None}:
        params = {"organisation_id": organisation_id, "service_kind_ids": list(kinds - {None})}
        around.offered = frozenset(
            (row.branch_id, row.service_kind_id) for row in rows(session, _OFFERED, params)
        )
    if any(claim.kind is EventKind.HANDED_OVER for claim in claims):
        around.partners = open_partners(session, organisation_id=organisation_id)
    return around


def _counters(claim: EventClaim, held: dict[uuid.UUID, Held]) -> Iterable[uuid.UUID]:
    """The counters that this event could bring its ticket to, beyond the one it stands at."""
    ticket = held.get(claim.ticket_id)
    if ticket is None:
        return ()
    if claim.kind is EventKind.UNDONE:
        return {past.counter_id for past in ticket.history if past.counter_id is not None}
    if claim.counter_id is None or (
        ticket.at_counter and claim.counter_id == ticket.fold.counter_id
    ):
        return ()
    return (claim.counter_id,)


def _as_written(group: list[Held]) -> dict[str, str]:
    return {
        "tickets": records(_ticket(held) for held in group),
        "events": records(_event(held, past) for held in group for past in held.added),
    }


def _ticket(held: Held) -> dict[str, object]:
    now = held.fold
    return {
        "id": held.row.id,
        "state": now.state.value,
        "service_kind_id": now.service_kind_id,
        "counter_id": now.counter_id,
        "called_at": now.called_at,
        "service_started_at": now.service_started_at,
        "ended_at": now.ended_at,
        "presence_shown_at": now.presence_shown_at,
        "disputed_at": now.disputed_at,
        "version": held.version,
    }


def _event(held: Held, past: Past) -> dict[str, object]:
    return {
        "id": past.event_id,
        "ticket_id": held.row.id,
        "kind": past.kind.value,
        "source": past.source.value,
        "occurred_at": past.occurred_at,
        "verified": past.verified,
        "counter_id": past.counter_id,
        "corrects_id": past.corrects_id,
        "service_kind_id": past.service_kind_id,
        "ticket_version": past.ticket_version,
    }
