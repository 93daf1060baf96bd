"""What is broken because nothing happened."""

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.models import Evidence
from promises.db.sql import rows
from promises.kernel.ids import new_ids

# The commitment and its ticket are locked in one step that never waits: whoever holds either is
# judging that ticket now. Reason and state are the engine's answer for an open commitment whose
# deadline has passed; every event that could have decided otherwise was judged when it came. What
# the ticket says about its customer is read with the lock, so that a dispute that was committed
# while this statement began is not missed.
_MARK = """
WITH due AS (
    SELECT c.id, t.customer_id, t.device_id, t.contact_id, t.disputed_at IS NOT NULL AS disputed,
        t.presence_shown_at IS NOT NULL OR t.kind <> 'visit' AS present
    FROM commitments c
    JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
    WHERE c.organisation_id = %(organisation_id)s AND c.state = 'open' AND c.due_at <= %(until)s
      AND NOT c.by_engine
    ORDER BY c.due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), numbered AS (
    SELECT due.*, (%(breach_ids)b::uuid[])[row_number() OVER ()] AS breach_id FROM due
), marked AS (
    UPDATE commitments c
    SET state = 'broken', reason = 'deadline_passed', decided_at = %(now)s
    FROM numbered n
    WHERE c.organisation_id = %(organisation_id)s AND c.id = n.id AND c.state = 'open'
    RETURNING c.id, c.promise_id, c.version_id, c.ticket_id, c.branch_id, c.day_on, c.due_at,
        c.evidence, n.breach_id
), recorded AS (
    INSERT INTO breaches (organisation_id, id, commitment_id, promise_id, version_id, ticket_id,
        branch_id, day_on, breached_at, detected_at, found_by, evidence)
    SELECT %(organisation_id)s, m.breach_id, m.id, m.promise_id, m.version_id, m.ticket_id,
        m.branch_id, m.day_on, m.due_at, %(now)s, 'clock', m.evidence
    FROM marked m
    ON CONFLICT (organisation_id, commitment_id) DO NOTHING
    RETURNING commitment_id
)
SELECT m.breach_id, m.version_id, m.ticket_id, m.branch_id, m.day_on, m.due_at, m.evidence,
    n.customer_id, n.device_id, n.contact_id, n.disputed, n.present
FROM marked m
JOIN recorded r ON r.commitment_id = m.id
JOIN numbered n ON n.id = m.id
ORDER BY m.due_at, m.breach_id
"""

_NEXT_DUE = """
SELECT c.ticket_id, min(c.due_at) AS due_at
FROM unnest(%(ticket_ids)b::uuid[]) AS t (id)
JOIN commitments c ON c.organisation_id = %(organisation_id)s AND c.ticket_id = t.id
    AND c.state = 'open'
GROUP BY c.ticket_id
"""


_CHANGING = """
SELECT t.id, t.customer_id
FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.id IN (
    SELECT c.ticket_id FROM commitments c
    WHERE c.organisation_id = %(organisation_id)s AND c.next_change_at <= %(now)s
    ORDER BY c.next_change_at
    LIMIT %(limit)s
)
ORDER BY t.id
FOR UPDATE SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class DueBreach:
    """A breach found by the clock, with what its ticket says about its customer."""

    breach_id: uuid.UUID
    version_id: uuid.UUID
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    day_on: dt.date
    breached_at: dt.datetime
    evidence: Evidence
    customer_id: uuid.UUID | None
    device_id: uuid.UUID | None
    contact_id: uuid.UUID | None
    disputed: bool
    present: bool


_EVIDENCE = {evidence.value: evidence for evidence in Evidence}


def mark_due(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    until: dt.datetime,
    limit: int,
) -> list[DueBreach]:
    """Break what was due at `until`, in one statement, oldest deadline first, at most `limit`.

    Two sweeps at once share the work and never record a breach twice.
    """
    found = rows(
        session,
        _MARK,
        {
            "organisation_id": organisation_id,
            "now": now,
            "until": until,
            "limit": limit,
            "breach_ids": new_ids(limit),
        },
    )
    return [_due_breach(row) for row in found]


def _due_breach(row: Any) -> DueBreach:
    version_id, ticket_id, branch_id, day_on, breached_at, evidence, *about_ticket = row[1:]
    return DueBreach(
        row.breach_id,
        version_id,
        ticket_id,
        branch_id,
        day_on,
        breached_at,
        _EVIDENCE[evidence],
        *about_ticket,
    )


def lock_changing(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int
) -> list[list[uuid.UUID]]:
    """Tickets, locked, whose general terms may answer otherwise by now though nothing happened;
    none that a desk or another sweep holds. In groups to be judged one after another: no two of
    one customer stand in the same, as an award may count against the next one."""
    params = {"organisation_id": organisation_id, "now": now, "limit": limit}
    before: Counter[uuid.UUID | None] = Counter()
    groups: list[list[uuid.UUID]] = []
    for row in rows(session, _CHANGING, params):
        place = 0 if row.customer_id is None else before[row.customer_id]
        before[row.customer_id] += 1
        if place == len(groups):
            groups.append([])
        groups[place].append(row.id)
    return groups


def next_deadlines(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: list[uuid.UUID]
) -> dict[uuid.UUID, dt.datetime | None]:
    """The earliest open deadline of each ticket, None where nothing is open."""
    found = rows(session, _NEXT_DUE, {"organisation_id": organisation_id, "ticket_ids": ticket_ids})
    due: dict[uuid.UUID, dt.datetime | None] = dict.fromkeys(ticket_ids)
    due.update((row.ticket_id, row.due_at) for row in found)
    return due
