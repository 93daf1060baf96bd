"""How the ceilings stand: what went out in their present period, at what pace, until when."""

import datetime as dt
import uuid
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.ceilings import HISTORY_DAYS, PLACE, span_of
from promises.compensation.control_models import CeilingPeriod, CeilingReaction
from promises.db.sql import one_or_none, rows
from promises.rules.budgets import runs_out

LONGEST_DAYS = 31
"""Of a period, and more than a forecast looks back."""

_DAYS = f"""
SELECT c.id, c.branch_id, c.promise_id, c.period, c.limit_minor, c.reaction, d.days
FROM (SELECT c.*, {PLACE} FROM ceilings c
    WHERE c.organisation_id = %(organisation_id)s AND c.limit_minor IS NOT NULL
      AND (%(ceiling_id)s::uuid IS NULL OR c.id = %(ceiling_id)s)) c
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(r.day_on, r.amount_minor), '{{}}') AS days
    FROM released_days r
    WHERE r.organisation_id = c.organisation_id AND r.scope = c.scope AND r.key = c.key
      AND r.day_on BETWEEN %(from_on)s AND %(to_on)s
) d
ORDER BY c.branch_id NULLS FIRST, c.promise_id NULLS FIRST, c.period, c.id
"""

_COUNTED = """
WHERE c.organisation_id = %(organisation_id)s AND c.counted_on BETWEEN %(from_on)s AND %(to_on)s
  AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
  AND (%(promise_id)s::uuid IS NULL OR c.promise_id = %(promise_id)s)
"""
_TOTAL = f"""
SELECT count(*)::int AS n, coalesce(sum(c.amount_minor), 0)::bigint AS amount_minor
FROM compensations c {_COUNTED}
"""
_LIST = f"""
SELECT c.id, c.ticket_id, c.promise_id, c.branch_id, c.amount_minor, c.currency, c.released_at,
    t.number, t.external_ref, k.letter
FROM compensations c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
LEFT JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
{_COUNTED} AND (%(after_on)s::date IS NULL
    OR (c.counted_on, c.id) > (%(after_on)s::date, %(after_id)s::uuid))
ORDER BY c.counted_on, c.id
LIMIT %(limit)s
"""
_AT = """
SELECT counted_on, id FROM compensations
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND counted_on IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingStanding:
    """One ceiling in one period. `forecast_minor`: what the period comes to at the pace of the
    four weeks before; `runs_out_on`: when it is used up at that pace, None where it lasts or is
    used up already. `days`: what went out on each day of the period so far."""

    ceiling_id: uuid.UUID
    branch_id: uuid.UUID | None
    promise_id: uuid.UUID | None
    period: CeilingPeriod
    reaction: CeilingReaction
    limit_minor: int
    first: dt.date
    last: dt.date
    days: tuple[int, ...]
    forecast_minor: int
    runs_out_on: dt.date | None

    @property
    def used_minor(self) -> int:
        return sum(self.days)

    @property
    def left_minor(self) -> int:
        """Nothing, too, where approvals went beyond it."""
        return max(self.limit_minor - self.used_minor, 0)


def ceiling_standings(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    today: dt.date,
    on: dt.date | None = None,
    ceiling_id: uuid.UUID | None = None,
) -> list[CeilingStanding]:
    """Of all ceilings, that of everything first, or of one, in the period of the day `on`, today
    where nothing is said."""
    day = min(on or today, today)
    found = rows(
        session,
        _DAYS,
        {
            "organisation_id": organisation_id,
            "ceiling_id": ceiling_id,
            "from_on": day - dt.timedelta(days=LONGEST_DAYS),
            "to_on": min(day + dt.timedelta(days=LONGEST_DAYS), today),
        },
    )
    return [_standing(row, day, today) for row in found]


def _standing(row: Any, day: dt.date, today: dt.date) -> CeilingStanding:
    out = {dt.date.fromisoformat(on): amount for on, amount in row.days.items()}
    period = CeilingPeriod(row.period)
    first, last = span_of(period, day)
    so_far = tuple(out.get(one, 0) for one in _days(first, min(last, today)))
    used = sum(so_far)
    pace = Fraction(sum(out.get(one, 0) for one in _before(today)), HISTORY_DAYS)
    burn = [
        (one, max(pace - out.get(one, 0), Fraction(0)) if one == today else pace)
        for one in _days(max(first, today), last)
    ]
    return CeilingStanding(
        ceiling_id=row.id,
        branch_id=row.branch_id,
        promise_id=row.promise_id,
        period=period,
        reaction=CeilingReaction(row.reaction),
        limit_minor=row.limit_minor,
        first=first,
        last=last,
        days=so_far,
        forecast_minor=used + round(sum((cost for _, cost in burn), Fraction(0))),
        runs_out_on=runs_out(Fraction(row.limit_minor - used), burn),
    )


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _before(today: dt.date) -> list[dt.date]:
    return _days(today - dt.timedelta(days=HISTORY_DAYS), today - dt.timedelta(days=1))


def released_within(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    standing: CeilingStanding,
    limit: int,
    after: uuid.UUID | None = None,
) -> tuple[int, int, list[Any]]:
    """The debts that went out in the period: how many, how much, and a page of them in the order
    of their days; `after` is the last one seen."""
    params: dict[str, Any] = {
        "organisation_id": organisation_id,
        "branch_id": standing.branch_id,
        "promise_id": standing.promise_id,
        "from_on": standing.first,
        "to_on": standing.last,
    }
    at = one_or_none(session, _AT, params | {"id": after})
    total = rows(session, _TOTAL, params)[0]
    page = {"after_on": at and at.counted_on, "after_id": at and at.id, "limit": limit}
    return total.n, total.amount_minor, rows(session, _LIST, params | page)
