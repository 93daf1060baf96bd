"""A calendar file put over opening hours: what would change, to be looked at before it counts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from promises.identity.calendars import YEARS_AHEAD, YEARS_BACK, StoredHours
from promises.identity.ical import LONGEST_NAME, Closure, read_file
from promises.kernel.hours import MINUTES_A_DAY, CalendarSpec, Windows

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayChange:
    """`before` and `after` are the windows that open on that day."""

    on: dt.date
    before: Windows
    after: Windows
    note: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """`version` is the one that was looked at. `events` counts those of the file, `skipped` those
    that close nothing, by why (see `ical.FileRead`); `same` counts days that stay as they are."""

    version: int
    changes: tuple[DayChange, ...]
    events: int
    skipped: Mapping[str, int]
    same: int
    first: dt.date
    last: dt.date


def preview_import(hours: StoredHours, data: bytes, now: dt.datetime) -> ImportPreview:
    """What the file would change. A closed day stays closed whatever else the file says; closures
    within a day take their time out of the windows that are open then. Raises FileRefused."""
    first = dt.date(now.year - YEARS_BACK, 1, 1)
    last = dt.date(now.year + YEARS_AHEAD, 12, 31)
    read = read_file(data, hours.spec.zone, first, last)
    days = _Days(hours.spec)
    for closure in sorted(read.closures, key=lambda one: not one.whole_days):
        if closure.whole_days:
            days.close(closure, first, last)
        else:
            days.take_out(closure)
    found = [
        DayChange(day, hours.spec.windows_of(day), days.windows[day], days.note(day))
        for day in sorted(days.windows)
    ]
    changes = tuple(one for one in found if _differs(hours, one))
    same = len(found) - len(changes)
    return ImportPreview(hours.number, changes, read.events, read.skipped, same, first, last)


def _differs(hours: StoredHours, change: DayChange) -> bool:
    """A day that the week closes anyway is written down once, so that it stays closed when the
    week opens it later."""
    return change.before != change.after or change.on not in hours.spec.exceptions


class _Days:
    """The days that closures have touched."""

    def __init__(self, spec: CalendarSpec) -> None:
        self._spec = spec
        self._names: dict[dt.date, list[str]] = {}
        self.windows: dict[dt.date, Windows] = {}

    def note(self, day: dt.date) -> str:
        return ", ".join(self._names.get(day, []))[:LONGEST_NAME]

    def close(self, closure: Closure, first: dt.date, last: dt.date) -> None:
        day = max(closure.start.date(), first)
        while day < closure.end.date() and day <= last:
            self.windows[day] = ()
            self._name(day, closure)
            day += _DAY

    def take_out(self, closure: Closure) -> None:
        """Windows of the day before may reach into it. What is left of one after midnight opens on
        the day on which it then opens."""
        carried: list[tuple[int, int]] = []
        day = closure.start.date() - _DAY
        while day <= closure.end.date():
            midnight = dt.datetime.combine(day, dt.time.min)
            begins, ends = (
                (at - midnight) // dt.timedelta(minutes=1) for at in (closure.start, closure.end)
            )
            before = self.windows.get(day, self._spec.windows_of(day))
            pieces = [piece for one in before for piece in _without(one, begins, ends)]
            after = [one for one in pieces if one[0] < MINUTES_A_DAY] + carried
            carried = [
                (opens - MINUTES_A_DAY, closes - MINUTES_A_DAY)
                for opens, closes in pieces
                if opens >= MINUTES_A_DAY
            ]
            if tuple(sorted(after)) != before:
                self.windows[day] = tuple(sorted(after))
                self._name(day, closure)
            day += _DAY

    def _name(self, day: dt.date, closure: Closure) -> None:
        names = self._names.setdefault(day, [])
        if closure.name and closure.name not in names:
            names.append(closure.name)


def _without(window: tuple[int, int], begins: int, ends: int) -> list[tuple[int, int]]:
    opens, closes = window
    if ends <= opens or begins >= closes:
        return [window]
    pieces = ((opens, begins), (ends, closes))
    return [(start, end) for start, end in pieces if start < end]
