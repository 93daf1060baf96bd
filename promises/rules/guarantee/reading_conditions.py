"""Conditions, as the document writes them."""

import re
from datetime import date

from promises.kernel.text import N_
from promises.rules.guarantee import conditions as c
from promises.rules.guarantee.facts import Unreadable, read_date
from promises.rules.guarantee.instants import FixedInstant, InstantFact, Now, OrNow
from promises.rules.guarantee.reading import Read, Reader, below
from promises.rules.guarantee.vocabulary import Comparator, Condition, FactType

_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _compare(reader: Reader, value: object, pointer: str) -> Condition:
    entries = list(reader.entries(value, pointer, 3))
    if len(entries) != 3:
        reader.refuse(pointer, N_("This must be a list of a number, a comparator and a number."))
        return c.Always(False)
    (left, left_at), (op, op_at), (right, right_at) = entries
    comparator = next((one for one in Comparator if one.value == op), None)
    if comparator is None:
        text = N_("This must be one of: %(allowed)s.")
        reader.refuse(op_at, text, allowed=" ".join(Comparator))
    return c.Compare(
        reader.number(left, left_at),
        comparator or Comparator.EQUAL,
        reader.number(right, right_at),
    )


def _true(reader: Reader, value: object, pointer: str) -> Condition:
    return c.BooleanFact(reader.fact(value, pointer, FactType.BOOLEAN))


def _false(reader: Reader, value: object, pointer: str) -> Condition:
    return c.Not(_true(reader, value, pointer))


def _one_of(reader: Reader, value: object, pointer: str) -> Condition:
    section = reader.section(value, pointer, ("fact", "values"))
    name = reader.fact(section.get("fact"), below(section, "fact"), FactType.TEXT, FactType.NUMBER)
    spec = reader.names.facts.get(name)
    numeric = spec is not None and spec.type is FactType.NUMBER
    values: set[object] = set()
    for entry, place in reader.entries(section.get("values"), below(section, "values")):
        if numeric:
            values.add(reader.literal(entry, place))
        elif isinstance(entry, str):
            values.add(entry)
        else:
            reader.refuse(place, N_("This must be a text."))
    return c.OneOf(name, frozenset(values))


def _known(reader: Reader, value: object, pointer: str) -> Condition:
    return c.IsKnown(reader.fact(value, pointer))


def _missing(reader: Reader, value: object, pointer: str) -> Condition:
    return c.Not(_known(reader, value, pointer))


def _parts(reader: Reader, value: object, pointer: str) -> tuple[Condition, ...]:
    return tuple(reader.condition(one, place) for one, place in reader.entries(value, pointer))


def _all(reader: Reader, value: object, pointer: str) -> Condition:
    return c.All(_parts(reader, value, pointer))


def _any(reader: Reader, value: object, pointer: str) -> Condition:
    return c.AnyOf(_parts(reader, value, pointer))


def _not(reader: Reader, value: object, pointer: str) -> Condition:
    return c.Not(reader.condition(value, pointer))


def _named(reader: Reader, value: object, pointer: str) -> Condition:
    if not isinstance(value, str) or value not in reader.names.conditions:
        text = N_("There is no condition of this name among `conditions`.")
        reader.unknown(text, value, pointer, reader.names.conditions)
        return c.Always(False)
    return c.NamedCondition(value)


def _order(*, swap: bool, or_at: bool) -> Read:
    """`before`, `at_or_before`, `after` and `at_or_after` of two instants."""

    def read(reader: Reader, value: object, pointer: str) -> Condition:
        entries = list(reader.entries(value, pointer, 2))
        if len(entries) != 2:
            reader.refuse(pointer, N_("This must be a list of two instants."))
            return c.Always(False)
        first, second = (reader.instant(one, place) for one, place in entries)
        return c.Before(second, first, or_at) if swap else c.Before(first, second, or_at)

    return read


def _late(reader: Reader, value: object, pointer: str) -> Condition:
    """What should happen came at the deadline or after it, or has not come and it has passed."""
    section = reader.section(value, pointer, ("event", "deadline"))
    event = reader.instant(section.get("event"), below(section, "event"))
    deadline = reader.instant(section.get("deadline"), below(section, "deadline"))
    if isinstance(deadline, InstantFact | Now | OrNow | FixedInstant):
        text = N_(
            "This is no deadline: at a deadline it is too late already. Write `after` for an "
            "instant that is in time itself, or a deadline of 0 calendar days from a date."
        )
        section.refuse("deadline", text)
    return c.Before(deadline, OrNow(event), or_at=True)


def _time_in(reader: Reader, value: object, pointer: str) -> Condition:
    section = reader.section(value, pointer, ("of", "from", "until"))
    return c.TimeIn(
        reader.instant(section.get("of"), below(section, "of")),
        reader.clock(section.get("from"), below(section, "from")),
        reader.clock(section.get("until"), below(section, "until"), end=True),
    )


def _date_in(reader: Reader, value: object, pointer: str) -> Condition:
    section = reader.section(value, pointer, ("of",), ("dates", "from", "until"))
    dates: set[date] = set()
    days: set[tuple[int, int]] = set()
    if section.get("dates") is not None:
        for entry, place in reader.entries(section.get("dates"), below(section, "dates")):
            day = _month_day(entry)
            if day is not None:
                days.add(day)
                continue
            try:
                dates.add(read_date(entry))
            except Unreadable:
                reader.refuse(place, N_("This must be a date such as 2026-12-24, or 12-24."))
    ends = [section.get(key) for key in ("from", "until") if section.get(key) is not None]
    first, last = _month_day(section.get("from")), _month_day(section.get("until"))
    whole = first is not None and last is not None
    if bool(ends) == (section.get("dates") is not None) or (ends and not whole):
        reader.refuse(pointer, N_("This must have `dates`, or `from` and `until` such as 12-24."))
    of = reader.instant(section.get("of"), below(section, "of"))
    return c.DateIn(of, frozenset(dates), frozenset(days), first, last)


def _month_day(value: object) -> tuple[int, int] | None:
    match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else (int(match[1]), int(match[2]))


def _weekday_in(reader: Reader, value: object, pointer: str) -> Condition:
    section = reader.section(value, pointer, ("of", "days"))
    days: set[int] = set()
    for entry, place in reader.entries(section.get("days"), below(section, "days")):
        if entry in _WEEKDAYS:
            days.add(_WEEKDAYS.index(entry))
        else:
            text = N_("This must be one of: %(allowed)s.")
            reader.refuse(place, text, allowed=", ".join(_WEEKDAYS))
    return c.WeekdayIn(reader.instant(section.get("of"), below(section, "of")), frozenset(days))


def _open(*, at_instant: bool) -> Read:
    def read(reader: Reader, value: object, pointer: str) -> Condition:
        section = reader.section(value, pointer, ("of", "calendar"))
        calendar = reader.calendar(section)
        of = reader.instant(section.get("of"), below(section, "of"))
        return c.OpenOn(of, calendar or "", at_instant)

    return read


CONDITIONS: dict[str, Read] = {
    "compare": _compare,
    "true": _true,
    "false": _false,
    "one_of": _one_of,
    "known": _known,
    "missing": _missing,
    "all": _all,
    "any": _any,
    "not": _not,
    "condition": _named,
    "before": _order(swap=False, or_at=False),
    "at_or_before": _order(swap=False, or_at=True),
    "after": _order(swap=True, or_at=False),
    "at_or_after": _order(swap=True, or_at=True),
    "late": _late,
    "time_in": _time_in,
    "date_in": _date_in,
    "weekday_in": _weekday_in,
    "open_day": _open(at_instant=False),
    "open_at": _open(at_instant=True),
}
