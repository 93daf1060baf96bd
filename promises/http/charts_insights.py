"""Shapes of the charts that look for reasons; see `charts` for the rules.

A control chart, waits around a limit with the band that is expected, stacked columns, a funnel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from promises.http.charts import Rect

WIDTH, HEIGHT = 560.0, 180.0


@dataclass(frozen=True)
class ControlDot:
    """`level` is "bad" or "good" where the point says something, else "none"."""

    x: float
    y: float
    level: str
    place: int


@dataclass(frozen=True)
class ControlShape:
    """`band` is the d of the area in which chance leaves the points; `marks` are (x, number)."""

    width: float
    height: float
    line: str
    band: str
    centre_y: float | None
    dots: tuple[ControlDot, ...]
    ticks: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, int], ...]


@dataclass(frozen=True)
class ControlValue:
    """One point: its share, its limits, and "bad", "good" or "none"; no share without a case."""

    share: float | None
    low: float | None
    high: float | None
    level: str


def control_shape(
    values: Sequence[ControlValue], centre: float | None, marks: Sequence[int]
) -> ControlShape:
    """`marks` are the places of the points at which something happened, each once."""
    known = [one.share for one in values if one.share is not None]
    lows = [one.low for one in values if one.low is not None]
    floor = max(math.floor(min([*known, *lows, 0.9]) * 10) / 10, 0.0)
    step = WIDTH / max(len(values), 1)

    def x(place: int) -> float:
        return round((place + 0.5) * step, 2)

    def y(share: float) -> float:
        return round(HEIGHT * (1 - (share - floor) / (1 - floor)), 2)

    dots = tuple(
        ControlDot(x(place), y(one.share), one.level, place)
        for place, one in enumerate(values)
        if one.share is not None
    )
    limited = [
        (place, one.low, one.high)
        for place, one in enumerate(values)
        if one.low is not None and one.high is not None
    ]
    return ControlShape(
        WIDTH,
        HEIGHT,
        "".join(f"{'L' if n else 'M'}{dot.x:g} {dot.y:g}" for n, dot in enumerate(dots)),
        _steps(
            [(place * step, (place + 1) * step, y(low), y(high)) for place, low, high in limited]
        ),
        None if centre is None else y(centre),
        dots,
        tuple((y(one), one) for one in (floor, (floor + 1) / 2, 1.0)),
        tuple((x(place), number) for number, place in enumerate(marks, 1)),
    )


def _steps(spans: Sequence[tuple[float, float, float, float]]) -> str:
    """The area between an upper and a lower staircase; each span is (from, to, lower, upper)."""
    if not spans:
        return ""
    there = [f"{x:.2f} {high:g}" for left, right, _, high in spans for x in (left, right)]
    back = [f"{x:.2f} {low:g}" for left, right, low, _ in reversed(spans) for x in (right, left)]
    return "M" + "L".join([*there, *back]) + "Z"


@dataclass(frozen=True)
class SpikeShape:
    """Bars of waits around a limit, the expected line and its band; `ticks` are (x, seconds)."""

    width: float
    height: float
    bars: tuple[Rect, ...]
    line: str
    band: str
    limit_x: float
    ticks: tuple[tuple[float, int], ...]


def spike_shape(
    bins: Sequence[tuple[float, int, float, float, float]], limit_seconds: int
) -> SpikeShape:
    """`bins`: (from seconds, cases, expected, low, high), all of one width, the limit between two.
    Bars above their band are "risk"."""
    top = max(max(cases, high) for _, cases, _, _, high in bins) or 1.0
    step = WIDTH / len(bins)
    first, width = bins[0][0], bins[1][0] - bins[0][0]

    def y(count: float) -> float:
        return round(HEIGHT * (1 - count / top), 2)

    bars = tuple(
        Rect(
            round(n * step + 0.75, 2),
            y(cases),
            round(step - 1.5, 2),
            round(HEIGHT - y(cases), 2),
            "risk" if cases > high else "brand",
        )
        for n, (_, cases, _, _, high) in enumerate(bins)
    )
    middle = [(n + 0.5) * step for n in range(len(bins))]
    line = "".join(
        f"{'L' if n else 'M'}{x:.2f} {y(one[2]):g}"
        for n, (x, one) in enumerate(zip(middle, bins, strict=True))
    )
    spans = [(n * step, (n + 1) * step, y(one[3]), y(one[4])) for n, one in enumerate(bins)]
    limit_x = round((limit_seconds - first) / width * step, 2)
    every = max(round(len(bins) / 6), 1)
    ticks = tuple((round(n * step, 2), round(bins[n][0])) for n in range(0, len(bins), every))
    return SpikeShape(WIDTH, HEIGHT, bars, line, _steps(spans), limit_x, ticks)


@dataclass(frozen=True)
class Column:
    """One column: its parts from below, each with the name of its part."""

    x: float
    middle: float
    parts: tuple[tuple[str, Rect], ...]


@dataclass(frozen=True)
class Columns:
    width: float
    height: float
    columns: tuple[Column, ...]
    ticks: tuple[tuple[float, int], ...]


def stacked_columns(values: Sequence[dict[str, int]], levels: dict[str, str]) -> Columns:
    """A column for each dict of amounts by part; `levels` names the parts from below with the level
    that each is drawn in. A part above zero is never drawn as nothing."""
    top = _round_up(max((sum(one.values()) for one in values), default=0))
    step = WIDTH / max(len(values), 1)
    wide = min(step * 0.62, 60.0)
    columns = []
    for n, amounts in enumerate(values):
        middle = round((n + 0.5) * step, 2)
        left, ground, parts = round(middle - wide / 2, 2), HEIGHT, []
        for name, level in levels.items():
            if not amounts[name]:
                continue
            tall = max(HEIGHT * amounts[name] / top, 2.0)
            ground -= tall
            parts.append(
                (name, Rect(left, round(ground, 2), round(wide, 2), round(tall, 2), level))
            )
        columns.append(Column(left, middle, tuple(parts)))
    ticks = tuple((round(HEIGHT * (1 - one / 2), 2), top * one // 2) for one in (0, 1, 2))
    return Columns(WIDTH, HEIGHT, tuple(columns), ticks)


def _round_up(amount: int) -> int:
    """The next even amount of one digit that matters: 2, 4, 6, 8 or 10 and zeros."""
    power = 1
    while True:
        for digit in (2, 4, 6, 8, 10):
            if digit * power >= amount:
                return digit * power
        power *= 10
