"""Bank details go when nothing needs them any more; their last characters and blind index stay."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.db.sql import execute, one
from promises.payouts.choices import CONFIRM_WITHIN

RETURN_WINDOW = dt.timedelta(days=60)
"""How long after a payment has settled its money may still come back."""

_UNDER_WAY = """EXISTS (SELECT 1 FROM payouts p
    WHERE p.organisation_id = d.organisation_id AND p.destination_id = d.id
      AND p.state IN ('ready', 'submitting', 'submitted', 'unknown', 'needs_review'))"""

_PURGE = """
UPDATE payout_destinations SET details_sealed = NULL, confirm_mac = NULL, purged_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND details_sealed IS NOT NULL AND id IN (
"""

# What waits for a debt or an open promise of its ticket is kept for it.
_OLD = f"""{_PURGE}
    SELECT d.id FROM payout_destinations d
    WHERE d.organisation_id = %(organisation_id)s AND d.details_sealed IS NOT NULL
      AND d.created_at <= %(before)s AND NOT {_UNDER_WAY}
      AND NOT EXISTS (SELECT 1 FROM payouts p
          WHERE p.organisation_id = d.organisation_id AND p.destination_id = d.id
            AND p.changed_at > %(before)s)
      AND (d.replaced_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM compensations k
          WHERE k.organisation_id = d.organisation_id AND k.ticket_id = d.ticket_id
            AND k.state = 'owed'))
      AND (d.replaced_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM commitments c
          WHERE c.organisation_id = d.organisation_id AND c.ticket_id = d.ticket_id
            AND c.state = 'open'))
    ORDER BY d.created_at LIMIT %(limit)s
)
"""

_FORGET_ASKED = f"""{_PURGE}
    SELECT d.id FROM payout_destinations d
    WHERE d.organisation_id = %(organisation_id)s AND d.details_sealed IS NOT NULL
      AND d.forget_at IS NOT NULL AND NOT {_UNDER_WAY}
)
"""

_UNCONFIRMED = f"""{_PURGE}
    SELECT d.id FROM payout_destinations d
    WHERE d.organisation_id = %(organisation_id)s AND d.chosen AND d.applied_at IS NULL
      AND d.replaced_at IS NULL AND d.usable_at IS NULL AND d.proof = 'contact'
      AND d.created_at <= %(unconfirmed_before)s AND d.details_sealed IS NOT NULL
    ORDER BY d.created_at LIMIT %(limit)s
)
"""

_ASK = """
UPDATE payout_destinations SET forget_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND ticket_id = ANY(%(ticket_ids)s)
  AND details_sealed IS NOT NULL
"""

_LEFT = """
SELECT count(*)::int AS n FROM payout_destinations
WHERE organisation_id = %(organisation_id)s AND ticket_id = ANY(%(ticket_ids)s)
  AND details_sealed IS NOT NULL
"""

_UNUSED = f"""{_PURGE}
    SELECT d.id FROM payout_destinations d
    WHERE d.organisation_id = %(organisation_id)s AND d.ticket_id = %(ticket_id)s
      AND d.details_sealed IS NOT NULL
      AND (d.replaced_at IS NOT NULL
          OR (NOT d.chosen AND d.usable_at IS NULL AND d.proof <> 'given'))
      AND NOT EXISTS (
          SELECT 1 FROM payouts p
          WHERE p.organisation_id = d.organisation_id AND p.destination_id = d.id
            AND p.state <> 'cancelled')
)
"""


def purge_details(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int = 500
) -> int:
    """Erase details that are settled and past the return window, that nobody confirmed, or whose
    customer asked for it. Safe to repeat. Returns how many."""
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "before": now - RETURN_WINDOW,
        "unconfirmed_before": now - CONFIRM_WITHIN,
        "limit": limit,
    }
    return sum(
        execute(session, statement, params) for statement in (_OLD, _UNCONFIRMED, _FORGET_ASKED)
    )


def purge_unused(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, ticket_id: uuid.UUID
) -> int:
    """Erase details of the ticket by which nothing was ever sent, and that others have replaced or
    that nobody confirmed before another way was chosen."""
    params = {"organisation_id": organisation_id, "now": now, "ticket_id": ticket_id}
    return execute(session, _UNUSED, params)


def forget_details(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    ticket_ids: Sequence[uuid.UUID],
) -> int:
    """Erase the details of these tickets; what a payout under way needs goes when that has
    settled. Returns how many stay until then."""
    params = {"organisation_id": organisation_id, "now": now, "ticket_ids": list(ticket_ids)}
    execute(session, _ASK, params)
    execute(session, _FORGET_ASKED, params)
    return int(one(session, _LEFT, params).n)
