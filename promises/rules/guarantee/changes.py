"""When the answer changes although nothing happens.

Time enters a guarantee only where a part uses now. Every such part changes its value at instants
that can be worked out backwards: a span reaches a number, a day begins, an opening ends. These are
the marks; the answer is looked at on each of them, in order, and the first that differs is it. So
nobody has to look at a case before that instant.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

from promises.kernel.calendars import BeyondCalendar, PreparedCalendar
from promises.kernel.zones import local_date, resolve_local
from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import moments
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.case import Case
from promises.rules.guarantee.facts import ONE_MICROSECOND, Interval, midnight
from promises.rules.guarantee.lists import SPAN_UNITS
from promises.rules.guarantee.vocabulary import Node
from promises.rules.guarantee.walk import children, inner_parts, named_part

_DAY = timedelta(days=1)
_AHEAD = 3
"""How many further steps of something that goes on for ever are looked at: one is enough where
each changes the answer, and a cap or a rounding may hide a few."""


def broken_at(case: Case) -> datetime | None:
    """The first instant at which time breaks the promise when nothing happens; None where time
    alone does not."""
    part = case.terms.broken_when
    if case.now is None:
        case = case.at(_anchor(case) or _EPOCH, blind=True)
    else:
        case = case.at(case.now, blind=True)
    for at in _ordered(_marks(case, part)):
        if _broken(case, at) and not _broken(case, at - ONE_MICROSECOND):
            return at
    return None


def _broken(case: Case, at: datetime) -> bool:
    return _known(case.at(at, blind=True), case.terms.broken_when) is True


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _anchor(case: Case) -> datetime | None:
    """Any instant of the case: where there is no now, one from which to look."""
    return max((at for at in case.facts.values() if isinstance(at, datetime)), default=None)


def next_change(case: Case, answer: Callable[[Case], object]) -> datetime | None:
    """The first instant after now at which `answer` is another, when nothing happens."""
    now = case.now
    if now is None:
        return None
    before = answer(case)
    for at in _ordered(_all_marks(case)):
        try:
            changed = at > now and answer(case.at(at)) != before
        except BeyondCalendar:
            return None
        if changed:
            return at
    return None


def _ordered(marks: Iterator[datetime]) -> list[datetime]:
    """Each mark with its neighbours: a limit may itself still be in time, and a deadline, or one
    that hangs on another, stands for the instant before it."""
    found: set[datetime] = set()
    for at in marks:
        found |= {at + shift * ONE_MICROSECOND for shift in (-2, -1, 0, 1)}
    return sorted(found)


def _all_marks(case: Case) -> Iterator[datetime]:
    terms = case.terms
    yield from _marks(case, terms.broken_when)
    if terms.applies_when is not None:
        yield from _marks(case, terms.applies_when)
    yield from _marks(case, terms.amount)
    for option in terms.remedies.options:
        if option.amount is not None:
            yield from _marks(case, option.amount)
    for part in (*terms.exclusions, *terms.steps):
        yield from _marks(case, part)
    ends = [terms.claim.until, terms.claim.not_before]
    if terms.payment is not None:
        ends.append(terms.payment.due)
    for end in ends:
        at = None if end is None else _known(case, end)
        if at is not None:
            yield at


def _marks(case: Case, part: object) -> Iterator[datetime]:
    """Instants at which the part may change, a few too many rather than one too few."""
    if not case.moves(part):
        return
    own = _OWN_MARKS.get(type(part))
    if own is not None:
        yield from own(case, part)
    for inner in inner_parts(case.terms, part):
        yield from _marks(case, inner)


def _known(case: Case, part: Node) -> Any:
    """The value, or None; beyond the end of a calendar nothing is known."""
    try:
        return case.value(part)[0]
    except BeyondCalendar:
        return None


# --- marks of conditions -----------------------------------------------------------------------


def _compare_marks(case: Case, part: c.Compare) -> Iterator[datetime]:
    for moving, fixed in ((part.left, part.right), (part.right, part.left)):
        target = _known(case, fixed)
        if target is not None:
            yield from crossings(case, moving, target)


def _before_marks(case: Case, part: c.Before) -> Iterator[datetime]:
    for moving, fixed in ((part.first, part.second), (part.second, part.first)):
        at = _known(case, fixed)
        if at is not None and case.moves(moving):
            yield at


def _clock_marks(case: Case, part: c.TimeIn) -> Iterator[datetime]:
    for day in _coming_days(case):
        for clock in (part.start, part.end):
            yield resolve_local(datetime.combine(day, clock), case.zone).instant


def _day_marks(case: Case, part: c.DateIn | c.WeekdayIn) -> Iterator[datetime]:
    for day in _coming_days(case):
        yield midnight(day, case.zone)


def _opening_marks(case: Case, part: c.OpenOn) -> Iterator[datetime]:
    calendar = case.calendars[part.calendar]
    for day in _coming_days(case):
        yield midnight(day, case.zone)
        for at in (calendar.opening_of_day(day), calendar.closing_of_day(day)):
            if at is not None:
                yield at


def _coming_days(case: Case) -> Iterator[Any]:
    if case.now is not None:
        today = local_date(case.now, case.zone)
        for ahead in range(2 + _AHEAD):
            yield today + ahead * _DAY


def _row_marks(case: Case, part: n.DatedValue) -> Iterator[datetime]:
    for group in case.terms.dated:
        for row in group.rows:
            if part.name in row.values and row.first is not None and case.moves(group.by):
                yield midnight(row.first, case.zone)


# --- marks of numbers --------------------------------------------------------------------------


def _tier_marks(case: Case, part: n.Tiers) -> Iterator[datetime]:
    for row in part.rows:
        for edge in (row.low, row.high):
            if edge is not None:
                yield from crossings(case, part.of, edge)


def _period_marks(case: Case, part: n.Periods) -> Iterator[datetime]:
    count = _known(case, part)
    after, every = _known(case, part.after), _known(case, part.every)
    if count is None or after is None or not every:
        return
    for ahead in range(_AHEAD):
        yield from crossings(case, part.of, after + (count + ahead) * every)


def _interest_marks(case: Case, part: n.Interest) -> Iterator[datetime]:
    for day in _coming_days(case):
        yield midnight(day, case.zone)


def _spell_marks(case: Case, part: n.CountOf) -> Iterator[datetime]:
    """When an interval that lasts reaches a length that the condition names."""
    if not part.spans:
        return
    lasting = [start for start, end, _ in case.facts.get(part.fact, ()) if end is None]
    for field, limit in _lengths(part.where):
        span = timedelta(microseconds=ceil(limit * SPAN_UNITS[field] * 1_000_000))
        yield from (start + span for start in lasting)


def _lengths(part: object) -> Iterator[tuple[str, Fraction]]:
    """The fields of an interval's length that a condition compares, with the numbers."""
    if isinstance(part, c.Compare):
        for one, other in ((part.left, part.right), (part.right, part.left)):
            if isinstance(one, n.Field) and isinstance(other, n.Literal) and one.name in SPAN_UNITS:
                yield one.name, other.value
    for inner in children(part):
        yield from _lengths(inner)


def _unit_marks(case: Case, part: Node) -> Iterator[datetime]:
    """A number that goes on growing: when it reaches its next whole units."""
    value = _known(case, part)
    if value is not None:
        for ahead in range(1 - _AHEAD, _AHEAD + 1):
            yield from crossings(case, part, Fraction(floor(value) + ahead))


_OWN_MARKS: dict[type, Callable[[Case, Any], Iterator[datetime]]] = {
    c.Compare: _compare_marks,
    c.Before: _before_marks,
    c.TimeIn: _clock_marks,
    c.DateIn: _day_marks,
    c.WeekdayIn: _day_marks,
    c.OpenOn: _opening_marks,
    n.Tiers: _tier_marks,
    n.Periods: _period_marks,
    n.Elapsed: _unit_marks,
    n.CalendarDays: _unit_marks,
    n.Months: _unit_marks,
    n.Spells: _unit_marks,
    n.DatedValue: _row_marks,
    n.Interest: _interest_marks,
    n.CountOf: _spell_marks,
}


# --- when a number reaches another -------------------------------------------------------------


def crossings(case: Case, part: object, target: Fraction) -> Iterator[datetime]:
    """Instants at which the part may come to the target, or leave it."""
    if not case.moves(part):
        return
    named = named_part(case.terms, part)
    if named is not None:
        yield from crossings(case, named, target)
        return
    work = _CROSSINGS.get(type(part))
    if work is not None:
        try:
            yield from work(case, part, target)
        except BeyondCalendar:
            return


def _elapsed_crossings(case: Case, part: n.Elapsed, target: Fraction) -> Iterator[datetime]:
    start, end = _known(case, part.start), _known(case, part.end)
    for units in (target,) if part.whole.value == "no" else (target - 1, target):
        span = timedelta(microseconds=ceil(units * moments.SECONDS[part.unit] * 1_000_000))
        if start is not None and _goes_on(case, part) and span >= timedelta():
            opening, pauses, reasons = _running(case, part)
            at = moments.advance(start, span, opening, pauses, reasons)
            if at is not None:
                yield at if opening is None else opening.next_opening(at)
                yield at
        if end is not None and case.moves(part.start):
            yield from _begun_before(case, part, end, span)


def _goes_on(case: Case, part: n.Elapsed) -> bool:
    return case.moves(part.end) or part.pauses is not None


def _running(
    case: Case, part: n.Elapsed
) -> tuple[PreparedCalendar | None, Iterable[Interval], frozenset[str] | None]:
    opening = None if part.calendar is None else case.calendars[part.calendar]
    if part.pauses is None:
        return opening, (), None
    return opening, case.facts.get(part.pauses.fact, ()), part.pauses.reasons


def _begun_before(
    case: Case, part: n.Elapsed, end: datetime, span: timedelta
) -> Iterator[datetime]:
    """From when `span` goes by up to the end: found by halving where not all time counts."""
    opening, pauses, reasons = _running(case, part)
    if opening is None and part.pauses is None:
        yield end - span
        return
    late, early = end, end - _LONGEST_BACK
    while late - early > ONE_MICROSECOND:
        middle = early + (late - early) // 2
        paused = moments.spans_in(pauses, middle, end, reasons)
        if moments.measured(middle, end, opening, paused) >= span:
            early = middle
        else:
            late = middle
    yield early


_LONGEST_BACK = timedelta(days=370)


def _day_crossings(case: Case, part: n.CalendarDays, target: Fraction) -> Iterator[datetime]:
    days = ceil(target)
    if part.pauses is not None:
        plain = _known(case, replace(part, pauses=None))
        days += int((plain or 0) - (_known(case, part) or 0))
    for moving, fixed, way in ((part.end, part.start, 1), (part.start, part.end, -1)):
        day = case.day(fixed)[0] if case.moves(moving) else None
        if day is None:
            continue
        for count in (way * days - 1, way * days, way * days + 1):
            if part.calendar is None:
                yield midnight(day + count * _DAY, case.zone)
            else:
                yield midnight(case.calendars[part.calendar].add_open_days(day, count), case.zone)


def _month_crossings(case: Case, part: n.Months, target: Fraction) -> Iterator[datetime]:
    for moving, fixed, way in ((part.end, part.start, 1), (part.start, part.end, -1)):
        day = case.day(fixed)[0] if case.moves(moving) else None
        if day is None:
            continue
        for count in (ceil(target) - 1, ceil(target), ceil(target) + 1):
            near = moments.add_months(day, way * count * moments.MONTHS[part.unit])
            for shift in range(-_SHORTER, _SHORTER + 1):
                yield midnight(near + shift * _DAY, case.zone)


_SHORTER = 3
"""By how many days a month may be shorter than another: backwards the corresponding day may be any
of so many."""


def _spell_crossings(case: Case, part: n.Spells, target: Fraction) -> Iterator[datetime]:
    """A spell that lasts grows by the time that goes by."""
    value = _known(case, part)
    if value is None or case.now is None:
        return
    unit_us = moments.SECONDS[part.unit] * 1_000_000
    for units in (target - 1, target) if part.whole.value != "no" else (target,):
        yield case.now + timedelta(microseconds=ceil((units - value) * unit_us))
    latest = [start for start, end, _ in case.facts.get(part.fact, ()) if end is None]
    for start in latest:
        yield start + timedelta(microseconds=ceil(target * unit_us))


def _arithmetic_crossings(case: Case, part: n.Arithmetic, target: Fraction) -> Iterator[datetime]:
    values = [_known(case, one) for one in part.args]
    for index, arg in enumerate(part.args):
        others = values[:index] + values[index + 1 :]
        if not case.moves(arg) or any(value is None for value in others):
            continue
        wanted = _solved(part.op, index, others, target)
        if wanted is not None:
            yield from crossings(case, arg, wanted)


def _solved(op: str, index: int, others: list[Any], target: Fraction) -> Fraction | None:
    """What one argument must be for the whole to be the target."""
    rest = sum(others, Fraction(0))
    match op:
        case "add":
            return target - rest
        case "subtract":
            return target + rest if index == 0 else others[0] - sum(others[1:]) - target
        case "smallest" | "largest":
            return target
    factor = Fraction(1)
    for value in others:
        factor *= value
    if op == "divide":
        factor = 1 / others[0] if others[0] else Fraction(0)
        if index == 1:
            return others[0] / target if target else None
    if op == "percent":
        factor /= 100
    return target / factor if factor else None


def _rounded_crossings(case: Case, part: n.Rounded, target: Fraction) -> Iterator[datetime]:
    for shift in (Fraction(-1), Fraction(-1, 2), Fraction(0), Fraction(1, 2), Fraction(1)):
        yield from crossings(case, part.of, target + shift * part.to)


def _inner_marks(case: Case, part: Any, target: Fraction) -> Iterator[datetime]:
    """A number that jumps: where it may jump."""
    yield from _marks(case, part)


def _chosen_crossings(case: Case, part: n.Choice | n.Tiers, target: Fraction) -> Iterator[datetime]:
    """Where another value is chosen, and where one that may be chosen comes to the target."""
    yield from _marks(case, part)
    rows = part.rows
    for value in (
        *(row.then if isinstance(row, n.Tier) else row[1] for row in rows),
        part.otherwise,
    ):
        yield from crossings(case, value, target)


def _period_crossings(case: Case, part: n.Periods, target: Fraction) -> Iterator[datetime]:
    after, every = _known(case, part.after), _known(case, part.every)
    if after is not None and every:
        for count in (ceil(target) - 1, ceil(target), ceil(target) + 1):
            yield from crossings(case, part.of, after + count * every)


_CROSSINGS: dict[type, Callable[[Case, Any, Fraction], Iterator[datetime]]] = {
    n.Elapsed: _elapsed_crossings,
    n.CalendarDays: _day_crossings,
    n.Months: _month_crossings,
    n.Spells: _spell_crossings,
    n.Arithmetic: _arithmetic_crossings,
    n.Rounded: _rounded_crossings,
    n.Tiers: _chosen_crossings,
    n.Choice: _chosen_crossings,
    n.Accrual: _inner_marks,
    n.DatedValue: _inner_marks,
    n.Interest: _inner_marks,
    n.CountOf: _inner_marks,
    n.Periods: _period_crossings,
}
