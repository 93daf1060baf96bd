"""The blanks of a promise: fields to a document of terms, and back.

Amounts are typed in whole units of the organisation's currency (`10`, `10,50`) and never become a
float.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from wtforms import RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from promises.catalogue.errors import MoreThanTheForm
from promises.http.forms import Form, WholeNumber, one_id, options
from promises.http.i18n import gettext
from promises.kernel.errors import DomainError, FieldProblem, Refused
from promises.kernel.money import Money, minor_digits
from promises.kernel.text import N_
from promises.rules.facts import EventKind, TicketKind
from promises.rules.terms import (
    AfterLimit,
    BeforeLimit,
    Boundary,
    Period,
    Terms,
    WaitTerms,
    parse_wait_terms,
)

MATTERS = {
    TicketKind.VISIT: N_("A visit"),
    TicketKind.COMPLAINT: N_("A complaint"),
    TicketKind.CALLBACK: N_("A call back"),
    TicketKind.REQUEST: N_("A request"),
    TicketKind.APPLICATION: N_("An application"),
}
ENDS = {
    EventKind.SERVICE_STARTED: N_("Until the service starts"),
    EventKind.CALLED: N_("Until the number is called"),
}
UNITS = {1: N_("seconds"), 60: N_("minutes"), 3600: N_("hours")}
BOUNDARIES = {
    Boundary.INCLUSIVE: N_("Exactly the limit is still in time"),
    Boundary.EXCLUSIVE: N_("Exactly the limit is already too late"),
}
BEFORE = {
    BeforeLimit.EXCLUDED: N_("It counts neither as kept nor as broken"),
    BeforeLimit.KEPT: N_("It counts as kept"),
}
AFTER = {
    AfterLimit.OWED: N_("The promise is broken and the compensation is owed"),
    AfterLimit.NOT_OWED: N_("The promise is broken, but nothing is owed"),
}
PERIODS = {Period.DAY: N_("a day"), Period.MONTH: N_("a month"), Period.YEAR: N_("a year")}

_FIELDS = {
    "/currency": "amount",
    "/scope/ticket_kinds": "matter",
    "/scope/service_kinds": "services",
    "/scope/branches": "branches",
    "/measure/to": "until",
    "/limit/seconds": "limit",
    "/limit/boundary": "boundary",
    "/leavers/before_limit": "before_limit",
    "/leavers/after_limit": "after_limit",
    "/amount/amount_minor": "amount",
    "/caps/per_case_minor": "cap_case",
    "/caps/per_customer/count": "cap_customer",
    "/caps/per_customer/period": "cap_period",
    "/caps/per_device_day": "cap_device",
    "/caps/per_branch_day_anonymous": "cap_branch",
    "/approval_threshold_minor": "approval_threshold",
    "/budget_month_minor": "budget_month",
    "service_kinds": "services",
    "titles": "title_fi",
    "titles.fi": "title_fi",
    "titles.sv": "title_sv",
    "titles.en": "title_en",
    "currency": "amount",
}
"""Where a problem of the terms, by its place in the document, stands on the page."""


class Amount(StringField):
    """Money in whole units; `data` is minor units of the form's currency, None where empty."""

    currency = "EUR"

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else _written(self.data, self.currency)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = "".join(valuelist[0].split()).replace(",", ".") if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = _minor_units(text, self.currency)
            except (InvalidOperation, ValueError):
                raise ValueError(gettext(N_("Give an amount, such as 10 or 10,50."))) from None


def _minor_units(text: str, currency: str) -> int:
    if not text.isascii() or len(text) > 15 or not text.replace(".", "", 1).isdigit():
        raise ValueError(text)
    minor = Decimal(text).scaleb(minor_digits(currency))
    if minor != minor.to_integral_value():
        raise ValueError(text)
    return int(minor)


def _written(amount_minor: int, currency: str) -> str:
    major = Money(amount_minor, currency).major
    whole = major.to_integral_value()
    return str(whole if major == whole else major).replace(".", ",")


@dataclass(frozen=True, slots=True)
class Scopes:
    """What a promise may be for, by id, in words."""

    services: Mapping[uuid.UUID, str]
    branches: Mapping[uuid.UUID, str]
    currency: str


def ticks(label: str) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        coerce=one_id,
        validators=[Optional()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class BlanksForm(Form):
    """What every promise needs before anybody can measure it."""

    matter = SelectField(N_("For whom"), coerce=TicketKind, default=TicketKind.VISIT)
    services = ticks(N_("For which services"))
    branches = ticks(N_("In which branches"))
    until = RadioField(
        N_("From the arrival until when"), coerce=EventKind, default=EventKind.SERVICE_STARTED
    )
    limit = WholeNumber(N_("Within how long"), [InputRequired(), NumberRange(1, 31_622_400)])
    unit = SelectField(N_("Unit of time"), coerce=int, default=60)
    amount = Amount(N_("What we pay if we break it"), [InputRequired()])

    def offer(self, scopes: Scopes) -> None:
        self.matter.choices = _words(MATTERS)
        self.services.choices = options(scopes.services.items())
        self.branches.choices = options(scopes.branches.items())
        self.until.choices = _words(ENDS)
        self.unit.choices = _words(UNITS)

    def document(self, currency: str) -> dict[str, Any]:
        """The document of terms that the fields say, not yet checked as a whole."""
        return {
            "format": 1,
            "currency": currency,
            "scope": {
                "ticket_kinds": [self.matter.data.value],
                "service_kinds": _ids(self.services.data),
                "branches": _ids(self.branches.data),
            },
            "measure": {"kind": "elapsed", "from": "arrived", "to": self.until.data.value},
            "limit": {"seconds": self.limit.data * self.unit.data, "boundary": "inclusive"},
            "leavers": {"before_limit": "excluded", "after_limit": "owed"},
            "amount": {"kind": "flat", "amount_minor": self.amount.data},
        }

    def terms(self, currency: str) -> WaitTerms:
        """Raises TermsRefused."""
        return parse_wait_terms(self.document(currency))

    def refuse(self, error: DomainError) -> None:
        """Each problem stands at the field that it is about."""
        if isinstance(error, Refused):
            error.problems = tuple(
                FieldProblem(_FIELDS.get(one.field, one.field), one.message, one.params)
                for one in error.problems
            )
        super().refuse(error)


class FullTermsForm(BlanksForm):
    """Everything that terms may say."""

    boundary = RadioField(N_("The limit itself"), coerce=Boundary, default=Boundary.INCLUSIVE)
    before_limit = RadioField(
        N_("If the customer leaves before the limit"),
        coerce=BeforeLimit,
        default=BeforeLimit.EXCLUDED,
    )
    after_limit = RadioField(
        N_("If the customer leaves after the limit"), coerce=AfterLimit, default=AfterLimit.OWED
    )
    cap_case = Amount(N_("At most for one case"), [Optional()])
    cap_customer = WholeNumber(
        N_("At most this many for one known customer"), [Optional(), NumberRange(1, 10_000)]
    )
    cap_period = SelectField(N_("That number is for"), coerce=Period, default=Period.MONTH)
    cap_device = WholeNumber(
        N_("At most this many a day for one device"), [Optional(), NumberRange(1, 10_000)]
    )
    cap_branch = WholeNumber(
        N_("At most this many a day in a branch for customers not known to us"),
        [Optional(), NumberRange(1, 10_000)],
    )
    approval_threshold = Amount(N_("A person approves amounts above"), [Optional()])
    budget_month = Amount(N_("Budget for a month"), [Optional()])

    def offer(self, scopes: Scopes) -> None:
        super().offer(scopes)
        self.boundary.choices = _words(BOUNDARIES)
        self.before_limit.choices = _words(BEFORE)
        self.after_limit.choices = _words(AFTER)
        self.cap_period.choices = _words(PERIODS)

    def document(self, currency: str) -> dict[str, Any]:
        count = self.cap_customer.data
        period = self.cap_period.data.value
        return super().document(currency) | {
            "limit": {
                "seconds": self.limit.data * self.unit.data,
                "boundary": self.boundary.data.value,
            },
            "leavers": {
                "before_limit": self.before_limit.data.value,
                "after_limit": self.after_limit.data.value,
            },
            "caps": {
                "per_case_minor": self.cap_case.data,
                "per_customer": None if count is None else {"count": count, "period": period},
                "per_device_day": self.cap_device.data,
                "per_branch_day_anonymous": self.cap_branch.data,
            },
            "approval_threshold_minor": self.approval_threshold.data,
            "budget_month_minor": self.budget_month.data,
        }


def blanks_of(terms: Terms) -> dict[str, Any]:
    """What the fields of FullTermsForm hold for these terms. Raises MoreThanTheForm."""
    if not isinstance(terms, WaitTerms):
        raise MoreThanTheForm
    rule, caps, scope = terms.rule, terms.caps, terms.scope
    unit = next(size for size in sorted(UNITS, reverse=True) if rule.limit_seconds % size == 0)
    customer = caps.per_customer
    return {
        "matter": scope.ticket_kinds[0],
        "services": sorted(scope.service_kinds or ()),
        "branches": sorted(scope.branches or ()),
        "until": rule.until,
        "limit": rule.limit_seconds // unit,
        "unit": unit,
        "amount": terms.amount_minor,
        "boundary": rule.boundary,
        "before_limit": rule.before_limit,
        "after_limit": rule.after_limit,
        "cap_case": caps.per_case_minor,
        "cap_customer": customer and customer.count,
        "cap_period": customer.period if customer else Period.MONTH,
        "cap_device": caps.per_device_day,
        "cap_branch": caps.per_branch_day_anonymous,
        "approval_threshold": terms.approval_threshold_minor,
        "budget_month": terms.budget_month_minor,
    }


def _words(pairs: Mapping[Any, str]) -> Any:
    return options((key, gettext(text)) for key, text in pairs.items())


def _ids(chosen: Iterable[uuid.UUID] | None) -> list[str] | None:
    """None, everything, where nothing is ticked."""
    return [str(one) for one in chosen] if chosen else None
