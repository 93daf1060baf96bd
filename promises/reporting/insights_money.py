"""What breaches cost month by month, and how soon customers had it in their hands."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.reporting.money import GROUPS, MONEY_OF, STAGE_IS, MoneyGroup, MoneyStage
from promises.reporting.scorecard import Selection


class MoneyPart(StrEnum):
    """Where the money of a month is; the parts of a column, from below."""

    PAID = "paid"
    ISSUED = "issued"
    HELD = "held"  # owed: on hold, or on its way
    FAILED = "failed"  # owed, and the last try to pay it has failed


_FAILED = """(y.id IS NULL AND EXISTS (SELECT 1 FROM payouts f
    WHERE f.organisation_id = k.organisation_id AND f.compensation_id = k.id
      AND f.state IN ('failed', 'returned')))"""

_PART = f"""CASE
    WHEN {GROUPS[MoneyGroup.GIVEN]} THEN 'paid'
    WHEN {STAGE_IS[MoneyStage.ISSUED]} THEN 'issued'
    WHEN {STAGE_IS[MoneyStage.OWED]} AND {_FAILED} THEN 'failed'
    WHEN {GROUPS[MoneyGroup.DUE]} THEN 'held'
END"""

# A voucher is in the customer's hands when it is issued; other money when it is paid.
_MONTHS = f"""
SELECT date_trunc('month', b.day_on)::date AS month_on, {_PART} AS part, count(*) AS n,
    sum(k.amount_minor)::bigint AS amount_minor
FROM breaches b
{MONEY_OF}
WHERE b.organisation_id = %(organisation_id)s
  AND b.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND b.day_on BETWEEN %(from_on)s AND %(to_on)s AND b.breached_at >= %(first_at)s
  AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s)
  AND k.id IS NOT NULL AND {_PART} IS NOT NULL
GROUP BY 1, 2
"""

_TIMES = f"""
SELECT date_trunc('month', b.day_on)::date AS month_on, count(*) AS n,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY x.seconds)::bigint AS half,
    percentile_disc(0.95) WITHIN GROUP (ORDER BY x.seconds)::bigint AS most
FROM breaches b
{MONEY_OF}
CROSS JOIN LATERAL (SELECT ceil(date_part('epoch',
    coalesce(v.issued_at, CASE WHEN y.state = 'paid' THEN y.changed_at END) - b.breached_at
)) AS seconds) x
WHERE b.organisation_id = %(organisation_id)s
  AND b.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND b.day_on BETWEEN %(from_on)s AND %(to_on)s AND b.breached_at >= %(first_at)s
  AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s)
  AND x.seconds IS NOT NULL
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class PartFigures:
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Month:
    """`half` and `most`: the time in which half and 95 of 100 customers had their money, in seconds
    from the breach, of `timed` customers."""

    month_on: dt.date
    parts: Mapping[MoneyPart, PartFigures]
    timed: int
    half: int | None
    most: int | None

    @property
    def amount_minor(self) -> int:
        return sum(one.amount_minor for one in self.parts.values())


_NONE = PartFigures(0, 0)


def money_by_month(
    session: Session, *, organisation_id: uuid.UUID, selection: Selection
) -> list[Month]:
    """Each month between the two days of the selection, which both are needed; by the day of the
    case. What was refused, cancelled or expired costs nothing and is in none."""
    if selection.from_on is None or selection.to_on is None:
        raise ValueError("money by month needs a first and a last day")
    first_at = dt.datetime.combine(selection.from_on, dt.time(), dt.UTC) - dt.timedelta(days=1)
    params = selection.params(organisation_id) | {"first_at": first_at}
    parts: dict[dt.date, dict[MoneyPart, PartFigures]] = {}
    for row in rows(session, _MONTHS, params):
        of_month = parts.setdefault(row.month_on, {})
        of_month[MoneyPart(row.part)] = PartFigures(row.n, row.amount_minor)
    times = {row.month_on: row for row in rows(session, _TIMES, params)}
    found = []
    for month_on in _months(selection.from_on, selection.to_on):
        timed = times.get(month_on)
        of_month = parts.get(month_on, {})
        found.append(
            Month(
                month_on,
                {part: of_month.get(part, _NONE) for part in MoneyPart},
                timed.n if timed else 0,
                timed.half if timed else None,
                timed.most if timed else None,
            )
        )
    return found


def _months(first: dt.date, last: dt.date) -> list[dt.date]:
    month, found = first.replace(day=1), []
    while month <= last:
        found.append(month)
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return found
