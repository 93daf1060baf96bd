"""Ninety days in three paths: for pages with a chart of every promise, where each byte counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from promises.http.charts import DailyBars, Day, daily_bars


@dataclass(frozen=True)
class ThinBars:
    """`paths` are (level, d of an SVG path); the levels are those of charts."""

    bars: DailyBars
    paths: tuple[tuple[str, str], ...]


def thin_bars(days: Sequence[Day]) -> ThinBars:
    bars = daily_bars(days)
    found: dict[str, list[str]] = {}
    for bar in bars.bars:
        for part in bar.parts:
            shape = f"M{part.x:g} {part.y:g}h{part.width:g}v{part.height:g}h-{part.width:g}z"
            found.setdefault(part.level, []).append(shape)
    return ThinBars(bars, tuple((level, "".join(shapes)) for level, shapes in found.items()))
