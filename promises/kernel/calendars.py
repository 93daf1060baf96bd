"""Opening hours, exact across daylight saving.

A calendar prepared for a span of dates is one table of open intervals in UTC with running sums, and
every question is a binary search. The table is made without a special case for the clock changes:
real time is cut into segments of constant offset; a window of wall-clock time is open wherever the
wall clock of a segment shows a time inside it. So a window in the hour that comes twice is open
twice, and one in the hour that is skipped not at all.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from promises.kernel.errors import DomainError
from promises.kernel.hours import CalendarRefused, CalendarSpec, dump_calendar, parse_calendar
from promises.kernel.text import N_
from promises.kernel.zones import (
    ResolvedLocal,
    local_date,
    require_utc,
    resolve_local,
    utc_offset,
    zone_of,
)

__all__ = [
    "BeyondCalendar",
    "CalendarNeverOpens",
    "CalendarRefused",
    "CalendarSpec",
    "PreparedCalendar",
    "ResolvedLocal",
    "dump_calendar",
    "local_date",
    "parse_calendar",
    "prepared",
    "resolve_local",
]

_NOTHING = timedelta(0)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_PROBE = timedelta(hours=6)
_LONGEST_SPAN = timedelta(days=40 * 366)


class CalendarNeverOpens(DomainError):
    code = "calendar_never_opens"
    message = N_("These opening hours never open.")


class BeyondCalendar(DomainError):
    """The answer lies outside the dates that the calendar was prepared for."""

    code = "beyond_calendar"
    message = N_("The opening hours are worked out only from %(first)s to %(last)s.")


class _Segment(NamedTuple):
    """Real time from `start` to before `end`, in which the zone keeps one offset."""

    start: datetime
    end: datetime
    offset: timedelta


class PreparedCalendar:
    """A calendar from the start of `from_date` to the end of `to_date`, both local days.

    Instants go in as aware datetimes of any zone and come out in UTC. A question about an instant
    or a day outside the span raises BeyondCalendar. An interval is open from its opening instant
    until before its closing instant. A day is an open day when some window opens on it; one whose
    only window falls into the hour that the clocks skip is not.
    """

    def __init__(self, spec: CalendarSpec, from_date: date, to_date: date) -> None:
        if not _NOTHING <= to_date - from_date <= _LONGEST_SPAN:
            raise ValueError("a calendar is prepared for one day to forty years")
        self.spec = spec
        self.from_date = from_date
        self.to_date = to_date
        zone = zone_of(spec.zone)
        self._first = resolve_local(datetime.combine(from_date, time.min), zone).instant
        self._last = resolve_local(datetime.combine(to_date + _DAY, time.min), zone).instant
        self._segments = tuple(_segments(zone, self._first - 3 * _DAY, self._last + 3 * _DAY))
        self._segment_starts = [segment.start for segment in self._segments]
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        self._open_days: list[date] = []
        self._tabulate()
        self._sums: list[timedelta] = []
        total = _NOTHING
        for start, end in zip(self._starts, self._ends, strict=True):
            total += end - start
            self._sums.append(total)
        self._closed_days = [day for day, windows in spec.exceptions.items()
                             if not windows and spec.weekly[day.weekday()]]  # fmt: skip

    def is_open(self, at: datetime) -> bool:
        at = self._inside(at)
        if at == self._last:
            raise self._beyond()
        index = bisect_right(self._starts, at) - 1
        return index >= 0 and at < self._ends[index]

    def next_opening(self, at: datetime) -> datetime:
        """The first open instant from `at` on: `at` itself while it is open."""
        at = self._inside(at)
        index = bisect_right(self._ends, at)
        if index == len(self._ends):
            raise self._beyond()
        return max(at, self._starts[index])

    def closing_of_day(self, day: date) -> datetime | None:
        """When the last window that opens on that local day closes, which may be on the next day;
        None when the branch does not open on it."""
        return max((end for _, end in self._open_on(self._within(day))), default=None)

    def opening_of_day(self, day: date) -> datetime | None:
        """When the first window that opens on that local day opens; None when none does."""
        return min((start for start, _ in self._open_on(self._within(day))), default=None)

    def is_open_day(self, day: date) -> bool:
        index = bisect_left(self._open_days, self._within(day))
        return index < len(self._open_days) and self._open_days[index] == day

    def roll(self, day: date, backwards: bool = False) -> date:
        """The day itself when it is an open day, else the next one, or the one before."""
        if backwards:
            return self._open_day(bisect_right(self._open_days, self._within(day)) - 1)
        return self._open_day(bisect_left(self._open_days, self._within(day)))

    def add_open_days(self, day: date, count: int) -> date:
        """The open day that is the `count`-th after `day`, which itself is not counted; backwards
        when negative. 0 gives `day`, open or not."""
        self._within(day)
        if count == 0:
            return day
        if count > 0:
            return self._open_day(bisect_right(self._open_days, day) + count - 1)
        return self._open_day(bisect_left(self._open_days, day) + count)

    def open_days_between(self, after: date, until: date) -> int:
        """How many open days come after `after` and not after `until`; negative the other way
        round."""
        first = bisect_right(self._open_days, self._within(after))
        return bisect_right(self._open_days, self._within(until)) - first

    def closed_days_between(self, after: date, until: date) -> tuple[date, ...]:
        """The days of the same span, given in either direction, on which the week would open and
        an exception closes."""
        first, last = sorted((self._within(after), self._within(until)))
        low, high = bisect_right(self._closed_days, first), bisect_right(self._closed_days, last)
        return tuple(self._closed_days[low:high])

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from `start` to `end`, exact; negative the other way round."""
        return self._open_until(self._inside(end)) - self._open_until(self._inside(start))

    def open_seconds_between(self, start: datetime, end: datetime) -> int:
        """The same in whole seconds, cut downwards."""
        return self.open_between(start, end) // _SECOND

    def add_open(self, start: datetime, span: timedelta) -> datetime:
        """The first instant by which `span` of open time has gone by since `start`: the exact
        inverse of `open_between`. Adding nothing gives `start`, open or not."""
        start = self._inside(start)
        if span < _NOTHING:
            raise ValueError("open time is added forwards only")
        if span == _NOTHING:
            return start
        target = self._open_until(start) + span
        index = bisect_left(self._sums, target)
        if index == len(self._sums):
            raise self._beyond()
        return self._ends[index] - (self._sums[index] - target)

    def open_before(self, end: datetime, span: timedelta) -> datetime:
        """The last instant since which `span` of open time has gone by until `end`; the start of
        the calendar where it knows less."""
        target = self._open_until(self._inside(end)) - span
        if target < _NOTHING:
            return self._first
        index = bisect_right(self._sums, target)
        if index == len(self._sums):
            return self._inside(end)
        return self._ends[index] - (self._sums[index] - target)

    def _inside(self, at: datetime) -> datetime:
        at = require_utc(at)
        if not self._first <= at <= self._last:
            raise self._beyond()
        return at

    def _within(self, day: date) -> date:
        if not self.from_date <= day <= self.to_date:
            raise self._beyond()
        return day

    def _open_day(self, index: int) -> date:
        if not 0 <= index < len(self._open_days):
            raise self._beyond()
        return self._open_days[index]

    def _beyond(self) -> DomainError:
        if self.spec.never_opens:
            return CalendarNeverOpens()
        return BeyondCalendar(first=self.from_date, last=self.to_date)

    def _open_until(self, at: datetime) -> timedelta:
        """The open time from the start of the table to `at`."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return _NOTHING
        return self._sums[index] - max(self._ends[index] - at, _NOTHING)

    def _open_on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The open intervals of the windows that open on one local day, in UTC."""
        midnight = datetime.combine(day, time.min, UTC)
        for opens, closes in self.spec.windows_of(day):
            wall_start = midnight + timedelta(minutes=opens)
            wall_end = midnight + timedelta(minutes=closes)
            first = bisect_right(self._segment_starts, wall_start - _DAY) - 1
            for segment in self._segments[first:]:
                if segment.start >= wall_end + _DAY:
                    break
                start = max(segment.start, wall_start - segment.offset)
                end = min(segment.end, wall_end - segment.offset)
                if start < end:
                    yield start, end

    def _tabulate(self) -> None:
        """Fills the table; intervals that touch or overlap become one, the span cuts them off."""
        found: list[tuple[datetime, datetime]] = []
        for number in range(-2, (self.to_date - self.from_date).days + 1):
            day = self.from_date + number * _DAY
            opened = list(self._open_on(day))
            found.extend(opened)
            if opened and number >= 0:
                self._open_days.append(day)
        for start, end in sorted(found):
            start, end = max(start, self._first), min(end, self._last)
            if start >= end:
                continue
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)


@lru_cache(maxsize=128)
def prepared(spec: CalendarSpec, first: date, last: date) -> PreparedCalendar:
    """The same hours for the same dates are worked out once in the process."""
    return PreparedCalendar(spec, first, last)


def _segments(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[_Segment]:
    """Cuts real time where the zone changes its offset. No zone changes twice within six hours."""
    since, at, offset = start, start, utc_offset(start, zone)
    while at < end:
        probe = min(at + _PROBE, end)
        if utc_offset(probe, zone) != offset:
            change = _change(zone, at, probe)
            yield _Segment(since, change, offset)
            since, offset = change, utc_offset(change, zone)
        at = probe
    yield _Segment(since, end, offset)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second with the new offset."""
    old = utc_offset(before, zone)
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if utc_offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after
