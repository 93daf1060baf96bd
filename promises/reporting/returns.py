"""Do customers come back: after a kept promise, after a breach made good, after one that was not.

Known customers only, each once: by the first case that was decided for them in the chosen days. A
comparison, no proof: customers whose breach was made good may differ from the others in more than
that.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one, rows
from promises.reporting.money import PAYOUT_OF
from promises.reporting.rates import FEWEST_FOR_SHARE, KeptRate
from promises.reporting.scorecard import Selection

MOST_CUSTOMERS = 4_000
"""Of more known customers so many are drawn by lot, the same ones each time."""

MOST_LISTED = 200


class Group(StrEnum):
    KEPT = "kept"
    MADE_GOOD = "made_good"  # broken; a voucher or the money came within the days
    NOT_MADE_GOOD = "not_made_good"


# A lot that stays the same however often it is drawn. Each customer then costs a few looks into
# indexes, however long the history of the organisation is.
_RETURNS = f"""
WITH looked AS MATERIALIZED (
    SELECT u.id FROM customers u
    WHERE u.organisation_id = %(organisation_id)s
    ORDER BY hashtextextended(u.id::text, 0), u.id
    LIMIT %(most)s
), firsts AS MATERIALIZED (
    SELECT l.id AS customer_id, f.*
    FROM looked l
    CROSS JOIN LATERAL (
        SELECT c.id AS commitment_id, c.ticket_id, c.state, c.evidence, c.day_on, c.started_at
        FROM tickets t
        JOIN commitments c ON c.organisation_id = t.organisation_id AND c.ticket_id = t.id
        WHERE t.organisation_id = %(organisation_id)s AND t.customer_id = l.id
          AND t.queued_at < %(until)s AND t.state <> 'withdrawn'
          AND c.state IN ('kept', 'broken') AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
          AND (%(promise_ids)s::uuid[] IS NULL OR c.promise_id = ANY (%(promise_ids)s))
          AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
        ORDER BY c.started_at, c.state, c.id
        LIMIT 1
    ) f
), found AS MATERIALIZED (
    SELECT f.customer_id, f.ticket_id, f.day_on, f.started_at, f.evidence,
        CASE WHEN f.state = 'kept' THEN 'kept'
            WHEN k.state = 'released' AND ((v.state <> 'voided' AND v.issued_at < e.ends_at)
                OR (v.state IS NULL AND y.state = 'paid' AND y.changed_at < e.ends_at))
            THEN 'made_good' ELSE 'not_made_good' END AS kind,
        CASE WHEN v.state IS DISTINCT FROM 'expired' THEN k.amount_minor ELSE 0 END AS cost_minor,
        EXISTS (
            SELECT FROM tickets t
            WHERE t.organisation_id = %(organisation_id)s AND t.customer_id = f.customer_id
              AND t.queued_at > f.started_at AND t.queued_at < f.started_at + %(reach)s
              AND t.day_on > f.day_on AND t.day_on <= f.day_on + %(days)s
              AND t.id <> f.ticket_id AND t.state <> 'withdrawn'
        ) AS came_back
    FROM firsts f
    CROSS JOIN LATERAL (SELECT f.started_at + %(window)s::interval AS ends_at) e
    LEFT JOIN breaches b ON b.organisation_id = %(organisation_id)s
        AND b.commitment_id = f.commitment_id AND f.state = 'broken'
    LEFT JOIN LATERAL (
        SELECT k.* FROM compensations k
        WHERE k.organisation_id = %(organisation_id)s AND k.breach_id = b.id AND NOT k.is_penalty
        ORDER BY k.instalment DESC LIMIT 1
    ) k ON true
    {PAYOUT_OF}
)
"""

_FIGURES = f"""{_RETURNS}
SELECT n.kind, count(*)::int AS customers, count(*) FILTER (WHERE n.came_back)::int AS came_back,
    count(*) FILTER (WHERE n.evidence <> 'live')::int AS unsure,
    coalesce(sum(n.cost_minor) FILTER (WHERE n.kind = 'made_good'), 0)::bigint AS cost_minor
FROM found n
GROUP BY n.kind
"""

_LIST = f"""{_RETURNS}
SELECT n.ticket_id, n.day_on, n.came_back, k.letter, k.number, k.external_ref,
    b.name AS branch_name, count(*) OVER ()::int AS total
FROM found n
JOIN tickets k ON k.organisation_id = %(organisation_id)s AND k.id = n.ticket_id
JOIN branches b ON b.organisation_id = k.organisation_id AND b.id = k.branch_id
WHERE n.kind = %(group)s AND (%(came_back)s::boolean IS NULL OR n.came_back = %(came_back)s)
ORDER BY n.started_at DESC, n.ticket_id
LIMIT %(limit)s
"""

_KNOWN = "SELECT count(*)::int AS n FROM customers WHERE organisation_id = %(organisation_id)s"


@dataclass(frozen=True, slots=True)
class Returned:
    """Customers of one group. `unsure`: known late or from an import only. `cost_minor`: what was
    issued or paid to them; an expired voucher cost nothing."""

    customers: int = 0
    came_back: int = 0
    unsure: int = 0
    cost_minor: int = 0

    @property
    def rate(self) -> KeptRate:
        return KeptRate(self.came_back, self.customers - self.came_back)


@dataclass(frozen=True, slots=True)
class Saved:
    """Customers and minor units that making good brought back, by comparison; `low` and `high`
    bound the difference of the two shares with 95 per cent confidence (Newcombe's interval)."""

    difference: Fraction
    low: Decimal
    high: Decimal
    made_good: int
    value_minor: int

    @property
    def minor(self) -> int:
        return round(self.difference * self.made_good * self.value_minor)

    @property
    def low_minor(self) -> int:
        return round(self.low * self.made_good * self.value_minor)

    @property
    def high_minor(self) -> int:
        return round(self.high * self.made_good * self.value_minor)


@dataclass(frozen=True, slots=True)
class Returns:
    """`known`: all known customers; more than MOST_CUSTOMERS of them are not looked at."""

    kept: Returned
    made_good: Returned
    not_made_good: Returned
    known: int

    @property
    def by_lot(self) -> bool:
        return self.known > MOST_CUSTOMERS

    def of(self, group: Group) -> Returned:
        found: Returned = getattr(self, group.value)
        return found

    def saved(self, value_minor: int) -> Saved | None:
        """None below 30 customers of either kind: a difference would say more than is known."""
        good, bad = self.made_good.rate, self.not_made_good.rate
        if min(good.cases, bad.cases) < FEWEST_FOR_SHARE or good.share is None or bad.share is None:
            return None
        with localcontext(prec=28):
            p = Decimal(good.kept) / good.cases
            q = Decimal(bad.kept) / bad.cases
            low = p - q - ((p - good.low) ** 2 + (bad.high - q) ** 2).sqrt()
            high = p - q + ((good.high - p) ** 2 + (q - bad.low) ** 2).sqrt()
        return Saved(good.share - bad.share, low, high, good.cases, value_minor)


def returns(
    session: Session, *, organisation_id: uuid.UUID, selection: Selection, days: int
) -> Returns:
    """Two statements. The days of the selection have to be over by `days`: a customer whose days
    are not over yet would count as one who stays away."""
    params = _params(organisation_id, selection, days)
    found = {row[0]: Returned(*row[1:]) for row in rows(session, _FIGURES, params)}
    known = one(session, _KNOWN, {"organisation_id": organisation_id}).n
    kept, good, bad = (found.get(group.value, Returned()) for group in Group)
    return Returns(kept, good, bad, known)


def customers_of(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection,
    days: int,
    group: Group,
    came_back: bool | None = None,
) -> list[Any]:
    """The first cases behind a number, newest first, MOST_LISTED at most; `total` counts all."""
    params = _params(organisation_id, selection, days)
    chosen = {"group": group.value, "came_back": came_back, "limit": MOST_LISTED}
    return rows(session, _LIST, params | chosen)


def _params(organisation_id: uuid.UUID, selection: Selection, days: int) -> dict[str, object]:
    if selection.from_on is None or selection.to_on is None:
        raise ValueError("returns need a first and a last day")
    return selection.params(organisation_id) | {
        "most": MOST_CUSTOMERS,
        "until": dt.datetime.combine(selection.to_on, dt.time(), dt.UTC) + dt.timedelta(days=3),
        "days": days,
        "window": dt.timedelta(days=days),
        "reach": dt.timedelta(days=days + 3),
    }
