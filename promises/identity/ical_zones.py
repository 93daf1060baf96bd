"""Which instants the clock times of a calendar file mean.

A TZID is looked up in the time zone database first, also by the names that Windows gives; only a
name that is unknown there is read from the file's own VTIMEZONE. Nothing is kept between files: the
same name may mean something else in another one.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from promises.identity.ical_lines import Component, FileRefused, Line
from promises.identity.ical_values import offset, shown, unreadable
from promises.identity.recurrence import Budget, RuleNotUnderstood, days, parse_rule
from promises.kernel.text import N_
from promises.kernel.zones import UnknownZone, resolve_local, zone_of

Clock = Callable[[dt.datetime], dt.datetime]
"""From what a clock shows, without a zone, to the instant in UTC."""

_TWO_YEARS = dt.timedelta(days=731)
_EARLIEST = dt.date(1000, 1, 1)


class Clocks:
    """The clocks that one file names; each is worked out once."""

    def __init__(
        self, zones: Iterable[Component], own: str, first: dt.date, last: dt.date, budget: Budget
    ) -> None:
        self._zones = {zone.text("TZID"): zone for zone in zones}
        self._own = own
        self._span = (first - _TWO_YEARS, last + _TWO_YEARS)
        self._budget = budget
        self._known: dict[str, Clock] = {}

    def of(self, line: Line) -> Clock:
        """The clock of a line with a time: that of its TZID, or the calendar's own."""
        name = line.params.get("TZID", "")
        if not name:
            return _by_zone(zone_of(self._own))
        if name not in self._known:
            self._known[name] = self._find(name, line)
        return self._known[name]

    def _find(self, name: str, line: Line) -> Clock:
        for known in (name, WINDOWS_TO_OLSON.get(name, ""), *_tails(name)):
            try:
                return _by_zone(zone_of(known))
            except UnknownZone:
                continue
        if name in self._zones:
            return _Described(self._zones[name], self._span, self._budget).instant
        message = N_("Line %(line)s, %(field)s: the time zone “%(zone)s” is not known.")
        raise FileRefused([line.problem(message, zone=name)])


def utc_clock(clock_time: dt.datetime) -> dt.datetime:
    return clock_time.replace(tzinfo=dt.UTC)


def _by_zone(zone: ZoneInfo) -> Clock:
    return lambda clock_time: resolve_local(clock_time, zone).instant


def _tails(name: str) -> list[str]:
    """Some programs put a path of their own before the name: `/example.org/Europe/Helsinki`."""
    parts = name.strip("/").split("/")
    return ["/".join(parts[-length:]) for length in (3, 2) if len(parts) >= length]


class _Described:
    """The clock of a VTIMEZONE: its changes of offset over some years, in UTC."""

    def __init__(self, zone: Component, span: tuple[dt.date, dt.date], budget: Budget) -> None:
        self._changes: list[tuple[dt.datetime, dt.timedelta]] = []
        first_offset: list[tuple[dt.datetime, dt.timedelta]] = []
        for part in zone.children:
            begins = _needed(part, "DTSTART")
            before = offset(_needed(part, "TZOFFSETFROM"))
            after = offset(_needed(part, "TZOFFSETTO"))
            start = shown(begins)
            first_offset.append((start, before))
            for onset in _onsets(part, start, span, budget):
                self._changes.append(((onset - before).replace(tzinfo=dt.UTC), after))
        if not first_offset:
            raise FileRefused([Line(zone.number, zone.name, {}, "").problem(_MISSING)])
        self._changes.sort()
        self._first = min(first_offset)[1]
        self._offsets = sorted({self._first, *(after for _, after in self._changes)})

    def instant(self, clock_time: dt.datetime) -> dt.datetime:
        """The first of two; what the clocks skip is counted with the offset before the change."""
        bare = clock_time.replace(tzinfo=dt.UTC)
        for one in reversed(self._offsets):
            if self._offset_at(bare - one) == one:
                return bare - one
        return bare - self._offset_at(bare - self._offsets[-1])

    def _offset_at(self, instant: dt.datetime) -> dt.timedelta:
        found = self._first
        for change, after in self._changes:
            if change > instant:
                break
            found = after
        return found


_MISSING = N_("Line %(line)s: this %(field)s is not complete.")


def _needed(part: Component, name: str) -> Line:
    line = part.first(name)
    if line is None:
        raise FileRefused([Line(part.number, part.name, {}, "").problem(_MISSING)])
    return line


def _onsets(
    part: Component, start: dt.datetime, span: tuple[dt.date, dt.date], budget: Budget
) -> list[dt.datetime]:
    """The clock times at which an offset begins to hold."""
    found = {start}
    for line in part.all("RDATE"):
        found |= {shown(line, one) for one in line.value.split(",")}
    for line in part.all("RRULE"):
        try:
            rule = parse_rule(line.value)
        except RuleNotUnderstood as refusal:
            raise unreadable(line, str(refusal)) from None
        begun = max(start.date(), _EARLIEST)
        last = span[1]
        if rule.until is not None:
            last = min(last, shown(line, rule.until).date())
        for day in days(rule, begun, span[0], last, budget):
            found.add(dt.datetime.combine(day, start.time()))
    return sorted(found)
