"""Reading commitments and breaches for the flows."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows

_UNOWED_LEAVERS = """
SELECT m.id
FROM commitments c
JOIN breaches b ON b.organisation_id = c.organisation_id AND b.commitment_id = c.id
JOIN promise_versions v ON v.organisation_id = c.organisation_id AND v.id = c.version_id
JOIN compensations m ON m.organisation_id = b.organisation_id AND m.breach_id = b.id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(commitment_ids)s)
  AND m.state = 'owed' AND v.terms -> 'leavers' ->> 'after_limit' = 'not_owed'
ORDER BY m.id
"""

_RECENT_BY_CLOCK = """
SELECT b.branch_id, count(*)::int AS breaches
FROM breaches b
WHERE b.organisation_id = %(organisation_id)s AND b.branch_id = ANY(%(branch_ids)s)
  AND b.found_by = 'clock' AND b.breached_at > %(since)s
GROUP BY b.branch_id
"""

_BREACH = """
SELECT b.id, b.ticket_id, b.promise_id, b.version_id, b.branch_id, b.commitment_id, b.breached_at
FROM breaches b
WHERE b.organisation_id = %(organisation_id)s AND b.id = %(breach_id)s
"""


def unowed_leavers(
    session: Session, *, organisation_id: uuid.UUID, commitment_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Debts of these broken commitments that their terms do not owe to people who left."""
    found = rows(
        session,
        _UNOWED_LEAVERS,
        {"organisation_id": organisation_id, "commitment_ids": list(commitment_ids)},
    )
    return [row.id for row in found]


def recent_clock_breaches(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_ids: Sequence[uuid.UUID],
    since: dt.datetime,
) -> dict[uuid.UUID, int]:
    """How many promises each branch broke by letting time pass, since an instant."""
    found = rows(
        session,
        _RECENT_BY_CLOCK,
        {"organisation_id": organisation_id, "branch_ids": list(branch_ids), "since": since},
    )
    return {row.branch_id: row.breaches for row in found}


def find_breach(
    session: Session, *, organisation_id: uuid.UUID, breach_id: uuid.UUID
) -> Any | None:
    return one_or_none(
        session, _BREACH, {"organisation_id": organisation_id, "breach_id": breach_id}
    )
