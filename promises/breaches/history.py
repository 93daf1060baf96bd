"""What a promise granted to a customer before, for terms that count it."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.rules.guarantee.case import Earlier

# Two cases of one customer that are judged at once would not see each other's award.
_TAKE_TURNS = """
SELECT pg_advisory_xact_lock(k.key) FROM (
    SELECT hashtextextended('earlier:' || w.promise_id || ':' || w.customer_id, 0) AS key
    FROM unnest(%(promise_ids)s::uuid[], %(customer_ids)s::uuid[]) AS w (promise_id, customer_id)
    ORDER BY 1
) k
"""

_EARLIER = """
SELECT m.promise_id, m.customer_id, b.breached_at, m.amount_minor, c.detail -> 'facts' AS facts
FROM unnest(%(promise_ids)s::uuid[], %(customer_ids)s::uuid[]) AS w (promise_id, customer_id)
JOIN compensations m ON m.organisation_id = %(organisation_id)s AND m.promise_id = w.promise_id
    AND m.customer_id = w.customer_id
JOIN breaches b ON b.organisation_id = m.organisation_id AND b.id = m.breach_id
JOIN commitments c ON c.organisation_id = b.organisation_id AND c.id = b.commitment_id
WHERE m.state IN ('owed', 'released') AND m.instalment = 1
ORDER BY b.breached_at, m.id
"""

Wanted = tuple[uuid.UUID, uuid.UUID]
"""A promise and a customer."""


def earlier_awards(
    session: Session, *, organisation_id: uuid.UUID, wanted: Iterable[Wanted]
) -> dict[Wanted, tuple[Earlier, ...]]:
    """What each customer was granted by each promise and still has; nobody else can add to it
    until the transaction ends."""
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    params = {
        "organisation_id": organisation_id,
        "promise_ids": [promise_id for promise_id, _ in pairs],
        "customer_ids": [customer_id for _, customer_id in pairs],
    }
    execute(session, _TAKE_TURNS, params)
    found: dict[Wanted, list[Earlier]] = {pair: [] for pair in pairs}
    for row in rows(session, _EARLIER, params):
        one = Earlier(row.breached_at, row.amount_minor, _texts(row.facts))
        found[row.promise_id, row.customer_id].append(one)
    return {pair: tuple(earlier) for pair, earlier in found.items()}


def _texts(facts: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: value for name, value in (facts or {}).items() if isinstance(value, str)}
