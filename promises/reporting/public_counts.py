"""How promises were kept, by day, for the public: one statement over the index of figures.

Days long past change seldom and are many: they are counted apart from the last two, so that a
reader may keep them for a while and count only what is new.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.day_counts import changed_days, mark_of
from promises.db.sql import rows
from promises.kernel.zones import local_date
from promises.reporting.scorecard import CleanDays, Scorecard

YEAR_DAYS = 365
MONTH_DAYS = 30
BARS = 90
RECENT = dt.timedelta(days=1)
"""Today and the day before are counted anew at each look."""

_WANTED = """
SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  AND (%(promise_ids)s::uuid[] IS NULL OR p.id = ANY (%(promise_ids)s))
"""

# The inner count reads nothing but the index; what comes out is a row a day.
_DAYS = f"""
SELECT d.promise_id, d.day_on,
       coalesce(sum(n) FILTER (WHERE state = 'kept'), 0)::int AS kept,
       coalesce(sum(n) FILTER (WHERE state = 'broken'), 0)::int AS broken,
       coalesce(sum(n) FILTER (WHERE state = 'excluded'), 0)::int AS excluded,
       coalesce(sum(n) FILTER (WHERE state = 'open'), 0)::int AS open,
       coalesce(sum(n) FILTER (WHERE state = 'broken' AND evidence = 'live'), 0)::int
           AS broken_live,
       coalesce(sum(n) FILTER (WHERE state = 'broken' AND evidence = 'unverified'), 0)::int
           AS broken_unverified,
       coalesce(sum(n) FILTER (WHERE state = 'broken' AND evidence = 'imported'), 0)::int
           AS broken_imported,
       coalesce(sum(n) FILTER (WHERE evidence = 'unverified'), 0)::int AS unverified,
       coalesce(sum(n) FILTER (WHERE evidence = 'imported'), 0)::int AS imported
FROM (
    SELECT c.promise_id, c.day_on, c.state, c.evidence, count(*) AS n
    FROM commitments c
    WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY (ARRAY({_WANTED}))
      AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
      AND (%(days)s::date[] IS NULL OR c.day_on = ANY (%(days)s))
    GROUP BY c.promise_id, c.day_on, c.state, c.evidence
) d
GROUP BY d.promise_id, d.day_on ORDER BY d.promise_id, d.day_on
"""

_LAST_HOURS = f"""
SELECT c.promise_id, count(*) FILTER (WHERE c.state = 'kept') AS kept,
       count(*) FILTER (WHERE c.state = 'broken') AS broken,
       count(*) FILTER (WHERE c.state = 'excluded') AS excluded,
       count(*) FILTER (WHERE c.state = 'open') AS open,
       count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'live') AS live,
       count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'unverified') AS unverified,
       count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'imported') AS imported
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY (ARRAY({_WANTED}))
  AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND c.started_at > %(since)s AND c.started_at <= %(now)s
GROUP BY c.promise_id
"""

_LAST_BREACHES = f"""
SELECT wanted.promise_id, last.breached_at, b.time_zone
FROM unnest(ARRAY({_WANTED})) AS wanted (promise_id)
CROSS JOIN LATERAL (
    SELECT x.breached_at, x.branch_id
    FROM breaches x
    JOIN commitments c ON c.organisation_id = x.organisation_id AND c.id = x.commitment_id
        AND c.state = 'broken'  -- neither annulled nor of an import that was taken back
    WHERE x.organisation_id = %(organisation_id)s AND x.promise_id = wanted.promise_id
    ORDER BY x.breached_at DESC LIMIT 1
) last
JOIN branches b ON b.organisation_id = %(organisation_id)s AND b.id = last.branch_id
"""

_FIRST_DAY, _LAST_DAY = dt.date(1900, 1, 1), dt.date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The cases that arrived on one local day. `unverified` and `imported` are of all states; the
    others are known as they happened."""

    day_on: dt.date
    kept: int
    broken: int
    excluded: int
    open: int
    broken_live: int
    broken_unverified: int
    broken_imported: int
    unverified: int
    imported: int

    @property
    def commitments(self) -> int:
        return self.kept + self.broken + self.excluded + self.open


History = Mapping[uuid.UUID, tuple[DayCounts, ...]]
"""By promise, the days that had a case, the first one first."""


def day_counts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID] | None,
    from_on: dt.date = _FIRST_DAY,
    to_on: dt.date = _LAST_DAY,
    days: Sequence[dt.date] | None = None,
) -> History:
    """`promise_ids` None: all promises of the organisation; `days` narrows it to these."""
    listed = None if days is None else list(days)
    if listed:
        from_on, to_on = max(from_on, min(listed)), min(to_on, max(listed))
    params = _params(organisation_id, promise_ids) | {"from_on": from_on, "to_on": to_on}
    params["days"] = listed
    return _history(rows(session, _DAYS, params))


def _history(listed: Iterable[Any]) -> History:
    found: dict[uuid.UUID, list[DayCounts]] = {}
    for promise_id, *counts in listed:
        found.setdefault(promise_id, []).append(DayCounts(*counts))
    return {promise_id: tuple(days) for promise_id, days in found.items()}


_COUNTED = """
SELECT d.promise_id, d.day_on, d.kept, d.broken, d.excluded, d.open, d.broken_live,
       d.broken_unverified, d.broken_imported, d.unverified, d.imported
FROM promise_days d
WHERE d.organisation_id = %(organisation_id)s AND d.day_on < %(before)s
  AND (%(promise_ids)s::uuid[] IS NULL OR d.promise_id = ANY (%(promise_ids)s))
  AND d.day_on <> ALL (%(changed)s)
ORDER BY d.promise_id, d.day_on
"""


def earlier_days(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID] | None,
    before: dt.date,
) -> History:
    """The days before `before`, exactly as they are now: from the kept count, and those that have
    changed since it was made from the cases themselves."""
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    mark = mark_of(session, **tenant)
    if mark is None:
        last = before - dt.timedelta(days=1)
        return day_counts(session, **tenant, promise_ids=promise_ids, to_on=last)
    fresh = changed_days(session, **tenant, mark=mark, before=before)
    params = _params(organisation_id, promise_ids) | {"before": before, "changed": fresh}
    kept = _history(rows(session, _COUNTED, params))
    if not fresh:
        return kept
    anew = day_counts(session, **tenant, promise_ids=promise_ids, days=fresh)
    both = joined(kept, anew)
    return {one: tuple(sorted(days, key=lambda day: day.day_on)) for one, days in both.items()}


def last_hours(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID] | None,
    now: dt.datetime,
    hours: int = 24,
) -> dict[uuid.UUID, Scorecard]:
    """Those that arrived in the last hours, to the instant, by promise that had one."""
    since = now - dt.timedelta(hours=hours)
    day = dt.timedelta(days=1)  # a local day begins and ends within a day of UTC's
    params = _params(organisation_id, promise_ids) | {
        "since": since,
        "now": now,
        "from_on": since.date() - day,
        "to_on": now.date() + day,
    }
    return {row[0]: Scorecard(*row[1:]) for row in rows(session, _LAST_HOURS, params)}


def clean_days(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID] | None,
    days: History,
    today: dt.date,
) -> dict[uuid.UUID, CleanDays]:
    """Days since the last breach that stands, or since the first case; by promise with a case."""
    params = _params(organisation_id, promise_ids)
    found = {
        promise_id: CleanDays(max((today - of[0].day_on).days, 0), of[0].day_on, None)
        for promise_id, of in days.items()
        if of
    }
    for row in rows(session, _LAST_BREACHES, params):
        since = local_date(row.breached_at, row.time_zone)
        found[row.promise_id] = CleanDays(max((today - since).days, 0), since, row.breached_at)
    return found


def _params(
    organisation_id: uuid.UUID, promise_ids: Sequence[uuid.UUID] | None
) -> dict[str, object]:
    listed = None if promise_ids is None else list(promise_ids)
    return {"organisation_id": organisation_id, "promise_ids": listed}


def joined(before: History, after: History) -> History:
    """Two stretches of time, one after the other."""
    return {
        promise_id: before.get(promise_id, ()) + after.get(promise_id, ())
        for promise_id in {*before, *after}
    }


def in_span(
    days: Iterable[DayCounts], from_on: dt.date | None = None, to_on: dt.date | None = None
) -> list[DayCounts]:
    """Both ends included."""
    first, last = from_on or _FIRST_DAY, to_on or _LAST_DAY
    return [one for one in days if first <= one.day_on <= last]


def card_of(days: Iterable[DayCounts]) -> Scorecard:
    """What the days add up to."""
    listed = list(days)
    return Scorecard(
        kept=sum(one.kept for one in listed),
        broken=sum(one.broken for one in listed),
        excluded=sum(one.excluded for one in listed),
        open=sum(one.open for one in listed),
        broken_live=sum(one.broken_live for one in listed),
        broken_unverified=sum(one.broken_unverified for one in listed),
        broken_imported=sum(one.broken_imported for one in listed),
    )


def every_day(days: Iterable[DayCounts], from_on: dt.date, to_on: dt.date) -> list[DayCounts]:
    """One for each day of the span, with zeros where nothing happened."""
    known = {one.day_on: one for one in days}
    length = (to_on - from_on).days + 1
    return [
        known.get(day) or DayCounts(day, *([0] * 9))
        for day in (from_on + dt.timedelta(days=n) for n in range(length))
    ]
