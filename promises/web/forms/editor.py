"""The form of a draft: its blanks as fields, and back into a document of terms.

Short terms have the fields of `VersionForm`. General terms have one field for each blank of the
template that they began with, as far as the blank's places are still there.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TimeField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from promises.catalogue.templates.library import Blank, BlankKind, Template
from promises.http.forms import WholeNumber, options
from promises.http.i18n import gettext
from promises.identity.calendars import BRANCH, CalendarName
from promises.kernel.errors import DomainError, FieldProblem, Refused
from promises.kernel.text import N_, Message
from promises.rules.facts import TicketKind
from promises.rules.terms import Period, Terms, WaitTerms, parse_terms
from promises.web.forms.catalogue import Percent, VersionForm
from promises.web.forms.editor_words import LABELS, OPTIONS
from promises.web.forms.terms import MATTERS, PERIODS, Amount, Scopes, blanks_of

PREFIX = "b_"
LATER = (
    "title_fi", "title_sv", "title_en", "way_of_working", "team_reward", "closing_gesture",
    "targets", "starts", "starts_on", "starts_at", "reason",
)  # fmt: skip
"""Fields beside the terms: they may stay empty until the draft is published."""

_PLACES = {
    "/scope/ticket_kinds": "matters",
    "/scope/service_kinds": "services",
    "/scope/branches": "branches",
    "/caps/per_case_minor": "cap_case",
    "/caps/per_customer": "cap_customer",
    "/caps/per_device_day": "cap_device",
    "/caps/per_branch_day_anonymous": "cap_branch",
    "/approval_threshold_minor": "approval_threshold",
    "/budget_month_minor": "budget_month",
}


class YearDays(StringField):
    """Days of the year as people write them, `24.12., 31.12.`; `data` holds them as `12-24`."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        pairs = (one.split("-")[-2:] for one in self.data or ())
        return ", ".join(f"{int(day)}.{int(month)}." for month, day in pairs)

    def process_formdata(self, valuelist: list[str]) -> None:
        words = valuelist[0].replace(",", " ").split() if valuelist else []
        self.data = None
        try:
            self.data = [_month_day(word) for word in words]
        except ValueError:
            raise ValueError(gettext(N_("Give days such as 24.12., 31.12."))) from None


def _month_day(word: str) -> str:
    day, month = word.rstrip(".").split(".")
    return dt.date(2024, int(month), int(day)).strftime("%m-%d")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the fields of a draft offer."""

    scopes: Scopes
    calendars: tuple[CalendarName, ...] = ()


@dataclass(slots=True)
class Fields:
    """The names of the fields, in the order in which a page shows them."""

    main: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)


class WaitForm(VersionForm):
    """A draft of the short form."""

    fields_shown = Fields(
        main=["limit", "unit", "amount", "boundary"],
        more=["matter", "until", "before_limit", "after_limit"],
    )

    def prepare(self, choices: Choices) -> None:
        self.offer(choices.scopes)

    def whole(self, before: Mapping[str, Any], currency: str) -> dict[str, Any]:
        return self.document(currency)


def _ticks(label: str) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        coerce=TicketKind,
        validators=[InputRequired()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class GuaranteeForm(VersionForm):
    """A draft of the general form; `blanks` are those of its template that still fit."""

    # WTForms takes an inherited field away by None
    matter = until = limit = unit = amount = boundary = before_limit = after_limit = None  # type: ignore[assignment]
    matters = _ticks(N_("For which matters"))
    blanks: tuple[Blank, ...] = ()
    fields_shown = Fields(more=["matters"])

    def prepare(self, choices: Choices) -> None:
        """In place of `offer`: the fields of waiting are not here."""
        self.matters.choices = _words(MATTERS)
        self.services.choices = options(choices.scopes.services.items())
        self.branches.choices = options(choices.scopes.branches.items())
        self.cap_period.choices = _words(PERIODS)
        own = (BRANCH, gettext(N_("The opening hours of the branch of the case")))
        known = [own, *((one.slug, one.name) for one in choices.calendars)]
        for blank in self.blanks:
            field = self[PREFIX + blank.name]
            if blank.kind is BlankKind.CALENDAR:
                field.choices = options(known)
            elif blank.kind is BlankKind.CHOICE:
                field.choices = _words({one.name: OPTIONS[one.name] for one in blank.options})

    def whole(self, before: Mapping[str, Any], currency: str) -> dict[str, Any]:
        """The terms as they were, with the answers in their places; not yet checked."""
        terms: dict[str, Any] = deepcopy(dict(before))
        for blank in self.blanks:
            blank.write(terms, _stored(blank, self[PREFIX + blank.name].data))
        count = self.cap_customer.data
        return terms | {
            "currency": currency,
            "scope": {
                "ticket_kinds": [kind.value for kind in self.matters.data],
                "service_kinds": _ids(self.services.data),
                "branches": _ids(self.branches.data),
            },
            "caps": {
                "per_case_minor": self.cap_case.data,
                "per_customer": None
                if count is None
                else {"count": count, "period": self.cap_period.data.value},
                "per_device_day": self.cap_device.data,
                "per_branch_day_anonymous": self.cap_branch.data,
            },
            "approval_threshold_minor": self.approval_threshold.data,
            "budget_month_minor": self.budget_month.data,
        }

    def refuse(self, error: DomainError) -> None:
        if isinstance(error, Refused):
            error.problems = tuple(
                FieldProblem(self._field_of(one.field), one.message, one.params)
                for one in error.problems
            )
        super().refuse(error)

    def _field_of(self, place: str) -> str:
        """The field of the blank that was written there, or just around it."""
        near = {p: PREFIX + one.name for one in self.blanks for p in _written_places(one)} | _PLACES
        found = [known for known in near if place == known or place.startswith(f"{known}/")]
        return near[max(found, key=len)] if found else place


def _written_places(blank: Blank) -> tuple[str, ...]:
    if blank.kind is BlankKind.CHOICE:
        return tuple({place for one in blank.options for place in one.sets})
    return blank.places


def form_of(terms: Terms, template: Template | None) -> type[WaitForm] | type[GuaranteeForm]:
    """The form of these terms."""
    if isinstance(terms, WaitTerms):
        return WaitForm
    document = terms.guarantee.document
    blanks = tuple(one for one in (template.blanks if template else ()) if one.fits(document))
    made = {PREFIX + one.name: _field(one) for one in blanks}
    shown = Fields(
        main=[PREFIX + one.name for one in blanks if one.main],
        more=[*(PREFIX + one.name for one in blanks if not one.main), "matters"],
    )
    return type("BlanksOfTemplate", (GuaranteeForm,), made | {
        "blanks": blanks, "fields_shown": shown,
    })  # fmt: skip


def _field(blank: Blank) -> Any:
    label = LABELS[blank.label]
    match blank.kind:
        case BlankKind.MONEY:
            return Amount(label, [InputRequired()])
        case BlankKind.CHOICE:
            return RadioField(label)
        case BlankKind.CALENDAR:
            return SelectField(label)
        case BlankKind.CLOCK:
            return TimeField(label, [Optional()])
        case BlankKind.DAYS:
            return YearDays(label, [Optional()])
    between = NumberRange(Decimal(blank.least), Decimal(blank.most))
    if blank.decimals:
        return Percent(label, [InputRequired(), between], places=None)
    return WholeNumber(label, [InputRequired(), between])


def _stored(blank: Blank, data: Any) -> Any:
    """The answer as it stands in the terms."""
    if isinstance(data, dt.time):
        return f"{data:%H:%M}"
    if isinstance(data, Decimal):
        return f"{data.normalize():f}"
    if blank.kind is BlankKind.DAYS:
        return data or None
    return data


def data_of(terms: Terms, form: type[WaitForm] | type[GuaranteeForm]) -> dict[str, Any]:
    """What the fields hold for these terms."""
    if isinstance(terms, WaitTerms):
        return blanks_of(terms)
    caps, scope = terms.caps, terms.scope
    customer = caps.per_customer
    found: dict[str, Any] = {
        "matters": list(scope.ticket_kinds),
        "services": sorted(scope.service_kinds or ()),
        "branches": sorted(scope.branches or ()),
        "cap_case": caps.per_case_minor,
        "cap_customer": customer and customer.count,
        "cap_period": customer.period if customer else Period.MONTH,
        "cap_device": caps.per_device_day,
        "cap_branch": caps.per_branch_day_anonymous,
        "approval_threshold": terms.approval_threshold_minor,
        "budget_month": terms.budget_month_minor,
    }
    for blank in form.blanks if issubclass(form, GuaranteeForm) else ():
        found[PREFIX + blank.name] = _typed(blank, blank.read(terms.guarantee.document))
    return found


def _typed(blank: Blank, value: Any) -> Any:
    if blank.kind is BlankKind.CLOCK and value is not None:
        return dt.time.fromisoformat(value)
    if blank.decimals:
        return Decimal(value)
    return value


def terms_of(form: WaitForm | GuaranteeForm, before: Mapping[str, Any], currency: str) -> Terms:
    """Raises TermsRefused with all problems."""
    return parse_terms(form.whole(before, currency))


def placed(problem: FieldProblem) -> Message:
    """A problem with its place before it, for those who read the document."""
    return Message(
        N_("%(place)s: %(problem)s"), {"place": problem.field or "/", "problem": problem.text}
    )


def set_currency(form: Any, currency: str) -> None:
    for one in form:
        if isinstance(one, Amount):
            one.currency = currency


def _words(pairs: Mapping[Any, str]) -> Any:
    return options((key, gettext(text)) for key, text in pairs.items())


def _ids(chosen: Iterable[uuid.UUID] | None) -> list[str] | None:
    return [str(one) for one in chosen] if chosen else None
