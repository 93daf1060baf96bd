"""The terms of a promise: a closed document, read strictly, frozen for ever.

There are two forms. The short one, format 1, is for waiting in a queue and is judged by a fast
path; the general one, format 2, states any guarantee in the closed language of `guarantee`. Scope,
caps, approval and budget are the same in both. There are no expressions. `parse_terms` names every
problem by its JSON pointer; `dump_terms` gives the canonical document back.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from promises.kernel.documents import Section
from promises.kernel.errors import FieldProblem
from promises.rules.facts import EventKind, TicketKind
from promises.rules.guarantee import documents
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.reading_terms import read_guarantee
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
class WaitTerms:
    """The short form: who waits longer than the limit gets the amount. Amounts are minor units of
    `currency`."""

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


@dataclass(frozen=True, slots=True)
class GuaranteeTerms:
    """The general form. What is owed follows from the case, so it has no amount of its own."""

    currency: str
    scope: Scope
    guarantee: Guarantee
    caps: Caps = Caps()
    approval_threshold_minor: int | None = None
    budget_month_minor: int | None = None


Terms = WaitTerms | GuaranteeTerms
"""What one version of a promise says."""


class _Until(StrEnum):
    """What may stop the clock."""

    SERVICE_STARTED = EventKind.SERVICE_STARTED.value
    CALLED = EventKind.CALLED.value


def parse_terms(document: object) -> Terms:
    """Reads a document of either format; raises TermsRefused with every problem that it has.

    Left out or null: `scope.service_kinds` and `scope.branches` (all), each cap (none),
    `approval_threshold_minor` (nobody has to approve) and `budget_month_minor` (no budget).
    """
    if isinstance(document, Mapping) and document.get("format") == documents.FORMAT:
        return parse_guarantee_terms(document)
    return parse_wait_terms(document)


def parse_wait_terms(document: object) -> WaitTerms:
    """The short form, format 1."""
    problems: list[FieldProblem] = []
    top = Section(
        document,
        problems,
        required=("format", "currency", "scope", "measure", "limit", "leavers", "amount"),
        optional=("caps", "approval_threshold_minor", "budget_month_minor"),
    )
    top.fixed("format", FORMAT)
    documents.check_currency(top)
    amount = top.section("amount", required=("kind", "amount_minor"))
    amount.fixed("kind", "flat")
    scope = top.section("scope", required=("ticket_kinds",), optional=("service_kinds", "branches"))
    terms = WaitTerms(
        currency=str(top.get("currency")),
        scope=_parse_scope(scope),
        rule=_parse_rule(top),
        amount_minor=amount.integer("amount_minor", 1, LARGEST_AMOUNT_MINOR),
        caps=_parse_caps(top),
        approval_threshold_minor=_parse_threshold(top),
        budget_month_minor=_parse_budget(top),
    )
    if problems:
        raise TermsRefused(problems)
    return terms


def parse_guarantee_terms(document: object) -> GuaranteeTerms:
    """The general form, format 2. Without a scope the promise is for all matters."""
    problems: list[FieldProblem] = []
    top = documents.open_document(document, problems)
    section = top.section("scope", optional=("ticket_kinds", "service_kinds", "branches"))
    scope = _parse_scope(section, usual=tuple(sorted(TicketKind)))
    caps, threshold, budget = _parse_caps(top), _parse_threshold(top), _parse_budget(top)
    guarantee = read_guarantee(top, document)
    if guarantee is None:
        raise TermsRefused(problems)
    return GuaranteeTerms(guarantee.currency, scope, guarantee, caps, threshold, budget)


def _parse_threshold(top: Section) -> int | None:
    return top.integer_or_none("approval_threshold_minor", 0, LARGEST_AMOUNT_MINOR)


def _parse_budget(top: Section) -> int | None:
    return top.integer_or_none("budget_month_minor", 1, LARGEST_BUDGET_MINOR)


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


def _parse_scope(scope: Section, usual: tuple[TicketKind, ...] | None = None) -> Scope:
    left_out = usual is not None and scope.get("ticket_kinds") is None
    kinds = usual if left_out else scope.choices("ticket_kinds", TicketKind)
    return Scope(
        ticket_kinds=kinds or (),
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
    """The canonical document: every key of the organisation present, lists sorted."""
    common = {
        "currency": terms.currency,
        "scope": _dump_scope(terms.scope),
        "caps": _dump_caps(terms.caps),
        "approval_threshold_minor": terms.approval_threshold_minor,
        "budget_month_minor": terms.budget_month_minor,
    }
    if isinstance(terms, GuaranteeTerms):
        return deepcopy(dict(terms.guarantee.document)) | common
    rule = terms.rule
    return common | {
        "format": FORMAT,
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
    }


def _dump_scope(scope: Scope) -> dict[str, Any]:
    return {
        "ticket_kinds": sorted(kind.value for kind in scope.ticket_kinds),
        "service_kinds": _dump_ids(scope.service_kinds),
        "branches": _dump_ids(scope.branches),
    }


def _dump_caps(caps: Caps) -> dict[str, Any]:
    customer = caps.per_customer
    return {
        "per_case_minor": caps.per_case_minor,
        "per_customer": customer and {"count": customer.count, "period": customer.period.value},
        "per_device_day": caps.per_device_day,
        "per_branch_day_anonymous": caps.per_branch_day_anonymous,
    }


def _dump_ids(ids: frozenset[UUID] | None) -> list[str] | None:
    return None if ids is None else sorted(str(one) for one in ids)
