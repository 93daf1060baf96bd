"""Gifts of goodwill as pages show them: of a ticket, waiting, and of a month by branch and reason.
Never by who gave them."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows

_OF_TICKET = """
SELECT g.id AS gift_id, g.amount_minor, g.currency, g.reason, g.words, g.state, g.waits_for,
    g.given_at, g.given_by, g.decision_reason, g.vat_treatment, v.id AS voucher_id,
    v.state AS voucher_state, v.expires_at AS voucher_expires_at, v.redeemed_at
FROM goodwill_gifts g
LEFT JOIN payouts p ON p.organisation_id = g.organisation_id AND p.gift_id = g.id
    AND p.state NOT IN ('failed', 'cancelled', 'returned')
LEFT JOIN vouchers v ON v.organisation_id = p.organisation_id AND v.payout_id = p.id
WHERE g.organisation_id = %(organisation_id)s AND g.ticket_id = %(ticket_id)s
ORDER BY g.given_at, g.id
"""

_LIST = """
SELECT g.id AS gift_id, g.ticket_id, k.letter, k.number, k.external_ref, k.kind,
    b.name AS branch_name, b.time_zone, g.branch_id, g.amount_minor, g.currency, g.reason, g.words,
    g.state, g.waits_for, g.given_at
FROM goodwill_gifts g
JOIN tickets k ON k.organisation_id = g.organisation_id AND k.id = g.ticket_id
JOIN branches b ON b.organisation_id = g.organisation_id AND b.id = g.branch_id
WHERE g.organisation_id = %(organisation_id)s
"""
_WAITING = f"{_LIST} AND g.state = 'waiting' ORDER BY g.given_at, g.id LIMIT %(limit)s"
_OF_MONTH = f"""{_LIST} AND g.month_on = %(month_on)s AND g.state = 'given'
  AND (%(branch_id)s::uuid IS NULL OR g.branch_id = %(branch_id)s)
  AND (%(reason)s::text IS NULL OR g.reason = %(reason)s)
ORDER BY g.given_at DESC, g.id LIMIT %(limit)s
"""

_SUMS = """
SELECT g.branch_id, b.name AS branch_name, g.reason, g.currency, count(*)::int AS n,
    sum(g.amount_minor)::bigint AS amount_minor
FROM goodwill_gifts g
JOIN branches b ON b.organisation_id = g.organisation_id AND b.id = g.branch_id
WHERE g.organisation_id = %(organisation_id)s AND g.month_on = %(month_on)s AND g.state = 'given'
GROUP BY g.branch_id, b.name, g.reason, g.currency
ORDER BY b.name, g.reason, g.currency
"""

LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftView:
    """A gift on its ticket. The voucher is None until it is issued."""

    gift_id: uuid.UUID
    amount_minor: int
    currency: str
    reason: str
    words: str
    state: str
    waits_for: str | None
    given_at: dt.datetime
    given_by: uuid.UUID
    decision_reason: str
    vat_treatment: str
    voucher_id: uuid.UUID | None
    voucher_state: str | None
    voucher_expires_at: dt.datetime | None
    redeemed_at: dt.datetime | None


def gifts_of_ticket(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> list[GiftView]:
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    return [GiftView(**row._asdict()) for row in rows(session, _OF_TICKET, params)]


def waiting_gifts(session: Session, *, organisation_id: uuid.UUID) -> list[Any]:
    """Those that a manager has to look at, oldest first."""
    return rows(session, _WAITING, {"organisation_id": organisation_id, "limit": LONGEST})


def gifts_of_month(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    month_on: dt.date,
    branch_id: uuid.UUID | None = None,
    reason: str | None = None,
) -> list[Any]:
    """The gifts behind a sum, newest first; a gift belongs to the month of its purse."""
    params = {
        "organisation_id": organisation_id,
        "month_on": month_on,
        "branch_id": branch_id,
        "reason": reason,
        "limit": LONGEST,
    }
    return rows(session, _OF_MONTH, params)


def sums_of_month(session: Session, *, organisation_id: uuid.UUID, month_on: dt.date) -> list[Any]:
    """By branch and reason."""
    return rows(session, _SUMS, {"organisation_id": organisation_id, "month_on": month_on})
