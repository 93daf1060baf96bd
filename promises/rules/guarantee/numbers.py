"""Numbers: exact rationals, each a frozen part without a value of its own."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from promises.rules.guarantee.vocabulary import (
    Condition,
    Count,
    Instant,
    Number,
    Rounding,
    Take,
    Unit,
    Whole,
)


@dataclass(frozen=True, slots=True)
class Literal(Number):
    value: Fraction


@dataclass(frozen=True, slots=True)
class NumberFact(Number):
    name: str


@dataclass(frozen=True, slots=True)
class DatedValue(Number):
    """A value of `values` or of the row of `dated_values` that is in force."""

    name: str


@dataclass(frozen=True, slots=True)
class Measure(Number):
    name: str


@dataclass(frozen=True, slots=True)
class Field(Number):
    """A number of the record that is looked at, inside `count` and `total`."""

    name: str


@dataclass(frozen=True, slots=True)
class Arithmetic(Number):
    """`op`: add, subtract, multiply, divide, percent, smallest, largest."""

    op: str
    args: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Rounded(Number):
    of: Number
    to: Fraction
    how: Rounding


@dataclass(frozen=True, slots=True)
class Choice(Number):
    """The first row whose condition holds. One that is not known yet makes the whole unknown."""

    rows: tuple[tuple[Condition, Number], ...]
    otherwise: Number


@dataclass(frozen=True, slots=True)
class Tier:
    """None where a side is open. The closed sides are explicit."""

    low: Fraction | None
    low_closed: bool
    high: Fraction | None
    high_closed: bool
    then: Number


@dataclass(frozen=True, slots=True)
class Tiers(Number):
    of: Number
    rows: tuple[Tier, ...]
    otherwise: Number


@dataclass(frozen=True, slots=True)
class Periods(Number):
    """How many periods of `every` lie in `of` after `after`; at most `most`."""

    of: Number
    after: Number
    every: Number
    count: Count
    most: Number | None


@dataclass(frozen=True, slots=True)
class Rate:
    """What each period from the `first` to the `last` (None: all further) gives."""

    first: int
    last: int | None
    each: Number


@dataclass(frozen=True, slots=True)
class Accrual(Number):
    periods: Periods
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Pauses:
    """`fact` is of type intervals; None for `reasons` takes all of them."""

    fact: str
    reasons: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Elapsed(Number):
    """Real time, or open time where `calendar` is given."""

    start: Instant
    end: Instant
    unit: Unit
    whole: Whole
    calendar: str | None
    pauses: Pauses | None


@dataclass(frozen=True, slots=True)
class CalendarDays(Number):
    """Local dates apart, or the working days of `calendar` in (start, end]. A deadline stands for
    the last day that is in time."""

    start: Instant
    end: Instant
    calendar: str | None
    pauses: Pauses | None = None


@dataclass(frozen=True, slots=True)
class InterestRow:
    """Per cent a year from a local date to another, both included; None is open."""

    first: date | None
    last: date | None
    percent: Number


@dataclass(frozen=True, slots=True)
class Interest(Number):
    """Simple interest on `on` for each local day after the start up to the end, at the rate of that
    day. `year_days` None divides by the days of the calendar year."""

    on: Number
    start: Instant
    end: Instant
    rates: tuple[InterestRow, ...]
    year_days: int | None


@dataclass(frozen=True, slots=True)
class Months(Number):
    start: Instant
    end: Instant
    unit: Unit
    count: Count


@dataclass(frozen=True, slots=True)
class CountOf(Number):
    """How many entries of a list there are; with `within_days`, the most of which no two lie more
    local days apart (`at` names the time in each record). `spans` says that the entries are
    intervals, which may still last."""

    fact: str
    where: Condition | None
    within_days: int | None
    at: str | None
    spans: bool = False


@dataclass(frozen=True, slots=True)
class TotalOf(Number):
    fact: str
    of: Number
    where: Condition | None


@dataclass(frozen=True, slots=True)
class Spells(Number):
    """Interruptions, those with less than `merge_gap` between them counted as one. `count_gap`
    says whether the time between them counts as well."""

    fact: str
    take: Take
    merge_gap_s: int
    count_gap: bool
    unit: Unit
    whole: Whole
    reasons: frozenset[str] | None = None
    within: tuple[Instant, Instant] | None = None


@dataclass(frozen=True, slots=True)
class UptimePercent(Number):
    """The share of a local period without the down time, in per cent. `down` is a list of minutes
    or of intervals; each shorter than `shortest` minutes is left out, each is cut down to whole
    minutes where `whole_minutes`."""

    period: str
    down: str
    shortest: Fraction
    whole_minutes: bool


@dataclass(frozen=True, slots=True)
class LengthOf(Number):
    """The length of a local period."""

    period: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time for a cap: a local `day`, `month` or `year` (that starts on `starts`, month
    and day), or the last so many days before the case."""

    span: str
    starts: tuple[int, int]
    rolling_days: int | None


@dataclass(frozen=True, slots=True)
class Earlier(Number):
    """What was granted before in the window: how often, or how much."""

    amount: bool
    window: Window
    dated: Instant
