"""Vouchers as a list, each with the ticket that it came from; among them those that one person was
shown and redeemed."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows

_LIST = """
SELECT v.id, v.last4, v.amount_minor, v.currency, v.state, v.issued_at, v.expires_at,
    v.redeemed_at, v.payout_id, coalesce(r.shown_before, false) AS shown_before,
    t.id AS ticket_id, p.gift_id IS NOT NULL AS of_a_gift, t.number, t.external_ref, k.letter,
    b.name AS branch_name, b.time_zone
FROM ({page}) v
LEFT JOIN voucher_redemptions r ON r.organisation_id = v.organisation_id AND r.voucher_id = v.id
JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
JOIN tickets t ON t.organisation_id = v.organisation_id
    AND t.id = coalesce(c.ticket_id, g.ticket_id)
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
JOIN branches b ON b.organisation_id = t.organisation_id
    AND b.id = coalesce(c.branch_id, g.branch_id)
ORDER BY {last_first}
"""
# Two statements, so that each reads a page from its own index also when its plan is kept.
_PAGE = """
    SELECT * FROM vouchers
    WHERE organisation_id = %(organisation_id)s {of_state}
      AND (issued_at, id) < (coalesce(%(before_at)s, timestamptz 'infinity'), %(before_id)s)
    ORDER BY issued_at DESC, id DESC
    LIMIT %(limit)s
"""
_ALL, _OF_STATE = (_PAGE.format(of_state=words) for words in ("", "AND state = %(state)s"))
_NEWEST = "v.issued_at DESC, v.id DESC"
_LIST_ALL, _LIST_OF_STATE = (
    _LIST.format(page=one, last_first=_NEWEST) for one in (_ALL, _OF_STATE)
)
# From the redemptions, one index of which holds only these, however many vouchers there are.
_SHOWN_AND_REDEEMED = """
    SELECT s.* FROM voucher_redemptions d
    JOIN vouchers s ON s.organisation_id = d.organisation_id AND s.id = d.voucher_id
    WHERE d.organisation_id = %(organisation_id)s AND d.shown_before
      AND (%(before_at)s::timestamptz IS NULL
        OR (d.redeemed_at, d.voucher_id) < (%(before_at)s, %(before_id)s))
    ORDER BY d.redeemed_at DESC, d.voucher_id DESC
    LIMIT %(limit)s
"""
_BY_ONE_PERSON = _LIST.format(page=_SHOWN_AND_REDEEMED, last_first="v.redeemed_at DESC, v.id DESC")


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
        _LIST_ALL if state is None else _LIST_OF_STATE,
        {
            "organisation_id": organisation_id,
            "state": state,
            "before_at": at,
            "before_id": voucher_id,
            "limit": limit,
        },
    )


def list_shown_and_redeemed(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[Any]:
    """Those whose redeemer had been shown the code, or had given a new one; the last redeemed
    first. `before` is the last (redeemed_at, id) already seen."""
    at, voucher_id = before or (None, None)
    return rows(
        session,
        _BY_ONE_PERSON,
        {
            "organisation_id": organisation_id,
            "before_at": at,
            "before_id": voucher_id,
            "limit": limit,
        },
    )
