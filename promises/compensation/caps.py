"""What ended debts give back of their caps."""

import uuid
from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.catalogue.queries import versions_by_id
from promises.db.sql import execute, rows
from promises.rules.awards import CapKind, Claim, cap_keys

_CLAIMS = """
SELECT c.promise_id, c.version_id, c.ticket_id, c.branch_id, c.customer_id, t.device_id, b.day_on
FROM compensations c
JOIN breaches b ON b.organisation_id = c.organisation_id AND b.id = c.breach_id
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s) AND NOT c.is_penalty
"""

# Locked in the order in which awards lock them.
_GIVE_BACK = """
WITH given AS (
    SELECT u.promise_id, u.scope, u.key, u.period, w.n
    FROM unnest(%(promise_ids)s::uuid[], %(scopes)s::text[], %(keys)s::text[], %(periods)s::text[],
        %(counts)s::int[]) AS w (promise_id, scope, key, period, n)
    JOIN cap_usages u ON u.organisation_id = %(organisation_id)s AND u.promise_id = w.promise_id
        AND u.scope = w.scope AND u.key = w.key AND u.period = w.period
    ORDER BY u.promise_id, u.scope, u.key, u.period
    FOR UPDATE OF u
)
UPDATE cap_usages u SET used_count = greatest(u.used_count - g.n, 0)
FROM given g
WHERE u.organisation_id = %(organisation_id)s AND u.promise_id = g.promise_id
  AND u.scope = g.scope AND u.key = g.key AND u.period = g.period
"""


def give_back_caps(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> None:
    """Uncount awards that were cancelled, so that the next breach is not capped by them. Call it
    once a debt, when it ends: what is counted by sums, the cap of a case, needs nothing."""
    tenant = {"organisation_id": organisation_id}
    claims = rows(session, _CLAIMS, {**tenant, "ids": list(compensation_ids)})
    versions = versions_by_id(session, **tenant, version_ids={row.version_id for row in claims})
    counts: Counter[tuple[uuid.UUID, str, str, str]] = Counter()
    for row in claims:
        claim = Claim(row.ticket_id, row.branch_id, row.day_on, row.customer_id, row.device_id)
        keys = cap_keys(versions[row.version_id].terms, claim)
        for kind, (_, owner, on) in keys.items():
            if kind is not CapKind.CASE and on is not None:
                counts[row.promise_id, kind.value, str(owner), on.isoformat()] += 1
    if not counts:
        return
    columns = list(zip(*counts, strict=True))
    names = ("promise_ids", "scopes", "keys", "periods")
    params = {name: list(column) for name, column in zip(names, columns, strict=True)}
    execute(session, _GIVE_BACK, {**tenant, **params, "counts": list(counts.values())})
