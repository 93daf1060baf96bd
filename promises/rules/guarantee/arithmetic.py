"""The value of numbers: exact rationals."""

from calendar import isleap
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor, prod

from promises.kernel.calendars import PreparedCalendar
from promises.kernel.zones import local_date
from promises.rules.guarantee import moments
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.case import UNKNOWN, Case, Value, Work
from promises.rules.guarantee.facts import Interval, Unreadable, midnight, read_number
from promises.rules.guarantee.logic import choose
from promises.rules.guarantee.numbers import Pauses, Rate
from promises.rules.guarantee.vocabulary import Count, Number, Rounding, Whole

_HALF = Fraction(1, 2)
_HUNDRED = 100
_DAY = timedelta(days=1)


def _literal(case: Case, part: n.Literal) -> Value:
    return part.value, False


def _fact(case: Case, part: n.NumberFact) -> Value:
    if part.name in case.item:
        return _field(case, n.Field(part.name))
    return case.facts.get(part.name), False


def _dated_value(case: Case, part: n.DatedValue) -> Value:
    found, moving = case.value_in_force(part.name)
    if found is None:
        return None, moving
    value, shifting = case.value(found)
    return value, moving or shifting


def _measure(case: Case, part: n.Measure) -> Value:
    return case.named("measure", part.name, case.terms.measures[part.name])


def _field(case: Case, part: n.Field) -> Value:
    value = case.item.get(part.name)
    try:
        return (None if value is None else read_number(value)), False
    except Unreadable:
        return UNKNOWN


def _arithmetic(case: Case, part: n.Arithmetic) -> Value:
    found = [case.value(one) for one in part.args]
    moving = any(shifting for _, shifting in found)
    values = [value for value, _ in found]
    if any(value is None for value in values):
        return None, moving
    return _OPERATIONS[part.op](values), moving


def _divide(values: Sequence[Fraction]) -> Fraction | None:
    """What is divided by nothing is not known."""
    return values[0] / values[1] if values[1] else None


_OPERATIONS: dict[str, Callable[[Sequence[Fraction]], Fraction | None]] = {
    "add": lambda values: sum(values, Fraction(0)),
    "subtract": lambda values: values[0] - sum(values[1:], Fraction(0)),
    "multiply": lambda values: prod(values, start=Fraction(1)),
    "divide": _divide,
    "percent": lambda values: values[0] * values[1] / _HUNDRED,
    "smallest": min,
    "largest": max,
}


def round_to(value: Fraction, to: Fraction, how: Rounding) -> Fraction:
    """The multiple of `to` that is nearest in that sense. Halves go away from zero, or to the even
    multiple; up and down mean towards more and towards less."""
    units = value / to
    if how is Rounding.UP:
        return ceil(units) * to
    if how is Rounding.DOWN:
        return floor(units) * to
    if how is Rounding.HALF_EVEN:
        return round(units) * to
    nearest = floor(abs(units) + _HALF)
    return (nearest if units >= 0 else -nearest) * to


def _rounded(case: Case, part: n.Rounded) -> Value:
    value, moving = case.value(part.of)
    return None if value is None else round_to(value, part.to, part.how), moving


def _choice(case: Case, part: n.Choice) -> Value:
    return choose(case, part.rows, part.otherwise)


def _tiers(case: Case, part: n.Tiers) -> Value:
    value, moving = case.value(part.of)
    if value is None:
        return None, moving
    row = next((row for row in part.rows if in_tier(row, value)), None)
    found, shifting = case.value(part.otherwise if row is None else row.then)
    return found, moving or shifting


def in_tier(row: n.Tier, value: Fraction) -> bool:
    if row.low is not None and (value < row.low or (value == row.low and not row.low_closed)):
        return False
    return row.high is None or value < row.high or (value == row.high and row.high_closed)


def _periods(case: Case, part: n.Periods) -> Value:
    parts = [part.of, part.after, part.every, *([] if part.most is None else [part.most])]
    found = [case.value(one) for one in parts]
    moving = any(shifting for _, shifting in found)
    of, after, every, *most = (value for value, _ in found)
    if of is None or after is None or not every or None in most:
        return None, moving
    exact = (of - after) / every
    count = max(ceil(exact) if part.count is Count.BEGUN else floor(exact), 0)
    return Fraction(min(count, *map(floor, most)) if most else count), moving


def _accrual(case: Case, part: n.Accrual) -> Value:
    count, moving = case.value(part.periods)
    if count is None:
        return None, moving
    total = Fraction(0)
    for rate in part.rates:
        times = _times(rate, int(count))
        if times:
            each, shifting = case.value(rate.each)
            if each is None:
                return None, moving
            total += times * each
            moving = moving or shifting
    return total, moving


def _times(rate: Rate, count: int) -> int:
    last = count if rate.last is None else min(rate.last, count)
    return max(last - rate.first + 1, 0)


def _elapsed(case: Case, part: n.Elapsed) -> Value:
    start, moving = case.value(part.start)
    end, shifting = case.value(part.end)
    moving = moving or shifting
    if start is None or end is None:
        return None, moving
    opening = None if part.calendar is None else case.calendars[part.calendar]
    pauses: list[moments.Span] = []
    if part.pauses is not None and start < end:
        given = case.facts.get(part.pauses.fact, ())
        pauses = moments.spans_in(given, start, end, part.pauses.reasons)
        moving = moving or _lasts(given, end, part.pauses)
    span = moments.measured(start, end, opening, pauses)
    unit_us = moments.SECONDS[part.unit] * 1_000_000
    return whole(Fraction(moments.micro(span), unit_us), part.whole), moving


def _lasts(given: Sequence[Interval], end: datetime, pauses: Pauses) -> bool:
    """Whether a pause that began before the end goes on."""
    return any(
        stop is None and since < end and (pauses.reasons is None or reason in pauses.reasons)
        for since, stop, reason in given
    )


def whole(value: Fraction, how: Whole) -> Fraction:
    if how is Whole.NO:
        return value
    return Fraction(floor(value) if how is Whole.DOWN else ceil(value))


def _calendar_days(case: Case, part: n.CalendarDays) -> Value:
    first, moving = case.day(part.start)
    last, shifting = case.day(part.end)
    moving = moving or shifting
    if first is None or last is None:
        return None, moving
    opening = None if part.calendar is None else case.calendars[part.calendar]
    days = moments.days_between(first, last, opening)
    if part.pauses is not None and days > 0:
        given = case.facts.get(part.pauses.fact, ())
        paused = paused_days(given, part.pauses, (first, last), case.zone, opening)
        after = midnight(last + _DAY, case.zone)
        return Fraction(days - paused), moving or _lasts(given, after, part.pauses)
    return Fraction(days), moving


def paused_days(
    given: Sequence[Interval],
    pauses: Pauses,
    days: tuple[date, date],
    zone: str,
    opening: PreparedCalendar | None,
) -> int:
    """How many of the days after the first and up to the last lie after the day on which a pause
    begins, up to the day on which it ends."""
    counted, last = days
    taken = 0
    for since, until, reason in given:
        if pauses.reasons is not None and reason not in pauses.reasons:
            continue
        first = max(local_date(since, zone), counted)
        end = last if until is None else min(local_date(until, zone), last)
        if first < end:
            taken += moments.days_between(first, end, opening)
            counted = end
    return taken


def _interest(case: Case, part: n.Interest) -> Value:
    on, moving = case.value(part.on)
    first, shifting = case.day(part.start)
    last, ending = case.day(part.end)
    moving = moving or shifting or ending
    if on is None or first is None or last is None:
        return None, moving
    per_cent = Fraction(0)
    days_left = (last - first).days
    for row in part.rates:
        rate, changing = case.value(row.percent)
        moving = moving or changing
        since = max(first, first if row.first is None else row.first - _DAY)
        until = min(last, last if row.last is None else row.last)
        if since >= until:
            continue
        if rate is None:
            return None, moving
        days_left -= (until - since).days
        per_cent += rate * _years(since, until, part.year_days)
    if days_left > 0:
        return None, moving
    return on * per_cent / _HUNDRED, moving


def _years(after: date, until: date, year_days: int | None) -> Fraction:
    """The days after the one and up to the other, as a share of a year."""
    if year_days is not None:
        return Fraction((until - after).days, year_days)
    total = Fraction(0)
    while after < until:
        turn = min(until, date((after + _DAY).year, 12, 31))
        total += Fraction((turn - after).days, 366 if isleap(turn.year) else 365)
        after = turn
    return total


def _months(case: Case, part: n.Months) -> Value:
    first, moving = case.day(part.start)
    last, shifting = case.day(part.end)
    moving = moving or shifting
    if first is None or last is None:
        return None, moving
    span = moments.MONTHS[part.unit]
    begun = part.count is Count.BEGUN
    return Fraction(moments.months_between(first, last, span, begun=begun)), moving


NUMBERS: Work = {
    n.Literal: _literal,
    n.NumberFact: _fact,
    n.DatedValue: _dated_value,
    n.Measure: _measure,
    n.Field: _field,
    n.Arithmetic: _arithmetic,
    n.Rounded: _rounded,
    n.Choice: _choice,
    n.Tiers: _tiers,
    n.Periods: _periods,
    n.Accrual: _accrual,
    n.Elapsed: _elapsed,
    n.CalendarDays: _calendar_days,
    n.Months: _months,
    n.Interest: _interest,
}


def amount_of(case: Case, part: Number | None) -> Fraction | None:
    """A number that is needed only for its value."""
    value: Fraction | None = None if part is None else case.value(part)[0]
    return value
