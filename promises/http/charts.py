"""Numbers to shapes: everything that the SVG macros of charts.html draw is computed here.

Pure. Lengths are in the units of the drawing's view box, origin at the top left; no text, no
colour: a shape carries a level ("good", "risk", "bad", "none") that the sheet turns into a fill,
and charts never rely on it alone: height, position or a label say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

DAY_HEIGHT = 40.0
DAY_STEP = 8.0
DAY_GAP = 2.0
DAY_STUB = 5.0  # a day without a case
PART_LEAST = 5.0  # the smallest visible share of a day


@dataclass(frozen=True)
class Day:
    """The figures of one day; a paused day or a day without a case is drawn as a stub."""

    on: date
    kept: int
    broken: int
    excluded: int = 0
    paused: bool = False


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    level: str


@dataclass(frozen=True)
class DayBar:
    day: Day
    parts: tuple[Rect, ...]


@dataclass(frozen=True)
class DailyBars:
    """`clean_days`: days with kept cases, counted back from the last day to the first breach."""

    width: float
    height: float
    bars: tuple[DayBar, ...]
    kept: int
    broken: int
    excluded: int
    clean_days: int


def daily_bars(days: Sequence[Day]) -> DailyBars:
    """One bar a day in the order given: kept grows from below, broken hangs from above."""
    return DailyBars(
        width=max(len(days) * DAY_STEP - DAY_GAP, DAY_STEP),
        height=DAY_HEIGHT,
        bars=tuple(
            DayBar(day, _day_parts(day, index * DAY_STEP)) for index, day in enumerate(days)
        ),
        kept=sum(day.kept for day in days),
        broken=sum(day.broken for day in days),
        excluded=sum(day.excluded for day in days),
        clean_days=_clean_days(days),
    )


def _day_parts(day: Day, x: float) -> tuple[Rect, ...]:
    width = DAY_STEP - DAY_GAP
    judged = day.kept + day.broken
    if day.paused or not judged:
        return (Rect(x, DAY_HEIGHT - DAY_STUB, width, DAY_STUB, "none"),)
    if not day.broken:
        return (Rect(x, 0.0, width, DAY_HEIGHT, "good"),)
    if not day.kept:
        return (Rect(x, 0.0, width, DAY_HEIGHT, "bad"),)
    gap = 1.5
    room = DAY_HEIGHT - gap
    bad = min(max(room * day.broken / judged, PART_LEAST), room - PART_LEAST)
    return (
        Rect(x, 0.0, width, round(bad, 2), "bad"),
        Rect(x, round(bad + gap, 2), width, round(room - bad, 2), "good"),
    )


def _clean_days(days: Sequence[Day]) -> int:
    clean = 0
    for day in reversed(days):
        if day.broken:
            break
        clean += bool(day.kept)
    return clean


@dataclass(frozen=True)
class Sparkline:
    """`path` is the d of an SVG path with a gap at each missing value; `last` the end point."""

    width: float
    height: float
    path: str
    last: tuple[float, float] | None


def sparkline(
    values: Sequence[float | None], width: float = 120.0, height: float = 28.0
) -> Sparkline:
    """A small line from left to right; None is a gap. Equal values give a line in the middle."""
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline(width, height, "", None)
    pad = 3.0
    low, high = min(known), max(known)
    step = (width - 2 * pad) / max(len(values) - 1, 1)
    points: list[tuple[float, float] | None] = []
    for index, value in enumerate(values):
        if value is None:
            points.append(None)
            continue
        share = 0.5 if high == low else (value - low) / (high - low)
        points.append(
            (round(pad + index * step, 2), round(height - pad - share * (height - 2 * pad), 2))
        )
    last = next(point for point in reversed(points) if point is not None)
    return Sparkline(width, height, _path(points), last)


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    pieces: list[str] = []
    pen_down = False
    for point in points:
        if point is not None:
            pieces.append(f"{'L' if pen_down else 'M'}{point[0]:g} {point[1]:g}")
        pen_down = point is not None
    return "".join(pieces)


@dataclass(frozen=True)
class BarRow:
    """`length` of 100; `share` of the sum of all values, exact."""

    label: str
    value: int
    text: str
    length: float
    share: Fraction
    href: str | None = None


def horizontal_bars(
    rows: Sequence[tuple[str, int, str] | tuple[str, int, str, str]],
) -> tuple[BarRow, ...]:
    """Rows of (label, value, text[, address]) in the order given; the longest bar is 100 long.

    A value above zero is never drawn as nothing. Values are not negative.
    """
    top = max((row[1] for row in rows), default=0)
    total = sum(row[1] for row in rows)
    bars = []
    for row in rows:
        length = 0.0 if not row[1] else max(round(100 * row[1] / top, 2), 0.75)
        share = Fraction(row[1], total) if total else Fraction(0)
        bars.append(BarRow(row[0], row[1], row[2], length, share, row[3] if len(row) > 3 else None))
    return tuple(bars)


@dataclass(frozen=True)
class Bin:
    """Cases that took more than `from_seconds` and at most `to_seconds` (None: longer)."""

    from_seconds: int
    to_seconds: int | None
    cases: int
    rect: Rect


@dataclass(frozen=True)
class Histogram:
    """`ticks`: (x, seconds) for the axis; `limit_x` is None when the limit is off the scale."""

    width: float
    height: float
    bins: tuple[Bin, ...]
    limit_seconds: int
    limit_x: float | None
    ticks: tuple[tuple[float, int], ...]
    top: int
    total: int


def histogram(
    counts: Sequence[int], bin_seconds: int, limit_seconds: int, *, open_ended: bool = True
) -> Histogram:
    """Counts of waits in bins of one width from zero on, with the promised limit as a line.

    Bin i holds the waits above i and up to i + 1 widths (no wait at all: the first), so that a
    wait of exactly the limit is left of the line. With `open_ended` the last bin holds everything
    longer. A bin that the limit cuts is "risk".
    """
    if bin_seconds <= 0 or not counts:
        raise ValueError("a histogram needs a bin width above zero and at least one bin")
    width, height = 400.0, 140.0
    step = width / len(counts)
    top = max(counts)
    bins = []
    for index, cases in enumerate(counts):
        start = index * bin_seconds
        longest = open_ended and index == len(counts) - 1
        tall = 0.0 if not cases else max(round(height * cases / top, 2), 1.5)
        level = _bin_level(start, start + bin_seconds, limit_seconds, open_ended=longest)
        rect = Rect(
            round(index * step + 0.75, 2),
            round(height - tall, 2),
            round(step - 1.5, 2),
            tall,
            level,
        )
        bins.append(Bin(start, None if longest else start + bin_seconds, cases, rect))
    limit_x = limit_seconds / bin_seconds * step
    return Histogram(
        width,
        height,
        tuple(bins),
        limit_seconds,
        round(limit_x, 2) if limit_x <= width else None,
        _ticks(len(counts), bin_seconds, step),
        top,
        sum(counts),
    )


def _bin_level(start: int, end: int, limit: int, *, open_ended: bool) -> str:
    if start >= limit:
        return "bad"
    if end > limit or open_ended:
        return "risk"
    return "good"


def _ticks(bins: int, bin_seconds: int, step: float) -> tuple[tuple[float, int], ...]:
    """Marks at round times, about five of them."""
    longest = bins * bin_seconds
    round_steps = (5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
    every = next((seconds for seconds in round_steps if longest <= 6 * seconds), 86400)
    return tuple(
        (round(seconds / bin_seconds * step, 2), seconds)
        for seconds in range(0, longest + 1, every)
    )


@dataclass(frozen=True)
class BurnLine:
    """What is left of a budget. `rate` 1 means: used up exactly at the end of the period."""

    width: float
    height: float
    line: str
    even: str
    zero_y: float
    last: tuple[float, float]
    left_minor: int
    rate: Fraction | None
    empty_day: int | None


def burn_line(spent_minor: Sequence[int], budget_minor: int, days: int) -> BurnLine:
    """The remaining budget at the end of each day so far.

    `spent_minor`: money owed in total up to each day (never falling, first item the first day),
    `days`: length of the period. Debts beyond the budget are drawn below the zero line.
    `empty_day` counts from 1.
    """
    if budget_minor <= 0 or days < 1 or len(spent_minor) > days:
        raise ValueError("a burn line needs a budget, a period, and no more days than it has")
    if any(later < earlier for earlier, later in pairwise(spent_minor)):
        raise ValueError("what was spent in total cannot fall")
    width, height = 400.0, 140.0
    left = [budget_minor, *(budget_minor - spent for spent in spent_minor)]
    bottom = min(0, left[-1])

    def y(amount: int) -> float:
        return round(height * (budget_minor - amount) / (budget_minor - bottom), 2)

    points = [(round(width * day / days, 2), y(amount)) for day, amount in enumerate(left)]
    gone = len(spent_minor)
    used = budget_minor - left[-1]
    return BurnLine(
        width,
        height,
        _path(points),
        _path([(0.0, y(budget_minor)), (width, y(0))]),
        y(0),
        points[-1],
        left[-1],
        Fraction(used * days, budget_minor * gone) if gone else None,
        next((day for day, amount in enumerate(left) if amount <= 0), None),
    )
