"""Closing gestures: what a case at the counter asks for, and how often it was made."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows

_AT_COUNTER = """
SELECT DISTINCT g.version_id, g.words ->> 'text' AS text, t.branch_id, t.day_on,
    EXISTS (SELECT 1 FROM closing_gestures d
            WHERE d.organisation_id = g.organisation_id AND d.ticket_id = t.id
              AND d.version_id = g.version_id) AS done
FROM tickets t
JOIN commitments c ON c.organisation_id = t.organisation_id AND c.ticket_id = t.id
    AND c.state IN ('open', 'kept', 'broken')
JOIN version_gestures g ON g.organisation_id = c.organisation_id AND g.version_id = c.version_id
WHERE t.organisation_id = %(organisation_id)s AND t.id = %(ticket_id)s
ORDER BY g.version_id
"""

# Offered is whoever was served by a version that carries a gesture: by the branch's days, which
# have an index, so a week costs the same however long the history is.
_SERVED = """
SELECT t.id AS ticket_id, t.letter, t.number, t.ended_at, g.version_id, d.done_at
FROM tickets t
JOIN commitments c ON c.organisation_id = t.organisation_id AND c.ticket_id = t.id
    AND c.state IN ('open', 'kept', 'broken')
JOIN version_gestures g ON g.organisation_id = c.organisation_id AND g.version_id = c.version_id
LEFT JOIN closing_gestures d ON d.organisation_id = t.organisation_id AND d.ticket_id = t.id
    AND d.version_id = g.version_id
WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = %(branch_id)s
  AND t.day_on >= %(since_on)s AND t.state = 'served' AND t.kind = 'visit'
"""

_COUNTS = f"""
SELECT count(*)::int AS offered, count(done_at)::int AS done
FROM ({_SERVED} AND t.import_id IS NULL) served
"""

_CASES = f"""
SELECT * FROM ({_SERVED} AND t.import_id IS NULL) served
WHERE done_at IS NOT NULL OR NOT %(done)s
ORDER BY ended_at DESC, ticket_id
LIMIT %(limit)s
"""

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Gesture:
    """What is to be done for a customer at the end, and whether it is."""

    version_id: uuid.UUID
    text: str
    branch_id: uuid.UUID
    day_on: dt.date
    done: bool


def gestures_of_ticket(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> list[Gesture]:
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    return [Gesture(**row._asdict()) for row in rows(session, _AT_COUNTER, params)]


def gesture_counts(
    session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID, since_on: dt.date
) -> tuple[int, int]:
    """How many gestures there was occasion for, and how many were made."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id, "since_on": since_on}
    row = rows(session, _COUNTS, params)[0]
    return row.offered, row.done


def gesture_cases(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    since_on: dt.date,
    done: bool,
) -> list[Any]:
    """The visits behind either count, latest first."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id, "since_on": since_on}
    return rows(session, _CASES, params | {"done": done, "limit": LONGEST})
