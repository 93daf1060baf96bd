"""Saying why a promise was broken: at the breach, by whoever was there."""

import datetime as dt
import uuid
from dataclasses import asdict, dataclass

from promises.audit.actions import record
from promises.db.session import UnitOfWork
from promises.db.sql import rows
from promises.improvement.causes import tag
from promises.kernel.errors import NotFound

MOST_AT_ONCE = 5_000

_HERE = """
SELECT b.id FROM breaches b
WHERE b.organisation_id = %(organisation_id)s AND b.id = ANY(%(breach_ids)s)
  AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s)
"""

_UNKNOWN = """
SELECT b.id FROM breaches b
WHERE b.organisation_id = %(organisation_id)s
  AND (%(promise_id)s::uuid IS NULL OR b.promise_id = %(promise_id)s)
  AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s)
  AND b.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND (%(window_id)s::uuid IS NULL OR EXISTS (
      SELECT 1 FROM compensations k
      WHERE k.organisation_id = b.organisation_id AND k.breach_id = b.id
        AND k.hold_window_id = %(window_id)s))
  AND NOT EXISTS (
      SELECT 1 FROM annulments a
      WHERE a.organisation_id = b.organisation_id AND a.breach_id = b.id AND a.state = 'confirmed')
  AND (
      SELECT t.cause_id FROM breach_causes t
      WHERE t.organisation_id = b.organisation_id AND t.breach_id = b.id
      ORDER BY t.tagged_at DESC, t.id DESC LIMIT 1
  ) IS NULL
ORDER BY b.breached_at, b.id
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Together:
    """Breaches that are tagged at once; None does not narrow. Days are those of arrival, both ends
    included; `window_id`: those of one outage."""

    from_on: dt.date
    to_on: dt.date
    promise_id: uuid.UUID | None = None
    branch_id: uuid.UUID | None = None
    window_id: uuid.UUID | None = None


def tag_cause(
    uow: UnitOfWork,
    *,
    breach_id: uuid.UUID,
    cause_id: uuid.UUID | None,
    branch_id: uuid.UUID | None = None,
) -> bool:
    """Say why a breach happened, None for unknown; whether that is new. The last word stands.

    `branch_id`: the only branch whose breaches the member may see. Raises NotFound, NoSuchCause,
    CauseRetired.
    """
    params = {"organisation_id": uow.organisation_id, "breach_ids": [breach_id]}
    if not rows(uow.session, _HERE, params | {"branch_id": branch_id}):
        raise NotFound(breach_id=str(breach_id))
    return bool(
        tag(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            breach_ids=[breach_id],
            cause_id=cause_id,
        )
    )


def tag_causes(uow: UnitOfWork, *, which: Together, cause_id: uuid.UUID) -> int:
    """Say why all these breaches happened whose cause is unknown so far; how many were tagged, at
    most 5,000 at once. What somebody said before stays. Raises NoSuchCause, CauseRetired."""
    params = {"organisation_id": uow.organisation_id, "limit": MOST_AT_ONCE} | asdict(which)
    found = [row.id for row in rows(uow.session, _UNKNOWN, params)]
    tagged = tag(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        breach_ids=found,
        cause_id=cause_id,
    )
    if tagged:
        record(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            action="causes_tagged_together",
            object_kind="cause",
            object_id=cause_id,
            details={"breaches": len(tagged)},
        )
    return len(tagged)
