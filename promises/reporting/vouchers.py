"""Vouchers as a list, each with the ticket that it came from."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows

_LIST = """
SELECT v.id, v.last4, v.amount_minor, v.currency, v.state, v.issued_at, v.expires_at,
    v.redeemed_at, v.payout_id, t.id AS ticket_id, p.gift_id IS NOT NULL AS of_a_gift, t.number,
    t.external_ref,
    k.letter, b.name AS branch_name,
    b.time_zone
FROM vouchers v
JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
JOIN tickets t ON t.organisation_id = v.organisation_id
    AND t.id = coalesce(c.ticket_id, g.ticket_id)
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
JOIN branches b ON b.organisation_id = t.organisation_id
    AND b.id = coalesce(c.branch_id, g.branch_id)
WHERE v.organisation_id = %(organisation_id)s
  AND (%(state)s::text IS NULL OR v.state = %(state)s)
  AND (%(before_at)s::timestamptz IS NULL OR (v.issued_at, v.id) < (%(before_at)s, %(before_id)s))
ORDER BY v.issued_at DESC, v.id DESC
LIMIT %(limit)s
"""


def list_vouchers(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    state: str | None,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[Any]:
    """Newest first; `before` is the last (issued_at, id) already seen."""
    at, voucher_id = before or (None, None)
    return rows(
        session,
        _LIST,
        {
            "organisation_id": organisation_id,
            "state": state,
            "before_at": at,
            "before_id": voucher_id,
            "limit": limit,
        },
    )
