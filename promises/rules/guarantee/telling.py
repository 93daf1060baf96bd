"""What the parts of an explanation share: the case, its phrases, and values that may be missing."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from promises.kernel.errors import DomainError
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.case import Case
from promises.rules.guarantee.clauses import CapStep, Guarantee, WindowCapStep
from promises.rules.guarantee.phrases import phrases_of
from promises.rules.guarantee.phrases_of_numbers import money_args
from promises.rules.guarantee.units import quantity, unit_of
from promises.rules.guarantee.vocabulary import Node
from promises.rules.guarantee.walk import inner_parts
from promises.rules.steps import Step

_FACT_FIELDS = ("name", "fact", "period", "down", "used", "key")
_LIMITS = ("limit", "least", "own")
_NAMES = ("Measure", "NamedDeadline", "NamedCondition", "DatedValue", "Field", "InstantField")


class Telling:
    """One case that is explained."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.terms = case.terms
        self.phrases = phrases_of(case.terms)
        self.money = money_names(case.terms)

    def known(self, part: Node) -> Any:
        """The value, or None: also where no row is in force, and beyond a calendar."""
        return self.look(part)[0]

    def look(self, part: Node) -> tuple[Any, bool]:
        """The value, and whether it still moves; what lies beyond all calendars has none."""
        try:
            return self.case.value(part)
        except (DomainError, OverflowError, ValueError):
            return None, False

    def name(self, name: str) -> Step:
        return self.phrases.name(name)

    def amount(self, value: Fraction) -> Step:
        return Step("money", {"amount_minor": value})

    def quantity(self, part: Any, value: Fraction) -> Step:
        """The value of a number in the unit of its part."""
        return quantity(unit_of(self.terms, part), value)


def money_names(terms: Guarantee) -> frozenset[str]:
    """Facts, values and measures that hold amounts, in minor units."""
    found = {name for name in terms.facts if name.endswith("_minor")}
    waiting: list[Any] = [terms.amount]
    waiting += [one.amount for one in terms.remedies.options if one.amount is not None]
    for step in terms.steps:
        waiting += [getattr(step, name) for name in _LIMITS if hasattr(step, name)]
        if isinstance(step, CapStep | WindowCapStep):
            waiting.append(step.most)
        if isinstance(step, WindowCapStep) and step.used is not None:
            found.add(step.used)
    passed: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in passed:
            continue
        passed.add(id(part))
        if isinstance(part, n.NumberFact | n.DatedValue | n.Measure):
            found.add(part.name)
        waiting += _money_inside(terms, part)
    return frozenset(found)


def _money_inside(terms: Guarantee, part: Any) -> list[Any]:
    """The parts that are amounts where the whole is one."""
    match part:
        case n.Arithmetic():
            return [part.args[index] for index in money_args(part)]
        case n.Choice(rows, otherwise):
            return [*(then for _, then in rows), otherwise]
        case n.Tiers(rows=tiers, otherwise=otherwise):
            return [*(row.then for row in tiers), otherwise]
        case n.Accrual(rates=rates):
            return [rate.each for rate in rates]
        case n.Rounded(of=of):
            return [of]
        case n.DatedValue() | n.Measure():
            return list(inner_parts(terms, part))
    return []


def fact_names(terms: Guarantee, *roots: object) -> list[str]:
    """The facts on which the parts depend, in the order of the terms."""
    found: set[str] = set()
    passed: set[int] = set()
    waiting = list(roots)
    while waiting:
        part = waiting.pop()
        if id(part) in passed:
            continue
        passed.add(id(part))
        if type(part).__name__ not in _NAMES:
            values = (getattr(part, field, None) for field in _FACT_FIELDS)
            found |= {value for value in values if isinstance(value, str)}
        waiting += inner_parts(terms, part)
    return [name for name in terms.facts if name in found]


def reached(terms: Guarantee, kind: type, *roots: object) -> list[Any]:
    """The parts of a class on which the roots depend, in the order in which they come."""
    found: list[Any] = []
    passed: set[int] = set()

    def visit(part: object) -> None:
        if id(part) in passed:
            return
        passed.add(id(part))
        for inner in inner_parts(terms, part):
            visit(inner)
        if isinstance(part, kind):
            found.append(part)

    for root in roots:
        visit(root)
    return found


def last_in_time(due: datetime) -> datetime:
    """The last instant before an exclusive end."""
    return due - datetime.resolution
