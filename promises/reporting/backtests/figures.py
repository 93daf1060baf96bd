"""What a backtest says. Money is whole minor units; shares and intervals are estimates."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from promises.kernel.money import Money
from promises.reporting.rates import KeptRate
from promises.rules.terms import WaitTerms

FEWEST_POINTS = 20


@dataclass(frozen=True, slots=True)
class Span:
    """Which history: the branches' local dates of arrival, both ends included, or one import."""

    from_on: dt.date | None = None
    to_on: dt.date | None = None
    import_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """The middle 95 per cent of a share."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class MoneyInterval:
    low: Money
    high: Money


@dataclass(frozen=True, slots=True)
class Leavers:
    """Customers who left, or did not come when they were called: before the limit, and after it."""

    before_limit: int
    after_limit: int


@dataclass(frozen=True, slots=True)
class Counts:
    """kept + broken + excluded + open are the tickets in scope. `owed` of the broken ones get
    `cost` together."""

    kept: int
    broken: int
    excluded: int
    open: int
    owed: int
    cost: Money

    @property
    def cases(self) -> int:
        return self.kept + self.broken + self.excluded + self.open

    @property
    def rate(self) -> KeptRate:
        return KeptRate(self.kept, self.broken)


@dataclass(frozen=True, slots=True)
class Monthly:
    """A month of the average length, from the days that were looked at."""

    breaches: Fraction
    cost: Money
    cost_interval: MoneyInterval | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The same promise with another limit. Below 30 cases the interval is None."""

    limit_seconds: int
    counts: Counts
    interval: Interval | None
    monthly: Monthly


@dataclass(frozen=True, slots=True)
class BranchFigures:
    branch_id: uuid.UUID
    counts: Counts


@dataclass(frozen=True, slots=True)
class HourFigures:
    """`weekday` 0 is Monday; the hour is that of the branch's clock at the arrival."""

    weekday: int
    hour: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Backtest:
    """A draft promise against history. `first_on` to `last_on` are the days with any ticket, None
    where there was none; `days` counts them all, quiet ones between them too.

    `interval` is None below 30 cases or on a single day. `unknown_before` tells that a cap counts
    awards from before the span, which the estimate cannot know.
    """

    terms: WaitTerms
    first_on: dt.date | None
    last_on: dt.date | None
    counts: Counts
    leavers: Leavers
    interval: Interval | None
    monthly: Monthly
    by_branch: tuple[BranchFigures, ...]
    by_weekday_hour: tuple[HourFigures, ...]
    curve: tuple[CurvePoint, ...]
    unknown_before: bool

    @property
    def days(self) -> int:
        if self.first_on is None or self.last_on is None:
            return 0
        return (self.last_on - self.first_on).days + 1

    @property
    def kept(self) -> int:
        return self.counts.kept

    @property
    def broken(self) -> int:
        return self.counts.broken

    @property
    def excluded(self) -> int:
        return self.counts.excluded

    @property
    def open(self) -> int:
        return self.counts.open

    @property
    def rate(self) -> KeptRate:
        return self.counts.rate

    @property
    def breaches_a_month(self) -> Fraction:
        return self.monthly.breaches

    @property
    def cost_a_month(self) -> Money:
        return self.monthly.cost


_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200,
    86_400, 172_800, 604_800,
)  # fmt: skip


def usual_limits(limit_seconds: int) -> tuple[int, ...]:
    """At least 20 round limits from short to about twice the one given, which is among them."""
    step = next(one for one in reversed(_STEPS) if one == 1 or one * 8 <= limit_seconds)
    count = max(-(-2 * limit_seconds // step), FEWEST_POINTS)
    return tuple(sorted({limit_seconds, *(step * number for number in range(1, count + 1))}))
