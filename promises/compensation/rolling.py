"""Sums of released money over the last days, so that splitting does not evade an approval.

What goes out is counted for the known customer, the device that gave the number, the branch, each
member of staff who marked something on the ticket, and the customer by one promise. Two who release
for the same one wait for each other; the sum then costs the same however much went out before.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.control_models import SumScope
from promises.db.sql import execute, rows

USUAL_WINDOW_DAYS = 30
"""Over which the threshold of a promise's terms is summed up where no rule says otherwise."""

Key = tuple[str, str]

KEY_COLUMNS = """c.branch_id, c.promise_id, t.device_id,
    coalesce(c.customer_id, t.customer_id) AS payee_id,
    ARRAY(SELECT DISTINCT e.actor_id FROM service_events e
        WHERE e.organisation_id = c.organisation_id AND e.ticket_id = c.ticket_id
          AND e.actor_kind = 'member' AND e.actor_id IS NOT NULL) AS clerk_ids"""
"""What `keys_of` reads, of a compensation `c` with its ticket `t`."""

_LOCK = """
INSERT INTO released_keys (organisation_id, scope, key)
SELECT %(organisation_id)s, w.scope, w.key
FROM unnest(%(scopes)s::text[], %(keys)s::text[]) AS w (scope, key)
ORDER BY w.scope, w.key
ON CONFLICT (organisation_id, scope, key) DO UPDATE SET key = excluded.key
"""

# A statement of its own, after the lock: it sees what those before it have written.
_SUMS = """
SELECT w.scope, w.key,
    CASE w.scope WHEN 'customer' THEN r.customer_minor WHEN 'device' THEN r.device_minor
        WHEN 'clerk' THEN r.clerk_minor WHEN 'branch' THEN r.branch_minor END AS limit_minor,
    coalesce((SELECT sum(d.amount_minor) FROM released_days d
        WHERE d.organisation_id = %(organisation_id)s AND d.scope = w.scope AND d.key = w.key
          AND d.day_on > %(today_on)s - coalesce(r.window_days, %(usual)s)), 0)::bigint
        AS amount_minor
FROM unnest(%(scopes)s::text[], %(keys)s::text[]) AS w (scope, key)
LEFT JOIN approval_rules r ON r.organisation_id = %(organisation_id)s
"""

_ADD = """
INSERT INTO released_days AS d (organisation_id, scope, key, day_on, amount_minor)
SELECT %(organisation_id)s, w.scope, w.key, %(today_on)s, w.amount_minor
FROM unnest(%(scopes)s::text[], %(keys)s::text[], %(amounts)s::bigint[])
    AS w (scope, key, amount_minor)
ORDER BY w.scope, w.key
ON CONFLICT (organisation_id, scope, key, day_on)
    DO UPDATE SET amount_minor = d.amount_minor + excluded.amount_minor
"""

_NOTE = """
UPDATE compensations c SET counted_on = %(today_on)s,
    counted_as = ARRAY(SELECT jsonb_array_elements_text(w.counted::jsonb))
FROM unnest(%(ids)s::uuid[], %(counted)s::text[]) AS w (id, counted)
WHERE c.organisation_id = %(organisation_id)s AND c.id = w.id
"""

# As `_LOCK`, and before the days, as by a release: it holds budgets when it comes to its days.
_LOCK_COUNTED = """
INSERT INTO released_keys (organisation_id, scope, key)
SELECT DISTINCT c.organisation_id, split_part(k, ':', 1) AS scope, substr(k, strpos(k, ':') + 1)
FROM compensations c, unnest(c.counted_as) AS k
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY 2, 3
ON CONFLICT (organisation_id, scope, key) DO UPDATE SET key = excluded.key
"""

# Sums of a promise or of the organisation are there only while they have a ceiling; whoever sets
# one counts anew what is out, so that whatever is taken back then is to be taken out of them.
_TAKE_BACK = """
WITH gone AS (
    SELECT split_part(k, ':', 1) AS scope, substr(k, strpos(k, ':') + 1) AS key, c.counted_on,
        sum(c.amount_minor) AS amount_minor
    FROM compensations c, unnest(c.counted_as || ARRAY['whole_promise:' || c.promise_id,
        'organisation:' || c.organisation_id]) AS k
    WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
    GROUP BY 1, 2, 3
), held AS (
    SELECT d.scope, d.key, d.day_on, g.amount_minor
    FROM gone g
    JOIN released_days d ON d.organisation_id = %(organisation_id)s AND d.scope = g.scope
        AND d.key = g.key AND d.day_on = g.counted_on
    ORDER BY d.scope, d.key, d.day_on
    FOR UPDATE OF d
)
UPDATE released_days d SET amount_minor = greatest(d.amount_minor - h.amount_minor, 0)
FROM held h
WHERE d.organisation_id = %(organisation_id)s AND d.scope = h.scope AND d.key = h.key
  AND d.day_on = h.day_on
"""

_FORGET = """
UPDATE compensations SET counted_on = NULL, counted_as = NULL
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND counted_as IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Sum:
    """What was released within the window; `limit_minor` None where nobody asks."""

    amount_minor: int
    limit_minor: int | None


@dataclass(slots=True)
class Sums:
    """The sums that some debts would add to, locked until the transaction ends."""

    keys: Mapping[uuid.UUID, Sequence[Key]]
    found: Mapping[Key, Sum]
    added: dict[Key, int]

    def exceeded(
        self, compensation_id: uuid.UUID, amount_minor: int, threshold_minor: int | None
    ) -> list[str]:
        """The scopes of which the sum, with this debt, is above its limit. `threshold_minor` is
        that of the promise's terms."""
        over = []
        for key in self.keys[compensation_id]:
            one = self.found[key]
            limit = threshold_minor if key[0] == SumScope.PROMISE else one.limit_minor
            total = one.amount_minor + self.added.get(key, 0) + amount_minor
            if limit is not None and total > limit:
                over.append(key[0])
        return sorted(set(over))

    def released_to(self, compensation_id: uuid.UUID, scope: SumScope) -> int | None:
        """What was released before; None where the debt is of nobody of that kind."""
        mine = [key for key in self.keys[compensation_id] if key[0] == scope]
        return sum(self.found[key].amount_minor for key in mine) if mine else None

    def add(self, compensation_id: uuid.UUID, amount_minor: int) -> None:
        for key in self.keys[compensation_id]:
            self.added[key] = self.added.get(key, 0) + amount_minor


def keys_of(row: Any) -> list[Key]:
    """For whom a debt is summed up, of a row with `KEY_COLUMNS`."""
    keys = [(SumScope.BRANCH.value, str(row.branch_id))]
    if row.device_id is not None:
        keys.append((SumScope.DEVICE.value, str(row.device_id)))
    if row.payee_id is not None:
        keys.append((SumScope.CUSTOMER.value, str(row.payee_id)))
        keys.append((SumScope.PROMISE.value, f"{row.promise_id}:{row.payee_id}"))
    return keys + [(SumScope.CLERK.value, str(one)) for one in row.clerk_ids]


def lock_sums(
    session: Session, *, organisation_id: uuid.UUID, today_on: dt.date, debts: Iterable[Any]
) -> Sums:
    """The sums of these debts, rows with `id` and `KEY_COLUMNS`, for nobody else to add to before
    the transaction ends."""
    keys = {row.id: keys_of(row) for row in debts}
    ordered = sorted({key for those in keys.values() for key in those})
    execute(
        session,
        _LOCK,
        {
            "organisation_id": organisation_id,
            "scopes": [scope for scope, _ in ordered],
            "keys": [key for _, key in ordered],
        },
    )
    found = sums_of(session, organisation_id=organisation_id, today_on=today_on, keys=ordered)
    return Sums(keys, found, {})


def peek_sums(
    session: Session, *, organisation_id: uuid.UUID, today_on: dt.date, debts: Iterable[Any]
) -> Sums:
    """The same to look at; nothing is locked."""
    keys = {row.id: keys_of(row) for row in debts}
    asked = {key for those in keys.values() for key in those}
    found = sums_of(session, organisation_id=organisation_id, today_on=today_on, keys=asked)
    return Sums(keys, found, {})


def sums_of(
    session: Session, *, organisation_id: uuid.UUID, today_on: dt.date, keys: Iterable[Key]
) -> dict[Key, Sum]:
    """What was released for each, and its limit; nothing is locked."""
    ordered = sorted(set(keys))
    found = rows(
        session,
        _SUMS,
        {
            "organisation_id": organisation_id,
            "today_on": today_on,
            "usual": USUAL_WINDOW_DAYS,
            "scopes": [scope for scope, _ in ordered],
            "keys": [key for _, key in ordered],
        },
    )
    return {(row.scope, row.key): Sum(row.amount_minor, row.limit_minor) for row in found}


def count(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    today_on: dt.date,
    sums: Sums,
    compensation_ids: Sequence[uuid.UUID],
) -> None:
    """Write down what these debts added, and on each what it was counted for."""
    tenant: dict[str, Any] = {"organisation_id": organisation_id, "today_on": today_on}
    ordered = sorted(sums.added)
    execute(
        session,
        _ADD,
        tenant
        | {
            "scopes": [scope for scope, _ in ordered],
            "keys": [key for _, key in ordered],
            "amounts": [sums.added[key] for key in ordered],
        },
    )
    counted = [
        json.dumps([f"{scope}:{key}" for scope, key in sorted(sums.keys[one])])
        for one in compensation_ids
    ]
    execute(session, _NOTE, tenant | {"ids": list(compensation_ids), "counted": counted})


def uncount(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> None:
    """Debts that were taken back from their payouts went to nobody after all."""
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    execute(session, _LOCK_COUNTED, params)
    execute(session, _TAKE_BACK, params)
    execute(session, _FORGET, params)
