"""Every part of a guarantee as a phrase: steps within steps, in no language yet.

The tables go by the name of the part's class, so that a part gets its phrase in one place only.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.naming import humanised, name_step
from promises.rules.guarantee.units import counted
from promises.rules.steps import Step

Plain = Callable[["Phrases", Any], Step]
Typed = Callable[["Phrases", Any, bool, str | None], Step]
"""How a part that gives a number says it: as money, or in a unit."""

_LOOSE = ("Arithmetic", "Choice", "Tiers", "Rounded", "All", "AnyOf", "Not", "ChosenInstant")


class Phrases:
    """Phrases of one guarantee. Amounts are in minor units, so `money` says where a plain number is
    one."""

    def __init__(
        self, terms: Guarantee, plain: Mapping[str, Plain], typed: Mapping[str, Typed]
    ) -> None:
        self.terms = terms
        self.tables = plain, typed

    def name(self, name: str) -> Step:
        return name_step(self.terms, name)

    def of(self, part: Any, *, money: bool = False, unit: str | None = None) -> Step:
        """The phrase of any part; a plain number is money, or counts that unit."""
        kind = type(part).__name__
        if kind == "Literal":
            return literal(part.value, money=money, unit=unit)
        plain, typed = self.tables
        if kind in typed:
            return typed[kind](self, part, money, unit)
        return plain[kind](self, part)

    def inner(self, part: Any, *, money: bool = False, unit: str | None = None) -> Step:
        """The same, held together where it stands inside another phrase."""
        found = self.of(part, money=money, unit=unit)
        return Step("group", {"of": found}) if type(part).__name__ in _LOOSE else found

    def several(self, parts: Iterable[Any], **how: Any) -> tuple[Step, ...]:
        return tuple(self.inner(one, **how) for one in parts)


def literal(value: Fraction, *, money: bool = False, unit: str | None = None) -> Step:
    if money:
        return Step("money", {"amount_minor": value})
    return Step("number", {"n": value}) if unit is None else counted(unit, value)


def detailed(of: Step, details: Sequence[Step]) -> Step:
    return Step("with", {"of": of, "details": tuple(details)}) if details else of


def words(values: Iterable[Any]) -> tuple[Any, ...]:
    """Plain words of the facts, in a fixed order, readable."""
    ordered = sorted(values, key=lambda one: (isinstance(one, str), one))
    return tuple(humanised(one) if isinstance(one, str) else one for one in ordered)


def date_or_open(day: date | None) -> Step:
    return Step("text", {"text": "…"}) if day is None else Step("on", {"on": day})


BRANCH = "branch"
"""The name by which terms mean the opening hours of the branch of the case."""


def calendar_phrase(calendar: str) -> Step:
    if calendar == BRANCH:
        return Step("calendar_of_branch", {})
    return Step("calendar", {"calendar": calendar})
