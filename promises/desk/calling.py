"""Calling the next customer: one statement ends the previous visit and claims the first in line.

Twenty counters may ask at once: each locks another ticket and none waits for the others.
"""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.desk import errors
from promises.desk.models import TicketKind, TicketState
from promises.desk.values import CallResult, Seen, TicketChange, label_of
from promises.kernel.actors import Actor
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id

# `desk` locks the counter, so that of two presses at one counter the second finds its place taken
# before it looks at the line: two claims at once could leave the first in line behind the second.
# `free` has the counter's row when it may go on. The claim asks for the number of closed visits
# first, so that the old visit has left the counter before the new one takes its place: the index
# of busy counters allows one. Rows come as: the counter itself (`present`: whether anybody waited
# when the statement began), then the closed, then the called.
_CALL_NEXT = """
WITH desk AS MATERIALIZED (
    SELECT c.id, c.branch_id, c.closed_at, b.service_start = 'call' AS starts
    FROM counters c
    JOIN branches b ON b.organisation_id = c.organisation_id AND b.id = c.branch_id
    WHERE c.organisation_id = %(organisation_id)s AND c.id = %(counter_id)s
    FOR NO KEY UPDATE OF c
), previous AS MATERIALIZED (
    SELECT t.id, t.state, t.letter, t.number
    FROM tickets t
    WHERE t.organisation_id = %(organisation_id)s AND t.counter_id = %(counter_id)s
      AND t.state IN ('called', 'in_service')
      AND (SELECT count(*) FROM desk) = 1
    FOR NO KEY UPDATE
), free AS MATERIALIZED (
    SELECT desk.* FROM desk
    WHERE desk.closed_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM previous WHERE state = 'called')
      AND (NOT %(checks)s OR (SELECT p.id FROM previous p) IS NOT DISTINCT FROM %(seen_id)s::uuid)
), closed AS (
    UPDATE tickets t
    SET state = 'served', ended_at = %(now)s, version = t.version + 1
    FROM previous p, free
    WHERE t.organisation_id = %(organisation_id)s AND t.id = p.id
    RETURNING t.*
), first_in_line AS MATERIALIZED (
    SELECT t.id
    FROM tickets t
    JOIN free ON t.branch_id = free.branch_id
    WHERE t.organisation_id = %(organisation_id)s AND t.state = 'waiting'
      AND t.kind = 'visit'
      AND (%(service_kind_ids)s::uuid[] IS NULL
           OR t.service_kind_id = ANY(%(service_kind_ids)s::uuid[]))
      AND (SELECT count(*) FROM closed) >= 0
    ORDER BY t.queued_at, t.id
    LIMIT 1
    FOR NO KEY UPDATE OF t SKIP LOCKED
), called AS (
    UPDATE tickets t
    SET state = CASE WHEN free.starts THEN 'in_service' ELSE 'called' END,
        counter_id = %(counter_id)s,
        called_at = least(t.called_at, %(now)s),
        service_started_at = CASE WHEN free.starts THEN least(t.service_started_at, %(now)s)
                                  ELSE t.service_started_at END,
        version = t.version + 1
    FROM first_in_line f, free
    WHERE t.organisation_id = %(organisation_id)s AND t.id = f.id
    RETURNING t.*
), logged AS (
    INSERT INTO service_events (organisation_id, id, ticket_id, kind, source, occurred_at,
        recorded_at, verified, actor_kind, actor_id, counter_id, ticket_version)
    SELECT %(organisation_id)s, e.id, e.ticket_id, e.kind, 'desk', %(now)s, %(now)s, true,
        %(actor_kind)s, %(actor_id)s, %(counter_id)s, e.version
    FROM (
        SELECT %(served_event_id)s::uuid, id, 'served', version FROM closed
        UNION ALL
        SELECT %(called_event_id)s::uuid, id, 'called', version FROM called
        UNION ALL
        SELECT %(started_event_id)s::uuid, called.id, 'service_started', called.version
        FROM called, free WHERE free.starts
    ) e (id, ticket_id, kind, version)
)
SELECT 0 AS part, desk.closed_at IS NOT NULL AS shut, p.state, p.letter, p.number,
    p.id AS ticket_id, desk.branch_id, NULL AS kind, NULL AS public_code, NULL::date AS day_on,
    NULL::uuid AS service_kind_id, NULL::timestamptz AS arrived_at, false AS disputed,
    EXISTS (
        SELECT 1 FROM tickets t
        WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = desk.branch_id
          AND t.state = 'waiting' AND t.kind = 'visit'
          AND (%(service_kind_ids)s::uuid[] IS NULL
               OR t.service_kind_id = ANY(%(service_kind_ids)s::uuid[]))
    ) AS present, NULL::uuid AS customer_id, NULL::uuid AS contact_id, NULL::uuid AS device_id,
    NULL AS locale
FROM desk LEFT JOIN previous p ON true
UNION ALL
SELECT part, false, state, letter, number, id, branch_id, kind, public_code, day_on,
    service_kind_id, arrived_at, disputed_at IS NOT NULL,
    presence_shown_at IS NOT NULL OR service_started_at IS NOT NULL, customer_id, contact_id,
    device_id, locale
FROM (SELECT 1 AS part, * FROM closed UNION ALL SELECT 2 AS part, * FROM called) changed
ORDER BY part
"""

# Rows that somebody holds for a moment (a sweep, a transfer) are skipped. Where only such rows
# were waiting, it is worth asking again before saying that nobody waits.
_A_MOMENT = "SELECT pg_sleep(0.02)"
_TRIES = 4


def call_next(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    counter_id: uuid.UUID,
    service_kind_ids: Collection[uuid.UUID] | None = None,
    seen: Seen | None = None,
) -> CallResult:
    """End the counter's visit as served and call the first in line, by arrival, of these kinds of
    service (None: of all). Where the branch starts service at the call, it has then started.

    With `seen` it acts only while the counter's customer is the one that the screen showed: a
    double click calls once. Raises PreviousStillCalled, CounterMoved, CounterNotHere, NotFound.
    """
    params: dict[str, Any] = {
        "organisation_id": organisation_id,
        "counter_id": counter_id,
        "service_kind_ids": None if service_kind_ids is None else list(service_kind_ids),
        "checks": seen is not None,
        "seen_id": seen.ticket_id if seen else None,
        "now": now,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "served_event_id": new_id(),
        "called_event_id": new_id(),
        "started_event_id": new_id(),
    }
    found = _ask(session, params)
    _refuse(found, seen)
    closed = next((row for row in found if row.part == 1), None)
    called = next((row for row in found if row.part == 2), None)
    if called is None and found[0].present:
        called = _ask_again(session, params)
    return CallResult(
        called=called and _change(called, params["called_event_id"]),
        closed=closed and _change(closed, params["served_event_id"]),
    )


def _ask(session: Session, params: dict[str, Any]) -> list[Any]:
    try:
        return rows(session, _CALL_NEXT, params)
    except UniqueViolation as error:  # another call at this counter came first
        raise errors.CounterMoved from error


def _refuse(found: list[Any], seen: Seen | None) -> None:
    if not found:
        raise NotFound
    before = found[0]
    if before.shut:
        raise errors.CounterNotHere
    if seen is not None and seen.ticket_id != before.ticket_id:
        raise errors.CounterMoved
    if before.state == TicketState.CALLED:
        raise errors.PreviousStillCalled(label=label_of(before.letter, before.number))


def _ask_again(session: Session, params: dict[str, Any]) -> Any | None:
    """The previous visit is closed by now; only the claim is tried again."""
    for _ in range(_TRIES):
        execute(session, _A_MOMENT)
        found = _ask(session, params | {"checks": False})
        called = next((row for row in found if row.part == 2), None)
        if called is not None or not found[0].present:
            return called
    return None


def _change(row: Any, event_id: uuid.UUID) -> TicketChange:
    return TicketChange(
        ticket_id=row.ticket_id,
        branch_id=row.branch_id,
        state=TicketState(row.state),
        kind=TicketKind(row.kind),
        label=label_of(row.letter, row.number),
        public_code=row.public_code,
        day_on=row.day_on,
        service_kind_id=row.service_kind_id,
        arrived_at=row.arrived_at,
        disputed=row.disputed,
        present=row.present,
        event_id=event_id,
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        device_id=row.device_id,
        locale=row.locale,
    )
