"""In which points a new version gives a customer less than the one before it.

Only what a customer is promised and owed counts. Approvals and budgets delay money and never erase
a debt, so they are not compared. Of general terms nothing can be shown to be equal or better but
the very same document, so any other one counts as less.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from promises.rules.facts import EventKind
from promises.rules.terms import (
    AfterLimit,
    CustomerCap,
    GuaranteeTerms,
    Period,
    Terms,
    WaitTerms,
    dump_terms,
)


class Point(StrEnum):
    """What became less. Stored, so a name never changes its meaning."""

    TERMS = "terms"  # general terms that are not the same
    LIMIT = "limit"
    CLOCK = "clock"  # it stops earlier: at the call instead of the service
    AMOUNT = "amount"
    LEAVERS = "leavers"  # who leaves after the limit is owed nothing any more
    COUNTING = "counting"  # who leaves before the limit is counted otherwise
    MATTERS = "matters"
    SERVICES = "services"
    BRANCHES = "branches"
    CAPS = "caps"


_DAYS = {Period.DAY: 1, Period.MONTH: 28, Period.YEAR: 365}
_BESIDE = ("scope", "caps", "approval_threshold_minor", "budget_month_minor")


def worse_points(before: Terms, after: Terms) -> tuple[Point, ...]:
    """In the order of `Point`; empty where a customer gets the same or more."""
    found = {*_of_scope(before, after), *_of_caps(before, after)}
    if isinstance(before, WaitTerms) and isinstance(after, WaitTerms):
        found |= set(_of_waits(before, after))
    elif _document(before) != _document(after):
        found.add(Point.TERMS)
    return tuple(point for point in Point if point in found)


def _of_waits(before: WaitTerms, after: WaitTerms) -> Iterator[Point]:
    if after.too_late > before.too_late:
        yield Point.LIMIT
    if (before.rule.until, after.rule.until) == (EventKind.SERVICE_STARTED, EventKind.CALLED):
        yield Point.CLOCK
    if after.currency != before.currency or after.amount_minor < before.amount_minor:
        yield Point.AMOUNT
    owed = (before.rule.after_limit, after.rule.after_limit)
    if owed == (AfterLimit.OWED, AfterLimit.NOT_OWED):
        yield Point.LEAVERS
    if after.rule.before_limit is not before.rule.before_limit:
        yield Point.COUNTING


def _of_scope(before: Terms, after: Terms) -> Iterator[Point]:
    old, new = before.scope, after.scope
    if not set(old.ticket_kinds) <= set(new.ticket_kinds):
        yield Point.MATTERS
    if _narrower(old.service_kinds, new.service_kinds):
        yield Point.SERVICES
    if _narrower(old.branches, new.branches):
        yield Point.BRANCHES


def _narrower(old: frozenset[Any] | None, new: frozenset[Any] | None) -> bool:
    """None stands for all of them, also those that are still to come."""
    return new is not None and (old is None or not old <= new)


def _of_caps(before: Terms, after: Terms) -> Iterator[Point]:
    old, new = before.caps, after.caps
    lower = any(
        _lower(getattr(old, name), getattr(new, name))
        for name in ("per_case_minor", "per_device_day", "per_branch_day_anonymous")
    )
    if lower or _tighter(old.per_customer, new.per_customer):
        yield Point.CAPS


def _lower(old: int | None, new: int | None) -> bool:
    return new is not None and (old is None or new < old)


def _tighter(old: CustomerCap | None, new: CustomerCap | None) -> bool:
    """Less for somebody in some span: a smaller number, or the same one for a longer time."""
    if new is None:
        return False
    return old is None or new.count < old.count or _DAYS[new.period] > _DAYS[old.period]


def _document(terms: Terms) -> dict[str, Any]:
    """What is said besides the parts that are compared one by one."""
    form = "general" if isinstance(terms, GuaranteeTerms) else "short"
    rest = {key: value for key, value in dump_terms(terms).items() if key not in _BESIDE}
    return rest | {"form": form}
