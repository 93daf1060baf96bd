"""The trade-off between limits as a picture and as a table, for any form of terms."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from promises.breaches.guarantees import WITHOUT_MONEY
from promises.http import curves
from promises.http.context import current
from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.reporting.backtests import Backtest
from promises.reporting.backtests.figures import CurvePoint
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.limits import Limit
from promises.rules.guarantee.numbers import Literal
from promises.rules.guarantee.rendering import render_step
from promises.rules.guarantee.units import PER_CENT, counted
from promises.rules.steps import Step
from promises.rules.terms import Terms, WaitTerms

_SECONDS = N_("Limit in seconds")
_MINUTES = N_("Limit in minutes")
_AXES = {
    "second": _SECONDS,
    "minute": _MINUTES,
    "hour": N_("Limit in hours"),
    "day": N_("Limit in spells of 24 hours"),
    "open_second": N_("Limit in seconds of opening time"),
    "open_minute": N_("Limit in minutes of opening time"),
    "open_hour": N_("Limit in hours of opening time"),
    "working_day": N_("Limit in working days"),
    "calendar_day": N_("Limit in days"),
    "week": N_("Limit in weeks"),
    "month": N_("Limit in months"),
    "year": N_("Limit in years"),
    PER_CENT: N_("Limit in per cent"),
}
_PLAIN = N_("Limit")
_MARKS = 6
_PLACES = 1_000_000


@dataclass(frozen=True, slots=True)
class TradeOff:
    """`shape` is None with too few cases. `axis` names the limits below the picture, `marks` are
    (x, text) on it; `words` says each limit of the table."""

    shape: curves.TradeOff | None
    axis: str
    marks: tuple[tuple[float, str], ...]
    words: tuple[str, ...]


def pays(terms: Terms) -> bool:
    """Whether a broken promise may cost money."""
    if isinstance(terms, WaitTerms):
        return True
    guarantee = terms.guarantee
    given = (
        guarantee.amount if one.amount is None else one.amount
        for one in guarantee.remedies.options
        if one.kind not in WITHOUT_MONEY
    )
    return any(part != Literal(Fraction(0)) for part in given)


def trade_off(found: Backtest) -> TradeOff | None:
    """None without a curve."""
    if not found.curve:
        return None
    if isinstance(found.terms, WaitTerms):
        return _of_waits(found, found.terms.rule.limit_seconds)
    if found.limit is None:
        return None
    return _of_limit(found, found.terms.guarantee, found.limit)


def _of_waits(found: Backtest, limit_seconds: int) -> TradeOff:
    shape = _shape([_point(one, one.limit_seconds) for one in found.curve], limit_seconds)
    in_minutes = shape is not None and shape.ticks[-1][1] >= 300
    marks = () if shape is None else shape.ticks
    return TradeOff(
        shape=shape,
        axis=gettext(_MINUTES if in_minutes else _SECONDS),
        marks=tuple((x, str(at // 60 if in_minutes else at)) for x, at in marks),
        words=(),
    )


def _of_limit(found: Backtest, terms: Guarantee, limit: Limit) -> TradeOff:
    """Shares are shown from the first one on, all else from nothing."""
    limits = [Fraction(one.limit) for one in found.curve]
    first = limits[0] - (limits[1] - limits[0]) if limit.unit == PER_CENT else Fraction(0)
    whole = limits[-1] - first

    def place(value: Fraction) -> int:
        return round((value - first) / whole * _PLACES)

    def said(step: Step) -> str:
        return render_step(current().locale, step, terms.time_zone, terms.currency)

    shape = _shape(
        [_point(one, place(at)) for one, at in zip(found.curve, limits, strict=True)],
        place(limit.value),
    )
    every = -(-len(limits) // _MARKS)
    return TradeOff(
        shape=shape,
        axis=gettext(_AXES.get(limit.unit or "", _PLAIN)),
        marks=tuple(
            (shape.cost.marks[number][0], said(_plain(limits[number])))
            for number in range(len(limits) - 1, -1, -every)
        )
        if shape
        else (),
        words=tuple(
            said(_plain(one) if limit.unit is None else counted(limit.unit, one)) for one in limits
        ),
    )


def _plain(value: Fraction) -> Step:
    return Step("number", {"n": value})


def _shape(points: Sequence[curves.TradePoint], own: int) -> curves.TradeOff | None:
    if len(points) < 2 or not any(one.share is not None for one in points):
        return None
    return curves.trade_off(points, own)


def _point(point: CurvePoint, place: int) -> curves.TradePoint:
    share, interval = point.counts.rate.shown, point.interval
    cost = point.monthly.cost_interval
    return curves.TradePoint(
        place,
        None if share is None else float(share),
        None if interval is None else (float(interval.low), float(interval.high)),
        point.monthly.cost.amount_minor,
        None if cost is None else (cost.low.amount_minor, cost.high.amount_minor),
    )


def limit_lines(found: Backtest) -> Iterator[str]:
    """The curve as lines of a table: amounts in minor units and shares as decimals, as spreadsheets
    and programs read them."""
    limit = found.limit
    yield _row(
        (
            *(("limit_seconds",) if limit is None else ("limit", "unit")),
            "kept",
            "broken",
            "excluded",
            "open",
            "share",
            "share_low",
            "share_high",
            "breaches_a_month",
            "cost_a_month_minor",
            "cost_low_minor",
            "cost_high_minor",
            "currency",
        )
    )
    for point in found.curve:
        counts, interval, monthly = point.counts, point.interval, point.monthly
        cost = monthly.cost_interval
        yield _row(
            (
                *((point.limit_seconds,) if limit is None else (_number(point.limit), limit.unit)),
                counts.kept,
                counts.broken,
                counts.excluded,
                counts.open,
                _decimal(counts.rate.shown),
                _decimal(interval.low if interval else None),
                _decimal(interval.high if interval else None),
                f"{float(monthly.breaches):.2f}",
                monthly.cost.amount_minor,
                cost.low.amount_minor if cost else None,
                cost.high.amount_minor if cost else None,
                monthly.cost.currency,
            )
        )


def _number(limit: int | Fraction) -> str:
    return f"{float(limit):.6f}".rstrip("0").rstrip(".")


def _decimal(share: Fraction | Decimal | None) -> str:
    return "" if share is None else f"{float(share):.6f}"


def _row(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(["" if value is None else value for value in values])
    return line.getvalue()
