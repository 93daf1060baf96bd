"""What an iCalendar file closes: its events, repeated ones worked out, as closures of one calendar.

An event of whole days closes them. One with times closes those hours, by the clocks of the
calendar. Cancelled events and those marked as free time close nothing.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from promises.identity.ical_lines import Component, FileRefused, Line, read_components
from promises.identity.ical_values import moment, shown, span, unreadable, words
from promises.identity.ical_zones import Clock, Clocks, utc_clock
from promises.identity.recurrence import Budget, RuleNotUnderstood, TooMuchToRepeat, parse_rule
from promises.identity.recurrence import days as days_of
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_
from promises.kernel.zones import local_clock

MOST_CLOSURES = 5000
LONGEST_NAME = 80
_LONGEST_EVENT = dt.timedelta(days=400)
_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Closure:
    """From `start` to before `end` as the calendar's clocks show it, in whole minutes; midnight to
    midnight for whole days."""

    start: dt.datetime
    end: dt.datetime
    whole_days: bool
    name: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """`skipped` counts events by why they close nothing: `cancelled`, `free`, `empty` (no length),
    `outside` (no day between the first and the last)."""

    events: int
    closures: tuple[Closure, ...]
    skipped: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Event:
    """An event with its times in its own clock; `length` is exact, or in days by the calendar."""

    name: str
    start: dt.datetime
    clock: Clock
    whole_days: bool
    length: dt.timedelta
    by_clock: bool
    component: Component


def read_file(data: bytes, zone: str, first: dt.date, last: dt.date) -> FileRead:
    """The closures from `first` to `last` for a calendar of that zone. Raises FileRefused, with
    the lines that are wrong, all or nothing."""
    budget = Budget()
    calendars = read_components(data)
    zones = [one for top in calendars for one in top.children if one.name == "VTIMEZONE"]
    clocks = Clocks(zones, zone, first, last, budget)
    parts = [one for top in calendars for one in top.children if one.name == "VEVENT"]
    skipped: Counter[str] = Counter()
    closures: list[Closure] = []
    problems: list[FieldProblem] = []
    moved = _moved(parts, clocks, problems)
    for part in parts:
        try:
            found, why = _closures(part, clocks, moved, (zone, first, last), budget)
        except FileRefused as refusal:
            problems += refusal.problems
            continue
        except TooMuchToRepeat:
            text = N_("Line %(line)s: the events of this file repeat too often to be worked out.")
            problems.append(_at(part).problem(text))
            break
        closures += found
        skipped[why] += not found
        if len(closures) > MOST_CLOSURES:
            text = N_("The file closes more than %(most)s times.")
            problems.append(FieldProblem("file", text, {"most": MOST_CLOSURES}))
            break
    if problems:
        raise FileRefused(problems[:20])
    told = {why: count for why, count in skipped.items() if count}
    ordered = sorted(set(closures), key=lambda one: (one.start, one.end, one.name))
    return FileRead(len(parts), tuple(ordered), told)


def _closures(
    part: Component,
    clocks: Clocks,
    moved: set[tuple[str, dt.datetime]],
    where: tuple[str, dt.date, dt.date],
    budget: Budget,
) -> tuple[list[Closure], str]:
    """The event's closures; where there are none, why."""
    event = _event(part, clocks)
    if part.text("STATUS").upper() == "CANCELLED":
        return [], "cancelled"
    if part.text("TRANSP").upper() == "TRANSPARENT":
        return [], "free"
    if not event.length:
        return [], "empty"
    zone, first, last = where
    uid = part.text("UID")
    left_out = _excepted(event, clocks)
    found = []
    for start in _starts(event, clocks, first, last, budget):
        instant = event.clock(start)
        replaced = (uid, instant) in moved and part.first("RECURRENCE-ID") is None
        if instant in left_out or replaced:
            continue
        closure = _closure(event, start, instant, zone)
        if closure.start.date() <= last and closure.end.date() >= first:
            found.append(closure)
    return found, "outside"


def _event(part: Component, clocks: Clocks) -> _Event:
    line = part.first("DTSTART")
    if line is None:
        text = N_("Line %(line)s: this event says no day (DTSTART).")
        raise FileRefused([_at(part).problem(text)])
    old_way = part.first("EXRULE")
    if old_way is not None:
        raise unreadable(old_way, old_way.value)
    begins = moment(line)
    whole = not isinstance(begins, dt.datetime)
    clock = _clock_of(line, begins, clocks)
    length, by_clock = _length(part, line, begins, clocks)
    if length < dt.timedelta(0) or length > _LONGEST_EVENT:
        text = N_("Line %(line)s: this event ends before it begins, or is longer than a year.")
        raise FileRefused([line.problem(text)])
    name = words(part.first("SUMMARY"), LONGEST_NAME)
    return _Event(name, shown(line), clock, whole, length, by_clock, part)


def _length(
    part: Component, line: Line, begins: dt.date | dt.datetime, clocks: Clocks
) -> tuple[dt.timedelta, bool]:
    """How long, and whether that is days by the calendar rather than exact time."""
    ends, lasts = part.first("DTEND"), part.first("DURATION")
    whole = not isinstance(begins, dt.datetime)
    if ends is not None:
        end = moment(ends)
        if isinstance(end, dt.datetime) == whole:
            raise unreadable(ends, ends.value)
        if whole:
            return max(shown(ends) - shown(line), _DAY), True
        start_at = _clock_of(line, begins, clocks)(shown(line))
        return _clock_of(ends, end, clocks)(shown(ends)) - start_at, False
    if lasts is not None:
        length = span(lasts)
        if whole and (length % _DAY or not length):
            raise unreadable(lasts, lasts.value)
        return length, "T" not in lasts.value.upper()
    return (_DAY, True) if whole else (dt.timedelta(0), False)


def _clock_of(line: Line, value: dt.date | dt.datetime, clocks: Clocks) -> Clock:
    if not isinstance(value, dt.datetime) or value.tzinfo is not None:
        return utc_clock  # whole days are the same on every clock
    return clocks.of(line)


def _starts(
    event: _Event, clocks: Clocks, first: dt.date, last: dt.date, budget: Budget
) -> Iterator[dt.datetime]:
    """When the event begins, each time, by its own clock."""
    part = event.component
    rules = part.all("RRULE") if part.first("RECURRENCE-ID") is None else []
    seen = set() if rules else {event.start}
    for line in rules:
        seen |= set(_repeated(event, line, first, last, budget))
    for line in part.all("RDATE"):
        for one in line.value.split(","):
            if line.params.get("VALUE", "").upper() == "PERIOD":
                raise unreadable(line, one)
            seen.add(_own_time(event, line, one, clocks))
    budget.spend(len(seen))
    yield from sorted(seen)


def _repeated(
    event: _Event, line: Line, first: dt.date, last: dt.date, budget: Budget
) -> Iterator[dt.datetime]:
    try:
        rule = parse_rule(line.value)
    except RuleNotUnderstood as refusal:
        raise unreadable(line, str(refusal)) from None
    until = None if rule.until is None else moment(line, rule.until)
    since = first - event.length - 2 * _DAY
    for day in days_of(rule, event.start.date(), since, last + 2 * _DAY, budget):
        start = dt.datetime.combine(day, event.start.time())
        if until is not None and _is_past(event, start, until):
            return
        yield start


def _is_past(event: _Event, start: dt.datetime, until: dt.date | dt.datetime) -> bool:
    if not isinstance(until, dt.datetime) or event.whole_days:
        day = until.date() if isinstance(until, dt.datetime) else until
        return start.date() > day
    if until.tzinfo is None:
        return start > until
    return event.clock(start) > until


def _own_time(event: _Event, line: Line, value: str, clocks: Clocks) -> dt.datetime:
    """A date or time of RDATE or EXDATE as the event's own clock shows it."""
    found = moment(line, value)
    if not isinstance(found, dt.datetime):
        return dt.datetime.combine(found, event.start.time())
    if event.whole_days:
        return dt.datetime.combine(found.date(), dt.time.min)
    wanted = _clock_of(line, found, clocks)(found.replace(tzinfo=None))
    guess = found.replace(tzinfo=None)
    return guess + (wanted - event.clock(guess))


def _excepted(event: _Event, clocks: Clocks) -> set[dt.datetime]:
    return {
        event.clock(_own_time(event, line, one, clocks))
        for line in event.component.all("EXDATE")
        for one in line.value.split(",")
    }


def _moved(
    parts: list[Component], clocks: Clocks, problems: list[FieldProblem]
) -> set[tuple[str, dt.datetime]]:
    """The single times of repeated events that an event of its own replaces or cancels."""
    found = set()
    for part in parts:
        line = part.first("RECURRENCE-ID")
        if line is None:
            continue
        try:
            if line.params.get("RANGE"):
                raise unreadable(line, f"RANGE={line.params['RANGE']}")
            found.add((part.text("UID"), _clock_of(line, moment(line), clocks)(shown(line))))
        except FileRefused as refusal:
            problems += refusal.problems
    return found


def _closure(event: _Event, start: dt.datetime, instant: dt.datetime, zone: str) -> Closure:
    if event.whole_days:
        return Closure(start, start + event.length, True, event.name)
    end = event.clock(start + event.length) if event.by_clock else instant + event.length
    # Whole minutes: a begun one counts. The hour that comes twice is closed both times.
    count = -(-(end - instant) // _MINUTE) if end - instant < _DAY else 0
    begins, ends = _clock_shows(instant, zone), _clock_shows(end - dt.timedelta.resolution, zone)
    walls = [begins, ends, *(_clock_shows(instant + n * _MINUTE, zone) for n in range(count))]
    return Closure(min(walls), max(walls) + _MINUTE, False, event.name)


def _clock_shows(instant: dt.datetime, zone: str) -> dt.datetime:
    day, clock = local_clock(instant, zone)
    return dt.datetime.combine(day, clock.replace(second=0, microsecond=0))


def _at(part: Component) -> Line:
    return Line(part.number, part.name, {}, "")
