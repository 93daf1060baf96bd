"""What arose while the organisation only tried out its payments, in test mode.

A debt keeps the mode in which it arose, and goes out in no other.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one, rows

ONLY_TRIED = "only_tried"
"""Why a debt of test mode ended, as a code: the customer's page puts it into words."""

LEFT_BEHIND = """EXISTS (SELECT 1 FROM organisations o
    WHERE o.organisation_id = {owner}.organisation_id AND o.money_mode = 'live'
      AND NOT {owner}.arose_live)"""
"""Whether a debt or gift is of test mode while real money moves."""

# The mode is held until the transaction ends, so that nothing goes out across its change.
_PAYABLE = """
SELECT o.time_zone, ARRAY(
    SELECT c.id FROM compensations c
    WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
      AND c.arose_live = (o.money_mode = 'live')
    ORDER BY c.id) AS ids
FROM organisations o
WHERE o.organisation_id = %(organisation_id)s
FOR SHARE OF o
"""

_TRIED_ONLY = f"""
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed' AND NOT c.arose_live
  AND c.ticket_id = ANY(%(ticket_ids)s) AND {LEFT_BEHIND.format(owner="c")}
ORDER BY c.id
"""

# The vouchers were issued before the change; a day more, as clocks of machines differ.
_TICKETS = """
SELECT ticket_id FROM (
    (SELECT c.ticket_id FROM compensations c
     WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed' AND NOT c.arose_live
     ORDER BY c.ticket_id LIMIT %(limit)s)
    UNION
    (SELECT coalesce(c.ticket_id, g.ticket_id)
     FROM organisations o
     JOIN vouchers v ON v.organisation_id = o.organisation_id AND v.state = 'active'
         AND v.issued_at <= o.money_mode_at + interval '1 day'
     JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
     LEFT JOIN compensations c
         ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
     LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
     WHERE o.organisation_id = %(organisation_id)s AND NOT coalesce(c.arose_live, g.arose_live)
     LIMIT %(limit)s)
) t
WHERE (SELECT o.money_mode FROM organisations o
    WHERE o.organisation_id = %(organisation_id)s) = 'live'
ORDER BY ticket_id
LIMIT %(limit)s
"""

_GIFT = f"""
SELECT {LEFT_BEHIND.format(owner="g")} AS left_behind FROM goodwill_gifts g
WHERE g.organisation_id = %(organisation_id)s AND g.id = %(gift_id)s
"""


@dataclass(frozen=True, slots=True)
class Payable:
    """Which debts are of the organisation's present mode, and where the organisation is."""

    time_zone: str
    compensation_ids: tuple[uuid.UUID, ...]


def payable_now(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> Payable:
    """Those of these debts that arose in the present mode, which stays until the transaction
    ends."""
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    found = one(session, _PAYABLE, params)
    return Payable(found.time_zone, tuple(found.ids))


def tickets_only_tried(
    session: Session, *, organisation_id: uuid.UUID, limit: int = 200
) -> list[uuid.UUID]:
    """Tickets with debts or unused vouchers of test mode; none while that mode holds."""
    params: dict[str, Any] = {"organisation_id": organisation_id, "limit": limit}
    return [row.ticket_id for row in rows(session, _TICKETS, params)]


def debts_only_tried(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """What of these tickets is owed from test mode while real money moves."""
    params = {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)}
    return [row.id for row in rows(session, _TRIED_ONLY, params)]


def gift_only_tried(session: Session, *, organisation_id: uuid.UUID, gift_id: uuid.UUID) -> bool:
    """Whether this gift was offered in test mode, and real money moves now."""
    params = {"organisation_id": organisation_id, "gift_id": gift_id}
    return any(row.left_behind for row in rows(session, _GIFT, params))
