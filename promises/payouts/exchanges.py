"""A voucher that nobody has used yet gives way to another rail: whole, and never beside it."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows

ASKED_IN_TIME = """EXISTS (SELECT 1 FROM payout_destinations d
        WHERE d.organisation_id = k.organisation_id AND d.ticket_id = k.ticket_id AND d.chosen
          AND d.rail <> 'voucher' AND d.applied_at IS NULL AND d.replaced_at IS NULL
          AND d.purged_at IS NULL AND d.created_at < v.expires_at)"""
"""Whether another way was asked for while voucher `v` of debt `k` was good, and has to rest or be
confirmed: that this takes time costs nobody their money. No till takes it any more."""

# Tills lock a voucher before its ticket, so this comes before the ticket's lock as well.
_LOCK = """
SELECT v.id FROM compensations k
JOIN payouts p ON p.organisation_id = k.organisation_id AND p.compensation_id = k.id
JOIN vouchers v ON v.organisation_id = p.organisation_id AND v.payout_id = p.id
WHERE k.organisation_id = %(organisation_id)s AND k.ticket_id = ANY(%(ticket_ids)s)
  AND v.state = 'active'
ORDER BY v.id
FOR UPDATE OF v
"""

# One conditional statement: of a till and this, one finds the voucher active. Whether it is in time
# is seen by whoever asks, under the same lock.
_EXCHANGE = """
WITH voided AS (
    UPDATE vouchers v SET state = 'voided'
    FROM payouts p
    WHERE v.organisation_id = %(organisation_id)s AND v.state = 'active'
      AND p.organisation_id = v.organisation_id AND p.id = v.payout_id
      AND p.compensation_id = ANY(%(compensation_ids)s)
    RETURNING v.id, v.payout_id, v.amount_minor, v.currency, p.compensation_id
), given_back AS (
    UPDATE payouts p SET state = 'returned', changed_at = %(now)s
    FROM voided
    WHERE p.organisation_id = %(organisation_id)s AND p.id = voided.payout_id
      AND p.state = 'submitted'
)
SELECT id, amount_minor, currency, compensation_id FROM voided ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A voucher that is void now, and the debt that is to be paid another way."""

    voucher_id: uuid.UUID
    compensation_id: uuid.UUID
    amount_minor: int
    currency: str


def lock_vouchers(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> None:
    """Keep tills from redeeming vouchers of these tickets until the transaction ends."""
    rows(session, _LOCK, {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)})


def exchange_vouchers(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    compensation_ids: Sequence[uuid.UUID],
) -> list[Exchanged]:
    """Void the unused vouchers of these debts, which were asked for in time, and end their payouts;
    what was void, expired or redeemed stays so."""
    found = rows(
        session,
        _EXCHANGE,
        {
            "organisation_id": organisation_id,
            "now": now,
            "compensation_ids": list(compensation_ids),
        },
    )
    return [Exchanged(row.id, row.compensation_id, row.amount_minor, row.currency) for row in found]
