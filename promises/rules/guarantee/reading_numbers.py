"""Numbers, as the document writes them."""

from fractions import Fraction

from promises.kernel.documents import Section
from promises.kernel.text import N_
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.moments import MONTHS, OPEN_SECONDS, REAL_SECONDS
from promises.rules.guarantee.reading import Read, Reader, below, follows, read_day_of
from promises.rules.guarantee.reading_instants import read_pauses
from promises.rules.guarantee.reading_lists import LISTS
from promises.rules.guarantee.vocabulary import (
    Count,
    FactType,
    Number,
    Rounding,
    Unit,
    Whole,
)

_ZERO = n.Literal(Fraction(0))
_ONE = n.Literal(Fraction(1))


def _fact(reader: Reader, value: object, pointer: str) -> Number:
    if reader.in_record and isinstance(value, str) and value not in reader.names.facts:
        return n.Field(reader.field(value, pointer))
    return n.NumberFact(reader.fact(value, pointer, FactType.NUMBER))


def _field(reader: Reader, value: object, pointer: str) -> Number:
    return n.Field(reader.field(value, pointer))


def _value(reader: Reader, value: object, pointer: str) -> Number:
    if not isinstance(value, str) or value not in reader.names.values:
        text = N_("There is no value of this name.")
        reader.unknown(text, value, pointer, reader.names.values)
        return _ZERO
    return n.DatedValue(value)


def _measure(reader: Reader, value: object, pointer: str) -> Number:
    if not isinstance(value, str) or value not in reader.names.measures:
        text = N_("There is no measure of this name among `measures`.")
        reader.unknown(text, value, pointer, reader.names.measures)
        return _ZERO
    return n.Measure(value)


def _arithmetic(op: str, exactly: int | None = None) -> Read:
    def read(reader: Reader, value: object, pointer: str) -> Number:
        args = reader.numbers(value, pointer)
        if exactly is not None and len(args) != exactly:
            reader.refuse(pointer, N_("This must be a list of two numbers."))
            return _ZERO
        return n.Arithmetic(op, args)

    return read


def read_to(reader: Reader, section: Section) -> Fraction:
    """The multiple to round to; 1 where it is left out."""
    if section.get("to") is None:
        return Fraction(1)
    to = reader.literal(section.get("to"), below(section, "to"))
    if to <= 0:
        section.refuse("to", N_("This must be more than nothing."))
        return Fraction(1)
    return to


def _round(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("of", "how"), ("to",))
    of = reader.number(section.get("of"), below(section, "of"))
    return n.Rounded(of, read_to(reader, section), section.choice("how", Rounding))


def _choose(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("rows", "otherwise"))
    rows = []
    for entry, place in reader.entries(section.get("rows"), below(section, "rows")):
        row = reader.section(entry, place, ("when", "then"))
        when = reader.condition(row.get("when"), below(row, "when"))
        rows.append((when, reader.number(row.get("then"), below(row, "then"))))
    otherwise = reader.number(section.get("otherwise"), below(section, "otherwise"))
    return n.Choice(tuple(rows), otherwise)


def _tiers(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("of", "rows"), ("otherwise",))
    rows = [
        _tier(reader, entry, place)
        for entry, place in reader.entries(section.get("rows"), below(section, "rows"))
    ]
    for index, (lower, higher) in enumerate(zip(rows, rows[1:], strict=False)):
        if not _apart(lower, higher):
            place = f"{below(section, 'rows')}/{index + 1}"
            reader.refuse(place, N_("This tier overlaps the one before it, or comes too early."))
    otherwise = section.get("otherwise")
    return n.Tiers(
        reader.number(section.get("of"), below(section, "of")),
        tuple(rows),
        _ZERO if otherwise is None else reader.number(otherwise, below(section, "otherwise")),
    )


def _tier(reader: Reader, entry: object, place: str) -> n.Tier:
    edges = ("at_least", "above", "below", "at_most")
    row = reader.section(entry, place, ("then",), edges)
    for one, other in (edges[:2], edges[2:]):
        if row.get(one) is not None and row.get(other) is not None:
            row.refuse(other, N_("A tier has one lower and one upper edge at most."))
    if all(row.get(edge) is None for edge in edges):
        reader.refuse(place, N_("A tier needs an edge: at_least, above, below or at_most."))
    low, low_closed = _edge(reader, row, "at_least", "above")
    high, high_closed = _edge(reader, row, "at_most", "below")
    if low is not None and high is not None and low > high:
        reader.refuse(place, N_("This tier begins after it ends."))
    then = reader.number(row.get("then"), below(row, "then"))
    return n.Tier(low, low_closed, high, high_closed, then)


def _edge(reader: Reader, row: Section, closed: str, opened: str) -> tuple[Fraction | None, bool]:
    for key in (closed, opened):
        if row.get(key) is not None:
            return reader.literal(row.get(key), below(row, key)), key == closed
    return None, False


def _apart(lower: n.Tier, higher: n.Tier) -> bool:
    if lower.high is None or higher.low is None:
        return False
    if lower.high == higher.low:
        return not (lower.high_closed and higher.low_closed)
    return lower.high < higher.low


def _read_periods(reader: Reader, section: Section) -> n.Periods:
    after, every, most = (section.get(key) for key in ("after", "every", "most"))
    return n.Periods(
        of=reader.number(section.get("of"), below(section, "of")),
        after=_ZERO if after is None else reader.number(after, below(section, "after")),
        every=_ONE if every is None else reader.number(every, below(section, "every")),
        count=section.choice("count", Count),
        most=None if most is None else reader.number(most, below(section, "most")),
    )


def _periods(reader: Reader, value: object, pointer: str) -> Number:
    return _read_periods(
        reader, reader.section(value, pointer, ("of", "count"), ("after", "every", "most"))
    )


def _accrue(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("of", "count", "rates"), ("after", "every", "most"))
    rates: list[n.Rate] = []
    reached: int | None = 0
    for entry, place in reader.entries(section.get("rates"), below(section, "rates")):
        row = reader.section(entry, place, ("each",), ("from", "to"))
        first = 1 if row.get("from") is None else reader.whole(row.get("from"), below(row, "from"))
        last = None if row.get("to") is None else reader.whole(row.get("to"), below(row, "to"))
        if reached is None or first <= reached or (last is not None and last < first):
            reader.refuse(place, N_("The rates must follow each other without overlap."))
        reached = last
        rates.append(
            n.Rate(max(first, 1), last, reader.number(row.get("each"), below(row, "each")))
        )
    return n.Accrual(_read_periods(reader, section), tuple(rates))


def _elapsed(*, open_time: bool) -> Read:
    units = OPEN_SECONDS if open_time else REAL_SECONDS

    def read(reader: Reader, value: object, pointer: str) -> Number:
        section = reader.section(
            value,
            pointer,
            ("from", "to", "unit", *(("calendar",) if open_time else ())),
            ("whole", "pauses"),
        )
        unit = section.choice("unit", Unit)
        if unit not in units and section.get("unit") is not None:
            text = N_("This must be one of: %(allowed)s.")
            section.refuse("unit", text, allowed=", ".join(units))
            unit = Unit.OPEN_MINUTE if open_time else Unit.MINUTE
        return n.Elapsed(
            start=reader.instant(section.get("from"), below(section, "from")),
            end=reader.instant(section.get("to"), below(section, "to")),
            unit=unit,
            whole=reader.pick(section, "whole", Whole, Whole.NO),
            calendar=reader.calendar(section) if open_time else None,
            pauses=read_pauses(reader, section),
        )

    return read


def _days(*, working: bool) -> Read:
    def read(reader: Reader, value: object, pointer: str) -> Number:
        needed = ("from", "to", "calendar") if working else ("from", "to")
        section = reader.section(value, pointer, needed, ("pauses",))
        return n.CalendarDays(
            reader.instant(section.get("from"), below(section, "from")),
            reader.instant(section.get("to"), below(section, "to")),
            reader.calendar(section) if working else None,
            read_pauses(reader, section),
        )

    return read


def _interest(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("on", "from", "to", "rates"), ("year_days",))
    rows: list[n.InterestRow] = []
    for entry, place in reader.entries(section.get("rates"), below(section, "rates")):
        row = reader.section(entry, place, ("percent",), ("from", "until"))
        first, last = read_day_of(row, "from"), read_day_of(row, "until")
        if rows and not follows(rows[-1].last, first):
            reader.refuse(place, N_("This row begins before the one above it ends."))
        percent = reader.number(row.get("percent"), below(row, "percent"))
        rows.append(n.InterestRow(first, last, percent))
    days = section.get("year_days")
    if days not in (None, "actual", 360, 365):
        allowed = "360, 365, actual"
        section.refuse("year_days", N_("This must be one of: %(allowed)s."), allowed=allowed)
    return n.Interest(
        on=reader.number(section.get("on"), below(section, "on")),
        start=reader.instant(section.get("from"), below(section, "from")),
        end=reader.instant(section.get("to"), below(section, "to")),
        rates=tuple(rows),
        year_days=365 if days is None else days if isinstance(days, int) else None,
    )


def _months(reader: Reader, value: object, pointer: str) -> Number:
    section = reader.section(value, pointer, ("from", "to", "count"), ("unit",))
    unit = reader.pick(section, "unit", Unit, Unit.MONTH)
    if unit not in MONTHS:
        section.refuse("unit", N_("This must be one of: %(allowed)s."), allowed="month, year")
        unit = Unit.MONTH
    return n.Months(
        reader.instant(section.get("from"), below(section, "from")),
        reader.instant(section.get("to"), below(section, "to")),
        unit,
        section.choice("count", Count),
    )


NUMBERS: dict[str, Read] = {
    "fact": _fact,
    "field": _field,
    "value": _value,
    "measure": _measure,
    "add": _arithmetic("add"),
    "subtract": _arithmetic("subtract"),
    "multiply": _arithmetic("multiply"),
    "divide": _arithmetic("divide", 2),
    "percent": _arithmetic("percent", 2),
    "smallest": _arithmetic("smallest"),
    "largest": _arithmetic("largest"),
    "round": _round,
    "choose": _choose,
    "tiers": _tiers,
    "periods": _periods,
    "accrue": _accrue,
    "elapsed": _elapsed(open_time=False),
    "open_time": _elapsed(open_time=True),
    "calendar_days": _days(working=False),
    "working_days": _days(working=True),
    "months": _months,
    "interest": _interest,
    **LISTS,
}
