"""A slow and plain reading of opening hours, to hold the engine against.

It asks the wall clock of every single minute whether a window holds it, and walks from minute to
minute and from day to day. It shares nothing with the engine: no tables, no search, no offsets.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NOTHING = timedelta(0)


@lru_cache(maxsize=64)
def wall_minutes(zone, first, last):
    """The UTC start of the first minute, and for each minute its local day and minute of the day,
    from the day before `first` to two days after `last`; which of them lie within the dates."""
    place = ZoneInfo(zone)
    start = datetime.combine(first - DAY, time.min, UTC)
    count = ((last - first).days + 4) * 1440
    walls = [(start + number * MINUTE).astimezone(place) for number in range(count)]
    shown = [(wall.date(), wall.hour * 60 + wall.minute) for wall in walls]
    inside = [index for index, wall in enumerate(shown) if first <= wall[0] <= last]
    return start, shown, inside


class SlowCalendar:
    """`weekly` and `exceptions` as documents of the engine have them: opening and closing minute of
    the day on which a window opens."""

    def __init__(self, weekly, exceptions, zone, first: date, last: date):
        self.weekly, self.exceptions = weekly, exceptions
        self.first, self.last = first, last
        self.start, self.walls, inside = wall_minutes(zone, first, last)
        self.holders = self._all_holders()
        self.minutes_of = {}
        for index, holders in enumerate(self.holders):
            for day in holders:
                self.minutes_of.setdefault(day, []).append(index)
        self.begins, self.ends = self._at(inside[0]), self._at(inside[-1] + 1)

    def windows(self, day):
        return self.exceptions[day] if day in self.exceptions else self.weekly[day.weekday()]

    def _all_holders(self):
        """For each minute the days whose windows hold it: what the clock shows is looked up in the
        minutes of its day, each noted one by one."""
        noted = {}
        for day in {wall[0] for wall in self.walls}:
            noted[day] = minutes = {}
            for opens, closes in self.windows(day):
                for minute in range(opens, min(closes, 1440)):
                    minutes.setdefault(minute, []).append(day)
            for _, closes in self.windows(day - DAY):
                for minute in range(closes - 1440):
                    minutes.setdefault(minute, []).append(day - DAY)
        return [noted[day].get(minute, ()) for day, minute in self.walls]

    def _at(self, index):
        return self.start + index * MINUTE

    def _index(self, instant):
        return (instant - self.start) // MINUTE

    # ---- time

    def is_open(self, instant):
        return bool(self.holders[self._index(instant)])

    def open_between(self, start, end):
        if end < start:
            return -self.open_between(end, start)
        first, last = self._index(start), self._index(end)
        minutes = sum(1 for index in range(first, last) if self.holders[index])
        total = minutes * MINUTE
        if self.holders[first]:
            total -= start - self._at(first)
        if self.holders[last]:
            total += end - self._at(last)
        return total

    def add_open(self, start, span):
        """None when the span is not used up before the end of the last day."""
        if span == NOTHING:
            return start
        at, end = start, self.ends
        while at < end:
            index = self._index(at)
            following = self._at(index + 1)
            if self.holders[index]:
                if following - at >= span:
                    return at + span
                span -= following - at
            at = following
        return None

    def next_opening(self, instant):
        """None when there is none before the end of the last day."""
        at, end = instant, self.ends
        while at < end:
            if self.holders[self._index(at)]:
                return at
            at = self._at(self._index(at) + 1)
        return None

    # ---- days

    def opening_of_day(self, day):
        return self._at(self.minutes_of[day][0]) if self.is_open_day(day) else None

    def closing_of_day(self, day):
        return self._at(self.minutes_of[day][-1] + 1) if self.is_open_day(day) else None

    def is_open_day(self, day):
        return day in self.minutes_of

    def open_days(self):
        day, found = self.first, []
        while day <= self.last:
            if self.is_open_day(day):
                found.append(day)
            day += DAY
        return found

    def roll(self, day, backwards=False):
        """None when no open day is met before the end."""
        return self._walk(day, 0, -DAY if backwards else DAY)

    def add_open_days(self, day, count):
        if count == 0:
            return day
        step = DAY if count > 0 else -DAY
        return self._walk(day + step, abs(count) - 1, step)

    def _walk(self, day, skipped, step):
        known = set(self.open_days())
        while self.first <= day <= self.last:
            if day in known:
                if skipped == 0:
                    return day
                skipped -= 1
            day += step
        return None

    def open_days_between(self, after, until):
        if until < after:
            return -self.open_days_between(until, after)
        return sum(after < day <= until for day in self.open_days())

    def closed_days_between(self, after, until):
        after, until = min(after, until), max(after, until)
        return tuple(
            sorted(
                day
                for day, windows in self.exceptions.items()
                if after < day <= until and windows == () and self.weekly[day.weekday()] != ()
            )
        )
