"""The value of numbers: exact rationals."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor, prod
from typing import Any

from promises.rules.guarantee import moments
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.case import UNKNOWN, Case, Earlier, Value, Work
from promises.rules.guarantee.facts import Unreadable, midnight, read_instant, read_number
from promises.rules.guarantee.logic import choose
from promises.rules.guarantee.numbers import Rate
from promises.rules.guarantee.vocabulary import Condition, Count, Number, Rounding, Take, Whole

_HALF = Fraction(1, 2)
_HUNDRED = 100
_MINUTE = timedelta(minutes=1)


def _literal(case: Case, part: n.Literal) -> Value:
    return part.value, False


def _fact(case: Case, part: n.NumberFact) -> Value:
    return case.facts.get(part.name), False


def _dated_value(case: Case, part: n.DatedValue) -> Value:
    return case.value(case.value_in_force(part.name))


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
    of, moving = case.value(part.of)
    after, every = case.value(part.after)[0], case.value(part.every)[0]
    if of is None or after is None or not every:
        return None, moving
    exact = (of - after) / every
    count = max(ceil(exact) if part.count is Count.BEGUN else floor(exact), 0)
    if part.most is not None:
        most = case.value(part.most)[0]
        if most is None:
            return None, moving
        count = min(count, floor(most))
    return Fraction(count), moving


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
        lasting = any(stop is None and since < end for since, stop, _ in given)
        moving = moving or lasting
    span = moments.measured(start, end, opening, pauses)
    unit_us = moments.SECONDS[part.unit] * 1_000_000
    return whole(Fraction(moments.micro(span), unit_us), part.whole), moving


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
    if part.calendar is None:
        return Fraction((last - first).days), moving
    return Fraction(case.calendars[part.calendar].open_days_between(first, last)), moving


def _months(case: Case, part: n.Months) -> Value:
    first, moving = case.day(part.start)
    last, shifting = case.day(part.end)
    moving = moving or shifting
    if first is None or last is None:
        return None, moving
    span = moments.MONTHS[part.unit]
    begun = part.count is Count.BEGUN
    return Fraction(moments.months_between(first, last, span, begun=begun)), moving


def _those(case: Case, found: Sequence[Any], where: Condition | None) -> Iterator[Any]:
    """The entries for which the condition holds, each looked at as the record of the case. A plain
    entry is the record's `value`."""
    for entry in found:
        case.item = entry if isinstance(entry, Mapping) else {"value": entry}
        if where is None or case.value(where)[0] is True:
            yield entry
    case.item = {}


def _count(case: Case, part: n.CountOf) -> Value:
    found = case.facts.get(part.fact)
    if found is None:
        return UNKNOWN
    entries = list(_those(case, found, part.where))
    if part.within_days is None:
        return Fraction(len(entries)), False
    instants = sorted(at for at in (_instant_of(one, part.at) for one in entries) if at is not None)
    span = timedelta(days=part.within_days)
    most = first = 0
    for last, at in enumerate(instants):
        while at - instants[first] > span:
            first += 1
        most = max(most, last - first + 1)
    return Fraction(most), False


def _instant_of(entry: Any, name: str | None) -> datetime | None:
    value = entry if name is None else entry.get(name)
    try:
        return read_instant(value)
    except Unreadable:
        return None


def _total(case: Case, part: n.TotalOf) -> Value:
    found = case.facts.get(part.fact)
    if found is None:
        return UNKNOWN
    values = [case.value(part.of)[0] for _ in _those(case, found, part.where)]
    if any(value is None for value in values):
        return UNKNOWN
    return sum(values, Fraction(0)), False


def _spells(case: Case, part: n.Spells) -> Value:
    given = case.facts.get(part.fact)
    if given is None:
        return UNKNOWN
    lasting = any(end is None for _, end, _ in given)
    if lasting and case.now is None:
        return UNKNOWN
    groups = moments.merge_spells(given, case.now, timedelta(seconds=part.merge_gap_s))
    lengths = [_length(case, part, given, start, end) for start, end in groups]
    unit_us = moments.SECONDS[part.unit] * 1_000_000
    return whole(Fraction(_taken(lengths, part.take), unit_us), part.whole), lasting


def _length(case: Case, part: n.Spells, given: Any, start: datetime, end: datetime) -> int:
    if part.count_gap:
        return moments.micro(end - start)
    return sum(moments.micro(b - a) for a, b in moments.spans_in(given, start, end))


def _taken(lengths: Sequence[int], take: Take) -> int:
    if not lengths:
        return 0
    if take is Take.TOTAL:
        return sum(lengths)
    return max(lengths) if take is Take.LONGEST else lengths[-1]


def _uptime(case: Case, part: n.UptimePercent) -> Value:
    period, down = case.facts.get(part.period), case.facts.get(part.down)
    if period is None or down is None:
        return UNKNOWN
    start, end = midnight(period.first, case.zone), midnight(period.after, case.zone)
    total = Fraction(moments.micro(end - start), 60_000_000)
    lost = Fraction(0)
    for minutes in _minutes(down, start, end):
        if minutes >= part.shortest:
            lost += floor(minutes) if part.whole_minutes else minutes
    return _HUNDRED * (total - min(lost, total)) / total, False


def _minutes(down: Sequence[Any], start: datetime, end: datetime) -> Iterator[Fraction]:
    if all(isinstance(one, Fraction) for one in down):
        yield from down
        return
    for since, until in moments.spans_in(down, start, end):
        yield Fraction(moments.micro(until - since), 60_000_000)


def _length_of(case: Case, part: n.LengthOf) -> Value:
    period = case.facts.get(part.period)
    if period is None:
        return UNKNOWN
    span = midnight(period.after, case.zone) - midnight(period.first, case.zone)
    return Fraction(moments.micro(span), moments.SECONDS[part.unit] * 1_000_000), False


def _earlier(case: Case, part: n.Earlier) -> Value:
    dated, moving = case.value(part.dated)
    if dated is None:
        return None, moving
    found = earlier_in(case, part.window, dated)
    used = sum(one.amount_minor for one in found) if part.amount else len(found)
    return Fraction(used), moving


def earlier_in(case: Case, window: n.Window, dated: datetime) -> list[Earlier]:
    start, end, _ = moments.window_at(window, dated, case.zone)
    return [one for one in case.history if start <= one.at < end]


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
    n.CountOf: _count,
    n.TotalOf: _total,
    n.Spells: _spells,
    n.UptimePercent: _uptime,
    n.LengthOf: _length_of,
    n.Earlier: _earlier,
}


def amount_of(case: Case, part: Number | None) -> Fraction | None:
    """A number that is needed only for its value."""
    value: Fraction | None = None if part is None else case.value(part)[0]
    return value
