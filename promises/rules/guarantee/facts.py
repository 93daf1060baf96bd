"""Facts by name, read strictly from JSON values into what the engine computes with."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_
from promises.kernel.zones import resolve_local
from promises.rules.guarantee.clauses import FactSpec
from promises.rules.guarantee.vocabulary import FactType

LONGEST_LIST = 10_000
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_YEARS = range(1900, 2201)

Interval = tuple[datetime, datetime | None, str | None]
"""Start, end (None while it lasts) and reason."""


class FactsRefused(Refused):
    """Facts that are not what the terms declare; `problems` name each by its JSON pointer."""

    code = "facts_refused"
    message = N_("The facts of the case need another look.")


@dataclass(frozen=True, slots=True)
class Period:
    """A local month, or a year where `month` is None."""

    year: int
    month: int | None

    @property
    def first(self) -> date:
        return date(self.year, self.month or 1, 1)

    @property
    def after(self) -> date:
        """The first day that is no longer in it."""
        if self.month is None or self.month == 12:
            return date(self.year + 1, 1, 1)
        return date(self.year, self.month + 1, 1)


class Unreadable(Exception):
    """A value that is not of its type; carries the msgid that says what it must be."""


def read_facts(
    specs: Mapping[str, FactSpec], given: Mapping[str, object], zone: str
) -> dict[str, Any]:
    """The declared facts that are known. Null and left out mean the same: not known. What the
    terms do not declare is passed over, so one ticket's facts serve all promises.

    Raises FactsRefused with every value that is not of its declared type.
    """
    problems: list[FieldProblem] = []
    known: dict[str, Any] = {}
    for name, spec in specs.items():
        value = given.get(name)
        if value is None:
            value = spec.when_missing
            if value is None:
                continue
        try:
            known[name] = read_value(spec.type, value, zone)
        except Unreadable as error:
            problems.append(FieldProblem(f"/{name}", str(error)))
            continue
        if spec.fields is not None:
            known[name] = _with_fields(spec.fields, known[name], zone, f"/{name}", problems)
    if problems:
        raise FactsRefused(problems)
    return known


def _with_fields(
    fields: Mapping[str, FactSpec],
    records: Sequence[Mapping[str, object]],
    zone: str,
    pointer: str,
    problems: list[FieldProblem],
) -> tuple[Mapping[str, Any], ...]:
    """The records with their declared fields read like facts."""
    found = []
    for index, record in enumerate(records):
        try:
            found.append(read_facts(fields, record, zone))
        except FactsRefused as refused:
            problems += [
                FieldProblem(f"{pointer}/{index}{one.field}", one.message, one.params)
                for one in refused.problems
            ]
    return tuple(found)


def read_value(kind: FactType, value: object, zone: str) -> Any:
    """One value of that type; raises Unreadable."""
    return _READERS[kind](value, zone)


def read_number(value: object) -> Fraction:
    """A whole number, or a decimal as text such as "12.5"; never a float."""
    if type(value) is int and abs(value) < 10**18:
        return Fraction(value)
    if isinstance(value, Fraction):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Fraction(value)
    raise Unreadable(N_('This must be a whole number, or a decimal as text such as "12.5".'))


def read_instant(value: object) -> datetime:
    """UTC from a datetime, or from text with an offset such as 2026-03-02T09:00:00+02:00."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, str) and "T" in value:
        with suppress(ValueError):
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None and instant.year in _YEARS:
                return instant.astimezone(UTC)
    raise Unreadable(N_("This must be a time with its offset, such as 2026-03-02T09:00:00+02:00."))


def read_date(value: object) -> date:
    if type(value) is date:
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            found = date.fromisoformat(value)
            if found.year in _YEARS:
                return found
    raise Unreadable(N_("This must be a date such as 2026-03-02."))


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a local day, in UTC."""
    return resolve_local(datetime.combine(day, time.min), zone).instant


def read_day(value: object, zone: str) -> datetime:
    """A date as its first instant, or an instant as it is."""
    if isinstance(value, str) and _DAY.fullmatch(value) or type(value) is date:
        return midnight(read_date(value), zone)
    return read_instant(value)


def _period(value: object, zone: str) -> Period:
    match = _PERIOD.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        year, month = int(match[1]), int(match[2]) if match[2] else None
        if year in _YEARS and (month is None or 1 <= month <= 12):
            return Period(year, month)
    raise Unreadable(N_("This must be a month such as 2026-03, or a year such as 2026."))


def _boolean(value: object, zone: str) -> bool:
    if type(value) is not bool:
        raise Unreadable(N_("This must be true or false."))
    return value


def _text(value: object, zone: str) -> str:
    if not isinstance(value, str) or len(value) > 1000:
        raise Unreadable(N_("This must be a text."))
    return value


def _list(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or len(value) > LONGEST_LIST:
        raise Unreadable(N_("This must be a list."))
    return value


def _instants(value: object, zone: str) -> tuple[datetime, ...]:
    return tuple(sorted(read_day(one, zone) for one in _list(value)))


def _intervals(value: object, zone: str) -> tuple[Interval, ...]:
    return tuple(sorted((_interval(one) for one in _list(value)), key=lambda one: one[0]))


def _interval(value: object) -> Interval:
    if isinstance(value, Mapping):
        value = [value.get("start"), value.get("end"), value.get("reason")]
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 3:
        raise Unreadable(_INTERVAL)
    start = read_instant(value[0])
    end = None if value[1] is None else read_instant(value[1])
    reason = value[2] if len(value) == 3 else None
    if (end is not None and end < start) or not isinstance(reason, str | None):
        raise Unreadable(_INTERVAL)
    return start, end, reason


_INTERVAL = N_("This must be a list of spans: start, end (null while it lasts) and a reason.")


def _numbers(value: object, zone: str) -> tuple[Fraction, ...]:
    return tuple(read_number(one) for one in _list(value))


def _records(value: object, zone: str) -> tuple[Mapping[str, Any], ...]:
    found = _list(value)
    if not all(isinstance(one, Mapping) for one in found):
        raise Unreadable(N_("This must be a list of objects with named fields."))
    return tuple(found)


def _by_period(value: object, zone: str) -> dict[str, Fraction]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise Unreadable(N_("This must be an object with a number for each period."))
    return {key: read_number(amount) for key, amount in value.items()}


def _number(value: object, zone: str) -> Fraction:
    return read_number(value)


def _instant(value: object, zone: str) -> datetime:
    return read_instant(value)


_READERS = {
    FactType.INSTANT: _instant,
    FactType.DATE: read_day,
    FactType.PERIOD: _period,
    FactType.NUMBER: _number,
    FactType.BOOLEAN: _boolean,
    FactType.TEXT: _text,
    FactType.INSTANTS: _instants,
    FactType.INTERVALS: _intervals,
    FactType.NUMBERS: _numbers,
    FactType.RECORDS: _records,
    FactType.BY_PERIOD: _by_period,
}

ONE_MICROSECOND = timedelta(microseconds=1)
