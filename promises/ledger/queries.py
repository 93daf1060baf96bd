"""Balances and the proof that the books balance."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows

_BALANCES = """
SELECT e.account_code, e.currency, sum(e.amount_minor)::bigint AS balance_minor
FROM ledger_entries e
WHERE e.organisation_id = %(organisation_id)s
GROUP BY e.account_code, e.currency
ORDER BY e.account_code, e.currency
"""

_UNBALANCED = """
SELECT t.id, t.key, coalesce(sum(e.amount_minor), 0)::bigint AS sum_minor, count(e.*) AS entries
FROM ledger_transactions t
LEFT JOIN ledger_entries e
    ON e.organisation_id = t.organisation_id AND e.transaction_id = t.id
WHERE t.organisation_id = %(organisation_id)s
GROUP BY t.id, t.key
HAVING coalesce(sum(e.amount_minor), 0) <> 0 OR count(e.*) < 2
    OR count(DISTINCT e.currency) > 1
ORDER BY t.id
"""

_POSTED = """
SELECT reference_id FROM ledger_transactions
WHERE organisation_id = %(organisation_id)s AND key = ANY(%(keys)s)
"""

_AMOUNTS = """
SELECT t.reference_id, sum(e.amount_minor)::bigint AS amount_minor
FROM ledger_transactions t
JOIN ledger_entries e ON e.organisation_id = t.organisation_id AND e.transaction_id = t.id
    AND e.amount_minor > 0
WHERE t.organisation_id = %(organisation_id)s AND t.key = ANY(%(keys)s)
GROUP BY t.reference_id
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """Debit positive, in minor units."""

    account_code: str
    currency: str
    balance_minor: int


def balances(session: Session, *, organisation_id: uuid.UUID) -> list[Balance]:
    found = rows(session, _BALANCES, {"organisation_id": organisation_id})
    return [Balance(row.account_code, row.currency, row.balance_minor) for row in found]


def posted_among(
    session: Session, *, organisation_id: uuid.UUID, kind: str, reference_ids: Sequence[uuid.UUID]
) -> set[uuid.UUID]:
    """Those of which this fact is in the books."""
    if not reference_ids:
        return set()
    keys = [f"{kind}:{one}" for one in reference_ids]
    found = rows(session, _POSTED, {"organisation_id": organisation_id, "keys": keys})
    return {row.reference_id for row in found}


def posted_amounts(
    session: Session, *, organisation_id: uuid.UUID, kind: str, reference_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """With how much this fact is in the books, of those of which it is."""
    keys = [f"{kind}:{one}" for one in reference_ids]
    found = rows(session, _AMOUNTS, {"organisation_id": organisation_id, "keys": keys})
    return {row.reference_id: row.amount_minor for row in found}


def unbalanced_transactions(session: Session, *, organisation_id: uuid.UUID) -> list[str]:
    """Keys of transactions that do not sum to zero, or are not whole. Always empty."""
    return [row.key for row in rows(session, _UNBALANCED, {"organisation_id": organisation_id})]
