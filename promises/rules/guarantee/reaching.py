"""When a span of time reaches a length: worked out backwards from the length to the instant."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor

from promises.kernel.calendars import PreparedCalendar
from promises.kernel.zones import local_date
from promises.rules.guarantee import instants as i
from promises.rules.guarantee import moments
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.arithmetic import paused_days
from promises.rules.guarantee.case import Case, known
from promises.rules.guarantee.facts import ONE_MICROSECOND, Interval, midnight
from promises.rules.guarantee.lists import spell_lengths
from promises.rules.guarantee.vocabulary import Instant, Whole
from promises.rules.guarantee.walk import inner_parts

_DAY = timedelta(days=1)
_FARTHEST = timedelta(days=370)
"""How far around its fixed end a span of open time is looked for."""
_SHORTER = 3
"""By how many days a month may be shorter than another: backwards the corresponding day may be any
of so many."""


def _edges(target: Fraction, whole: Whole) -> tuple[Fraction, ...]:
    """The lengths at which the number, made whole or not, comes to the target or leaves it."""
    if whole is Whole.NO:
        return (target,)
    up = Fraction(ceil(target)), Fraction(floor(target) + 1)
    return up if whole is Whole.DOWN else tuple(one - 1 for one in up)


def elapsed_reaches(case: Case, part: n.Elapsed, target: Fraction) -> Iterator[datetime]:
    start, end = known(case, part.start), known(case, part.end)
    for units in _edges(target, part.whole):
        span = timedelta(microseconds=ceil(units * moments.SECONDS[part.unit] * 1_000_000))
        if start is not None and (case.moves(part.end) or part.pauses is not None):
            for at in _ended_after(case, part, start, span):
                yield from comes_to(case, part.end, at)
        if end is not None and case.moves(part.start):
            for at in _begun_before(case, part, end, span):
                yield from comes_to(case, part.start, at)


def comes_to(
    case: Case, part: Instant, at: datetime, *, by_day: bool = False
) -> Iterator[datetime]:
    """When an instant that moves with now, or by day the one for which it stands, comes to a fixed
    one: then, or where it lies so far from now, so far from it."""
    yield at
    if _lies_apart(case, part):
        now = case.now or at
        part = i.LastInTime(part) if by_day else part
        early, late = min(now, at) - _FARTHEST, max(now, at) + _FARTHEST

        def reached(now: datetime) -> bool:
            value = known(case.at(now, blind=case.blind), part)
            return value is not None and value >= at

        yield _first(early, late, reached)


def _lies_apart(case: Case, part: object) -> bool:
    """Whether a deadline or an opening that is counted from now stands in the instant."""
    if not case.moves(part):
        return False
    if isinstance(part, i.Deadline | i.NextOpening):
        return True
    return any(_lies_apart(case, one) for one in inner_parts(case.terms, part))


def _ended_after(
    case: Case, part: n.Elapsed, start: datetime, span: timedelta
) -> Iterator[datetime]:
    opening, pauses, reasons = _running(case, part)
    if span >= timedelta():
        at = moments.advance(start, span, opening, pauses, reasons)
        if at is not None:
            yield at if opening is None else opening.next_opening(at)
            yield at
    elif opening is None:
        yield start + span
    else:
        found = opening
        yield _first(start - _FARTHEST, start, lambda at: found.open_between(start, at) >= span)


def _begun_before(
    case: Case, part: n.Elapsed, end: datetime, span: timedelta
) -> Iterator[datetime]:
    """From when on less than `span` goes by up to the end."""
    opening, pauses, reasons = _running(case, part)
    if span < timedelta() or (opening is None and part.pauses is None):
        if opening is None:
            yield end - span
        else:
            yield opening.add_open(end, -span)
        return

    def shorter(start: datetime) -> bool:
        paused = moments.spans_in(pauses, start, end, reasons)
        return moments.measured(start, end, opening, paused) < span

    yield _first(end - _FARTHEST, end, shorter)


def _first(early: datetime, late: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """The first instant at which something holds that then holds on, found by halving."""
    while late - early > ONE_MICROSECOND:
        middle = early + (late - early) // 2
        if holds(middle):
            late = middle
        else:
            early = middle
    return late


def _running(
    case: Case, part: n.Elapsed
) -> tuple[PreparedCalendar | None, Iterable[Interval], frozenset[str] | None]:
    opening = None if part.calendar is None else case.calendars[part.calendar]
    if part.pauses is None:
        return opening, (), None
    return opening, case.facts.get(part.pauses.fact, ()), part.pauses.reasons


def days_reach(case: Case, part: n.CalendarDays, target: Fraction) -> Iterator[datetime]:
    opening = None if part.calendar is None else case.calendars[part.calendar]
    for moving, fixed, way in ((part.end, part.start, 1), (part.start, part.end, -1)):
        day = case.day(fixed)[0] if case.moves(moving) else None
        if day is None:
            continue
        for paused in _pauses_add(case, part, day, way, opening):
            for count in range(ceil(target) + paused - 1, ceil(target) + paused + 2):
                there = way * count
                on = opening.add_open_days(day, there) if opening else day + there * _DAY
                yield from comes_to(case, moving, midnight(on, case.zone), by_day=True)


def _pauses_add(
    case: Case, part: n.CalendarDays, day: date, way: int, opening: PreparedCalendar | None
) -> list[int]:
    """By how many days pauses may put it off: none, the first of them, the first two..."""
    pauses = part.pauses
    if pauses is None:
        return [0]
    added = {0}
    given = [one for one in case.facts.get(pauses.fact, ()) if one[1] is not None]
    for index in range(len(given)):
        some = given[: index + 1] if way > 0 else given[index:]
        edges = [local_date(at, case.zone) for one in some for at in one[:2] if at is not None]
        span = (day, max(edges)) if way > 0 else (min(edges), day)
        added.add(paused_days(some, pauses, span, case.zone, opening))
    return sorted(added)


def months_reach(case: Case, part: n.Months, target: Fraction) -> Iterator[datetime]:
    for moving, fixed, way in ((part.end, part.start, 1), (part.start, part.end, -1)):
        day = case.day(fixed)[0] if case.moves(moving) else None
        if day is None:
            continue
        for count in (ceil(target) - 1, ceil(target), ceil(target) + 1):
            near = moments.add_months(day, way * count * moments.MONTHS[part.unit])
            for shift in range(-_SHORTER, _SHORTER + 1):
                on = midnight(near + shift * _DAY, case.zone)
                yield from comes_to(case, moving, on, by_day=True)


def spells_reach(case: Case, part: n.Spells, target: Fraction) -> Iterator[datetime]:
    """A spell that lasts grows by the time that goes by; a window that moves cuts off as much."""
    lengths = spell_lengths(case, part)[0]
    if lengths is None or case.now is None:
        return
    unit_us = moments.SECONDS[part.unit] * 1_000_000
    lasting = [start for start, end, _ in case.facts.get(part.fact, ()) if end is None]
    for units in _edges(target, part.whole):
        span = ceil(units * unit_us)
        yield from (start + span * ONE_MICROSECOND for start in lasting)
        for length in {0, sum(lengths), *lengths}:
            yield case.now + (span - length) * ONE_MICROSECOND
            yield case.now + (length - span) * ONE_MICROSECOND
