"""Opening hours as data: a week of windows, the days that differ, a zone. Read strictly."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from promises.kernel.documents import Section
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_
from promises.kernel.zones import UnknownZone, zone_of

FORMAT = 1
MINUTES_A_DAY = 1440
LATEST_CLOSE = 2 * MINUTES_A_DAY
_MOST_WINDOWS = 24
_MOST_EXCEPTIONS = 5000
_TIME = re.compile(r"([0-4][0-9]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = timedelta(days=1)
_YEARS = range(1900, 2201)

# Opening and closing minute of a local day: 09:00 is 540, midnight at the end of the day 1440. A
# window that closes after midnight goes on into the next day: 22:00 to 02:00 is (1320, 1560).
Window = tuple[int, int]
Windows = tuple[Window, ...]


class CalendarRefused(Refused):
    """Opening hours that contradict themselves; `problems` name the places by JSON pointer."""

    code = "calendar_refused"
    message = N_("The opening hours need another look.")


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """`weekly`: seven days from Monday on. `exceptions` replace the whole day; () means closed.

    Windows are kept in order. Overlapping windows, also across midnight, are CalendarRefused.
    """

    weekly: tuple[Windows, ...]
    zone: str
    exceptions: Mapping[date, Windows] = field(default_factory=dict)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weekly = tuple(tuple(sorted(windows)) for windows in self.weekly)
        exceptions = {day: tuple(sorted(self.exceptions[day])) for day in sorted(self.exceptions)}
        object.__setattr__(self, "weekly", weekly)
        object.__setattr__(self, "exceptions", MappingProxyType(exceptions))
        content = (weekly, self.zone, tuple(exceptions.items()))
        object.__setattr__(self, "_hash", hash(content))
        problems = list(_spec_problems(self))
        if problems:
            raise CalendarRefused(problems)

    def __hash__(self) -> int:
        return self._hash

    def windows_of(self, day: date) -> Windows:
        """The windows that open on that local day."""
        special = self.exceptions.get(day)
        return self.weekly[day.weekday()] if special is None else special

    @property
    def never_opens(self) -> bool:
        return not any(self.weekly) and not any(self.exceptions.values())


def parse_calendar(document: object) -> CalendarSpec:
    """Reads `{"format": 1, "zone": name, "weekly": [seven lists of ["09:00", "17:30"]],
    "exceptions": {"2026-12-24": []}}`; raises CalendarRefused with every problem that it has.

    Hours run to 48:00; 24:00 is midnight at the end of the day. `exceptions` may be left out.
    """
    problems: list[FieldProblem] = []
    top = Section(
        document, problems, required=("format", "zone", "weekly"), optional=("exceptions",)
    )
    top.fixed("format", FORMAT)
    weekly = top.get("weekly")
    if not isinstance(weekly, list | tuple) or len(weekly) != 7:
        top.refuse("weekly", N_("This must be a list of seven days, Monday first."))
        weekly = ((),) * 7
    days = tuple(_parse_day(day, f"/weekly/{i}", problems) for i, day in enumerate(weekly))
    exceptions = _parse_exceptions(top.get("exceptions"), problems)
    zone = top.get("zone")
    if problems:
        raise CalendarRefused(problems)
    return CalendarSpec(weekly=days, zone=str(zone), exceptions=exceptions)


def dump_calendar(spec: CalendarSpec) -> dict[str, Any]:
    """The canonical document; the same hours always give the same."""
    return {
        "format": FORMAT,
        "zone": spec.zone,
        "weekly": [_dump_day(windows) for windows in spec.weekly],
        "exceptions": {
            day.isoformat(): _dump_day(windows) for day, windows in spec.exceptions.items()
        },
    }


def _dump_day(windows: Windows) -> list[list[str]]:
    return [[_dump_time(minute) for minute in window] for window in windows]


def _dump_time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _parse_exceptions(value: object, problems: list[FieldProblem]) -> dict[date, Windows]:
    if value is None:
        return {}
    place = "/exceptions"
    if not isinstance(value, Mapping):
        problems.append(FieldProblem(place, N_("This must be an object with a field a date.")))
        return {}
    if len(value) > _MOST_EXCEPTIONS:
        text = N_("This must have at most %(most)s entries.")
        problems.append(FieldProblem(place, text, {"most": _MOST_EXCEPTIONS}))
        return {}
    section = Section(value, problems, required=(), optional=tuple(value), pointer=place)
    found: dict[date, Windows] = {}
    for key, windows in value.items():
        day = _parse_date(key)
        if day is None:
            section.refuse(key, N_("This must be a date such as 2026-12-24."))
        else:
            found[day] = _parse_day(windows, f"{place}/{key}", problems)
    return found


def _parse_date(text: object) -> date | None:
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _parse_day(value: object, place: str, problems: list[FieldProblem]) -> Windows:
    if not isinstance(value, list | tuple) or len(value) > _MOST_WINDOWS:
        text = N_("This must be a list of at most %(most)s opening times.")
        problems.append(FieldProblem(place, text, {"most": _MOST_WINDOWS}))
        return ()
    windows = []
    for index, pair in enumerate(value):
        minutes = [_parse_time(text) for text in pair] if isinstance(pair, list | tuple) else []
        if len(minutes) == 2 and minutes[0] is not None and minutes[1] is not None:
            windows.append((minutes[0], minutes[1]))
        else:
            text = N_('This must be a pair of times such as ["09:00", "17:30"].')
            problems.append(FieldProblem(f"{place}/{index}", text))
    return tuple(windows)


def _parse_time(text: object) -> int | None:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    return int(match[1]) * 60 + int(match[2])


def _spec_problems(spec: CalendarSpec) -> Iterator[FieldProblem]:
    try:
        zone_of(spec.zone)
    except UnknownZone:
        text = N_("There is no time zone of this name. One such name is Europe/Helsinki.")
        yield FieldProblem("/zone", text)
    if len(spec.weekly) != 7:
        yield FieldProblem("/weekly", N_("This must be a list of seven days, Monday first."))
        return
    for place, windows in _days(spec):
        yield from _window_problems(place, windows)
    if len(spec.exceptions) > _MOST_EXCEPTIONS:
        text = N_("This must have at most %(most)s entries.")
        yield FieldProblem("/exceptions", text, {"most": _MOST_EXCEPTIONS})
    if any(day.year not in _YEARS for day in spec.exceptions):
        yield FieldProblem("/exceptions", N_("The dates must lie between 1900 and 2200."))
        return
    for index in range(7):
        yield from _overlaps(f"/weekly/{index}", spec.weekly[index - 1], spec.weekly[index])
    for day, windows in spec.exceptions.items():
        before, after = spec.windows_of(day - _DAY), spec.windows_of(day + _DAY)
        yield from _overlaps(_exception(day), before, windows)
        if day + _DAY not in spec.exceptions:
            yield from _touching(_exception(day), windows, after)


def _days(spec: CalendarSpec) -> Iterator[tuple[str, Windows]]:
    for index, windows in enumerate(spec.weekly):
        yield f"/weekly/{index}", windows
    for day, windows in spec.exceptions.items():
        yield _exception(day), windows


def _exception(day: date) -> str:
    return f"/exceptions/{day.isoformat()}"


def _window_problems(place: str, windows: Windows) -> Iterator[FieldProblem]:
    if len(windows) > _MOST_WINDOWS:
        text = N_("This must be a list of at most %(most)s opening times.")
        yield FieldProblem(place, text, {"most": _MOST_WINDOWS})
    for index, (opens, closes) in enumerate(windows):
        spot = f"{place}/{index}"
        if not 0 <= opens < MINUTES_A_DAY:
            yield FieldProblem(spot, N_("The opening time must lie within the day."))
        if closes <= opens:
            yield FieldProblem(spot, N_("The closing time must come after the opening time."))
        if closes > LATEST_CLOSE:
            yield FieldProblem(spot, N_("The closing time must not lie beyond the next day."))


def _overlaps(place: str, before: Windows, windows: Windows) -> Iterator[FieldProblem]:
    for earlier, later in pairwise(windows):
        if later[0] < earlier[1]:
            yield FieldProblem(place, N_("Two opening times overlap."))
    yield from _touching(place, before, windows)


def _touching(place: str, before: Iterable[Window], windows: Windows) -> Iterator[FieldProblem]:
    """Whether a window of the day before reaches into the first one of this day."""
    latest = max((closes for _, closes in before), default=0) - MINUTES_A_DAY
    if windows and windows[0][0] < latest:
        text = N_("An opening time of the day before reaches into this one.")
        yield FieldProblem(place, text)
