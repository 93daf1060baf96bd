"""On which days a repeating event falls: RRULE of RFC 5545, section 3.3.10, by whole days.

Days are looked at only up to the end that is asked for. General libraries follow a rule that never
comes true, such as 30 February every year, to the year 9999; a file from outside must not make
anybody wait for that.
"""

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = dt.timedelta(days=1)
_NUMBERS = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYYEARDAY": 366, "BYSETPOS": 366}
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_NUMBERS}

MOST_INTERVAL = 1000
MOST_DAYS = 400_000
"""How many days the rules of one file may make us look at, all together."""


class RuleNotUnderstood(ValueError):
    """The argument is the part of the rule that is not, as it was written."""


class TooMuchToRepeat(ValueError):
    """The rules of a file ask for more days than we look at."""


@dataclass
class Budget:
    left: int = MOST_DAYS

    def spend(self, days: int) -> None:
        self.left -= days
        if self.left < 0:
            raise TooMuchToRepeat


@dataclass(frozen=True, slots=True)
class Rule:
    """`by_day` holds pairs of an ordinal (0: each, -1: the last) and a weekday from Monday 0 on.
    `until` is as it was written; whoever knows the event's clock compares it."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str | None = None
    week_start: int = 0
    by_day: tuple[tuple[int, int], ...] = ()
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()

    def anchored(self, start: dt.date) -> "Rule":
        """With what the rule leaves open taken from the first day."""
        if self.by_day or self.by_month_day or self.by_year_day:
            return self
        if self.frequency == "WEEKLY":
            return replace(self, by_day=((0, start.weekday()),))
        if self.frequency == "MONTHLY":
            return replace(self, by_month_day=(start.day,))
        if self.frequency == "YEARLY":
            months = self.by_month or (start.month,)
            return replace(self, by_month=months, by_month_day=(start.day,))
        return self


def parse_rule(text: str) -> Rule:
    """Raises RuleNotUnderstood for what is wrong and for repetition finer than a day."""
    parts: dict[str, str] = {}
    for part in text.strip().strip(";").split(";"):
        key, sign, value = part.upper().partition("=")
        if not sign or key not in _KNOWN or key in parts or not value:
            raise RuleNotUnderstood(part)
        parts[key] = value
    frequency = parts.get("FREQ", "")
    if frequency not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        raise RuleNotUnderstood(f"FREQ={frequency}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleNotUnderstood("COUNT, UNTIL")
    return Rule(
        frequency=frequency,
        interval=_number("INTERVAL", parts.get("INTERVAL", "1"), MOST_INTERVAL),
        count=_number("COUNT", parts["COUNT"], MOST_DAYS) if "COUNT" in parts else None,
        until=parts.get("UNTIL"),
        week_start=_weekday("WKST", parts.get("WKST", "MO")),
        by_day=tuple(_day(part, frequency) for part in _listed(parts, "BYDAY")),
        by_month=_numbers(parts, "BYMONTH", signed=False),
        by_month_day=_numbers(parts, "BYMONTHDAY"),
        by_year_day=_numbers(parts, "BYYEARDAY"),
        by_set_pos=_numbers(parts, "BYSETPOS"),
    )


def days(
    rule: Rule, start: dt.date, since: dt.date, until: dt.date, budget: Budget
) -> Iterator[dt.date]:
    """The days of the rule that begins on `start`, in order, from `since` to `until` inclusive."""
    rule = rule.anchored(start)
    left = rule.count
    for period in _periods(rule, start, start if left is not None else max(since, start), until):
        budget.spend(len(period))
        for day in _picked(rule, period):
            if day < start:
                continue
            if day > until or left == 0:
                return
            if left is not None:
                left -= 1
            if day >= since:
                yield day
        if left == 0:
            return


def _picked(rule: Rule, period: list[dt.date]) -> list[dt.date]:
    found = [day for day in period if _matches(rule, day)]
    if not rule.by_set_pos:
        return found
    places = {at - 1 if at > 0 else at + len(found) for at in rule.by_set_pos}
    return [day for place, day in enumerate(found) if place in places]


def _periods(rule: Rule, start: dt.date, since: dt.date, until: dt.date) -> Iterator[list[dt.date]]:
    """The days of each day, week, month or year that the rule may fall into, from the one that
    holds `since`, or the last before it, on."""
    step = rule.interval
    if rule.frequency in ("DAILY", "WEEKLY"):
        length = 1 if rule.frequency == "DAILY" else 7
        first = start - (start.weekday() - rule.week_start) % 7 * _DAY if length == 7 else start
        at = first + (since - first).days // (length * step) * (length * step) * _DAY
        while at <= until:
            yield [at + number * _DAY for number in range(length)]
            at += length * step * _DAY
        return
    length = 1 if rule.frequency == "MONTHLY" else 12
    origin = start.year * 12 + (start.month - 1 if length == 1 else 0)
    wanted = since.year * 12 + since.month - 1
    month = origin + (wanted - origin) // (length * step) * (length * step)
    while month <= until.year * 12 + until.month - 1:
        months = range(month, month + length)
        yield [day for one in months for day in _month(rule, *divmod(one, 12))]
        month += length * step


def _month(rule: Rule, year: int, index: int) -> list[dt.date]:
    if rule.by_month and index + 1 not in rule.by_month:
        return []
    length = calendar.monthrange(year, index + 1)[1]
    return [dt.date(year, index + 1, day) for day in range(1, length + 1)]


def _matches(rule: Rule, day: dt.date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    length = calendar.monthrange(day.year, day.month)[1]
    if not _among(rule.by_month_day, day.day, length):
        return False
    year = 366 if calendar.isleap(day.year) else 365
    place = day.timetuple().tm_yday
    if not _among(rule.by_year_day, place, year):
        return False
    if not rule.by_day:
        return True
    if rule.frequency == "MONTHLY" or rule.by_month:
        place, year = day.day, length
    return any(
        weekday == day.weekday() and _is_nth(ordinal, place, year)
        for ordinal, weekday in rule.by_day
    )


def _among(wanted: tuple[int, ...], place: int, length: int) -> bool:
    return not wanted or place in wanted or place - length - 1 in wanted


def _is_nth(ordinal: int, place: int, length: int) -> bool:
    """Whether the day at that place is the first (1), second or last (-1) of its weekday."""
    if ordinal > 0:
        return (place - 1) // 7 + 1 == ordinal
    return ordinal == 0 or (length - place) // 7 + 1 == -ordinal


def _listed(parts: dict[str, str], key: str) -> list[str]:
    return parts[key].split(",") if key in parts else []


def _numbers(parts: dict[str, str], key: str, *, signed: bool = True) -> tuple[int, ...]:
    return tuple(_number(key, text, _NUMBERS[key], signed) for text in _listed(parts, key))


def _number(key: str, text: str, most: int, signed: bool = False) -> int:
    digits = text[1:] if signed and text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit() or not 1 <= int(digits[:9]) <= most:
        raise RuleNotUnderstood(f"{key}={text}")
    return -int(digits) if text[0] == "-" else int(digits)


def _weekday(key: str, text: str) -> int:
    if text not in _WEEKDAYS:
        raise RuleNotUnderstood(f"{key}={text}")
    return _WEEKDAYS.index(text)


def _day(text: str, frequency: str) -> tuple[int, int]:
    """`MO`, or with an ordinal, which has a meaning within months and years only: `-1FR`."""
    weekday = _weekday("BYDAY", text[-2:])
    if len(text) == 2:
        return 0, weekday
    if frequency not in ("MONTHLY", "YEARLY"):
        raise RuleNotUnderstood(f"BYDAY={text}")
    return _number("BYDAY", text[:-2], 53, signed=True), weekday
