"""Breaches of late with the cause that stands for each: what a problem is raised from."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows

_NEWEST = """
SELECT tagged_at FROM breach_causes WHERE organisation_id = %(organisation_id)s
ORDER BY id DESC LIMIT 1
"""

# branch by branch, so that the index on (branch, instant) is used
_TAGGED = """
SELECT last.cause_id, b.branch_id, b.ticket_id, t.service_kind_id, b.breached_at
FROM branches o
JOIN breaches b ON b.organisation_id = o.organisation_id AND b.branch_id = o.id
    AND b.breached_at > %(since)s
JOIN LATERAL (
    SELECT c.cause_id FROM breach_causes c
    WHERE c.organisation_id = b.organisation_id AND c.breach_id = b.id
    ORDER BY c.tagged_at DESC, c.id DESC LIMIT 1
) last ON last.cause_id IS NOT NULL
JOIN tickets t ON t.organisation_id = b.organisation_id AND t.id = b.ticket_id
WHERE o.organisation_id = %(organisation_id)s
  AND NOT EXISTS (
      SELECT 1 FROM annulments a
      WHERE a.organisation_id = b.organisation_id AND a.breach_id = b.id AND a.state = 'confirmed')
ORDER BY b.breached_at, b.id
"""


@dataclass(frozen=True, slots=True)
class TaggedBreach:
    cause_id: uuid.UUID
    branch_id: uuid.UUID
    ticket_id: uuid.UUID
    service_kind_id: uuid.UUID
    breached_at: dt.datetime


def last_tagged_at(session: Session, *, organisation_id: uuid.UUID) -> dt.datetime | None:
    """When somebody last said why a promise broke."""
    row = one_or_none(session, _NEWEST, {"organisation_id": organisation_id})
    return None if row is None else row.tagged_at


def tagged_breaches(
    session: Session, *, organisation_id: uuid.UUID, since: dt.datetime
) -> list[TaggedBreach]:
    """Breaches since then whose cause is known, without those that were annulled; the oldest
    first."""
    params = {"organisation_id": organisation_id, "since": since}
    return [TaggedBreach(*row) for row in rows(session, _TAGGED, params)]
