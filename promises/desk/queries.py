"""Reading the desk: versions for polling, the counter, the hall, one ticket."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.orm import Session

from promises.db.session import peek
from promises.db.sql import one, one_or_none, rows
from promises.desk.facts import load_cases
from promises.desk.models import EventKind, EventSource, TicketKind, TicketState
from promises.desk.values import label_of
from promises.desk.views import (
    CounterView,
    CurrentTicket,
    HallCall,
    HallView,
    RecordedAct,
    TicketVersion,
    TicketView,
    TimelineEvent,
    WaitingTicket,
)
from promises.identity.models import ServiceStart
from promises.kernel.actors import ActorKind
from promises.kernel.errors import NotFound
from promises.rules.facts import Facts

_BRANCH_VERSION = """
SELECT version FROM branch_states
WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
"""

_TICKET_VERSION = """
SELECT t.id AS ticket_id, t.version, t.branch_id, coalesce(s.version, 0) AS branch_version
FROM tickets t
LEFT JOIN branch_states s ON s.organisation_id = t.organisation_id AND s.branch_id = t.branch_id
WHERE t.organisation_id = %(organisation_id)s AND t.public_code = %(public_code)s
"""

_WAITING = """
SELECT t.id, t.letter, t.number, t.service_kind_id, s.names, t.arrived_at, t.queued_at,
       t.next_due_at, t.disputed_at IS NOT NULL AS disputed
FROM tickets t
JOIN service_kinds s ON s.organisation_id = t.organisation_id AND s.id = t.service_kind_id
WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = %(branch_id)s
  AND t.state = 'waiting' AND t.kind = 'visit'
  AND (%(service_kind_ids)s::uuid[] IS NULL
       OR t.service_kind_id = ANY(%(service_kind_ids)s::uuid[]))
ORDER BY t.queued_at, t.id
LIMIT %(limit)s
"""

_COUNTER = """
SELECT c.id AS counter_id, c.name AS counter_name, b.id AS branch_id, b.name AS branch_name,
       b.slug, b.time_zone, b.service_start, b.no_show_after_s, coalesce(v.version, 0) AS version,
       t.id AS ticket_id, t.letter, t.number, t.state, t.service_kind_id, s.names, t.arrived_at,
       t.next_due_at, t.disputed_at, t.locale, t.customer_id, e.called_at, e.started_at
FROM counters c
JOIN branches b ON b.organisation_id = c.organisation_id AND b.id = c.branch_id
LEFT JOIN branch_states v ON v.organisation_id = b.organisation_id AND v.branch_id = b.id
LEFT JOIN tickets t ON t.organisation_id = c.organisation_id AND t.counter_id = c.id
  AND t.state IN ('called', 'in_service')
LEFT JOIN service_kinds s ON s.organisation_id = t.organisation_id AND s.id = t.service_kind_id
LEFT JOIN LATERAL (
    SELECT max(x.occurred_at) FILTER (WHERE x.kind = 'called') AS called_at,
           max(x.occurred_at) FILTER (WHERE x.kind = 'service_started') AS started_at
    FROM service_events x
    WHERE x.organisation_id = t.organisation_id AND x.ticket_id = t.id
      AND NOT EXISTS (SELECT 1 FROM service_events u
                      WHERE u.organisation_id = x.organisation_id AND u.corrects_id = x.id)
) e ON true
WHERE c.organisation_id = %(organisation_id)s AND c.id = %(counter_id)s
"""

_HALL = """
SELECT t.id, t.letter, t.number, t.state, c.name AS counter_name, e.at
FROM (
    SELECT * FROM tickets
    WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
      AND day_on >= %(since_on)s AND kind = 'visit' AND called_at >= %(since_at)s
    ORDER BY called_at DESC
    LIMIT 50
) t
JOIN LATERAL (
    SELECT x.occurred_at AS at, x.counter_id
    FROM service_events x
    WHERE x.organisation_id = t.organisation_id AND x.ticket_id = t.id
      AND x.kind IN ('called', 'recalled')
      AND NOT EXISTS (SELECT 1 FROM service_events u
                      WHERE u.organisation_id = x.organisation_id AND u.corrects_id = x.id)
    ORDER BY x.ticket_version DESC
    LIMIT 1
) e ON true
JOIN counters c ON c.organisation_id = t.organisation_id AND c.id = e.counter_id
WHERE t.state <> 'waiting'
ORDER BY e.at DESC, t.id
LIMIT %(limit)s
"""

_WAITING_COUNT = """
SELECT count(*) AS waiting FROM tickets
WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
  AND state = 'waiting' AND kind = 'visit'
  AND (%(before_at)s::timestamptz IS NULL
       OR (queued_at, id) < (%(before_at)s::timestamptz, %(ticket_id)s::uuid))
"""

_TICKET = """
SELECT t.id, t.letter, t.number, t.public_code, t.kind, t.state, t.source, t.branch_id,
       b.name AS branch_name, b.time_zone, t.service_kind_id, s.names, c.name AS counter_name,
       t.day_on, t.locale, t.arrived_at, t.queued_at, t.called_at, t.service_started_at,
       t.ended_at, t.waited_us, t.presence_shown_at, t.disputed_at, t.next_due_at, t.customer_id,
       t.contact_id, t.device_id, t.import_id, t.external_ref, t.flags, t.version
FROM tickets t
JOIN branches b ON b.organisation_id = t.organisation_id AND b.id = t.branch_id
JOIN service_kinds s ON s.organisation_id = t.organisation_id AND s.id = t.service_kind_id
LEFT JOIN counters c ON c.organisation_id = t.organisation_id AND c.id = t.counter_id
WHERE t.organisation_id = %(organisation_id)s
"""
_TICKET_BY_ID = f"{_TICKET} AND t.id = %(ticket_id)s"
_TICKET_BY_CODE = f"{_TICKET} AND t.public_code = %(public_code)s"

_TIMELINE = """
SELECT e.id, e.kind, e.source, e.occurred_at, e.recorded_at, e.verified, e.actor_kind, e.actor_id,
       c.name AS counter_name, s.names, e.corrects_id,
       EXISTS (SELECT 1 FROM service_events u
               WHERE u.organisation_id = e.organisation_id AND u.corrects_id = e.id) AS undone
FROM service_events e
LEFT JOIN counters c ON c.organisation_id = e.organisation_id AND c.id = e.counter_id
LEFT JOIN service_kinds s ON s.organisation_id = e.organisation_id AND s.id = e.service_kind_id
WHERE e.organisation_id = %(organisation_id)s AND e.ticket_id = %(ticket_id)s
ORDER BY e.ticket_version, e.occurred_at, e.id
"""

_LIVE_BRANCHES = """
SELECT DISTINCT branch_id FROM tickets
WHERE organisation_id = %(organisation_id)s AND kind = 'visit'
  AND state IN ('waiting', 'called', 'in_service')
ORDER BY branch_id
"""

_ACTS = """
SELECT e.id AS event_id, e.ticket_id, t.branch_id, t.letter, t.number, e.kind, e.recorded_at,
       EXISTS (SELECT 1 FROM service_events u
               WHERE u.organisation_id = e.organisation_id AND u.corrects_id = e.id) AS undone
FROM service_events e
JOIN tickets t ON t.organisation_id = e.organisation_id AND t.id = e.ticket_id
WHERE e.organisation_id = %(organisation_id)s AND e.id = ANY(%(event_ids)s)
"""

HALL_HOURS = dt.timedelta(hours=12)


def branch_version(session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID) -> int:
    """Changes with everything that the branch's screens show. 0 before anything happened."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id}
    row = one_or_none(session, _BRANCH_VERSION, params)
    return 0 if row is None else row.version


def peek_branch_version(
    *, organisation_id: uuid.UUID, branch_id: uuid.UUID
) -> tuple[int, dt.datetime]:
    """The same for polls: one round trip of its own, with the clock."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id}
    row, now = peek(organisation_id, _BRANCH_VERSION, params)
    return (0 if row is None else row.version), now


def peek_ticket_version(
    *, organisation_id: uuid.UUID, public_code: str
) -> tuple[TicketVersion | None, dt.datetime]:
    """For polls, which mostly find nothing new: one round trip of its own, with the clock."""
    params = {"organisation_id": organisation_id, "public_code": public_code}
    row, now = peek(organisation_id, _TICKET_VERSION, params)
    return (None if row is None else TicketVersion(**row._asdict())), now


def load_facts(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Facts]:
    """What the engine judges, by ticket; undone events left out."""
    cases = load_cases(session, organisation_id=organisation_id, ticket_ids=ticket_ids)
    return {ticket_id: case.facts for ticket_id, case in cases.items()}


def list_waiting(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    now: dt.datetime,
    service_kind_ids: Collection[uuid.UUID] | None = None,
    limit: int = 100,
) -> list[WaitingTicket]:
    """The queue in order of first arrival, the next to be called first."""
    params = {
        "organisation_id": organisation_id,
        "branch_id": branch_id,
        "service_kind_ids": None if service_kind_ids is None else list(service_kind_ids),
        "limit": limit,
    }
    return [
        WaitingTicket(
            ticket_id=row.id,
            label=label_of(row.letter, row.number),
            service_kind_id=row.service_kind_id,
            service_names=row.names,
            started_at=row.arrived_at or row.queued_at,
            waited=now - row.queued_at,
            next_due_at=row.next_due_at,
            disputed=row.disputed,
        )
        for row in rows(session, _WAITING, params)
    ]


def counter_view(
    session: Session, *, organisation_id: uuid.UUID, counter_id: uuid.UUID
) -> CounterView:
    """Raises NotFound."""
    params = {"organisation_id": organisation_id, "counter_id": counter_id}
    row = one_or_none(session, _COUNTER, params)
    if row is None:
        raise NotFound(counter_id=str(counter_id))
    return CounterView(
        counter_id=row.counter_id,
        counter_name=row.counter_name,
        branch_id=row.branch_id,
        branch_name=row.branch_name,
        branch_slug=row.slug,
        time_zone=row.time_zone,
        service_start=ServiceStart(row.service_start),
        version=row.version,
        current=None if row.ticket_id is None else _current(row),
    )


def _current(row: Any) -> CurrentTicket:
    wait = dt.timedelta(seconds=row.no_show_after_s)
    called = row.called_at if row.state == TicketState.CALLED else None
    return CurrentTicket(
        ticket_id=row.ticket_id,
        label=label_of(row.letter, row.number),
        state=TicketState(row.state),
        service_kind_id=row.service_kind_id,
        service_names=row.names,
        arrived_at=row.arrived_at,
        called_at=row.called_at,
        service_started_at=row.started_at,
        no_show_from_at=None if called is None else called + wait,
        next_due_at=row.next_due_at,
        disputed=row.disputed_at is not None,
        locale=row.locale,
        customer_id=row.customer_id,
    )


def hall_view(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    now: dt.datetime,
    limit: int = 5,
) -> HallView:
    """Calls of the last twelve hours. Who is back in the queue is not shown as called."""
    params = {
        "organisation_id": organisation_id,
        "branch_id": branch_id,
        "since_at": now - HALL_HOURS,
        "since_on": (now - HALL_HOURS).date() - dt.timedelta(days=1),
        "limit": limit,
    }
    calls = tuple(
        HallCall(
            ticket_id=row.id,
            label=label_of(row.letter, row.number),
            counter_name=row.counter_name,
            called_at=row.at,
            state=TicketState(row.state),
        )
        for row in rows(session, _HALL, params)
    )
    waiting = count_waiting(session, organisation_id=organisation_id, branch_id=branch_id)
    return HallView(calls=calls, waiting=waiting)


def count_waiting(session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID) -> int:
    params = {
        "organisation_id": organisation_id,
        "branch_id": branch_id,
        "before_at": None,
        "ticket_id": None,
    }
    return int(one(session, _WAITING_COUNT, params).waiting)


def people_ahead(session: Session, *, organisation_id: uuid.UUID, ticket: TicketView) -> int:
    """How many wait at the branch who came before; 0 for somebody who is not waiting."""
    if ticket.state is not TicketState.WAITING:
        return 0
    params = {
        "organisation_id": organisation_id,
        "branch_id": ticket.branch_id,
        "before_at": ticket.queued_at,
        "ticket_id": ticket.ticket_id,
    }
    return int(one(session, _WAITING_COUNT, params).waiting)


def ticket_by_code(
    session: Session, *, organisation_id: uuid.UUID, public_code: str
) -> TicketView | None:
    params = {"organisation_id": organisation_id, "public_code": public_code}
    return _ticket(one_or_none(session, _TICKET_BY_CODE, params))


def ticket_by_id(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> TicketView | None:
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    return _ticket(one_or_none(session, _TICKET_BY_ID, params))


def _ticket(row: Any | None) -> TicketView | None:
    if row is None:
        return None
    values = row._asdict()
    letter, number, names = (values.pop(key) for key in ("letter", "number", "names"))
    waited_us = values.pop("waited_us")
    return TicketView(
        **values
        | {
            "ticket_id": values.pop("id"),
            "label": label_of(letter, number),
            "kind": TicketKind(row.kind),
            "state": TicketState(row.state),
            "source": EventSource(row.source),
            "service_names": names,
            "waited": None if waited_us is None else dt.timedelta(microseconds=waited_us),
            "flags": tuple(row.flags),
        }
    )


def ticket_timeline(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> list[TimelineEvent]:
    """All events of a ticket in the order in which they were recorded, undone ones too."""
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    return [
        TimelineEvent(
            event_id=row.id,
            kind=EventKind(row.kind),
            source=EventSource(row.source),
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            verified=row.verified,
            actor_kind=ActorKind(row.actor_kind),
            actor_id=row.actor_id,
            counter_name=row.counter_name,
            service_names=row.names,
            corrects_id=row.corrects_id,
            undone=row.undone,
        )
        for row in rows(session, _TIMELINE, params)
    ]


def recorded_acts(
    session: Session, *, organisation_id: uuid.UUID, event_ids: Sequence[uuid.UUID]
) -> list[RecordedAct]:
    """These events, in the order of the ids; unknown ones are left out."""
    params = {"organisation_id": organisation_id, "event_ids": list(event_ids)}
    found = {row.event_id: row for row in rows(session, _ACTS, params)}
    return [
        RecordedAct(
            event_id=row.event_id,
            ticket_id=row.ticket_id,
            branch_id=row.branch_id,
            label=label_of(row.letter, row.number),
            kind=EventKind(row.kind),
            recorded_at=row.recorded_at,
            undone=row.undone,
        )
        for row in (found[event_id] for event_id in event_ids if event_id in found)
    ]


def branches_with_live_tickets(session: Session, *, organisation_id: uuid.UUID) -> list[uuid.UUID]:
    """Where closing time may find something to do."""
    return [
        row.branch_id for row in rows(session, _LIVE_BRANCHES, {"organisation_id": organisation_id})
    ]
