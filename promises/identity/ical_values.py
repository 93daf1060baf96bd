"""Values of calendar files as Python's: dates, clock times, spans, offsets."""

import datetime as dt
import re
from typing import Any

from icalendar.prop import vDate, vDatetime, vDuration, vUTCOffset

from promises.identity.ical_lines import FileRefused, Line
from promises.kernel.text import N_

_UNREADABLE = N_("Line %(line)s, %(field)s: “%(value)s” is not understood.")
_LONGEST_SHOWN = 60
_ESCAPED = re.compile(r"\\(.)")
_YEARS = range(1600, 2201)

# The library leaves its readers untyped.
_date: Any = vDate
_datetime: Any = vDatetime
_duration: Any = vDuration
_offset: Any = vUTCOffset


def unreadable(line: Line, value: str) -> FileRefused:
    return FileRefused([line.problem(_UNREADABLE, value=value[:_LONGEST_SHOWN])])


def moment(line: Line, value: str | None = None) -> dt.date | dt.datetime:
    """A date, or a time in UTC where it says so, else as a clock shows it. Raises FileRefused."""
    text = (line.value if value is None else value).strip()
    try:
        found: dt.date = (_date if len(text) == 8 else _datetime).from_ical(text)
    except ValueError:
        raise unreadable(line, text) from None
    if found.year not in _YEARS:
        raise unreadable(line, text)
    return found


def shown(line: Line, value: str | None = None) -> dt.datetime:
    """A time as a clock shows it; of a time in UTC, what it shows there."""
    found = moment(line, value)
    if not isinstance(found, dt.datetime):
        return dt.datetime.combine(found, dt.time.min)
    return found.replace(tzinfo=None)


def span(line: Line) -> dt.timedelta:
    try:
        found: dt.timedelta = _duration.from_ical(line.value.strip())
    except ValueError:
        raise unreadable(line, line.value) from None
    return found


def offset(line: Line) -> dt.timedelta:
    try:
        found: dt.timedelta = _offset.from_ical(line.value.strip())
    except ValueError:
        raise unreadable(line, line.value) from None
    return found


def words(line: Line | None, longest: int) -> str:
    """A text for people on one line."""
    if line is None:
        return ""
    text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], line.value)
    return " ".join(text.split())[:longest]
