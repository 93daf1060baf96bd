"""Vouchers of test mode end where real money moves: no till may take them."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows

ONLY_TRIED = """EXISTS (SELECT 1 FROM organisations o
        JOIN payouts p ON p.organisation_id = o.organisation_id
        LEFT JOIN compensations c
            ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
        LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
        WHERE o.organisation_id = v.organisation_id AND o.money_mode = 'live'
          AND p.id = v.payout_id AND NOT coalesce(c.arose_live, g.arose_live))"""
"""Whether voucher `v` is of test mode while real money moves."""

# One conditional statement, as a till's: tills take none of these any more.
_VOID = """
WITH tried AS (
    SELECT p.id, p.compensation_id, p.gift_id FROM compensations c
    JOIN payouts p ON p.organisation_id = c.organisation_id AND p.compensation_id = c.id
    WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = ANY(%(ticket_ids)s)
      AND NOT c.arose_live
    UNION ALL
    SELECT p.id, p.compensation_id, p.gift_id FROM goodwill_gifts g
    JOIN payouts p ON p.organisation_id = g.organisation_id AND p.gift_id = g.id
    WHERE g.organisation_id = %(organisation_id)s AND g.ticket_id = ANY(%(ticket_ids)s)
      AND NOT g.arose_live
), voided AS (
    UPDATE vouchers v SET state = 'voided'
    FROM tried t, organisations o
    WHERE v.organisation_id = %(organisation_id)s AND v.payout_id = t.id AND v.state = 'active'
      AND o.organisation_id = v.organisation_id AND o.money_mode = 'live'
    RETURNING v.id, v.payout_id, v.amount_minor, v.currency, t.compensation_id, t.gift_id
), given_back AS (
    UPDATE payouts p SET state = 'returned', changed_at = %(now)s
    FROM voided
    WHERE p.organisation_id = %(organisation_id)s AND p.id = voided.payout_id
      AND p.state = 'submitted'
)
SELECT id, amount_minor, currency, compensation_id, gift_id FROM voided ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class TriedVoucher:
    """A voucher that is void now, and the debt or the gift that it was for."""

    voucher_id: uuid.UUID
    amount_minor: int
    currency: str
    compensation_id: uuid.UUID | None
    gift_id: uuid.UUID | None


def void_tried(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    ticket_ids: Sequence[uuid.UUID],
) -> list[TriedVoucher]:
    """Void the unused vouchers of these tickets that are of test mode, once real money moves, and
    end their payouts."""
    params = {"organisation_id": organisation_id, "now": now, "ticket_ids": list(ticket_ids)}
    return [
        TriedVoucher(row.id, row.amount_minor, row.currency, row.compensation_id, row.gift_id)
        for row in rows(session, _VOID, params)
    ]
