"""Forms of dates and times, written as people write them: `dd.mm.yyyy`, `yymmdd`, `h:mm:ss`.

A form is made of yyyy, yy, mm or m, mon (Jan, Feb …), dd or d, hh or h, mm, ss, f (a fraction of
a second), ampm and z (an offset such as +02:00). mm is a minute after an hour or before a second,
else a month. Between two marks one digit will do for dd, mm and hh; in glued forms they have two.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"T|yyyy|yy|mon|ampm|mm?|dd?|hh?|ss?|f|z|[^A-Za-z0-9]+", re.IGNORECASE)
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_YEARS = range(1900, 2200)
_PIVOT = 70
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_SECOND = 1_000_000
_FRACTION_DIGITS = 6

DATE_FIELDS = frozenset({"year", "month", "day"})
TIME_FIELDS = frozenset({"hour", "minute"})


class BadPattern(ValueError):
    """The form is not made of the parts that are known, or lacks one that is needed."""


@dataclass(frozen=True, slots=True)
class Part:
    """A field with the digits that it takes, or a literal (field is None)."""

    field: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    parts: tuple[Part, ...]
    regex: re.Pattern[str]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(part.field for part in self.parts if part.field is not None)

    def match(self, text: str) -> Mapping[str, str]:
        """The text of each field; ValueError where the text does not have this form."""
        found = self.regex.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return found.groupdict()


def parse_pattern(text: str) -> Pattern:
    """Raises BadPattern. Which fields are needed is the caller's to check."""
    tokens: list[str] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadPattern(text)
        tokens.append(found.group())
        at = found.end()
    parts = tuple(_part(tokens, index) for index in range(len(tokens)))
    fields = [part.field for part in parts if part.field is not None]
    if len(fields) != len(set(fields)):
        raise BadPattern(text)
    if "fraction" in fields and "second" not in fields:
        raise BadPattern(text)
    return Pattern(parts, re.compile("".join(_regex(parts, i) for i in range(len(parts)))))


def _part(tokens: list[str], index: int) -> Part:
    token = tokens[index]
    low = token.lower()
    if low == "t" or not token[0].isalpha():
        return Part(None, token)
    if low in ("m", "mm"):
        return Part(_minute_or_month(tokens, index), low)
    return Part(_NAMES[low], low)


_NAMES = {
    "yyyy": "year", "yy": "year", "mon": "month", "dd": "day", "d": "day", "hh": "hour",
    "h": "hour", "ss": "second", "s": "second", "f": "fraction", "ampm": "half", "z": "offset",
}  # fmt: skip


def _minute_or_month(tokens: list[str], index: int) -> str:
    before = next((t for t in reversed(tokens[:index]) if t.lower() in _NAMES), " ")
    after = next((t for t in tokens[index + 1 :] if t.lower() in _NAMES), " ")
    return "minute" if before[0] in "hH" or after[0] in "sS" else "month"


_EXPRESSIONS = {
    "yyyy": "[0-9]{4}",
    "yy": "[0-9]{2}",
    "mon": r"[A-Za-z]{3,9}\.?",
    "f": "[0-9]{1,9}",
    "ampm": r"[AaPp]\.?\s?[Mm]\.?",
    "z": "[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?",
}


def _regex(parts: tuple[Part, ...], index: int) -> str:
    part = parts[index]
    if part.field is None:
        return r"\s+" if part.text.isspace() else re.escape(part.text)
    glued = (index > 0 and parts[index - 1].field is not None) or (
        index + 1 < len(parts) and parts[index + 1].field is not None
    )
    if glued and part.text in ("m", "d", "h", "s", "mon"):
        raise BadPattern(part.text)
    expression = _EXPRESSIONS.get(part.text) or ("[0-9]{2}" if glued else "[0-9]{1,2}")
    return f"(?P<{part.field}>{expression})"


def day_of(found: Mapping[str, str]) -> int:
    """Days since 1970-01-01; two-digit years are 1970 to 2069."""
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    if year not in _YEARS:
        raise ValueError(year)
    month = found["month"]
    number = int(month) if month.isdigit() else _MONTHS[month[:3].lower()]
    return dt.date(year, number, int(found["day"])).toordinal() - _EPOCH_ORDINAL


def time_of(found: Mapping[str, str]) -> int:
    """Microseconds since midnight; 24:00 is the end of the day, and nothing is later."""
    hour, minute = int(found["hour"]), int(found["minute"])
    second = int(found.get("second") or 0)
    fraction = (found.get("fraction") or "")[:_FRACTION_DIGITS].ljust(_FRACTION_DIGITS, "0")
    half = found.get("half")
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    total = ((hour * 60 + minute) * 60 + second) * _SECOND + int(fraction)
    if minute > 59 or second > 59 or total > 86_400 * _SECOND:
        raise ValueError(total)
    return total


def offset_of(text: str) -> int:
    """Microseconds east of UTC of `Z`, `+02`, `+0200` or `+02:00`."""
    if text in "Zz":
        return 0
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 18 or minutes > 59:
        raise ValueError(text)
    east = (hours * 60 + minutes) * 60 * _SECOND
    return -east if text[0] == "-" else east
