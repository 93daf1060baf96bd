"""Whether the books say what the rooms say: for maintenance, over everything, changing nothing."""

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.ledger.closing import Closing, closings, month_digest
from promises.ledger.trial_balance import added_up, kept_balance

_ASTRAY = """
SELECT t.key FROM ledger_entries e
JOIN ledger_transactions t ON t.organisation_id = e.organisation_id AND t.id = e.transaction_id
WHERE e.organisation_id = %(organisation_id)s AND e.posted_on <> t.posted_on
ORDER BY t.key LIMIT %(most)s
"""

_UNBOOKED = """
SELECT y.id FROM payouts y
LEFT JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
LEFT JOIN ledger_transactions t ON t.organisation_id = y.organisation_id
    AND t.key = CASE WHEN y.rail = 'voucher' THEN 'voucher_redeemed:' || v.id
        ELSE 'payout_arrived:' || y.id END
WHERE y.organisation_id = %(organisation_id)s AND y.state = 'paid' AND t.id IS NULL
ORDER BY y.id LIMIT %(most)s
"""

# What is under way by a rail, and vouchers in hands, beside the accounts that stand for them.
_CLEARING = """
WITH meant AS (
    SELECT 'payouts_under_way:' || y.rail AS account_code, y.currency, sum(y.amount_minor) AS minor
    FROM payouts y
    JOIN ledger_transactions t ON t.organisation_id = y.organisation_id
        AND t.key = 'payout_sent:' || y.id
    WHERE y.organisation_id = %(organisation_id)s AND y.rail <> 'voucher'
      AND y.state IN ('submitted', 'needs_review')
    GROUP BY 1, 2
    UNION ALL
    SELECT 'vouchers_issued', v.currency, sum(v.amount_minor)
    FROM vouchers v
    WHERE v.organisation_id = %(organisation_id)s AND v.state = 'active'
    GROUP BY 2
), booked AS (
    SELECT e.account_code, e.currency, -sum(e.amount_minor) AS minor
    FROM ledger_entries e
    WHERE e.organisation_id = %(organisation_id)s
      AND (e.account_code = 'vouchers_issued' OR e.account_code LIKE 'payouts_under_way%%')
    GROUP BY 1, 2
)
SELECT account_code, currency, coalesce(m.minor, 0)::bigint AS meant_minor,
    coalesce(b.minor, 0)::bigint AS booked_minor
FROM meant m FULL JOIN booked b USING (account_code, currency)
WHERE coalesce(m.minor, 0) <> coalesce(b.minor, 0)
ORDER BY account_code, currency
"""

_MOST = 20


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing in which the books and the rooms differ."""

    text: str
    remedy: str


def flaws(session: Session, *, organisation_id: uuid.UUID) -> list[Flaw]:
    """None where all is well. Reads everything: not for a page."""
    return [
        *_places(session, organisation_id),
        *_clearing(session, organisation_id),
        *_months(session, organisation_id),
    ]


def _places(session: Session, organisation_id: uuid.UUID) -> list[Flaw]:
    params = {"organisation_id": organisation_id, "most": _MOST}
    found = []
    keys = [row.key for row in rows(session, _ASTRAY, params)]
    if keys:
        text = f"entries stand on other days than their transactions: {', '.join(keys)}"
        found.append(Flaw(text, "Somebody changed them past the service: look at a backup."))
    unbooked = [str(row.id) for row in rows(session, _UNBOOKED, params)]
    if unbooked:
        text = f"payouts are paid and not in the books: {', '.join(unbooked)}"
        found.append(Flaw(text, "Stop payouts and look at each of them on its page."))
    return found


def _clearing(session: Session, organisation_id: uuid.UUID) -> list[Flaw]:
    return [
        Flaw(
            f"account {row.account_code} holds {row.booked_minor} minor units of {row.currency},"
            f" and {row.meant_minor} are out",
            "Compare the account's journal with the payouts and vouchers behind it.",
        )
        for row in rows(session, _CLEARING, {"organisation_id": organisation_id})
    ]


def _months(session: Session, organisation_id: uuid.UUID) -> list[Flaw]:
    """Closed months, the seals of which are worked out anew."""
    found = []
    for one in closings(session, organisation_id=organisation_id, limit=1200):
        if not _is_as_it_was(session, organisation_id, one):
            text = f"the closed month {one.month_on:%Y-%m} is not what it was when it was closed"
            found.append(
                Flaw(text, "Somebody changed it past the service: compare it with a backup.")
            )
    return found


def _is_as_it_was(session: Session, organisation_id: uuid.UUID, closed: Closing) -> bool:
    month_on = closed.month_on
    kept = kept_balance(session, organisation_id=organisation_id, month_on=month_on)
    again = added_up(session, organisation_id=organisation_id, month_on=month_on)
    seal = month_digest(session, organisation_id=organisation_id, month_on=month_on)
    return kept == again and seal == closed.digest
