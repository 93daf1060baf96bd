"""The limit of a promise, where one is evident: the number that another promise would change."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from fractions import Fraction
from typing import Any

from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import instants as i
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.units import unit_of
from promises.rules.guarantee.uses import uses_history
from promises.rules.guarantee.vocabulary import Comparator, Condition, Node
from promises.rules.guarantee.walk import inner_parts, moving_parts

_ORDER = frozenset(
    {Comparator.LESS, Comparator.AT_MOST, Comparator.AT_LEAST, Comparator.MORE}
)  # fmt: skip
_NO_LIMIT = frozenset({"broken_when", "deadlines", "measures", "conditions", "values"})
"""Clauses that are the promise itself, or only names for parts of others."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`section` and `name` say where in the terms the number stands: under which name among the
    deadlines, conditions or values, or in `broken_when` itself, which has no names. `unit` is a
    unit of time by its word, `per_cent`, or None for a plain number.

    `apart`: nothing but whether the promise is broken follows from the number, and a larger one
    turns that at most once.
    """

    section: str
    name: str | None
    value: Fraction
    unit: str | None
    apart: bool
    part: n.Literal = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Found:
    section: str
    name: str | None
    part: n.Literal
    unit: str | None


def limit_of(terms: Guarantee) -> Limit | None:
    """The first literal, in the order of the condition, that a deadline adds or that something is
    compared with; None where the condition has neither."""
    found = next(_limits(terms, "broken_when", None, terms.broken_when), None)
    if found is None:
        return None
    value = found.part.value
    return Limit(found.section, found.name, value, found.unit, _apart(terms, found), found.part)


def with_limit(terms: Guarantee, limit: Limit, value: Fraction) -> Guarantee:
    """The same promise with another number in that place, for judging: its `document` still says
    the old one."""
    new = n.Literal(value)
    changes: dict[str, Any] = {}
    if limit.name is None:
        changes[limit.section] = _swapped(terms.broken_when, limit.part, new)
    else:
        names = getattr(terms, limit.section)
        own = _swapped(names[limit.name], limit.part, new)
        changes[limit.section] = {**names, limit.name: own}
    changed = replace(terms, **changes)
    return replace(changed, moving=moving_parts(changed))


# ---- finding it


def _limits(terms: Guarantee, section: str, name: str | None, part: Condition) -> Iterator[_Found]:
    match part:
        case c.All(of) | c.AnyOf(of):
            for one in of:
                yield from _limits(terms, section, name, one)
        case c.Not(of=inner):
            yield from _limits(terms, section, name, inner)
        case c.NamedCondition(inner_name):
            yield from _limits(terms, "conditions", inner_name, terms.conditions[inner_name])
        case c.Before(first, second):
            for side in (first, second):
                yield from _added(terms, section, name, side)
        case c.Compare(left, op, right) if op in _ORDER:
            unit = unit_of(terms, left) or unit_of(terms, right)
            for number in (right, left):
                yield from _literal(terms, section, name, number, unit)


def _added(terms: Guarantee, section: str, name: str | None, part: Node) -> Iterator[_Found]:
    if isinstance(part, i.NamedDeadline):
        section, name, part = "deadlines", part.name, terms.deadlines[part.name]
    if isinstance(part, i.Deadline):
        yield from _literal(terms, section, name, part.add, part.unit.value)


def _literal(
    terms: Guarantee, section: str, name: str | None, part: Node, unit: str | None
) -> Iterator[_Found]:
    if isinstance(part, n.DatedValue) and part.name in terms.values:
        section, name, part = "values", part.name, terms.values[part.name]
    if isinstance(part, n.Literal):
        yield _Found(section, name, part, unit)


# ---- what follows from it


def _apart(terms: Guarantee, found: _Found) -> bool:
    if terms.recurrence is not None or uses_history(terms):
        return False
    others = (
        getattr(terms, clause.name) for clause in fields(terms) if clause.name not in _NO_LIMIT
    )
    known = {id(found.part): 1}
    used = _uses(terms, terms.broken_when, known)
    return used == 1 and not any(_uses(terms, other, known) for other in others)


def _uses(terms: Guarantee, part: object, known: dict[int, int]) -> int:
    """How often the value of the part asks for the literal that `known` begins with; names are
    followed each time."""
    found = known.get(id(part))
    if found is None:
        found = known[id(part)] = sum(_uses(terms, one, known) for one in inner_parts(terms, part))
    return found


def _swapped(part: Any, old: Node, new: Node) -> Any:
    """The part with the new one in the place of the old; what does not hold it stays itself."""
    if part is old:
        return new
    if isinstance(part, tuple):
        inner = tuple(_swapped(one, old, new) for one in part)
        return inner if any(a is not b for a, b in zip(inner, part, strict=True)) else part
    if not is_dataclass(part) or isinstance(part, type):
        return part
    held = {one.name: getattr(part, one.name) for one in fields(part)}
    made = {name: _swapped(one, old, new) for name, one in held.items()}
    changed = {name: one for name, one in made.items() if one is not held[name]}
    return replace(part, **changed) if changed else part
