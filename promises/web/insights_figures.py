"""The charts of one promise: shapes from figures, and the sentence that says what each shows."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from promises.http.charts_insights import (
    ControlShape,
    ControlValue,
    SpikeShape,
    control_shape,
    spike_shape,
)
from promises.http.curves import HeatMap, Hour, heat_map
from promises.http.i18n import day_names, gettext, locale, ngettext
from promises.kernel.text import format_duration, format_percent
from promises.reporting.insights import HourOfWeek
from promises.reporting.insights_marks import Mark, MarkKind
from promises.reporting.rates import FEWEST_FOR_SHARE, KeptRate
from promises.reporting.scorecard import DayFigures, Waits
from promises.reporting.statistics import (
    FEWEST_POINTS,
    ControlChart,
    Share,
    Signal,
    Spike,
    control_chart,
    spike_at,
)

MOST_DAYS = 120
FEWEST_A_DAY = 10
"""Over more days, or with fewer cases on most of them, a point of the control chart is a week."""

_LEVELS = {
    Signal.BELOW: "bad",
    Signal.RUN_BELOW: "bad",
    Signal.ABOVE: "good",
    Signal.RUN_ABOVE: "good",
}
_CHANGES = (MarkKind.VERSION, MarkKind.ACTION)


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """A day, or a week; `from_on` and `to_on` are its first and last day with a case."""

    from_on: dt.date
    to_on: dt.date
    kept: int
    broken: int


@dataclass(frozen=True, slots=True)
class Control:
    """`before` and `after` are parted by the first deliberate change, where there is one."""

    points: tuple[ControlPoint, ...]
    chart: ControlChart
    shape: ControlShape
    weekly: bool
    marks: tuple[tuple[int, Mark], ...]
    title: str
    changed: str | None


def control(days: Sequence[DayFigures], marks: Sequence[Mark]) -> Control:
    """Days without a case are left out. What came after the first new version or action in the span
    is measured by the days before it, as far as these are enough."""
    open_days = [one for one in days if one.kept + one.broken]
    cases = sorted(one.kept + one.broken for one in open_days)
    weekly = len(days) > MOST_DAYS or bool(cases and cases[len(cases) // 2] < FEWEST_A_DAY)
    points = _points(open_days, weekly=weekly)
    change = next((one for one in marks if one.kind in _CHANGES), None)
    before = [one for one in points if change and one.to_on < change.day_on]
    baseline = len(before) if len(before) >= FEWEST_POINTS else None
    chart = control_chart(
        [Share(one.kept, one.kept + one.broken) for one in points], baseline=baseline
    )
    shown = [(_place(points, one.day_on), one) for one in marks]
    placed = [(place, one) for place, one in shown if place is not None]
    places = sorted({place for place, _ in placed})
    numbers = {place: number for number, place in enumerate(places, 1)}
    return Control(
        tuple(points),
        chart,
        control_shape([_value(chart, n) for n in range(len(points))], chart.centre, places),
        weekly,
        tuple((numbers[place], one) for place, one in placed),
        _control_title(chart, weekly=weekly),
        _changed(points, change) if change else None,
    )


def _points(days: Sequence[DayFigures], *, weekly: bool) -> list[ControlPoint]:
    def key(one: DayFigures) -> object:
        return one.day_on.isocalendar()[:2] if weekly else one.day_on

    found = []
    for _, group in groupby(days, key):
        of = list(group)
        kept, broken = sum(one.kept for one in of), sum(one.broken for one in of)
        found.append(ControlPoint(of[0].day_on, of[-1].day_on, kept, broken))
    return found


def _place(points: Sequence[ControlPoint], day_on: dt.date) -> int | None:
    return next((n for n, one in enumerate(points) if one.to_on >= day_on), None)


def _value(chart: ControlChart, n: int) -> ControlValue:
    limits = chart.limits[n]
    if limits is None:
        return ControlValue(chart.points[n].value, None, None, "none")
    level = _LEVELS[limits.signal] if limits.signal else "none"
    return ControlValue(chart.points[n].value, limits.low, limits.high, level)


def _control_title(chart: ControlChart, *, weekly: bool) -> str:
    if chart.centre is None:
        return gettext(
            "Too few days to tell change from chance: there are %(n)s, it takes %(least)s",
            n=len(chart.points),
            least=FEWEST_POINTS,
        )
    share = format_percent(locale(), Fraction(chart.centre))
    if not chart.signals:
        return gettext("Nothing but chance so far: kept in %(share)s, up and down", share=share)
    if weekly:
        return ngettext(
            "%(n)s week tells of more than chance",
            "%(n)s weeks tell of more than chance",
            chart.signals,
        )
    return ngettext(
        "%(n)s day tells of more than chance", "%(n)s days tell of more than chance", chart.signals
    )


def _changed(points: Sequence[ControlPoint], change: Mark) -> str | None:
    """The kept-rate before and since a change, with counts."""
    before = [one for one in points if one.to_on < change.day_on]
    since = [one for one in points if one.to_on >= change.day_on]
    if not before or not since:
        return None
    return gettext(
        "Before the first change %(before)s, since then %(since)s.",
        before=_rate(before),
        since=_rate(since),
    )


def _rate(points: Sequence[ControlPoint]) -> str:
    kept, broken = sum(one.kept for one in points), sum(one.broken for one in points)
    rate = KeptRate(kept, broken)
    if rate.shown is None:
        return gettext("%(kept)s of %(cases)s kept", kept=kept, cases=rate.cases)
    share = format_percent(locale(), rate.shown)
    return gettext("%(share)s of %(cases)s kept", share=share, cases=rate.cases)


@dataclass(frozen=True, slots=True)
class Heat:
    hours: tuple[HourOfWeek, ...]
    shape: HeatMap
    title: str


def heat(hours: Sequence[HourOfWeek]) -> Heat:
    shape = heat_map(
        [Hour(one.weekday - 1, one.hour, one.kept, one.broken) for one in hours], FEWEST_FOR_SHARE
    )
    return Heat(tuple(hours), shape, _heat_title(hours))


def _heat_title(hours: Sequence[HourOfWeek]) -> str:
    broken = sum(one.broken for one in hours)
    if not hours:
        return gettext("No case in these days")
    if not broken:
        return gettext("No breach in these days")
    worst = max(hours, key=lambda one: (one.broken, -one.weekday, -one.hour))
    return gettext(
        "Most breaches began on %(day)s at %(hour)s: %(n)s of %(all)s",
        day=day_names()[worst.weekday - 1],
        hour=f"{worst.hour}–{worst.hour + 1}",
        n=worst.broken,
        all=broken,
    )


@dataclass(frozen=True, slots=True)
class AtLimit:
    """`found` is None with too few waits around the limit; then there is no shape either."""

    found: Spike | None
    shape: SpikeShape | None
    title: str
    from_seconds: int
    limit_seconds: int


def at_limit(measured: Waits, limit_seconds: int) -> AtLimit:
    """Whether waits pile up just under the limit."""
    found = spike_at(measured.counts, limit_seconds)
    from_seconds = round(limit_seconds * 0.9)
    if found is None:
        title = gettext("Too few waits around the limit to look for a pile just under it")
        return AtLimit(None, None, title, from_seconds, limit_seconds)
    values: dict[str, object] = {
        "limit": format_duration(locale(), dt.timedelta(seconds=limit_seconds)),
        "n": found.just_below,
        "expected": round(found.expected),
    }
    if found.suspect:
        title = gettext(
            "Strikingly many waits end just under %(limit)s: %(n)s, about %(expected)s expected",
            **values,
        )
    else:
        title = gettext(
            "No pile just under %(limit)s: %(n)s waits, about %(expected)s expected", **values
        )
    shape = spike_shape(
        [(one.from_seconds, one.cases, one.expected, one.low, one.high) for one in found.bins],
        limit_seconds,
    )
    return AtLimit(found, shape, title, from_seconds, limit_seconds)
