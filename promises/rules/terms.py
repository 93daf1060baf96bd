"""The terms of a promise: a closed document, read strictly, frozen for ever.

Everything that a promise may say is a field here; there are no expressions. `parse_terms` names
every problem by its JSON pointer; `dump_terms` gives the canonical document back, so that two
documents with the same meaning are stored alike.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from promises.kernel.documents import Section
from promises.kernel.errors import FieldProblem
from promises.kernel.money import is_currency
from promises.kernel.text import N_
from promises.rules.facts import EventKind, TicketKind
from promises.rules.refusals import TermsRefused as TermsRefused

FORMAT = 1
LONGEST_LIMIT_SECONDS = 366 * 86_400
LARGEST_AMOUNT_MINOR = 1_000_000_000
LARGEST_BUDGET_MINOR = 1_000_000_000_000
LARGEST_COUNT = 10_000


class Boundary(StrEnum):
    """Whether the limit itself is still kept."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class BeforeLimit(StrEnum):
    """What becomes of a promise to somebody who leaves before the limit."""

    EXCLUDED = "excluded"
    KEPT = "kept"


class AfterLimit(StrEnum):
    """Whether somebody who leaves after the limit is owed the compensation."""

    OWED = "owed"
    NOT_OWED = "not_owed"


class Period(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Scope:
    """The tickets that the promise is for. None means all of them."""

    ticket_kinds: tuple[TicketKind, ...]
    service_kinds: frozenset[UUID] | None = None
    branches: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class CustomerCap:
    count: int
    period: Period


@dataclass(frozen=True, slots=True)
class Caps:
    """Ceilings on what is owed; None where there is none.

    `per_case_minor` bounds what all promises together owe for one ticket. `per_customer` binds
    known customers; the other two bind tickets without one.
    """

    per_case_minor: int | None = None
    per_customer: CustomerCap | None = None
    per_device_day: int | None = None
    per_branch_day_anonymous: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """The part of the terms that decides a verdict, and that explains it afterwards."""

    until: EventKind
    limit_seconds: int
    boundary: Boundary
    before_limit: BeforeLimit
    after_limit: AfterLimit

    @property
    def limit(self) -> timedelta:
        return timedelta(seconds=self.limit_seconds)

    @property
    def too_late(self) -> timedelta:
        """The shortest wait that breaks the promise."""
        if self.boundary is Boundary.INCLUSIVE:
            return self.limit + timedelta.resolution
        return self.limit


@dataclass(frozen=True, slots=True)
class Terms:
    """What one version of a promise says. Amounts are minor units of `currency`."""

    currency: str
    scope: Scope
    rule: Rule
    amount_minor: int
    caps: Caps = Caps()
    approval_threshold_minor: int | None = None
    budget_month_minor: int | None = None
    too_late: timedelta = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "too_late", self.rule.too_late)


class _Until(StrEnum):
    """What may stop the clock."""

    SERVICE_STARTED = EventKind.SERVICE_STARTED.value
    CALLED = EventKind.CALLED.value


def parse_terms(document: object) -> Terms:
    """Reads a document of format 1; raises TermsRefused with every problem that it has.

    Left out or null: `scope.service_kinds` and `scope.branches` (all), each cap (none),
    `approval_threshold_minor` (nobody has to approve) and `budget_month_minor` (no budget).
    """
    problems: list[FieldProblem] = []
    top = Section(
        document,
        problems,
        required=("format", "currency", "scope", "measure", "limit", "leavers", "amount"),
        optional=("caps", "approval_threshold_minor", "budget_month_minor"),
    )
    top.fixed("format", FORMAT)
    currency = top.get("currency")
    if top.has("currency") and not is_currency(currency):
        top.refuse("currency", N_("This must be a currency by its three letters, such as EUR."))
    amount = top.section("amount", required=("kind", "amount_minor"))
    amount.fixed("kind", "flat")
    terms = Terms(
        currency=str(currency),
        scope=_parse_scope(top),
        rule=_parse_rule(top),
        amount_minor=amount.integer("amount_minor", 1, LARGEST_AMOUNT_MINOR),
        caps=_parse_caps(top),
        approval_threshold_minor=top.integer_or_none(
            "approval_threshold_minor", 0, LARGEST_AMOUNT_MINOR
        ),
        budget_month_minor=top.integer_or_none("budget_month_minor", 1, LARGEST_BUDGET_MINOR),
    )
    if problems:
        raise TermsRefused(problems)
    return terms


def _parse_rule(top: Section) -> Rule:
    measure = top.section("measure", required=("kind", "from", "to"))
    measure.fixed("kind", "elapsed")
    measure.fixed("from", EventKind.ARRIVED.value)
    limit = top.section("limit", required=("seconds", "boundary"))
    leavers = top.section("leavers", required=("before_limit", "after_limit"))
    return Rule(
        until=EventKind(measure.choice("to", _Until).value),
        limit_seconds=limit.integer("seconds", 1, LONGEST_LIMIT_SECONDS),
        boundary=limit.choice("boundary", Boundary),
        before_limit=leavers.choice("before_limit", BeforeLimit),
        after_limit=leavers.choice("after_limit", AfterLimit),
    )


def _parse_scope(top: Section) -> Scope:
    scope = top.section("scope", required=("ticket_kinds",), optional=("service_kinds", "branches"))
    return Scope(
        ticket_kinds=scope.choices("ticket_kinds", TicketKind),
        service_kinds=scope.ids_or_none("service_kinds"),
        branches=scope.ids_or_none("branches"),
    )


def _parse_caps(top: Section) -> Caps:
    caps = top.section(
        "caps",
        optional=("per_case_minor", "per_customer", "per_device_day", "per_branch_day_anonymous"),
    )
    customer = None
    if caps.get("per_customer") is not None:
        inner = caps.section("per_customer", required=("count", "period"))
        customer = CustomerCap(
            count=inner.integer("count", 1, LARGEST_COUNT), period=inner.choice("period", Period)
        )
    return Caps(
        per_case_minor=caps.integer_or_none("per_case_minor", 1, LARGEST_AMOUNT_MINOR),
        per_customer=customer,
        per_device_day=caps.integer_or_none("per_device_day", 1, LARGEST_COUNT),
        per_branch_day_anonymous=caps.integer_or_none("per_branch_day_anonymous", 1, LARGEST_COUNT),
    )


def dump_terms(terms: Terms) -> dict[str, Any]:
    """The canonical document: every key present, lists sorted."""
    rule, caps, scope = terms.rule, terms.caps, terms.scope
    customer = caps.per_customer
    return {
        "format": FORMAT,
        "currency": terms.currency,
        "scope": {
            "ticket_kinds": sorted(kind.value for kind in scope.ticket_kinds),
            "service_kinds": _dump_ids(scope.service_kinds),
            "branches": _dump_ids(scope.branches),
        },
        "measure": {
            "kind": "elapsed",
            "from": EventKind.ARRIVED.value,
            "to": rule.until.value,
        },
        "limit": {"seconds": rule.limit_seconds, "boundary": rule.boundary.value},
        "leavers": {
            "before_limit": rule.before_limit.value,
            "after_limit": rule.after_limit.value,
        },
        "amount": {"kind": "flat", "amount_minor": terms.amount_minor},
        "caps": {
            "per_case_minor": caps.per_case_minor,
            "per_customer": customer and {"count": customer.count, "period": customer.period.value},
            "per_device_day": caps.per_device_day,
            "per_branch_day_anonymous": caps.per_branch_day_anonymous,
        },
        "approval_threshold_minor": terms.approval_threshold_minor,
        "budget_month_minor": terms.budget_month_minor,
    }


def _dump_ids(ids: frozenset[UUID] | None) -> list[str] | None:
    return None if ids is None else sorted(str(one) for one in ids)
