"""Shapes of the trade-off between limits, and of a week by hour; see `charts` for the rules.

Shares are floats between 0 and 1, amounts minor units; what is not known is None.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from promises.http.charts import Rect

WIDTH, HEIGHT = 400.0, 110.0
CELL_WIDTH, CELL_HEIGHT, CELL_GAP = 30.0, 24.0, 2.0
GOOD, FAIR = 0.95, 0.85
_ROUND = (1, 2, 5)


@dataclass(frozen=True)
class TradePoint:
    """One limit. `share` is None with too few cases, the bounds with too few days."""

    seconds: int
    share: float | None
    share_bounds: tuple[float, float] | None
    cost: int
    cost_bounds: tuple[int, int] | None


@dataclass(frozen=True)
class Panel:
    """One line over the limits. `band` is the d of the area between the bounds, `ticks` are
    (y, value)."""

    line: str
    band: str
    marks: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, Fraction], ...]
    chosen: tuple[float, float] | None


@dataclass(frozen=True)
class TradeOff:
    """Two panels over the same limits: the share kept, and its cost. `ticks` are (x, seconds)."""

    width: float
    height: float
    kept: Panel
    cost: Panel
    limit_x: float
    ticks: tuple[tuple[float, int], ...]


def trade_off(points: Sequence[TradePoint], limit_seconds: int) -> TradeOff:
    """Points by rising limit, at least two; `limit_seconds` is the one that is asked about."""
    if len(points) < 2:
        raise ValueError("a trade-off needs two limits at least")
    longest = points[-1].seconds

    def x(seconds: int) -> float:
        return round(WIDTH * seconds / longest, 2)

    low = (
        min(
            (one.share_bounds[0] if one.share_bounds else one.share)
            for one in points
            if one.share is not None
        )
        if any(one.share is not None for one in points)
        else 0.0
    )
    floor = min(math.floor(low * 10) / 10, 0.9)
    most = max(max(one.cost, one.cost_bounds[1] if one.cost_bounds else 0) for one in points)
    top = _round_up(most)
    places = [x(one.seconds) for one in points]
    here = next((n for n, one in enumerate(points) if one.seconds == limit_seconds), None)
    return TradeOff(
        WIDTH,
        HEIGHT,
        _panel(
            places,
            [one.share for one in points],
            [one.share_bounds for one in points],
            (floor, 1.0),
            here,
        ),
        _panel(
            places,
            [float(one.cost) for one in points],
            [one.cost_bounds for one in points],
            (0.0, float(top)),
            here,
        ),
        x(limit_seconds),
        tuple((x(seconds), seconds) for seconds in _ticks(longest)),
    )


def _panel(
    places: Sequence[float],
    values: Sequence[float | None],
    bounds: Sequence[tuple[float, float] | None],
    scale: tuple[float, float],
    here: int | None,
) -> Panel:
    low, high = scale

    def y(value: float) -> float:
        return round(HEIGHT * (1 - (value - low) / (high - low)), 2)

    marks = tuple(
        (x, y(value)) for x, value in zip(places, values, strict=True) if value is not None
    )
    known = [(x, one) for x, one in zip(places, bounds, strict=True) if one is not None]
    value = None if here is None else values[here]
    return Panel(
        line=_line(marks),
        band=_band(known, y),
        marks=marks,
        ticks=tuple(
            (y(one), Fraction(one).limit_denominator(1000)) for one in (low, (low + high) / 2, high)
        ),
        chosen=None if here is None or value is None else (places[here], y(value)),
    )


def _line(marks: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if n else 'M'}{x:g} {y:g}" for n, (x, y) in enumerate(marks))


def _band(known: Sequence[tuple[float, tuple[float, float]]], y: Callable[[float], float]) -> str:
    if len(known) < 2:
        return ""
    there = [(x, y(high)) for x, (_, high) in known]
    back = [(x, y(low)) for x, (low, _) in reversed(known)]
    return _line([*there, *back]) + "Z"


def _round_up(amount: int) -> int:
    """The next amount of one digit that matters: 1, 2 or 5 and zeros."""
    power = 1
    while True:
        for digit in _ROUND:
            if digit * power >= amount:
                return max(digit * power, 1)
        power *= 10


def _ticks(longest: int) -> tuple[int, ...]:
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200)
    every = next((one for one in steps if longest <= 7 * one), 86_400 * -(-longest // (7 * 86_400)))
    return tuple(range(0, longest + 1, every))


@dataclass(frozen=True)
class Hour:
    """The cases of one hour of the week; `weekday` 0 is Monday."""

    weekday: int
    hour: int
    kept: int
    broken: int


@dataclass(frozen=True)
class HeatCell:
    """`share` is None with too few cases to tell it."""

    hour: Hour
    rect: Rect
    share: float | None


@dataclass(frozen=True)
class HeatMap:
    """`hours` are (x, hour) and `days` (y, weekday) for the axes."""

    width: float
    height: float
    cells: tuple[HeatCell, ...]
    hours: tuple[tuple[float, int], ...]
    days: tuple[tuple[float, int], ...]


def heat_map(hours: Sequence[Hour], fewest: int) -> HeatMap:
    """A row a weekday and a column an hour, as far as there are cases. Below `fewest` cases the
    level is "none"."""
    used = [one for one in hours if one.kept + one.broken]
    first = min((one.hour for one in used), default=0)
    columns = range(first, max((one.hour for one in used), default=-1) + 1)
    rows = sorted({one.weekday for one in used})
    cells = tuple(
        _cell(one, (one.hour - first) * CELL_WIDTH, rows.index(one.weekday) * CELL_HEIGHT, fewest)
        for one in used
    )
    return HeatMap(
        len(columns) * CELL_WIDTH,
        len(rows) * CELL_HEIGHT,
        cells,
        tuple((n * CELL_WIDTH + CELL_WIDTH / 2, hour) for n, hour in enumerate(columns)),
        tuple((n * CELL_HEIGHT + CELL_HEIGHT / 2, day) for n, day in enumerate(rows)),
    )


def _cell(hour: Hour, x: float, y: float, fewest: int) -> HeatCell:
    cases = hour.kept + hour.broken
    share = hour.kept / cases if cases >= fewest else None
    level = "none"
    if share is not None:
        level = "good" if share >= GOOD else "risk" if share >= FAIR else "bad"
    rect = Rect(x, y, CELL_WIDTH - CELL_GAP, CELL_HEIGHT - CELL_GAP, level)
    return HeatCell(hour, rect, share)
