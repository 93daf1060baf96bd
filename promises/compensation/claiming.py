"""Debts that the terms give to those who ask for them, in time."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.errors import NothingToClaim
from promises.db.sql import one_or_none, rows

NOT_CLAIMED = "not_claimed"
"""Closing reason of a debt that nobody asked for in time."""

_CLAIM = """
UPDATE compensations SET claimed_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(compensation_id)s
  AND ticket_id = %(ticket_id)s AND state = 'owed' AND 'claim' = ANY (holds)
  AND claimed_at IS NULL AND (claim_before IS NULL OR claim_before > %(now)s)
RETURNING id
"""

_EXPIRED = """
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed' AND 'claim' = ANY (c.holds)
  AND c.claim_before <= %(now)s
ORDER BY c.claim_before, c.id
LIMIT %(limit)s
"""


def claim(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    ticket_id: uuid.UUID,
    compensation_id: uuid.UUID,
) -> None:
    """Note that the customer asked for it. Raises NothingToClaim: not of this ticket, too late, or
    asked for already."""
    params: dict[str, Any] = {
        "organisation_id": organisation_id,
        "now": now,
        "ticket_id": ticket_id,
        "compensation_id": compensation_id,
    }
    if one_or_none(session, _CLAIM, params) is None:
        raise NothingToClaim


def unclaimed(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int = 500
) -> list[uuid.UUID]:
    """Debts whose time to ask for them is over."""
    params = {"organisation_id": organisation_id, "now": now, "limit": limit}
    return [row.id for row in rows(session, _EXPIRED, params)]
