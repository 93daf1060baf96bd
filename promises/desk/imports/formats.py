"""Readers of cells: text in, whole numbers out. Made once a file, called once a row.

All of them raise ValueError or KeyError for a text that does not have the form.
"""

import re
from collections.abc import Callable, Mapping

from promises.desk.imports.local_times import DAY, SECOND, LocalTimes
from promises.desk.imports.patterns import (
    DATE_FIELDS,
    TIME_FIELDS,
    BadPattern,
    Part,
    Pattern,
    day_of,
    offset_of,
    parse_pattern,
    time_of,
)

Reader = Callable[[str], int]

_REMEMBERED = 20_000
_SERIAL_EPOCH_DAYS = 25_569
_SERIAL_DAYS = range(-25_000, 80_000)
_LATEST_EPOCH_S = 7_000_000_000
_DURATION_UNITS = {
    "milliseconds": 1_000,
    "seconds": SECOND,
    "minutes": 60 * SECOND,
    "hours": 3600 * SECOND,
}
_DURATION_PATTERN = re.compile(r"(hh?|mm?):(mm|ss)(?::(ss))?")
_ISO_DATE = parse_pattern("yyyy-mm-dd")
_ISO_DATE_AND_MORE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9:.,Zz+-]*)?")
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-?(?P<month>[0-9]{2})-?(?P<day>[0-9]{2})[Tt ]"
    r"(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2})"
    r"(?::?(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"\s?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_ISO_DURATION = re.compile(
    r"(-)?P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:[.,]([0-9]{1,9}))?S)?)?"
)
_NUMBER = {
    ".": re.compile(r"([+-])?([0-9]{1,15})(?:\.([0-9]{1,12}))?"),
    ",": re.compile(r"([+-])?([0-9]{1,15})(?:,([0-9]{1,12}))?"),
}
_TWO_DIGITS = {f"{n:02d}": n for n in range(60)}
_HOURS = {text: n * 3600 * SECOND for n in range(25) for text in (str(n), f"{n:02d}")}
_MINUTES = {text: n * 60 * SECOND for text, n in _TWO_DIGITS.items()}
_SECONDS = {text: n * SECOND for text, n in _TWO_DIGITS.items()}


def remembered(read: Reader) -> Reader:
    """The same reader with a memory: the dates of a file are few."""
    known: dict[str, int] = {}

    def read_once(text: str) -> int:
        found = known.get(text)
        if found is None:
            found = read(text)
            if len(known) < _REMEMBERED:
                known[text] = found
        return found

    return read_once


def date_reader(form: str) -> Reader:
    """Text to days since 1970. A form may hold a time of day as well; it is not looked at."""
    if form == "iso":
        return remembered(_read_iso_date)
    pattern = _needs(form, DATE_FIELDS)
    return remembered(lambda text: day_of(pattern.match(text)))


def _read_iso_date(text: str) -> int:
    found = _ISO_DATE_AND_MORE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return day_of(_ISO_DATE.match(found.group(1)))


def time_reader(form: str) -> Reader:
    """Text to microseconds since midnight. A date in the form is not looked at."""
    if form == "seconds_of_day":
        return _read_seconds_of_day
    pattern = _needs(form, TIME_FIELDS)
    mark = _single_mark(pattern)
    if mark is None:
        return lambda text: time_of(pattern.match(text))
    return _three_parts(mark) if "second" in pattern.fields else _two_parts(mark)


def _needs(form: str, fields: frozenset[str]) -> Pattern:
    pattern = parse_pattern(form)
    if not fields <= set(pattern.fields):
        raise BadPattern(form)
    return pattern


def _read_seconds_of_day(text: str) -> int:
    found = _number(text, ".", SECOND)
    if not 0 <= found <= DAY:
        raise ValueError(text)
    return found


def _single_mark(pattern: Pattern) -> str | None:
    """The mark of forms like h:mm and hh.mm.ss, the common ones, which need no regex."""
    if pattern.fields not in (("hour", "minute"), ("hour", "minute", "second")):
        return None
    marks = {part.text for part in pattern.parts if part.field is None}
    places = [part.field is None for part in pattern.parts]
    mark = marks.pop() if len(marks) == 1 else ""
    between = places == [index % 2 == 1 for index in range(len(places))]
    return mark if between and len(mark) == 1 and not mark.isspace() else None


def _three_parts(mark: str) -> Reader:
    hours, minutes, seconds = _HOURS, _MINUTES, _SECONDS

    def read(text: str) -> int:
        hour, minute, second = text.split(mark)
        total = hours[hour] + minutes[minute] + seconds[second]
        if total > DAY:
            raise ValueError(text)
        return total

    return read


def _two_parts(mark: str) -> Reader:
    hours, minutes = _HOURS, _MINUTES

    def read(text: str) -> int:
        hour, minute = text.split(mark)
        total = hours[hour] + minutes[minute]
        if total > DAY:
            raise ValueError(text)
        return total

    return read


def moment_reader(form: str, times: LocalTimes) -> Reader:
    """Date and time in one text, to an instant. Where it tells no offset it is local time."""
    if form == "iso":
        return _iso_reader(times)
    if form in ("epoch", "epoch_ms"):
        scale = SECOND if form == "epoch" else 1_000
        return lambda text: _read_epoch(text, scale)
    if form == "spreadsheet":
        return lambda text: times.instant(*_read_serial(text))
    pattern = _needs(form, DATE_FIELDS | TIME_FIELDS)
    halves = _halves(pattern)
    if halves is not None:
        return _split_reader(*halves, times)
    return lambda text: _instant_of(pattern.match(text), times)


def _instant_of(found: Mapping[str, str], times: LocalTimes) -> int:
    day, time = day_of(found), time_of(found)
    offset = found.get("offset")
    if offset:
        return day * DAY + time - offset_of(offset)
    return times.instant(day, time)


def _iso_reader(times: LocalTimes) -> Reader:
    day_from = remembered(lambda text: day_of(_ISO_DATE.match(text)))
    hours, minutes, seconds = _HOURS, _MINUTES, _SECONDS
    instant = times.instant

    def read(text: str) -> int:
        if len(text) == 19 and text[10] in " T":
            try:
                hour, minute, second = text[11:].split(":")
                time = hours[hour] + minutes[minute] + seconds[second]
                if time <= DAY:
                    return instant(day_from(text[:10]), time)
            except (ValueError, KeyError):
                pass
        found = _ISO.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return _instant_of(found.groupdict(), times)

    return read


def _read_epoch(text: str, scale: int) -> int:
    found = _number(text, ".", scale)
    if not 0 <= found <= _LATEST_EPOCH_S * SECOND:
        raise ValueError(text)
    return found


def _read_serial(text: str) -> tuple[int, int]:
    """Day and time of a spreadsheet's number of days since 1899-12-30, to the millisecond that its
    digits can tell."""
    found = _number(text, ".", DAY)
    rounded = (found + 500) // 1_000 * 1_000 - _SERIAL_EPOCH_DAYS * DAY
    day, time = divmod(rounded, DAY)
    if day not in _SERIAL_DAYS:
        raise ValueError(text)
    return day, time


def _halves(pattern: Pattern) -> tuple[str, str, str, bool] | None:
    """Forms like `dd.mm.yyyy h:mm` fall apart into a date, a mark and a time, which are quicker to
    read alone: date form, mark, time form, and whether the mark's last place is the one."""
    parts = pattern.parts
    first_time = next(i for i, p in enumerate(parts) if p.field in ("hour", "half"))
    head, tail = parts[:first_time], parts[first_time:]
    if not head or head[-1].field is not None or "offset" in pattern.fields:
        return None
    mark = head[-1].text.strip() or " "
    if {p.field for p in head if p.field} != DATE_FIELDS:
        return None
    if mark not in _text(tail):
        return _text(head[:-1]), mark, _text(tail), True
    return (_text(head[:-1]), mark, _text(tail), False) if mark not in _text(head[:-1]) else None


def _text(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts)


def _split_reader(head: str, mark: str, tail: str, last: bool, times: LocalTimes) -> Reader:
    day_from, time_from, instant = date_reader(head), time_reader(tail), times.instant

    def read(text: str) -> int:
        date, found, time = text.rpartition(mark) if last else text.partition(mark)
        if not found:
            raise ValueError(text)
        return instant(day_from(date.rstrip()), time_from(time.lstrip()))

    return read


def duration_reader(form: str, decimal: str) -> Reader:
    """Text to microseconds, below zero too. `decimal` is the mark before a fraction."""
    if form == "iso":
        return _read_iso_duration
    scale = _DURATION_UNITS.get(form)
    if scale is not None:
        return _number_reader(decimal, scale)
    found = _DURATION_PATTERN.fullmatch(form.lower())
    units = [] if found is None else [text[0] for text in found.groups() if text]
    if "".join(units) not in ("hms", "hm", "ms"):
        raise BadPattern(form)
    return _clock_reader("".join(units), decimal)


def _number_reader(decimal: str, scale: int) -> Reader:
    def read(text: str) -> int:
        if text.isdecimal() and text.isascii():
            return int(text) * scale
        return _number(text, decimal, scale)

    return read


def _number(text: str, decimal: str, scale: int) -> int:
    found = _NUMBER[decimal].fullmatch(text)
    if found is None:
        raise ValueError(text)
    sign, whole, fraction = found.groups()
    total = int(whole) * scale
    if fraction:
        total += int(fraction) * scale // 10 ** len(fraction)
    return -total if sign == "-" else total


def _clock_reader(units: str, decimal: str) -> Reader:
    """The first part counts on for ever (125:30), the others stop at 59."""
    scales = [{"h": 3600, "m": 60, "s": 1}[unit] * SECOND for unit in units]

    def read(text: str) -> int:
        sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
        body, marked, fraction = body.partition(decimal)
        parts = body.split(":")
        if len(parts) != len(scales) or not (parts[0].isdecimal() and parts[0].isascii()):
            raise ValueError(text)
        total = int(parts[0]) * scales[0]
        for part, scale in zip(parts[1:], scales[1:], strict=True):
            total += _TWO_DIGITS[part] * scale
        if marked:
            total += _number(f"0.{fraction}", ".", scales[-1])
        return sign * total

    return read


def _read_iso_duration(text: str) -> int:
    found = _ISO_DURATION.fullmatch(text.upper())
    if found is None or not any(found.groups()[1:5]):
        raise ValueError(text)
    sign, days, hours, minutes, seconds, fraction = found.groups()
    total = int(days or 0) * DAY
    total += (int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)) * SECOND
    total += int((fraction or "0")[:6].ljust(6, "0"))
    return -total if sign else total
