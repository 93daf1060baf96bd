"""Numbers out of lists, periods and earlier awards, as the document writes them."""

from fractions import Fraction

from promises.kernel.documents import Section
from promises.kernel.text import N_
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.moments import REAL_SECONDS
from promises.rules.guarantee.reading import Read, Reader, below, texts
from promises.rules.guarantee.vocabulary import (
    Condition,
    FactType,
    Instant,
    Number,
    Take,
    Unit,
    Whole,
)

_LISTS = (FactType.RECORDS, FactType.NUMBERS, FactType.INSTANTS, FactType.INTERVALS)


def _where(reader: Reader, section: Section, fact: str) -> Condition | None:
    if section.get("where") is None:
        return None
    with reader.record(fact):
        return reader.condition(section.get("where"), below(section, "where"))


def _count(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("in",), ("where", "within_days", "at"))
    name = reader.fact(section.get("in"), below(section, "in"), *_LISTS)
    days, at = section.get("within_days"), section.get("at")
    spec = reader.names.facts.get(name)
    if days is not None and at is None and spec is not None and spec.type is FactType.RECORDS:
        section.refuse("at", N_("A list of records needs the field that holds the time."))
    if at is not None and (not isinstance(at, str) or days is None):
        section.refuse("at", N_("This names the time of a record, for `within_days`."))
    return n.CountOf(
        name,
        _where(reader, section, name),
        None if days is None else reader.whole(days, below(section, "within_days")),
        at if isinstance(at, str) else None,
        spec is not None and spec.type is FactType.INTERVALS,
    )


def _total(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("in",), ("of", "where"))
    name = reader.fact(section.get("in"), below(section, "in"), *_LISTS[:2])
    with reader.record(name):
        of: Number = n.Field("value")
        if section.get("of") is not None:
            of = reader.number(section.get("of"), below(section, "of"))
    return n.TotalOf(name, of, _where(reader, section, name))


def _spells(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(
        value,
        pointer,
        ("in", "unit"),
        ("take", "merge_gap", "count_gap", "whole", "reasons", "within"),
    )
    unit = section.choice("unit", Unit)
    if unit not in REAL_SECONDS and section.get("unit") is not None:
        text = N_("This must be one of: %(allowed)s.")
        section.refuse("unit", text, allowed=", ".join(REAL_SECONDS))
        unit = Unit.HOUR
    gap, reasons = section.get("merge_gap"), section.get("reasons")
    seconds = 0
    if gap is not None:
        inner = reader.section(gap, below(section, "merge_gap"), ("minutes",))
        seconds = 60 * reader.whole(inner.get("minutes"), below(inner, "minutes"))
    return n.Spells(
        fact=reader.fact(section.get("in"), below(section, "in"), FactType.INTERVALS),
        take=reader.pick(section, "take", Take, Take.LONGEST),
        merge_gap_s=seconds,
        count_gap=reader.yes(section, "count_gap", False),
        unit=unit,
        whole=reader.pick(section, "whole", Whole, Whole.NO),
        reasons=None
        if reasons is None
        else frozenset(texts(reader, reasons, below(section, "reasons"))),
        within=_within(reader, section),
    )


def _within(reader: Reader, section: Section) -> tuple[Instant, Instant] | None:
    if section.get("within") is None:
        return None
    inner = reader.section(section.get("within"), below(section, "within"), ("from", "to"))
    return (
        reader.instant(inner.get("from"), below(inner, "from")),
        reader.instant(inner.get("to"), below(inner, "to")),
    )


def _uptime(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(
        value, pointer, ("period", "down"), ("shortest_minutes", "whole_minutes")
    )
    shortest = section.get("shortest_minutes")
    return n.UptimePercent(
        reader.fact(section.get("period"), below(section, "period"), FactType.PERIOD),
        reader.fact(
            section.get("down"), below(section, "down"), FactType.NUMBERS, FactType.INTERVALS
        ),
        Fraction(0)
        if shortest is None
        else reader.literal(shortest, below(section, "shortest_minutes")),
        reader.yes(section, "whole_minutes", False),
    )


def _length_of(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("period", "unit"))
    unit = section.choice("unit", Unit)
    if unit not in REAL_SECONDS:
        text = N_("This must be one of: %(allowed)s.")
        section.refuse("unit", text, allowed=", ".join(REAL_SECONDS))
        unit = Unit.MINUTE
    period = reader.fact(section.get("period"), below(section, "period"), FactType.PERIOD)
    return n.LengthOf(period, unit)


def read_window(reader: Reader, section: Section) -> n.Window:
    """`{"every": "year", "starts": "04-01"}` or `{"last_days": 28}`."""
    inner = reader.section(
        section.get("window"), below(section, "window"), (), ("every", "starts", "last_days")
    )
    every, days = inner.get("every"), inner.get("last_days")
    if (every is None) == (days is None):
        section.refuse("window", N_("A window is `every` day, month or year, or `last_days`."))
    elif every not in (None, "day", "month", "year"):
        inner.refuse("every", N_("This must be one of: %(allowed)s."), allowed="day, month, year")
    starts = inner.get("starts")
    month, day = 1, 1
    if starts is not None:
        if isinstance(starts, str) and starts[2:3] == "-" and every == "year":
            month = reader.whole(_digits(starts[:2]), below(inner, "starts"), 1, 12)
            day = reader.whole(_digits(starts[3:]), below(inner, "starts"), 1, 28)
        else:
            inner.refuse("starts", N_("This is the first day of a year, such as 04-01."))
    rolling = None if days is None else reader.whole(days, below(inner, "last_days"), 1)
    return n.Window(every if isinstance(every, str) else "", (month, day), rolling)


def _digits(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _earlier(*, amount: bool) -> Read:
    def read(reader: Reader, value: object, pointer: str) -> Number:
        section = reader.section(value, pointer, ("window", "dated"))
        dated = reader.instant(section.get("dated"), below(section, "dated"))
        return n.Earlier(amount, read_window(reader, section), dated)

    return read


LISTS: dict[str, Read] = {
    "count": _count,
    "total": _total,
    "spells": _spells,
    "uptime_percent": _uptime,
    "length_of": _length_of,
    "earlier_count": _earlier(amount=False),
    "earlier_amount": _earlier(amount=True),
}
