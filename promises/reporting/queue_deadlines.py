"""The deadlines of people who wait, broken ones too, for the counter's list."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows

_DEADLINES = """
SELECT DISTINCT ON (c.ticket_id) c.ticket_id, c.started_at, c.due_at, c.state = 'broken' AS broken
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = ANY(%(ticket_ids)s)
  AND c.state IN ('open', 'broken')
ORDER BY c.ticket_id, c.due_at, c.id
"""


@dataclass(frozen=True, slots=True)
class QueueDeadline:
    """A ticket's earliest deadline that is open or was missed."""

    started_at: dt.datetime
    due_at: dt.datetime
    broken: bool


def queue_deadlines(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, QueueDeadline]:
    """By ticket; one that no promise covers, or that was kept or left out, has none."""
    if not ticket_ids:
        return {}
    params = {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)}
    return {
        row.ticket_id: QueueDeadline(row.started_at, row.due_at, row.broken)
        for row in rows(session, _DEADLINES, params)
    }
