"""The form for the facts that a promise asks for: one typed field a fact, made from its terms."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, DateField, SelectField, TimeField
from wtforms.validators import Optional

from promises.http.forms import Form, Line, options
from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.kernel.zones import local_clock, resolve_local, utc_offset
from promises.rules.guarantee.facts import Unreadable, read_value
from promises.rules.guarantee.vocabulary import FactType
from promises.web.forms.editor_times import SKIPPED
from promises.web.forms.terms import Amount

LONGEST_WORD = 100
MOST_ROWS = 30
OLDEST_YEAR, LATEST_YEAR = 1900, 2200
TYPED = frozenset(
    {
        FactType.INSTANT,
        FactType.DATE,
        FactType.NUMBER,
        FactType.BOOLEAN,
        FactType.TEXT,
        FactType.INTERVALS,
    }
)
"""What can be typed here. Longer lists come from other systems."""
TWICE = N_("The clocks show this time twice on that day. Choose which one you mean.")
_FIRST, _SECOND = "first", "second"
_YES_NO = {True: "yes", False: "no"}
_NO_CHOICE = [Optional()]


@dataclass(frozen=True, slots=True)
class Asked:
    """One fact that terms ask for. `words` are (value, words on screen); `value` is what is known
    of it, as JSON, `said` when and by whom that was said, in words."""

    name: str
    label: str
    type: FactType
    words: tuple[tuple[str, str], ...] = ()
    money: bool = False
    missing: object = None
    value: Any = None
    said: str | None = None

    @property
    def typed(self) -> bool:
        return self.type in TYPED and len(self.rows) < MOST_ROWS

    @property
    def rows(self) -> Sequence[Any]:
        listed = self.type is FactType.INTERVALS and isinstance(self.value, list | tuple)
        return self.value if listed else ()


class NotSo(Exception):
    """What was typed is no value of its fact: the field, and the words for it."""


class FactsForm(Form):
    """The base of a form with the fields of some facts. A fact's fields have its name, with a part
    after a dot where there are several."""

    asked: Sequence[Asked] = ()
    zone = "UTC"

    def prepare(self) -> None:
        for one in self.asked:
            for name, choices in _choices(one):
                self[name].choices = options(choices)

    def changes(self, before: "FactsForm") -> dict[str, Any] | None:
        """The facts that are not as in `before`, as JSON values; None stands for not known. Returns
        None where something is no value, with the words at its field."""
        found: dict[str, Any] = {}
        fine = True
        for one in self.asked:
            names = [name for name, _ in _fields(one, "")]
            if all(_same(self[name].data, before[name].data) for name in names):
                continue
            try:
                found[one.name] = _READERS[one.type](self, one)
            except NotSo as wrong:
                field, words = wrong.args
                self[field].errors = [*self[field].errors, gettext(words)]
                fine = False
        return found if fine else None


def _same(one: object, other: object) -> bool:
    return (one or None) == (other or None)


def facts_form(asked: Sequence[Asked], zone: str, currency: str) -> type[FactsForm]:
    """The form for these facts; times are those of the zone's clocks."""
    kept = [one for one in asked if one.typed]
    made: dict[str, Any] = dict(pair for one in kept for pair in _fields(one, currency))
    return type("FactsOfTerms", (FactsForm,), made | {"asked": kept, "zone": zone})


def filled(form: type[FactsForm]) -> dict[str, Any]:
    """What the fields of the form show at first: what is known."""
    found: dict[str, Any] = {}
    for one in form.asked:
        if one.value is not None:
            try:
                known = read_value(one.type, one.value, form.zone)
            except Unreadable:  # said by a system, and not of its type: counts as not known
                continue
            found |= dict(_shown(one, known, form.zone))
    return found


# -- the fields of a fact ------------------------------------------------------------------------


def _fields(one: Asked, currency: str) -> Iterator[tuple[str, Any]]:
    match one.type:
        case FactType.INSTANT:
            yield from _moment(one.name, N_("Day"), N_("Time of day"))
        case FactType.DATE:
            yield one.name, DateField(one.label, _NO_CHOICE)
        case FactType.NUMBER if one.money:
            kind = type("AmountOfTerms", (Amount,), {"currency": currency or "EUR"})
            yield one.name, kind(one.label, _NO_CHOICE)
        case FactType.TEXT if not one.words:
            yield one.name, Line(one.label, required=False, longest=LONGEST_WORD)
        case FactType.NUMBER:
            yield one.name, Line(one.label, required=False, longest=20)
        case FactType.INTERVALS:
            yield from _rows(one)
        case _:
            yield one.name, SelectField(one.label, _NO_CHOICE)


def _moment(key: str, day: str, time: str) -> Iterator[tuple[str, Any]]:
    yield f"{key}.day", DateField(day, _NO_CHOICE)
    yield f"{key}.time", TimeField(time, _NO_CHOICE)
    yield f"{key}.which", SelectField(N_("Which of the two?"), _NO_CHOICE)


def _rows(one: Asked) -> Iterator[tuple[str, Any]]:
    for number in range(len(one.rows) + 1):
        row = f"{one.name}.{number}"
        yield from _moment(f"{row}.start", N_("Start: day"), N_("Start: time of day"))
        yield from _moment(f"{row}.end", N_("End: day"), N_("End: time of day"))
        if one.words:
            yield f"{row}.reason", SelectField(N_("Reason"), _NO_CHOICE)
        else:
            yield f"{row}.reason", Line(N_("Reason"), required=False, longest=LONGEST_WORD)
    yield f"{one.name}.none", BooleanField(N_("There were none"))


def _choices(one: Asked) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    which = [
        ("", gettext("Not chosen")),
        (_FIRST, gettext("The first, before the clocks go back")),
        (_SECOND, gettext("The second, after the clocks went back")),
    ]
    unknown = ("", gettext("Not known"))
    for name, _ in _fields(one, ""):
        if name.endswith(".which"):
            yield name, which
        elif one.type is FactType.BOOLEAN:
            yield name, [_not_known(one), ("yes", gettext("Yes")), ("no", gettext("No"))]
        elif one.words and (name == one.name or name.endswith(".reason")):
            yield name, [unknown, *one.words]


def _not_known(one: Asked) -> tuple[str, str]:
    if one.missing is None:
        return "", gettext("Not known")
    return "", gettext("Not known: counts as yes") if one.missing else gettext(
        "Not known: counts as no"
    )


# -- what is known, in the fields ----------------------------------------------------------------


def _shown(one: Asked, known: Any, zone: str) -> Iterator[tuple[str, Any]]:
    match one.type:
        case FactType.INSTANT:
            yield from _shown_moment(one.name, known, zone)
        case FactType.DATE:
            yield one.name, known if type(known) is dt.date else local_clock(known, zone)[0]
        case FactType.BOOLEAN:
            yield one.name, _YES_NO[known]
        case FactType.NUMBER if one.money:
            if known.denominator == 1:
                yield one.name, int(known)
        case FactType.NUMBER:
            yield one.name, str(one.value).replace(".", ",")
        case FactType.INTERVALS:
            yield f"{one.name}.none", not known
            for number, (start, end, reason) in enumerate(known):
                yield from _shown_moment(f"{one.name}.{number}.start", start, zone)
                if end is not None:
                    yield from _shown_moment(f"{one.name}.{number}.end", end, zone)
                yield f"{one.name}.{number}.reason", reason
        case _:
            yield one.name, known


def _shown_moment(key: str, at: dt.datetime, zone: str) -> Iterator[tuple[str, Any]]:
    day, clock = local_clock(at, zone)
    time = clock.replace(second=0, microsecond=0)
    yield f"{key}.day", day
    yield f"{key}.time", time
    found = resolve_local(dt.datetime.combine(day, clock), zone)
    if found.problem == "ambiguous":
        yield f"{key}.which", _FIRST if found.instant == at else _SECOND


# -- what was typed, as values -------------------------------------------------------------------


def _read_instant(form: FactsForm, one: Asked) -> str | None:
    return _typed_moment(form, one.name)


def _typed_moment(form: FactsForm, key: str) -> str | None:
    """Raises NotSo."""
    day, time = form[f"{key}.day"].data, form[f"{key}.time"].data
    if day is None and time is None:
        return None
    if day is None:
        raise NotSo(f"{key}.day", N_("Give the day as well."))
    if time is None:
        raise NotSo(f"{key}.time", N_("Give the time of day as well."))
    _check_year(f"{key}.day", day)
    found = resolve_local(dt.datetime.combine(day, time), form.zone)
    if found.problem == "nonexistent":
        raise NotSo(f"{key}.time", SKIPPED)
    at = found.instant
    if found.problem == "ambiguous":
        which = form[f"{key}.which"].data
        if which not in (_FIRST, _SECOND):
            raise NotSo(f"{key}.which", TWICE)
        if which == _SECOND:
            later = at + dt.timedelta(hours=6)
            at += utc_offset(at, form.zone) - utc_offset(later, form.zone)
    return at.isoformat()


def _read_date(form: FactsForm, one: Asked) -> str | None:
    day = form[one.name].data
    if day is None:
        return None
    _check_year(one.name, day)
    return str(day.isoformat())


def _check_year(field: str, day: dt.date) -> None:
    if not OLDEST_YEAR <= day.year <= LATEST_YEAR:
        raise NotSo(field, N_("Check the year."))


def _read_number(form: FactsForm, one: Asked) -> object:
    data = form[one.name].data
    if one.money or not data:
        return data if one.money else None
    plain = "".join(data.split()).replace(",", ".")
    whole = plain.removeprefix("-")
    value = int(plain) if whole.isdigit() and whole.isascii() and len(whole) < 19 else plain
    try:
        read_value(FactType.NUMBER, value, form.zone)
    except Unreadable:
        raise NotSo(one.name, N_("Give a number, such as 12 or 12,5.")) from None
    return value


def _read_boolean(form: FactsForm, one: Asked) -> bool | None:
    return {"yes": True, "no": False}.get(form[one.name].data or "")


def _read_text(form: FactsForm, one: Asked) -> str | None:
    return form[one.name].data or None


def _read_intervals(form: FactsForm, one: Asked) -> list[list[str | None]] | None:
    """A row in which nothing stands is passed over. Raises NotSo."""
    found: list[list[str | None]] = []
    for number in range(len(one.rows) + 1):
        key = f"{one.name}.{number}"
        start, end = _typed_moment(form, f"{key}.start"), _typed_moment(form, f"{key}.end")
        reason = form[f"{key}.reason"].data or None
        if start is None and (end or reason):
            raise NotSo(f"{key}.start.day", N_("Give the start as well."))
        if start is None:
            continue
        if end is not None and dt.datetime.fromisoformat(end) < dt.datetime.fromisoformat(start):
            raise NotSo(f"{key}.end.day", N_("The end lies before the start."))
        found.append([start, end] if reason is None else [start, end, reason])
    if form[f"{one.name}.none"].data:
        if found:
            raise NotSo(f"{one.name}.none", N_("You gave one above. Take it out, or this tick."))
        return []
    return found or None


_READERS: Mapping[FactType, Callable[[FactsForm, Asked], Any]] = {
    FactType.INSTANT: _read_instant,
    FactType.DATE: _read_date,
    FactType.NUMBER: _read_number,
    FactType.BOOLEAN: _read_boolean,
    FactType.TEXT: _read_text,
    FactType.INTERVALS: _read_intervals,
}
