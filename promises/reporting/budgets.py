"""The budgets of a month: how many cases may still break, how much money is left, until when.

The definitions stand in docs/budgets.md. Counts come by days from the index of counts; what is
expected on the days to come follows from the last eight weeks and the branches' opening hours.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.queries import PromiseInfo, PromiseState
from promises.catalogue.targets import TargetStep, target_on
from promises.db.sql import rows
from promises.identity.branch_hours import BranchHours
from promises.reporting.money import GROUPS, LAST_ONE, PAYOUT_OF, MoneyGroup
from promises.reporting.rates import FEWEST_FOR_SHARE, KeptRate
from promises.rules.budgets import (
    BudgetDay,
    Custom,
    ErrorBudget,
    MoneyBudget,
    Pace,
    error_budget,
    expected_cases,
    money_budget,
)
from promises.rules.terms import WaitTerms

HISTORY_DAYS = 56
LATELY_DAYS = 28

_DAYS = """
SELECT c.promise_id, c.branch_id, c.day_on,
    count(*) FILTER (WHERE c.state = 'kept') AS kept,
    count(*) FILTER (WHERE c.state = 'broken') AS broken,
    count(*) FILTER (WHERE c.state = 'open') AS open
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY (%(promise_ids)s)
  AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
GROUP BY c.promise_id, c.branch_id, c.day_on
"""

_MONEY = f"""
SELECT b.promise_id, b.day_on, count(*) AS n, sum(k.amount_minor)::bigint AS amount_minor
FROM breaches b
JOIN compensations k ON k.organisation_id = b.organisation_id AND k.breach_id = b.id
    AND {LAST_ONE}
{PAYOUT_OF}
WHERE b.organisation_id = %(organisation_id)s AND b.promise_id = ANY (%(promise_ids)s)
  AND b.day_on BETWEEN %(from_on)s AND %(to_on)s AND b.breached_at >= %(from_at)s
  AND {GROUPS[MoneyGroup.SPENT]}
GROUP BY b.promise_id, b.day_on
"""


@dataclass(frozen=True, slots=True)
class Month:
    """The month of `today`, both ends included."""

    today: dt.date

    @property
    def first(self) -> dt.date:
        return self.today.replace(day=1)

    @property
    def last(self) -> dt.date:
        following = (self.first + dt.timedelta(days=32)).replace(day=1)
        return following - dt.timedelta(days=1)

    @property
    def days(self) -> list[dt.date]:
        return [self.first + dt.timedelta(days=n) for n in range(self.last.day)]


@dataclass(slots=True)
class DayCount:
    kept: int = 0
    broken: int = 0
    open: int = 0

    @property
    def decided(self) -> int:
        return self.kept + self.broken

    def add(self, row: Any) -> None:
        self.kept += row.kept
        self.broken += row.broken
        self.open += row.open


Days = Mapping[dt.date, DayCount]
NOTHING = DayCount()


@dataclass(frozen=True, slots=True)
class Standing:
    """One promise, or one branch of it, in this month. `errors` None: no target. `money` None: no
    budget, and always of a branch. `lately`: the last four weeks, from which the forecast follows;
    below 30 cases nothing is foreseen. `spent`: by day."""

    month: Month
    target: Decimal | None
    coming: TargetStep | None
    errors: ErrorBudget | None
    money: MoneyBudget | None
    so_far: KeptRate
    lately: KeptRate
    open_cases: int
    days: tuple[BudgetDay, ...]
    spent: Mapping[dt.date, int]
    counts: Days

    @property
    def counted_from(self) -> dt.date:
        """The first day of the month that has a target."""
        return next((day.on for day in self.days if day.allowed is not None), self.month.first)

    def share_of(self, day: dt.date) -> Fraction | None:
        """The kept-rate of a day; None without a decided case."""
        count = self.counts.get(day, NOTHING)
        return Fraction(count.kept, count.decided) if count.decided else None


def standings(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promises: Sequence[PromiseInfo],
    today: dt.date,
    hours: BranchHours,
) -> dict[uuid.UUID, Standing]:
    """Of the promises that are in force. Two statements."""
    wanted = [one for one in promises if one.state is PromiseState.IN_FORCE]
    if not wanted:
        return {}
    month = Month(today)
    counts = day_counts(session, organisation_id, [one.promise_id for one in wanted], month)
    money = _money_by_day(session, organisation_id, [one.promise_id for one in wanted], month)
    parts: dict[uuid.UUID, list[dict[dt.date, DayCount]]] = defaultdict(list)
    for (promise_id, _, day), row in counts.items():
        parts[promise_id].append({day: row})
    return {
        info.promise_id: _standing(
            info,
            month,
            _added(parts[info.promise_id]),
            _Seconds(hours, _branches(info, hours)),
            money.get(info.promise_id, {}),
        )
        for info in wanted
    }


@dataclass(frozen=True, slots=True)
class PromiseStanding:
    """A promise as a whole and at each branch that it is for; branches have no money of their
    own."""

    whole: Standing
    branches: Mapping[uuid.UUID, Standing]


def promise_standing(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    info: PromiseInfo,
    today: dt.date,
    hours: BranchHours,
) -> PromiseStanding:
    """Two statements."""
    month, places = Month(today), _branches(info, hours)
    counts = day_counts(session, organisation_id, [info.promise_id], month)
    money = _money_by_day(session, organisation_id, [info.promise_id], month)
    by_branch: dict[uuid.UUID, dict[dt.date, DayCount]] = defaultdict(dict)
    for (_, branch_id, day), row in counts.items():
        by_branch[branch_id][day] = row
    return PromiseStanding(
        _standing(
            info,
            month,
            _added(by_branch.values()),
            _Seconds(hours, places),
            money.get(info.promise_id, {}),
        ),
        {
            one: _standing(info, month, by_branch.get(one, {}), _Seconds(hours, [one]), None)
            for one in places
        },
    )


def _added(parts: Iterable[Mapping[dt.date, DayCount]]) -> Days:
    total: defaultdict[dt.date, DayCount] = defaultdict(DayCount)
    for part in parts:
        for day, row in part.items():
            total[day].add(row)
    return total


def day_counts(
    session: Session, organisation_id: uuid.UUID, promise_ids: list[uuid.UUID], month: Month
) -> dict[tuple[uuid.UUID, uuid.UUID, dt.date], DayCount]:
    """By promise, branch and day: the last eight weeks and what is already there of the month."""
    params = {
        "organisation_id": organisation_id,
        "promise_ids": promise_ids,
        "from_on": month.today - dt.timedelta(days=HISTORY_DAYS),
        "to_on": month.last,
    }
    return {
        (row.promise_id, row.branch_id, row.day_on): DayCount(row.kept, row.broken, row.open)
        for row in rows(session, _DAYS, params)
    }


def _money_by_day(
    session: Session, organisation_id: uuid.UUID, promise_ids: list[uuid.UUID], month: Month
) -> dict[uuid.UUID, dict[dt.date, tuple[int, int]]]:
    """By promise and day: how many breaches cost something, and how much."""
    first = min(month.first, month.today - dt.timedelta(days=LATELY_DAYS))
    params = {
        "organisation_id": organisation_id,
        "promise_ids": promise_ids,
        "from_on": first,
        "to_on": month.last,
        "from_at": dt.datetime.combine(first, dt.time(), dt.UTC) - dt.timedelta(days=1),
    }
    found: dict[uuid.UUID, dict[dt.date, tuple[int, int]]] = defaultdict(dict)
    for row in rows(session, _MONEY, params):
        found[row.promise_id][row.day_on] = (row.n, row.amount_minor)
    return found


def _branches(info: PromiseInfo, hours: BranchHours) -> list[uuid.UUID]:
    scope = info.version.terms.scope.branches
    return [one for one in hours.branches if scope is None or one in scope]


@dataclass(frozen=True, slots=True)
class _Seconds:
    """How long some branches together are open."""

    hours: BranchHours
    branches: Iterable[uuid.UUID]

    def on(self, day: dt.date) -> int:
        return sum(self.hours.seconds_on(one, day) for one in self.branches)

    def left(self, today: dt.date) -> int:
        return sum(self.hours.seconds_left(one, today) for one in self.branches)


def _standing(
    info: PromiseInfo,
    month: Month,
    counts: Days,
    seconds: _Seconds,
    money: Mapping[dt.date, tuple[int, int]] | None,
) -> Standing:
    today, path = month.today, info.version.target_path
    recent = [today - dt.timedelta(days=n) for n in range(LATELY_DAYS)]
    lately = _rate(counts, recent)
    open_cases = sum(counts.get(day, NOTHING).open for day in month.days)
    expected = _expected(month, counts, seconds)
    expected[today] = expected.get(today, Fraction(0)) + open_cases
    days = tuple(
        BudgetDay(
            day,
            _allowed(path, day),
            counts.get(day, NOTHING).decided,
            counts.get(day, NOTHING).broken,
            expected.get(day, Fraction(0)),
        )
        for day in month.days
    )
    known = lately.cases >= FEWEST_FOR_SHARE
    bad_share = Fraction(lately.broken, lately.cases) if known else None
    spent = {day: (money or {}).get(day, (0, 0))[1] for day in month.days}
    return Standing(
        month=month,
        target=target_on(path, today),
        coming=next((step for step in path if step.from_on > today), None),
        errors=error_budget(days, bad_share),
        money=None if money is None else _money(info, days, open_cases, bad_share, spent, money),
        so_far=_rate(counts, month.days),
        lately=lately,
        open_cases=open_cases,
        days=days,
        spent=spent,
        counts=counts,
    )


def _allowed(path: Sequence[TargetStep], day: dt.date) -> Fraction | None:
    target = target_on(path, day)
    return None if target is None else 1 - Fraction(target)


def _rate(counts: Days, days: Iterable[dt.date]) -> KeptRate:
    found = [counts[day] for day in days if day in counts]
    return KeptRate(sum(one.kept for one in found), sum(one.broken for one in found))


def _expected(month: Month, counts: Days, seconds: _Seconds) -> dict[dt.date, Fraction]:
    """Cases to come, from now to the end of the month."""
    today = month.today
    custom: dict[int, Custom] = {}
    for back in range(1, HISTORY_DAYS + 1):
        day = today - dt.timedelta(days=back)
        one = custom.get(day.isoweekday(), Custom(0, 0))
        custom[day.isoweekday()] = Custom(
            one.cases + counts.get(day, NOTHING).decided, one.open_seconds + seconds.on(day)
        )
    coming = [(today, seconds.left(today))]
    coming += [(day, seconds.on(day)) for day in month.days if day > today]
    return expected_cases(custom, coming)


def _money(
    info: PromiseInfo,
    days: Sequence[BudgetDay],
    open_cases: int,
    bad_share: Fraction | None,
    spent: Mapping[dt.date, int],
    money: Mapping[dt.date, tuple[int, int]],
) -> MoneyBudget | None:
    terms = info.version.terms
    if terms.budget_month_minor is None:
        return None
    each = terms.amount_minor if isinstance(terms, WaitTerms) else 0
    breaches = sum(n for n, _ in money.values())
    usual = Fraction(sum(cost for _, cost in money.values()), breaches) if breaches else None
    return money_budget(
        limit=terms.budget_month_minor,
        spent=sum(spent.values()),
        at_risk=open_cases * each,
        pace=None if bad_share is None else Pace(bad_share, usual or Fraction(each)),
        expected=[(day.on, day.expected) for day in days],
    )
