"""What flows write on the desk's rows once the rest of a use case is known."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from types import MappingProxyType

from sqlalchemy.orm import Session

from promises.db.sql import execute
from promises.desk.matter_events import REMIND_AT

_NONE_MISSED: Mapping[uuid.UUID, dt.datetime] = MappingProxyType({})

# What a reminder of the new deadline waits for is counted from the deadline before it, or from the
# opening: a quarter of that time, at most three days, is left when it comes.
_NEXT_DUE = f"""
WITH moved AS (
    UPDATE tickets t
    SET next_due_at = d.due_at, version = t.version + 1
    FROM unnest(%(ticket_ids)b::uuid[], %(due_ats)b::timestamptz[], %(missed_ats)b::timestamptz[])
        AS d (id, due_at, missed_at)
    WHERE t.organisation_id = %(organisation_id)s AND t.id = d.id
      AND (t.next_due_at IS DISTINCT FROM d.due_at OR d.missed_at IS NOT NULL)
    RETURNING t.id, t.kind, d.due_at, d.missed_at
)
UPDATE matters m
SET next_due_at = d.due_at, late_since = least(m.late_since, d.missed_at),
    remind_at = CASE WHEN d.due_at IS DISTINCT FROM m.next_due_at
        THEN {
    REMIND_AT.format(
        due="least(d.due_at, m.promised_at)", since="coalesce(m.next_due_at, m.opened_at)"
    )
}
        ELSE m.remind_at END
FROM moved d
WHERE d.kind <> 'visit' AND m.organisation_id = %(organisation_id)s AND m.ticket_id = d.id
"""

_TOUCH_TICKETS = """
WITH locked AS (
    SELECT id FROM tickets
    WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ticket_ids)s)
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE tickets t SET version = t.version + 1
FROM locked
WHERE t.organisation_id = %(organisation_id)s AND t.id = locked.id
"""

_TOUCH_BRANCHES = """
INSERT INTO branch_states AS s (organisation_id, branch_id, version, staff_acted_at)
SELECT %(organisation_id)s, b.id, 1, %(staff_acted_at)s::timestamptz
FROM unnest(%(branch_ids)b::uuid[]) AS b (id)
ORDER BY b.id
ON CONFLICT (organisation_id, branch_id) DO UPDATE
SET version = s.version + 1, staff_acted_at = greatest(s.staff_acted_at, excluded.staff_acted_at)
"""


def set_next_due(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    due: Mapping[uuid.UUID, dt.datetime | None],
    missed: Mapping[uuid.UUID, dt.datetime] = _NONE_MISSED,
) -> None:
    """Each ticket's earliest open deadline, by which screens count down; None where there is
    none. Raises the version of the tickets where it changed.

    `missed`: the deadlines, of tickets in `due`, that were broken just now; a matter that was
    missed stays first in the work list until it is answered.
    """
    if due:
        params = {
            "organisation_id": organisation_id,
            "ticket_ids": list(due),
            "due_ats": list(due.values()),
            "missed_ats": [missed.get(ticket_id) for ticket_id in due],
        }
        execute(session, _NEXT_DUE, params)


def touch_tickets(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Collection[uuid.UUID]
) -> None:
    """Raise the versions of tickets whose pages changed though nothing happened at the desk."""
    if ticket_ids:
        params = {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)}
        execute(session, _TOUCH_TICKETS, params)


def touch_branches(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_ids: Collection[uuid.UUID],
    staff_acted_at: dt.datetime | None = None,
) -> None:
    """Raise the branches' versions, so that their screens ask again. The last statement of a flow:
    the row is locked until the end of the transaction.

    `staff_acted_at` where a member of staff did something at the desk.
    """
    if branch_ids:
        params = {
            "organisation_id": organisation_id,
            "branch_ids": sorted(set(branch_ids)),
            "staff_acted_at": staff_acted_at,
        }
        execute(session, _TOUCH_BRANCHES, params)
