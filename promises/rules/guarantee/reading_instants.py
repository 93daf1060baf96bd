"""Instants and deadlines, as the document writes them."""

from datetime import UTC, datetime, time

from promises.kernel.documents import Section
from promises.kernel.text import N_
from promises.rules.guarantee import instants as i
from promises.rules.guarantee.facts import Unreadable, read_instant
from promises.rules.guarantee.moments import MONTHS, OPEN_SECONDS, REAL_SECONDS
from promises.rules.guarantee.numbers import Literal, Pauses
from promises.rules.guarantee.reading import Read, Reader, below, texts
from promises.rules.guarantee.vocabulary import At, FactType, Instant, Receipt, Roll, Unit

_WHOLE_DAY = (At.END_OF_DAY, At.START_OF_DAY, At.CLOSING_TIME)
_DAY_KEYS = ("cut_off", "cut_off_boundary", "receipt", "roll", "at")


def _name(reader: Reader, value: object, pointer: str) -> Instant:
    """A deadline, `now`, or a fact. Deadlines come first where a fact has the same name."""
    if value == "now":
        return i.Now()
    if isinstance(value, str) and value in reader.names.deadlines:
        return i.NamedDeadline(value)
    if reader.in_record and isinstance(value, str) and value not in reader.names.facts:
        return i.InstantField(reader.field(value, pointer))
    if isinstance(value, str) and value not in reader.names.facts:
        known = (*reader.names.facts, *reader.names.deadlines)
        reader.unknown(N_("There is no fact or deadline of this name."), value, pointer, known)
        return i.InstantFact(value)
    return i.InstantFact(reader.fact(value, pointer, FactType.INSTANT, FactType.DATE))


def _or_now(reader: Reader, value: object, pointer: str) -> Instant:
    return i.OrNow(reader.instant(value, pointer))


def _several(reader: Reader, value: object, pointer: str) -> tuple[Instant, ...]:
    return tuple(reader.instant(one, place) for one, place in reader.entries(value, pointer))


def _earliest(reader: Reader, value: object, pointer: str) -> Instant:
    return i.Extreme(False, _several(reader, value, pointer), skip_missing=True)


def _latest(reader: Reader, value: object, pointer: str) -> Instant:
    return i.Extreme(True, _several(reader, value, pointer), skip_missing=False)


def _latest_known(reader: Reader, value: object, pointer: str) -> Instant:
    return i.Extreme(True, _several(reader, value, pointer), skip_missing=True)


def _first_known(reader: Reader, value: object, pointer: str) -> Instant:
    return i.FirstKnown(_several(reader, value, pointer))


def _fixed(reader: Reader, value: object, pointer: str) -> Instant:
    try:
        return i.FixedInstant(read_instant(value))
    except Unreadable as error:
        reader.refuse(pointer, str(error))
        return i.FixedInstant(datetime(1970, 1, 1, tzinfo=UTC))


def _choose(reader: Reader, value: object, pointer: str) -> Instant:
    section = reader.section(value, pointer, ("rows", "otherwise"))
    rows = []
    for entry, place in reader.entries(section.get("rows"), below(section, "rows")):
        row = reader.section(entry, place, ("when", "then"))
        when = reader.condition(row.get("when"), below(row, "when"))
        rows.append((when, reader.instant(row.get("then"), below(row, "then"))))
    otherwise = reader.instant(section.get("otherwise"), below(section, "otherwise"))
    return i.ChosenInstant(tuple(rows), otherwise)


def _in_list(latest: bool) -> Read:
    def read(reader: Reader, value: object, pointer: str) -> Instant:
        section = reader.section(value, pointer, ("in",), ("after",))
        after = section.get("after")
        return i.InList(
            reader.fact(section.get("in"), below(section, "in"), FactType.INSTANTS),
            latest,
            None if after is None else reader.instant(after, below(section, "after")),
        )

    return read


def _edge(end: bool) -> Read:
    def read(reader: Reader, value: object, pointer: str) -> Instant:
        return i.EdgeOf(reader.fact(value, pointer, FactType.PERIOD), end)

    return read


def read_pauses(reader: Reader, section: Section) -> Pauses | None:
    if section.get("pauses") is None:
        return None
    inner = reader.section(section.get("pauses"), below(section, "pauses"), ("in",), ("reasons",))
    reasons = inner.get("reasons")
    return Pauses(
        reader.fact(inner.get("in"), below(inner, "in"), FactType.INTERVALS),
        None if reasons is None else frozenset(texts(reader, reasons, below(inner, "reasons"))),
    )


def _field(reader: Reader, value: object, pointer: str) -> Instant:
    return i.InstantField(reader.field(value, pointer))


def _next_opening(reader: Reader, value: object, pointer: str) -> Instant:
    section = reader.section(value, pointer, ("of", "calendar"))
    of = reader.instant(section.get("of"), below(section, "of"))
    return i.NextOpening(of, reader.calendar(section) or "")


def _deadline(reader: Reader, value: object, pointer: str) -> Instant:
    section = reader.section(
        value,
        pointer,
        ("from", "add", "unit"),
        ("calendar", "cut_off", "cut_off_boundary", "receipt", "roll", "at", "boundary", "pauses"),
    )
    unit = section.choice("unit", Unit)
    read = _exact if unit in REAL_SECONDS or unit in OPEN_SECONDS else _by_days
    return read(reader, section, unit)


def _exact(reader: Reader, section: Section, unit: Unit) -> Instant:
    for key in _DAY_KEYS:
        if section.get(key) is not None:
            section.refuse(key, N_("This is only for deadlines that are counted in days."))
    calendar = reader.calendar(section)
    if (calendar is None) == (unit in OPEN_SECONDS):
        section.refuse(
            "calendar", N_("Open time needs a calendar; time that always runs must not name one.")
        )
    add = reader.number(section.get("add"), below(section, "add"))
    if isinstance(add, Literal) and add.value < 0 and unit in OPEN_SECONDS:
        section.refuse("add", N_("Open time is counted forwards only."))
    return i.Deadline(
        start=reader.instant(section.get("from"), below(section, "from")),
        add=add,
        unit=unit,
        calendar=calendar,
        inclusive=_inclusive(section),
        pauses=read_pauses(reader, section),
    )


def _by_days(reader: Reader, section: Section, unit: Unit) -> Instant:
    if section.get("pauses") is not None and unit in MONTHS:
        section.refuse("pauses", N_("Months and years do not pause. Count days or hours."))
    calendar = reader.calendar(section)
    at = _at(reader, section)
    cut_off = section.get("cut_off")
    if cut_off is None and section.get("cut_off_boundary") is not None:
        section.refuse("cut_off_boundary", N_("This belongs to a cut-off."))
    roll = section.choice("roll", Roll) if section.get("roll") is not None else None
    usual = Receipt.COUNTS if cut_off is None else Receipt.NEXT_OPEN_DAY
    receipt = reader.pick(section, "receipt", Receipt, usual)
    needs = (
        unit is Unit.WORKING_DAY
        or roll is not None
        or section.get("receipt") not in (None, "counts")
    )
    if calendar is None and (needs or at is At.CLOSING_TIME):
        section.refuse("calendar", N_("This deadline needs a calendar."))
    if cut_off is not None and receipt is Receipt.COUNTS:
        section.refuse("receipt", N_("A cut-off says when a later matter counts as received."))
    if at in _WHOLE_DAY and section.get("boundary") is not None:
        section.refuse(
            "boundary", N_("A deadline at the edge of a day has no boundary of its own.")
        )
    add = reader.number(section.get("add"), below(section, "add"))
    if isinstance(add, Literal) and add.value.denominator != 1:
        section.refuse("add", N_("Days, weeks, months and years are counted whole."))
    return i.Deadline(
        start=reader.instant(section.get("from"), below(section, "from")),
        add=add,
        unit=unit,
        calendar=calendar,
        cut_off=None if cut_off is None else reader.clock(cut_off, below(section, "cut_off")),
        cut_off_inclusive=_inclusive(section, "cut_off_boundary"),
        receipt=receipt,
        roll=roll,
        at=at,
        inclusive=_inclusive(section),
        pauses=read_pauses(reader, section),
    )


def _at(reader: Reader, section: Section) -> At | time:
    value = section.get("at")
    if value is None:
        return At.END_OF_DAY
    if isinstance(value, str) and value[:1].isdigit():
        return reader.clock(value, below(section, "at"))
    return section.choice("at", At)


def _inclusive(section: Section, key: str = "boundary") -> bool:
    """Whether the limit itself is in time: it is where nothing is said."""
    value = section.get(key)
    if value not in (None, "inclusive", "exclusive"):
        section.refuse(key, N_("This must be one of: %(allowed)s."), allowed=_BOUNDARIES)
    return value != "exclusive"


_BOUNDARIES = "inclusive, exclusive"

INSTANTS: dict[str, Read] = {
    "fact": _name,
    "or_now": _or_now,
    "earliest": _earliest,
    "latest": _latest,
    "latest_known": _latest_known,
    "first_known": _first_known,
    "instant": _fixed,
    "choose": _choose,
    "first_in": _in_list(latest=False),
    "last_in": _in_list(latest=True),
    "start_of": _edge(end=False),
    "end_of": _edge(end=True),
    "field": _field,
    "next_opening": _next_opening,
    "deadline": _deadline,
}
