"""What a backtest says. Money is whole minor units; shares and intervals are estimates."""

import datetime as dt
import math
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from promises.kernel.money import Money
from promises.reporting.rates import KeptRate
from promises.rules.guarantee.limits import Limit
from promises.rules.guarantee.units import PER_CENT
from promises.rules.guarantee.vocabulary import Unit
from promises.rules.terms import Terms

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
    """The same promise with another limit: seconds of a wait, of general terms in the unit of their
    limit. Below 30 cases the interval is None."""

    limit: int | Fraction
    counts: Counts
    interval: Interval | None
    monthly: Monthly

    @property
    def limit_seconds(self) -> int:
        """Of terms that limit a wait."""
        return int(self.limit)


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

    General terms have no `leavers`. Their curve turns at `limit`, where they have an evident one;
    `curve_too_long` tells that there were too many cases for a curve. So many older cases as
    `left_out` says were not judged, and so many broken promises as `unpriced` says have no amount,
    as a fact is missing.
    """

    terms: Terms
    first_on: dt.date | None
    last_on: dt.date | None
    counts: Counts
    leavers: Leavers | None
    interval: Interval | None
    monthly: Monthly
    by_branch: tuple[BranchFigures, ...]
    by_weekday_hour: tuple[HourFigures, ...]
    curve: tuple[CurvePoint, ...]
    unknown_before: bool
    limit: Limit | None = None
    curve_too_long: bool = False
    left_out: int = 0
    unpriced: int = 0

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


_NICE = tuple(step * Fraction(10) ** power for power in range(-3, 9) for step in (1, 2, 5))
_NICE_IN: dict[str, tuple[Fraction, ...]] = {
    Unit.SECOND: tuple(Fraction(one) for one in _STEPS),
    Unit.MINUTE: tuple(Fraction(one) for one in (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1_440)),
    Unit.HOUR: tuple(Fraction(one, 4) for one in (1, 2, 4, 8, 16, 24, 48, 96, 192, 288, 672)),
    Unit.DAY: tuple(Fraction(one, 4) for one in (1, 2, 4, 8, 28, 56, 112)),
}
_OPEN: dict[str, str] = {
    Unit.OPEN_SECOND: Unit.SECOND,
    Unit.OPEN_MINUTE: Unit.MINUTE,
    Unit.OPEN_HOUR: Unit.HOUR,
}
_WHOLE: frozenset[str] = frozenset(
    {Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR}
)
_ALL = 100  # per cent


def limits_about(limit: Limit) -> tuple[Fraction, ...]:
    """The same for general terms, in the unit of their limit: days of the calendar are whole, and
    shares end at 100 per cent."""
    own = abs(limit.value)
    if limit.unit == PER_CENT and limit.value * 2 > _ALL:
        return _shares_about(limit.value)
    unit = _OPEN.get(limit.unit or "", limit.unit or "")
    steps = (Fraction(1),) if unit in _WHOLE else _NICE_IN.get(unit, _NICE)
    step = next((one for one in reversed(steps) if one * 8 <= own), steps[0])
    if not own:
        step = Fraction(1)
    count = max(math.ceil(2 * own / step), FEWEST_POINTS)
    return tuple(sorted({limit.value, *(step * number for number in range(1, count + 1))}))


def _shares_about(own: Fraction) -> tuple[Fraction, ...]:
    """Closer together the nearer the limit is to all."""
    room = max(_ALL - own, Fraction(1, 100))
    step = max((one for one in _NICE if one * 8 <= room), default=_NICE[0])
    low = _ALL - step * FEWEST_POINTS
    return tuple(sorted({own, *(low + step * number for number in range(1, FEWEST_POINTS + 1))}))
