"""Local times of one zone as instants, fast enough for millions of rows.

Days are counted from 1970-01-01; times of day and instants are whole microseconds. What the zone
says of a day is asked once; only the days on which clocks change are resolved time by time.
"""

import datetime as dt

from promises.desk.imports.problems import Problem, Unreadable
from promises.kernel.zones import Zone, resolve_local, utc_offset, zone_of

SECOND = 1_000_000
DAY = 86_400 * SECOND
_QUARTER = 900 * SECOND
_WALL_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock; its zone is named below
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def instant_of(moment: dt.datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(instant: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=instant)


class LocalTimes:
    """`ambiguous` is set by `instant` when a time came twice that day; whoever reads a row looks
    at it and resets it."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone_of(zone)
        self._offset_of_day: dict[int, int | None] = {}
        self._offset_of_quarter: dict[int, int | None] = {}
        self.ambiguous = False

    def instant(self, day: int, time: int) -> int:
        """A time that comes twice is the first of the two; one that the clocks skip is refused."""
        try:
            offset = self._offset_of_day[day]
        except KeyError:
            offset = self._offset_of_day[day] = self._ask_day(day)
        if offset is not None:
            return day * DAY + time - offset
        return self._resolve(day, time)

    def local_day(self, instant: int) -> int:
        """The day that the clocks of the zone show at that instant."""
        quarter = instant // _QUARTER
        try:
            offset = self._offset_of_quarter[quarter]
        except KeyError:
            offset = self._offset_of_quarter[quarter] = self._ask_quarter(quarter)
        if offset is None:
            offset = self._offset_at(instant)
        return (instant + offset) // DAY

    def _ask_day(self, day: int) -> int | None:
        """The offset from UTC; None where it changes between this midnight and the next."""
        midnight = _WALL_EPOCH + dt.timedelta(days=day)
        offsets = set()
        for hour in range(25):
            found = resolve_local(midnight + dt.timedelta(hours=hour), self._zone)
            if found.problem is not None:
                return None
            offsets.add(day * DAY + hour * 3600 * SECOND - instant_of(found.instant))
        return offsets.pop() if len(offsets) == 1 else None

    def _resolve(self, day: int, time: int) -> int:
        local = _WALL_EPOCH + dt.timedelta(days=day, microseconds=time)
        found = resolve_local(local, self._zone)
        if found.problem == "nonexistent":
            raise Unreadable(Problem.TIME_SKIPPED)
        if found.problem == "ambiguous":
            self.ambiguous = True
        return instant_of(found.instant)

    def _ask_quarter(self, quarter: int) -> int | None:
        first = self._offset_at(quarter * _QUARTER)
        last = self._offset_at((quarter + 1) * _QUARTER - 1)
        return first if first == last else None

    def _offset_at(self, instant: int) -> int:
        return utc_offset(moment_of(instant), self._zone) // _MICROSECOND
