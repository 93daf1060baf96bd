"""A case as a manager types it: one field a fact, times as people say them."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from wtforms import DateField, SelectField
from wtforms.validators import Optional

from promises.http.forms import Form, Line, Text, one_id, options
from promises.http.i18n import gettext
from promises.kernel.errors import FieldProblem
from promises.kernel.money import minor_digits
from promises.kernel.text import N_
from promises.kernel.zones import local_date
from promises.rules.guarantee.facts import FactsRefused, Unreadable, read_value
from promises.rules.guarantee.naming import name_step, shown_name
from promises.rules.guarantee.vocabulary import FactType
from promises.rules.terms import GuaranteeTerms, Terms
from promises.web.forms.editor_times import NotATime, typed_day, typed_time

PREFIX = "f_"
NOW = "it_is_now"
_WAIT_FACTS = {
    "arrived_at": N_("The customer arrives"),
    "called_at": N_("The number is called"),
    "service_started_at": N_("The service starts"),
    "left_at": N_("The customer leaves"),
}
_TIMES = (FactType.INSTANT, FactType.DATE, FactType.INSTANTS)
_LINES = (FactType.INTERVALS, FactType.RECORDS, FactType.BY_PERIOD)

HINTS = {
    FactType.INSTANT: N_("Such as Fri 15:50, 27.3. 15:50 or 2026-03-27 15:50."),
    FactType.DATE: N_("Such as Fri, 27.3. or 2026-03-27."),
    FactType.PERIOD: N_("A month such as 2026-03."),
    FactType.NUMBER: N_("A number, such as 12 or 12,5."),
    FactType.INSTANTS: N_("Times with a semicolon between them, such as Fri 15:50; Mon 9:00."),
    FactType.NUMBERS: N_("Numbers with a semicolon between them."),
    FactType.INTERVALS: N_('As in the document: [["2026-03-27T15:50:00+02:00", null]]'),
    FactType.RECORDS: N_("As in the document: a list of objects."),
    FactType.BY_PERIOD: N_('As in the document: {"2026": 3}'),
}
_YES_NO = {"": N_("Not known"), "yes": N_("Yes"), "no": N_("No")}


class TicketForm(Form):
    """A real ticket to try the draft on."""

    ticket = Line(N_("Ticket"), longest=64)
    branch = SelectField(N_("Branch"), coerce=one_id, validators=[Optional()])
    day_on = DateField(N_("Day"), [Optional()])


class TrialForm(Form):
    """The base of a form with one field for each fact. `kinds` are the facts by name, in the order
    of the story."""

    kinds: Mapping[str, FactType] = {}
    hints: Mapping[str, str] = {}

    def prepare(self) -> None:
        for name, kind in self.kinds.items():
            if kind is FactType.BOOLEAN:
                field = self[PREFIX + name]
                field.choices = options((key, gettext(text)) for key, text in _YES_NO.items())

    def story(self, today: dt.date, zone: str) -> tuple[dict[str, Any], list[dt.datetime]]:
        """The facts as JSON values, and all times that were typed, the one of `now` last if there
        is one. Raises FactsRefused by field."""
        facts: dict[str, Any] = {}
        times: list[dt.datetime] = []
        problems: list[FieldProblem] = []
        for name, kind in (*self.kinds.items(), (NOW, FactType.INSTANT)):
            field = self[NOW if name == NOW else PREFIX + name]
            text = (field.data or "").strip()
            if not text:
                continue
            day = local_date(times[-1], zone) if times else today
            try:
                value = _value(name, kind, text, day, zone)
                found = read_value(kind, value, zone)
            except (NotATime, Unreadable) as error:
                words = error.args[0] if error.args else ""
                problems.append(FieldProblem(field.name, words))
                continue
            times += [one for one in _listed(found) if isinstance(one, dt.datetime)]
            facts[name] = value
        if problems:
            raise FactsRefused(problems)
        return facts, times


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def trial_form(terms: Terms, locale: str) -> type[TrialForm]:
    """The form for what these terms ask of a case."""
    if isinstance(terms, GuaranteeTerms):
        specs = terms.guarantee.facts
        inner = {"period_start", "word_at"} if terms.guarantee.recurrence else set()
        kinds = {name: spec.type for name, spec in specs.items() if name not in inner}
        labels = {
            name: shown_name(locale, name_step(terms.guarantee, name)).capitalize()
            for name in kinds
        }
        order = sorted(kinds, key=lambda name: kinds[name] not in _TIMES)
        kinds = {name: kinds[name] for name in order}
    else:
        kinds = dict.fromkeys(_WAIT_FACTS, FactType.INSTANT)
        labels = dict(_WAIT_FACTS)
    made: dict[str, Any] = {
        PREFIX + name: _field(kind, labels[name]) for name, kind in kinds.items()
    }
    hints = {PREFIX + name: HINTS[kind] for name, kind in kinds.items() if kind in HINTS}
    made[NOW] = Line(N_("Looked at"), required=False)
    return type("TrialOfTerms", (TrialForm,), made | {"kinds": kinds, "hints": hints})


def _field(kind: FactType, label: str) -> Any:
    if kind is FactType.BOOLEAN:
        return SelectField(label, validators=[Optional()])
    if kind in _LINES:
        return Text(label, required=False, longest=2000)
    return Line(label, required=False)


def _value(name: str, kind: FactType, text: str, day: dt.date, zone: str) -> Any:
    """The JSON value of what was typed. Raises NotATime, Unreadable."""
    match kind:
        case FactType.INSTANT:
            return typed_time(text, day, zone).isoformat()
        case FactType.DATE:
            return typed_day(text, day).isoformat()
        case FactType.INSTANTS:
            return _times(text, day, zone)
        case FactType.BOOLEAN:
            return text == "yes"
        case FactType.NUMBER:
            return _number(name, text)
        case FactType.NUMBERS:
            return [_number(name, one) for one in text.split(";")]
        case FactType.INTERVALS | FactType.RECORDS | FactType.BY_PERIOD:
            try:
                return json.loads(text)
            except ValueError:
                raise Unreadable(N_("This is no JSON.")) from None
    return text


def _times(text: str, day: dt.date, zone: str) -> list[str]:
    found = []
    for one in text.split(";"):
        at = typed_time(one, day, zone)
        day = local_date(at, zone)
        found.append(at.isoformat())
    return found


def _number(name: str, text: str) -> Any:
    """Amounts are typed in whole units of money."""
    plain = "".join(text.split()).replace(",", ".")
    return int(plain) if plain.lstrip("-").isdigit() and plain.isascii() else plain


def in_minor_units(terms: Terms, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts, by their names, from whole units of money."""
    digits = minor_digits(terms.currency)
    return {
        name: _scaled(value, digits) if name.endswith("_minor") else value
        for name, value in facts.items()
    }


def _scaled(value: Any, digits: int) -> Any:
    whole, _, cents = str(value).partition(".")
    if len(cents) > digits:
        return value
    return int(whole + cents.ljust(digits, "0"))
