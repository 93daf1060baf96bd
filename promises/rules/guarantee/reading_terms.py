"""A whole guarantee from its document: declarations, clauses, and what must fit together."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from promises.kernel.documents import Section, pointer_to
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_
from promises.kernel.zones import UnknownZone, zone_of
from promises.rules.guarantee import clauses as k
from promises.rules.guarantee.facts import Unreadable, read_value
from promises.rules.guarantee.numbers import Literal
from promises.rules.guarantee.reading import (
    NAME,
    RESERVED,
    Names,
    Reader,
    below,
    follows,
    names_of,
    read_day_of,
)
from promises.rules.guarantee.reading_conditions import CONDITIONS
from promises.rules.guarantee.reading_instants import INSTANTS
from promises.rules.guarantee.reading_labels import read_labels
from promises.rules.guarantee.reading_numbers import NUMBERS
from promises.rules.guarantee.reading_steps import read_steps
from promises.rules.guarantee.vocabulary import FactType, Instant, Number, Remedy
from promises.rules.guarantee.walk import circles, moving_parts

REQUIRED = ("facts", "broken_when")
OPTIONAL = (
    "time_zone", "values", "dated_values", "deadlines", "measures", "conditions", "applies_when",
    "exclusions", "amount", "steps", "remedy", "claim", "payment", "recurring", "labels",
)  # fmt: skip

_NOTHING = Literal(read_value(FactType.NUMBER, 0, "UTC"))
_PERIOD_FACTS = {
    "period_start": k.FactSpec(FactType.INSTANT),
    "word_at": k.FactSpec(FactType.INSTANT),
}


def read_guarantee(top: Section, document: object, usual_zone: str = "UTC") -> k.Guarantee | None:
    """The guarantee of a document whose other keys the caller reads. Problems are added to those
    of `top`; None where there are any."""
    zone = _zone(top, usual_zone)
    names = _names(top)
    reader = Reader(names, NUMBERS, INSTANTS, CONDITIONS)
    names.facts.update(_facts(reader, top, zone))
    recurrence = _recurrence(reader, top)
    guarantee = k.Guarantee(
        currency=str(top.get("currency")),
        time_zone=zone,
        facts=names.facts,
        values=_each(reader, top, "values", reader.number),
        dated=_dated(reader, top),
        deadlines=_each(reader, top, "deadlines", reader.instant),
        measures=_each(reader, top, "measures", reader.number),
        conditions=_each(reader, top, "conditions", reader.condition),
        applies_when=_optional(top, "applies_when", reader.condition),
        broken_when=reader.condition(top.get("broken_when"), below(top, "broken_when")),
        exclusions=tuple(_exclusions(reader, top)),
        amount=_optional(top, "amount", reader.number) or _NOTHING,
        steps=read_steps(reader, top),
        remedies=_remedies(reader, top),
        claim=_claim(reader, top),
        payment=_payment(reader, top),
        recurrence=recurrence,
        calendars=frozenset(reader.calendars),
        document=dict(document) if isinstance(document, Mapping) else {},
    )
    if type(top.get("broken_when")) is bool:
        top.refuse("broken_when", N_("A promise must be able to be kept and to be broken."))
    read_labels(reader, top, _all_names(guarantee))
    if not reader.problems:
        for place in circles(guarantee):
            reader.refuse(place, N_("This is worked out from itself."))
    top.problems.extend(reader.problems)
    _keep_first_of_each_place(top.problems)
    return None if top.problems else replace(guarantee, moving=moving_parts(guarantee))


def _all_names(guarantee: k.Guarantee) -> frozenset[str]:
    """All that a label may belong to."""
    names = (guarantee.facts, guarantee.deadlines, guarantee.measures, guarantee.conditions)
    dated = (row.values for group in guarantee.dated for row in group.rows)
    codes = [one.code for one in guarantee.exclusions]
    return frozenset().union(*names, guarantee.values, *dated, codes)


def _keep_first_of_each_place(problems: list[FieldProblem]) -> None:
    """What follows from a problem at the same place helps nobody."""
    first: dict[str, FieldProblem] = {}
    for one in problems:
        first.setdefault(one.field, one)
    problems[:] = first.values()


def _zone(top: Section, usual: str) -> str:
    value = top.get("time_zone")
    if value is None:
        return usual
    try:
        return zone_of(str(value)).key
    except UnknownZone:
        text = N_("There is no time zone of this name. One such name is Europe/Helsinki.")
        top.refuse("time_zone", text)
        return usual


def _names(top: Section) -> Names:
    dated: set[str] = set()
    rows = top.get("dated_values")
    for group in rows if isinstance(rows, list | tuple) else ():
        inner = group.get("rows") if isinstance(group, Mapping) else None
        for row in inner if isinstance(inner, list | tuple) else ():
            dated |= names_of(row.get("values") if isinstance(row, Mapping) else None)
    return Names(
        values=names_of(top.get("values")) | dated,
        deadlines=names_of(top.get("deadlines")),
        measures=names_of(top.get("measures")),
        conditions=names_of(top.get("conditions")),
    )


def _named(reader: Reader, top: Section, key: str) -> Iterator[tuple[str, Any, str]]:
    """The entries of an object with a name each."""
    value = top.get(key)
    if value is None:
        return
    if not isinstance(value, Mapping):
        top.refuse(key, N_("This must be an object with named fields."))
        return
    for name, body in value.items():
        place = pointer_to(below(top, key), name)
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in RESERVED:
            text = N_("A name has small letters, digits and underscores, and begins with a letter.")
            reader.refuse(place, text)
        else:
            yield name, body, place


def _each(
    reader: Reader, top: Section, key: str, read: Callable[[object, str], Any]
) -> dict[str, Any]:
    return {name: read(body, place) for name, body, place in _named(reader, top, key)}


def _optional(top: Section, key: str, read: Callable[[object, str], Any]) -> Any:
    value = top.get(key)
    return None if value is None else read(value, below(top, key))


def _facts(reader: Reader, top: Section, zone: str, key: str = "facts") -> dict[str, k.FactSpec]:
    found: dict[str, k.FactSpec] = {}
    for name, body, place in _named(reader, top, key):
        if isinstance(body, str):
            body = {"type": body}
        section = reader.section(body, place, ("type",), ("when_missing", "fields"))
        kind = section.choice("type", FactType)
        fields = _fields(reader, section, kind, zone)
        spec = k.FactSpec(kind, section.get("when_missing"), fields)
        if spec.when_missing is not None:
            try:
                read_value(spec.type, spec.when_missing, zone)
            except Unreadable as error:
                section.refuse("when_missing", str(error))
        if name in reader.names.deadlines:
            reader.refuse(place, N_("A fact and a deadline have the same name."))
        found[name] = spec
    return found


_FIELD_TYPES = (
    FactType.INSTANT, FactType.DATE, FactType.NUMBER, FactType.BOOLEAN, FactType.TEXT,
)  # fmt: skip


def _fields(
    reader: Reader, section: Section, kind: FactType, zone: str
) -> dict[str, k.FactSpec] | None:
    if section.get("fields") is None:
        return None
    if kind is not FactType.RECORDS:
        section.refuse("fields", N_("Only records have fields."))
        return None
    found = _facts(reader, section, zone, "fields")
    for name, spec in found.items():
        if spec.type not in _FIELD_TYPES:
            text = N_("This must be one of: %(allowed)s.")
            place = pointer_to(below(section, "fields"), name)
            reader.refuse(place, text, allowed=", ".join(_FIELD_TYPES))
    return found


def _dated(reader: Reader, top: Section) -> tuple[k.DatedRows, ...]:
    value = top.get("dated_values")
    if value is None:
        return ()
    groups = []
    for entry, place in reader.entries(value, below(top, "dated_values")):
        section = reader.section(entry, place, ("by", "rows"))
        rows = [
            _row(reader, one, at)
            for one, at in reader.entries(section.get("rows"), below(section, "rows"))
        ]
        for index, (before, after) in enumerate(zip(rows, rows[1:], strict=False)):
            at = f"{below(section, 'rows')}/{index + 1}"
            if not follows(before.last, after.first):
                reader.refuse(at, N_("This row begins before the one above it ends."))
            if set(before.values) != set(after.values):
                reader.refuse(at, N_("Every row must give the same values."))
        by = reader.instant(section.get("by"), below(section, "by"))
        if rows:
            groups.append(k.DatedRows(by, tuple(rows)))
    return tuple(groups)


def _row(reader: Reader, entry: object, place: str) -> k.Row:
    section = reader.section(entry, place, ("values",), ("from", "until"))
    values = {name: reader.number(body, at) for name, body, at in _named(reader, section, "values")}
    return k.Row(read_day_of(section, "from"), read_day_of(section, "until"), values)


def _exclusions(reader: Reader, top: Section) -> Iterator[k.Exclusion]:
    if top.get("exclusions") is None:
        return
    codes: set[str] = set()
    for entry, place in reader.entries(top.get("exclusions"), below(top, "exclusions"), 0):
        section = reader.section(entry, place, ("code", "when"), ("proved_by", "proof"))
        code, by = section.get("code"), section.get("proved_by")
        if not isinstance(code, str) or not NAME.fullmatch(code) or code in codes:
            section.refuse("code", N_("This must be a name of its own for the reason."))
        if by not in (None, "company", "customer"):
            section.refuse(
                "proved_by", N_("This must be one of: %(allowed)s."), allowed="company, customer"
            )
        codes.add(str(code))
        yield k.Exclusion(
            str(code),
            reader.condition(section.get("when"), below(section, "when")),
            by if isinstance(by, str) else None,
            _optional(section, "proof", reader.condition),
        )


def _remedies(reader: Reader, top: Section) -> k.Remedies:
    value = top.get("remedy")
    if value is None:
        return k.Remedies((k.RemedyOption(Remedy.MONEY, None),), None)
    if not isinstance(value, Mapping) or "options" not in value:
        return k.Remedies((_option(reader, value, below(top, "remedy")),), None)
    section = reader.section(value, below(top, "remedy"), ("options", "chosen_by"))
    options = tuple(
        _option(reader, entry, place)
        for entry, place in reader.entries(section.get("options"), below(section, "options"))
    )
    by = reader.fact(section.get("chosen_by"), below(section, "chosen_by"), FactType.TEXT)
    return k.Remedies(options or (k.RemedyOption(Remedy.MONEY, None),), by)


def _option(reader: Reader, value: object, place: str) -> k.RemedyOption:
    section = reader.section(value, place, ("kind",), ("amount",))
    amount: Number | None = _optional(section, "amount", reader.number)
    return k.RemedyOption(section.choice("kind", Remedy), amount)


def _claim(reader: Reader, top: Section) -> k.Claim:
    if top.get("claim") is None:
        return k.Claim(on_request=False, claimed_at=None, not_before=None, until=None)
    section = reader.section(
        top.get("claim"), below(top, "claim"), ("mode",), ("claimed_at", "not_before", "until")
    )
    mode = section.get("mode")
    if section.has("mode") and mode not in ("automatic", "on_request"):
        text = N_("This must be one of: %(allowed)s.")
        section.refuse("mode", text, allowed="automatic, on_request")
    not_before: Instant | None = _optional(section, "not_before", reader.instant)
    until: Instant | None = _optional(section, "until", reader.instant)
    claimed = reader.optional_fact(section, "claimed_at", FactType.INSTANT, FactType.DATE)
    if claimed is None and (not_before is not None or until is not None):
        section.refuse("claimed_at", N_("A window for claims needs the fact that says when."))
    return k.Claim(mode == "on_request", claimed, not_before, until)


def _payment(reader: Reader, top: Section) -> k.Payment | None:
    if top.get("payment") is None:
        return None
    section = reader.section(
        top.get("payment"), below(top, "payment"), ("due",), ("paid_at", "late_penalty")
    )
    return k.Payment(
        reader.instant(section.get("due"), below(section, "due")),
        reader.optional_fact(section, "paid_at", FactType.INSTANT, FactType.DATE),
        _optional(section, "late_penalty", reader.number),
    )


def _recurrence(reader: Reader, top: Section) -> k.Recurrence | None:
    if top.get("recurring") is None:
        return None
    section = reader.section(
        top.get("recurring"), below(top, "recurring"), ("from", "word"), ("ends", "most")
    )
    start = reader.instant(section.get("from"), below(section, "from"))
    word = reader.fact(section.get("word"), below(section, "word"), FactType.INSTANTS)
    ends: Instant | None = _optional(section, "ends", reader.instant)
    most = section.get("most")
    count = 520 if most is None else reader.whole(most, below(section, "most"), 1, 1000)
    reader.names.facts.update(_PERIOD_FACTS)
    return k.Recurrence(start, word, ends, count)
