"""Time and calendars the slow way: minute by minute, day by day, nothing prepared.

It reads the same documents as the product and shares no code with it.
"""

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

MICRO = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SECONDS = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86_400,
    "open_second": 1, "open_minute": 60, "open_hour": 3600,
}  # fmt: skip


def utc(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def read(kind, value, zone):
    """A fact of that type from JSON: instants in UTC, numbers as fractions."""
    match kind:
        case "instant":
            return utc(value)
        case "date":
            return utc(value) if "T" in value else midnight(date.fromisoformat(value), zone)
        case "number":
            return Fraction(value)
        case "period":
            first = date(int(value[:4]), int(value[5:] or 1), 1)
            return first, plus_months(first, 1 if len(value) > 4 else 12)
        case "instants":
            return sorted(read("date", one, zone) for one in value)
        case "intervals":
            return [_interval(one, zone) for one in value]
        case "numbers":
            return [Fraction(one) for one in value]
        case "by_period":
            return {name: Fraction(one) for name, one in value.items()}
    return value


def _interval(one, zone):
    if isinstance(one, dict):
        one = [one["start"], one.get("end"), one.get("reason")]
    end = None if one[1] is None else read("date", one[1], zone)
    return read("date", one[0], zone), end, one[2] if len(one) > 2 else None


def local(at, zone):
    return at.astimezone(ZoneInfo(zone))


def wall(day, hour, minute, zone, second=0, micro=0):
    """The instant of a wall-clock time; of one that comes twice the first, of one that is skipped
    what it would be without the change."""
    there = datetime(
        day.year, day.month, day.day, hour, minute, second, micro, tzinfo=ZoneInfo(zone)
    )
    return there.astimezone(UTC)


def wall_of(there, zone, later):
    """The same time of day so much later on the local calendar."""
    clock = (there.hour, there.minute, zone, there.second, there.microsecond)
    return wall(there.date() + later, *clock)


def midnight(day, zone):
    return wall(day, 0, 0, zone)


class SlowCalendar:
    """A calendar document, asked minute by minute."""

    def __init__(self, document):
        self.zone = document["zone"]
        self.weekly = document["weekly"]
        self.exceptions = document.get("exceptions", {})
        self.windows = cache(self._windows)
        self.minute_open = lru_cache(300_000)(self._minute_open)

    def _windows(self, day):
        found = self.exceptions.get(day.isoformat(), self.weekly[day.weekday()])
        return tuple((self._minutes(a), self._minutes(b)) for a, b in found)

    def _minutes(self, clock):
        hours, minutes = clock.split(":")
        return int(hours) * 60 + int(minutes)

    def _minute_open(self, at):
        """Whether the calendar is open in the minute that begins at this instant."""
        there = local(at, self.zone)
        minute = there.hour * 60 + there.minute
        today, yesterday = there.date(), there.date() - DAY
        return any(a <= minute < b for a, b in self.windows(today)) or any(
            a <= minute + 1440 < b for a, b in self.windows(yesterday)
        )

    def is_open(self, at):
        return self.minute_open(at.replace(second=0, microsecond=0))

    def open_micros(self, start, end):
        if end < start:
            return -self.open_micros(end, start)
        total, at = 0, start.replace(second=0, microsecond=0)
        while at < end:
            if self.minute_open(at):
                total += (min(at + MINUTE, end) - max(at, start)) // MICRO
            at += MINUTE
        return total

    def add_open(self, start, micros):
        if micros == 0:
            return start
        at = start.replace(second=0, microsecond=0)
        while True:
            if self.minute_open(at):
                begin = max(at, start)
                here = (at + MINUTE - begin) // MICRO
                if here >= micros:
                    return begin + micros * MICRO
                micros -= here
            at += MINUTE

    def next_opening(self, at):
        if self.is_open(at):
            return at
        at = at.replace(second=0, microsecond=0)
        while not self.minute_open(at):
            at += MINUTE
        return at

    def open_day(self, day):
        return bool(self.windows(day))

    def step(self, day, count):
        """The count-th open day after, or before, a day."""
        way = DAY if count >= 0 else -DAY
        for _ in range(abs(count)):
            day += way
            while not self.open_day(day):
                day += way
        return day

    def roll(self, day, way):
        while not self.open_day(day):
            day += way
        return day

    def days_between(self, first, last):
        if last < first:
            return -self.days_between(last, first)
        span = (last - first).days
        return sum(self.open_day(first + n * DAY) for n in range(1, span + 1))

    def _edges(self, day):
        """The first and the last open minute of the windows that open on a day, walked through."""
        found, start = [], midnight(day, self.zone) - timedelta(hours=3)
        for n in range(60 * 54):
            at = start + n * MINUTE
            there = local(at, self.zone)
            minute = there.hour * 60 + there.minute + 1440 * (there.date() - day).days
            if any(a <= minute < b for a, b in self.windows(day)):
                found.append(at)
        return found

    def opening_of(self, day):
        found = self._edges(day)
        return found[0] if found else None

    def closing_of(self, day):
        found = self._edges(day)
        return found[-1] + MINUTE if found else None


_CALENDARS = {}


def slow_calendar(document):
    """What was found out about a calendar is kept from one sample to the next."""
    return _CALENDARS.setdefault(json.dumps(document), SlowCalendar(document))


def plus_months(day, count):
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    last = day.day
    while True:
        try:
            return date(year, month, last)
        except ValueError:
            last -= 1


def months_apart(first, last, span, *, begun):
    if last <= first:
        return 0
    count = 0
    while plus_months(first, (count + 1) * span) <= last:
        count += 1
    return count + (1 if begun and plus_months(first, count * span) < last else 0)


def covered(intervals, start, end):
    """The time of [start, end) that lies in some interval, as disjoint spans."""
    marks = []
    for begin, stop, _ in intervals:
        begin, stop = max(begin, start), end if stop is None else min(stop, end)
        if begin < stop:
            marks.append((begin, stop))
    edges = sorted({edge for mark in marks for edge in mark})
    return [
        (a, b)
        for a, b in zip(edges, edges[1:], strict=False)
        if any(begin <= a and b <= stop for begin, stop in marks)
    ]


def joined(spans):
    """How many minutes each of the spans has, those that touch made one."""
    found = []
    for a, b in spans:
        if found and found[-1][1] == a:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return [Fraction((b - a) // MICRO, 60 * 10**6) for a, b in found]


def paused_on(day, pauses, zone):
    """Whether a pause takes the day: one of those after its first and up to its last."""
    return any(
        local(begin, zone).date() < day and (end is None or day <= local(end, zone).date())
        for begin, end, _ in pauses
    )


def days_of_year(day, year_days):
    if year_days != "actual":
        return year_days
    return (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days


def rounded(value, to, how):
    units, rest = divmod(value, to)
    if how == "up":
        return (units + (rest > 0)) * to
    if how == "down":
        return units * to
    if rest * 2 != to:
        return (units + (rest * 2 > to)) * to
    if how == "half_even":
        return (units + units % 2) * to
    return (units + (value > 0)) * to


def window(spec, at, zone):
    if "last_days" in spec:
        return at - spec["last_days"] * DAY, at + MICRO, ""
    day = local(at, zone).date()
    if spec["every"] == "day":
        return midnight(day, zone), midnight(day + DAY, zone), str(day)
    if spec["every"] == "month":
        first = day.replace(day=1)
        return midnight(first, zone), midnight(plus_months(first, 1), zone), str(day)[:7]
    month, start = (int(part) for part in spec.get("starts", "01-01").split("-"))
    first = date(day.year, month, start)
    if day < first:
        first = date(day.year - 1, month, start)
    following = date(first.year + 1, month, start)
    return midnight(first, zone), midnight(following, zone), str(first.year)


def names_of(spec, name):
    """How a window may be called among numbers by period."""
    if spec.get("every") != "year" or spec.get("starts", "01-01") == "01-01":
        return [name]
    after = str(int(name) + 1)
    return [name, *(name + mark + end for mark in "/-" for end in (after[2:], after))]


def number(value):
    if isinstance(value, bool) or not isinstance(value, int | str | Fraction):
        return None
    try:
        return Fraction(value)
    except ValueError:
        return None
