"""Reading a mapping's document: closed vocabulary, every problem named by place and reason.

The document is explained with examples in docs/imports.md.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from promises.desk.imports import document_parts as parts
from promises.desk.imports.formats import date_reader, duration_reader, moment_reader, time_reader
from promises.desk.imports.local_times import SECOND, LocalTimes
from promises.desk.imports.mapping import (
    DEFAULT_BACK_S,
    Cell,
    Customer,
    DateAndTime,
    DurationChoice,
    Encoding,
    FileForm,
    Filter,
    ImportMapping,
    Meaning,
    Measured,
    MomentChoice,
    Outcome,
    RollOver,
    Service,
    When,
)
from promises.desk.imports.patterns import BadPattern
from promises.desk.imports.problems import MappingRefused
from promises.desk.models import TicketKind
from promises.kernel.documents import Section, pointer_to
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_
from promises.kernel.zones import UnknownZone, zone_of

LONGEST_DOCUMENT = 64_000
FORMAT = 1
_DAY_S = 86_400
_MOMENTS = ("called", "service_started", "served", "left", "no_show")
_FILE = ("delimiter", "quote", "encoding", "header", "skip_lines", "empty_values")
_OPTIONAL = ("file", "time_zone", "ticket_kind", "rows", "customer", "waited", *_MOMENTS)
_CHOICE = ("when", "unless")
_UTC = LocalTimes("UTC")


class _Action(StrEnum):
    KEEP = "keep"
    SKIP = "skip"


class _Mark(StrEnum):
    POINT = "."
    COMMA = ","


def parse_mapping(document: Mapping[str, Any] | object) -> ImportMapping:
    """Raises MappingRefused with every problem that the document has."""
    problems: list[FieldProblem] = []
    required = ("format", "reference", "arrived", "outcome", "service_kind")
    top = Section(document, problems, required=required, optional=_OPTIONAL)
    top.fixed("format", FORMAT)
    mapping = ImportMapping(
        file=_file(top.section("file", optional=_FILE)),
        time_zone=_zone(top),
        ticket_kind=_kind(top),
        filters=_filters(top),
        **_reference(top),
        outcome=_outcome(top),
        service=_service(top),
        customer=_customer(top),
        arrived=_moment(top, "arrived"),
        called=_moment(top, "called"),
        service_started=_moment(top, "service_started"),
        served=_moment(top, "served"),
        left=_moment(top, "left"),
        no_show=_moment(top, "no_show"),
        waited=_waited(top),
    )
    if not problems:
        _check_whole(mapping, problems)
    if problems:
        raise MappingRefused(problems)
    return mapping


def _file(section: Section) -> FileForm:
    delimiter = (
        parts.text(section, "delimiter", "auto") if section.get("delimiter") != "\t" else "\t"
    )
    if delimiter != "auto" and (len(delimiter) != 1 or delimiter.isalnum() or delimiter == '"'):
        section.refuse("delimiter", N_("This must be one mark such as a comma, or “auto”."))
    quote = parts.text(section, "quote", '"')
    if quote not in ('"', "'", "none"):
        section.refuse("quote", N_("This must be a quotation mark, or “none”."))
    encoding = Encoding.UTF_8
    if section.get("encoding") is not None:
        encoding = section.choice("encoding", Encoding)
    return FileForm(
        delimiter=None if delimiter == "auto" else delimiter,
        quote=None if quote == "none" else quote,
        encoding=encoding,
        header=parts.boolean(section, "header", True),
        skip_lines=section.integer_or_none("skip_lines", 0, 100) or 0,
        empty_values=parts.texts(section, "empty_values"),
    )


def _zone(top: Section) -> str | None:
    name = parts.text(top, "time_zone") or None
    if name is not None:
        try:
            zone_of(name)
        except UnknownZone:
            message = N_("There is no time zone of this name, such as Europe/Helsinki.")
            top.refuse("time_zone", message)
            return None
    return name


def _kind(top: Section) -> TicketKind:
    if top.get("ticket_kind") is None:
        return TicketKind.VISIT
    return top.choice("ticket_kind", TicketKind)


def _filters(top: Section) -> tuple[Filter, ...]:
    found = []
    for value, place in parts.items(top, "rows"):
        rule = Section(value, top.problems, required=("action",), optional=_CHOICE, pointer=place)
        when = parts.when(rule)
        if when.always and isinstance(value, Mapping):
            rule.problems.append(FieldProblem(place, _NEEDS_CONDITION))
        found.append(Filter(rule.choice("action", _Action) is _Action.KEEP, when))
    return tuple(found)


_NEEDS_CONDITION = N_("Say when: “when” or “unless” is missing.")


def _reference(top: Section) -> dict[str, Any]:
    section = top.section("reference", required=("columns",), optional=("joined_by",))
    columns = tuple(
        parts.column_of(value, top.problems, place)
        for value, place in parts.items(section, "columns")
    )
    return {"reference": columns, "joined_by": parts.text(section, "joined_by", "-")}


def _outcome(top: Section) -> Outcome:
    section = top.section("outcome", optional=("column", "values", "rules", "otherwise"))
    rules: list[tuple[When, Meaning]] = []
    for value, place in parts.items(section, "rules"):
        rule = Section(value, top.problems, required=("is",), optional=_CHOICE, pointer=place)
        rules.append((parts.when(rule), rule.choice("is", Meaning)))
    values = {}
    for name, value, place in parts.table(section, "values"):
        one = Section({"is": value}, [], required=("is",))
        values[name] = one.choice("is", Meaning)
        if one.problems:
            allowed = ", ".join(Meaning)
            message = N_("This must be one of: %(allowed)s.")
            top.problems.append(FieldProblem(place, message, {"allowed": allowed}))
    given = section.get("column") is not None
    if given is not bool(values):
        section.refuse("column", N_("A column and the meaning of its values go together."))
    otherwise = section.get("otherwise")
    return Outcome(
        rules=tuple(rules),
        column=parts.column(section) if given else None,
        values=values,
        otherwise=None if otherwise is None else section.choice("otherwise", Meaning),
    )


def _service(top: Section) -> Service:
    section = top.section("service_kind", optional=("letter", "column", "letters", "otherwise"))
    fixed = parts.text(section, "letter") or None
    letters: dict[str, str] = {}
    places: dict[str, str] = {}
    for name, value, place in parts.table(section, "letters"):
        letter = parts.text_of(value, top.problems, place)
        letters[name] = letter
        places.setdefault(letter, place)
    otherwise = parts.text(section, "otherwise") or None
    given = section.get("column") is not None
    whole = (fixed is None) is given and given is bool(letters) and not (fixed and otherwise)
    if top.get("service_kind") is not None and not whole:
        message = N_("Give either one letter, or a column and the letters of its values.")
        top.refuse("service_kind", message)
    for key in ("letter", "otherwise"):
        if isinstance(named := section.get(key), str):
            places.setdefault(named, pointer_to(section.pointer, key))
    column = parts.column(section) if given else None
    return Service(column, letters, fixed or otherwise, places)


def _customer(top: Section) -> Customer | None:
    if top.get("customer") is None:
        return None
    section = top.section("customer", required=("column",), optional=("nobody",))
    return Customer(parts.column(section), parts.texts(section, "nobody"))


def _moment(top: Section, key: str) -> tuple[MomentChoice, ...]:
    value = top.get(key)
    if value is None:
        return ()
    place = pointer_to(top.pointer, key)
    choices = _choices(top, key)
    if choices is None:
        return (MomentChoice(When(), _cells(value, place, top.problems)),)
    found = []
    for choice in choices:
        use = choice.get("use")
        at = pointer_to(choice.pointer, "use")
        cells = None if use is None else _cells(use, at, top.problems)
        found.append(MomentChoice(parts.when(choice), cells))
    return tuple(found)


def _choices(top: Section, key: str) -> list[Section] | None:
    """The entries of `{"choose": […]}`; None where the object is no choice."""
    value = top.get(key)
    if not isinstance(value, Mapping) or "choose" not in value:
        return None
    section = top.section(key, required=("choose",))
    return [
        Section(one, top.problems, required=("use",), optional=_CHOICE, pointer=place)
        for one, place in parts.items(section, "choose")
    ]


def _cells(value: object, place: str, problems: list[FieldProblem]) -> Cell | DateAndTime:
    if isinstance(value, Mapping) and "time" in value:
        section = Section(
            value, problems, required=("time",), optional=("date", "roll_over"), pointer=place
        )
        date = None if section.get("date") is None else _cell(section, "date", date_reader)
        return DateAndTime(date, _cell(section, "time", time_reader), _roll_over(section))
    section = Section(value, problems, required=("column", "format"), pointer=place)
    return _cell_of(section, lambda form: moment_reader(form, _UTC))


def _cell(section: Section, key: str, reader: Callable[[str], object]) -> Cell:
    return _cell_of(section.section(key, required=("column", "format")), reader)


def _cell_of(section: Section, reader: Callable[[str], object]) -> Cell:
    form = parts.text(section, "format")
    if form:
        try:
            reader(form)
        except BadPattern:
            message = N_(
                "This form is not known. Write it like yyyy-mm-dd, dd.mm.yyyy, yymmdd, h:mm:ss or "
                "dd.mm.yyyy hh:mm."
            )
            section.refuse("format", message)
    return Cell(parts.column(section), form)


def _roll_over(section: Section) -> RollOver | None:
    value = section.get("roll_over")
    if value is None or value is False:
        return None
    default = RollOver(DEFAULT_BACK_S * SECOND)
    if value is True:
        return default
    inner = section.section("roll_over", optional=("after", "back_s"))
    back = inner.integer_or_none("back_s", 1, _DAY_S) or DEFAULT_BACK_S
    after = None if inner.get("after") is None else _cell(inner, "after", time_reader)
    return RollOver(back * SECOND, after)


def _waited(top: Section) -> tuple[DurationChoice, ...]:
    value = top.get("waited")
    if value is None:
        return ()
    place = pointer_to(top.pointer, "waited")
    choices = _choices(top, "waited")
    if choices is None:
        return (DurationChoice(When(), _duration(value, place, top.problems)),)
    found = []
    for choice in choices:
        use = choice.get("use")
        at = pointer_to(choice.pointer, "use")
        duration = None if use is None else _duration(use, at, top.problems)
        found.append(DurationChoice(parts.when(choice), duration))
    return tuple(found)


def _duration(value: object, place: str, problems: list[FieldProblem]) -> Measured | int:
    if isinstance(value, Mapping) and "seconds" in value:
        fixed = Section(value, problems, required=("seconds",), pointer=place)
        return fixed.integer("seconds", 0, _DAY_S) * SECOND
    section = Section(
        value, problems, required=("column", "format"), optional=("decimal",), pointer=place
    )
    mark = _Mark.POINT if section.get("decimal") is None else section.choice("decimal", _Mark)
    cell = _cell_of(section, lambda form: duration_reader(form, mark))
    return Measured(cell.column, cell.form, mark.value)


def _check_whole(mapping: ImportMapping, problems: list[FieldProblem]) -> None:
    """What only shows when the parts are seen together."""
    for choice in mapping.arrived:
        if isinstance(choice.use, DateAndTime) and choice.use.date is None:
            problems.append(FieldProblem("/arrived", N_("An arrival needs its date.")))
            break
    outcome = mapping.outcome
    meanings = {*outcome.values.values(), *(meaning for _when, meaning in outcome.rules)}
    if outcome.otherwise is not None:
        meanings.add(outcome.otherwise)
    if not meanings & {Meaning.SERVED, Meaning.LEFT, Meaning.NO_SHOW}:
        message = N_("No row would become a ticket: say which rows are served, left or no_show.")
        problems.append(FieldProblem("/outcome", message))
    ends = {
        Meaning.SERVED: ("service_started", mapping.service_started),
        Meaning.LEFT: ("left", mapping.left),
        Meaning.NO_SHOW: ("called", mapping.called),
    }
    for meaning, (key, moment) in ends.items():
        if meaning in meanings and not moment and not mapping.waited:
            message = N_("“%(meaning)s” needs the moment that ended the wait, or “waited”.")
            problems.append(FieldProblem(f"/{key}", message, {"meaning": meaning.value}))
