"""How much failing a target leaves room for, in cases and in money: pure, exact arithmetic.

The error budget of a month is the number of cases that may break while the target is still met:
the share that the target allows on each day, of the cases of that day, added up and cut down to
whole cases. The days to come count with the cases that are expected then.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

MARKS = (80, 100)
"""Per cent of a budget at which management may have a reaction done."""


@dataclass(frozen=True, slots=True)
class BudgetDay:
    """`allowed`: the share that may break; None on a day without a target. `expected`: cases still
    to come."""

    on: dt.date
    allowed: Fraction | None
    cases: int
    broken: int
    expected: Fraction


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """`room` is the budget before it is cut down to whole cases; `left` is negative when more
    broke than the target allows. `runs_out_on`: the day on which it is used up if breaches go on
    as they do; None where it lasts, or is used up already. `expected_cases` are those of the whole
    month, decided ones and those to come."""

    room: Fraction
    used: int
    expected_cases: Fraction
    runs_out_on: dt.date | None

    @property
    def whole(self) -> int:
        return int(self.room)

    @property
    def left(self) -> int:
        return self.whole - self.used


@dataclass(frozen=True, slots=True)
class MoneyBudget:
    """Minor units. `spent`: owed and paid; `at_risk`: what the cases that are still open could
    cost at most; `forecast`: what the whole month will cost if breaches go on as they do."""

    limit: int
    spent: int
    at_risk: int
    forecast: int
    runs_out_on: dt.date | None

    @property
    def left(self) -> int:
        return self.limit - self.spent


def error_budget(days: Sequence[BudgetDay], bad_share: Fraction | None) -> ErrorBudget | None:
    """Of a whole month, day by day; None where no day has a target. `bad_share` is how many of the
    cases broke lately."""
    aimed = [day for day in days if day.allowed is not None]
    if not aimed:
        return None
    room = sum((_room(day) for day in aimed), Fraction(0))
    used = sum(day.broken for day in aimed)
    total = sum((day.cases + day.expected for day in aimed), Fraction(0))
    left = int(room) - used
    burn = [(day.on, (bad_share or 0) * day.expected) for day in aimed]
    return ErrorBudget(room, used, total, runs_out(Fraction(left), burn))


def _room(day: BudgetDay) -> Fraction:
    return (day.allowed or Fraction(0)) * (day.cases + day.expected)


def runs_out(left: Fraction, burn: Iterable[tuple[dt.date, Fraction]]) -> dt.date | None:
    """The day on which nothing is left; None where something stays, or nothing is left already."""
    if left <= 0:
        return None
    for day, used in burn:
        left -= used
        if left <= 0:
            return day
    return None


@dataclass(frozen=True, slots=True)
class Pace:
    """How money is lost: the share of cases that break, and what a breach costs on average."""

    bad_share: Fraction
    per_breach: Fraction


def money_budget(
    *,
    limit: int,
    spent: int,
    at_risk: int,
    pace: Pace | None,
    expected: Sequence[tuple[dt.date, Fraction]],
) -> MoneyBudget:
    """`expected`: the cases still to come on each day. Without a pace nothing more is foreseen."""
    each = pace.bad_share * pace.per_breach if pace else Fraction(0)
    burn = [(day, each * cases) for day, cases in expected]
    more = sum((cost for _, cost in burn), Fraction(0))
    return MoneyBudget(
        limit, spent, at_risk, spent + round(more), runs_out(Fraction(limit - spent), burn)
    )


@dataclass(frozen=True, slots=True)
class Custom:
    """What came on one weekday in the past weeks, and for how long we were open then."""

    cases: int
    open_seconds: int


def expected_cases(
    custom: Mapping[int, Custom], coming: Iterable[tuple[dt.date, int]]
) -> dict[dt.date, Fraction]:
    """For days to come, each with its open seconds: as many cases in an open hour as there were on
    this weekday (Monday is 1). A day on which we do not open brings none; a weekday on which we
    never opened brings as many as the others. In whole thousandths of a case."""
    usual = Custom(
        sum(one.cases for one in custom.values()),
        sum(one.open_seconds for one in custom.values()),
    )
    found = {}
    for day, open_seconds in coming:
        here = custom.get(day.isoweekday(), usual)
        like = here if here.open_seconds else usual
        rate = Fraction(like.cases, like.open_seconds) if like.open_seconds else Fraction(0)
        found[day] = Fraction(round(1000 * rate * open_seconds), 1000)
    return found


def marks_reached(used: int, of: Fraction | int) -> tuple[int, ...]:
    """Which marks a budget has come to. One without room is used up by the first breach."""
    if used <= 0:
        return ()
    return tuple(mark for mark in MARKS if used * 100 >= of * mark)
