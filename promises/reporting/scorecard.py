"""How a promise was kept: counts, days, waits. Set-based, over the index of figures.

Everywhere: `promise_id` None is all promises, `branch_id` None all branches, days are the
branches' local dates of arrival, both ends included.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import one, one_or_none, rows
from promises.kernel.zones import local_date
from promises.reporting.rates import KeptRate

# With an array for the promises, one of them and all of them use the same index.
_CASES = """
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s
  AND c.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
"""

_COUNT = """
count(*) FILTER (WHERE c.state = 'kept') AS kept,
count(*) FILTER (WHERE c.state = 'broken') AS broken,
count(*) FILTER (WHERE c.state = 'excluded') AS excluded,
count(*) FILTER (WHERE c.state = 'open') AS open,
count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'live') AS broken_live,
count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'unverified') AS broken_unverified,
count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'imported') AS broken_imported
"""

_TOTAL = f"SELECT {_COUNT} {_CASES}"
_BY_PROMISE = f"SELECT c.promise_id, {_COUNT} {_CASES} GROUP BY c.promise_id"
_BY_DAY = f"""
SELECT c.day_on, count(*) FILTER (WHERE c.state = 'kept') AS kept,
       count(*) FILTER (WHERE c.state = 'broken') AS broken,
       count(*) FILTER (WHERE c.state = 'excluded') AS excluded
{_CASES} GROUP BY c.day_on ORDER BY c.day_on
"""

# Whole seconds, rounded up: a wait of the limit and a microsecond lies above the limit's second.
_WAITS = f"""
SELECT ceil(date_part('epoch', c.ended_at - c.started_at))::bigint AS seconds, count(*) AS n
{_CASES}
  AND c.state IN ('kept', 'broken') AND c.ended_by IN ('service_started', 'called')
GROUP BY 1 ORDER BY 1
"""

_EVER = dt.date(1900, 1, 1), dt.date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which commitments a figure is about."""

    promise_id: uuid.UUID | None = None
    branch_id: uuid.UUID | None = None
    from_on: dt.date | None = None
    to_on: dt.date | None = None

    def params(self, organisation_id: uuid.UUID) -> dict[str, object]:
        return {
            "organisation_id": organisation_id,
            "promise_ids": None if self.promise_id is None else [self.promise_id],
            "branch_id": self.branch_id,
            "from_on": self.from_on or _EVER[0],
            "to_on": self.to_on or _EVER[1],
        }


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Scorecard:
    """kept + broken + excluded + open = commitments, always; the three kinds of evidence add up
    to broken."""

    kept: int
    broken: int
    excluded: int
    open: int
    broken_live: int
    broken_unverified: int
    broken_imported: int

    @property
    def commitments(self) -> int:
        return self.kept + self.broken + self.excluded + self.open

    @property
    def rate(self) -> KeptRate:
        return KeptRate(self.kept, self.broken)


@dataclass(frozen=True, slots=True)
class DayFigures:
    day_on: dt.date
    kept: int
    broken: int
    excluded: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How long people waited until they were served (or called, as the promise says), as counts by
    whole seconds, rounded up. Who left without it is not here."""

    counts: tuple[tuple[int, int], ...]

    @property
    def cases(self) -> int:
        return sum(n for _, n in self.counts)

    def percentile(self, share: int) -> int | None:
        """The shortest wait, in seconds, that `share` per cent did not exceed."""
        needed, seen = -(-self.cases * share // 100), 0
        for seconds, n in self.counts:
            seen += n
            if seen >= needed:
                return seconds
        return None

    def bins(self, width_seconds: int, count: int) -> list[int]:
        """Counts in `count` bins: the first holds 0 to `width_seconds`, each next one what is
        longer by up to a width; the last one all that is longer."""
        found = [0] * count
        for seconds, n in self.counts:
            place = max(-(-seconds // width_seconds) - 1, 0)
            found[min(place, count - 1)] += n
        return found


@dataclass(frozen=True, slots=True)
class CleanDays:
    """Local dates from the last breach that stands to today; without one since the first case."""

    days: int
    since_on: dt.date
    last_breach_at: dt.datetime | None


def scorecard(
    session: Session, *, organisation_id: uuid.UUID, selection: Selection = EVERYTHING
) -> Scorecard:
    return Scorecard(*one(session, _TOTAL, selection.params(organisation_id)))


def added(cards: Iterable[Scorecard]) -> Scorecard:
    """One card of several that share no case."""
    parts = [dataclasses.astuple(card) for card in cards]
    return Scorecard(*map(sum, zip(*parts, strict=True))) if parts else Scorecard(*[0] * 7)


@dataclass(frozen=True, slots=True)
class Grid:
    """The same cases by branch and by day; a day without a case is not there."""

    by_branch: dict[uuid.UUID, Scorecard]
    by_day: dict[dt.date, DayFigures]

    def days(self, first: dt.date, last: dt.date) -> list[DayFigures]:
        """One row a day; zeros where nothing happened."""
        return [self.by_day.get(day) or DayFigures(day, 0, 0, 0) for day in _days(first, last)]


_GRID = f"""
SELECT c.branch_id, c.day_on, c.state, c.evidence, count(*)::int AS n
{_CASES} GROUP BY c.branch_id, c.day_on, c.state, c.evidence
"""

_PLACES = {"kept": 0, "broken": 1, "excluded": 2, "open": 3}
_EVIDENCE = {"live": 4, "unverified": 5, "imported": 6}


def scorecard_grid(session: Session, *, organisation_id: uuid.UUID, selection: Selection) -> Grid:
    """Cards of branches and figures of days in one walk along the index."""
    branches: dict[uuid.UUID, list[int]] = {}
    days: dict[dt.date, list[int]] = {}
    for branch_id, day, state, evidence, n in rows(
        session, _GRID, selection.params(organisation_id)
    ):
        card = branches.setdefault(branch_id, [0] * 7)
        card[_PLACES[state]] += n
        if state == "broken":
            card[_EVIDENCE[evidence]] += n
        days.setdefault(day, [0] * 4)[_PLACES[state]] += n
    return Grid(
        {branch_id: Scorecard(*card) for branch_id, card in branches.items()},
        {day: DayFigures(day, *counts[:3]) for day, counts in days.items()},
    )


def scorecards_by_promise(
    session: Session, *, organisation_id: uuid.UUID, selection: Selection
) -> dict[uuid.UUID, Scorecard]:
    """Only promises that have a case."""
    found = rows(session, _BY_PROMISE, selection.params(organisation_id))
    return {row[0]: Scorecard(*row[1:]) for row in found}


def daily_series(
    session: Session, *, organisation_id: uuid.UUID, selection: Selection
) -> list[DayFigures]:
    """One row a day from `from_on` to `to_on`, both needed; zeros where nothing happened."""
    if selection.from_on is None or selection.to_on is None:
        raise ValueError("a daily series needs its first and its last day")
    found = {
        row.day_on: DayFigures(*row)
        for row in rows(session, _BY_DAY, selection.params(organisation_id))
    }
    return [
        found.get(day) or DayFigures(day, 0, 0, 0)
        for day in _days(selection.from_on, selection.to_on)
    ]


def _days(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    return (first + dt.timedelta(days=n) for n in range((last - first).days + 1))


def waits(session: Session, *, organisation_id: uuid.UUID, selection: Selection) -> Waits:
    found = rows(session, _WAITS, selection.params(organisation_id))
    return Waits(tuple((max(row.seconds, 0), row.n) for row in found))


_LAST_BREACH = """
SELECT last.breached_at, b.time_zone
FROM unnest(coalesce(%(promise_ids)s::uuid[], ARRAY(
    SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
))) AS wanted (promise_id)
CROSS JOIN LATERAL (
    SELECT x.breached_at, x.branch_id
    FROM breaches x
    JOIN commitments c ON c.organisation_id = x.organisation_id AND c.id = x.commitment_id
        AND c.state = 'broken'  -- neither annulled nor of an import that was taken back
    WHERE x.organisation_id = %(organisation_id)s AND x.promise_id = wanted.promise_id
      AND (%(branch_id)s::uuid IS NULL OR x.branch_id = %(branch_id)s)
    ORDER BY x.breached_at DESC LIMIT 1
) last
JOIN branches b ON b.organisation_id = %(organisation_id)s AND b.id = last.branch_id
ORDER BY last.breached_at DESC LIMIT 1
"""

_FIRST_CASE = f"SELECT min(c.day_on) AS day_on {_CASES}"


def days_without_breach(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    zone: str,
    selection: Selection = EVERYTHING,
) -> CleanDays | None:
    """Whole local days since the last breach that still stands; today's breach makes it 0.

    The breach counts on its branch's date, today is the date in `zone`. None before any case. The
    days of the selection are not looked at.
    """
    params = selection.params(organisation_id) | {"from_on": _EVER[0], "to_on": _EVER[1]}
    today = local_date(now, zone)
    last = one_or_none(session, _LAST_BREACH, params)
    if last is not None:
        since = local_date(last.breached_at, last.time_zone)
        return CleanDays(max((today - since).days, 0), since, last.breached_at)
    first: dt.date | None = one(session, _FIRST_CASE, params).day_on
    if first is None:
        return None
    return CleanDays(max((today - first).days, 0), first, None)


_KEPT_ON = f"SELECT count(*) AS n {_CASES} AND c.state = 'kept'"


def kept_on_day(
    session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID, day_on: dt.date
) -> int:
    """Promises kept on one day of one branch, for the display in its hall."""
    chosen = Selection(branch_id=branch_id, from_on=day_on, to_on=day_on)
    return int(one(session, _KEPT_ON, chosen.params(organisation_id)).n)
