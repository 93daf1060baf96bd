"""Going through the parts of a guarantee."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any

from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import instants as i
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.vocabulary import Node


def moving_parts(terms: Guarantee) -> frozenset[int]:
    """The parts, by identity, whose value changes with time alone."""
    known: dict[int, bool] = {}

    def visit(part: object) -> bool:
        found = known.get(id(part))
        if found is None:
            inner = [visit(one) for one in inner_parts(terms, part)]
            found = known[id(part)] = _moves_itself(part) or any(inner)
        return found

    for clause in fields(terms):
        visit(getattr(terms, clause.name))
    return frozenset(part for part, moves in known.items() if moves)


def _moves_itself(part: object) -> bool:
    if isinstance(part, n.Elapsed | n.CalendarDays):
        return part.pauses is not None
    if isinstance(part, n.CountOf):
        return part.spans
    return isinstance(part, i.Now | i.OrNow | n.Spells)


def fixed_instants(terms: Guarantee) -> Iterator[datetime]:
    """The instants that the terms themselves name."""
    parts: list[object] = [getattr(terms, clause.name) for clause in fields(terms)]
    while parts:
        part = parts.pop()
        if isinstance(part, i.FixedInstant):
            yield part.at
        parts.extend(children(part))


def named_part(terms: Guarantee, part: object) -> Node | None:
    """What a name stands for; None for a part that is no name, and for values by date."""
    match part:
        case n.Measure(name):
            return terms.measures[name]
        case i.NamedDeadline(name):
            return terms.deadlines[name]
        case c.NamedCondition(name):
            return terms.conditions[name]
        case n.DatedValue(name):
            return terms.values.get(name)
    return None


def inner_parts(terms: Guarantee, part: object) -> Iterator[object]:
    """The parts that the value of a part may depend on, by name or by standing inside it."""
    named = named_part(terms, part)
    if named is not None:
        yield named
    elif isinstance(part, n.DatedValue):
        for group in terms.dated:
            yield group.by
            yield from (row.values[part.name] for row in group.rows if part.name in row.values)
    else:
        yield from children(part)


def children(part: object) -> Iterator[object]:
    """The parts inside a part."""
    if isinstance(part, tuple):
        yield from part
    elif isinstance(part, Mapping):
        yield from part.values()
    else:
        kind: Any = type(part)
        for name in _field_names(kind):
            value = getattr(part, name)
            if isinstance(value, tuple) or is_dataclass(value):
                yield value


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()


def circles(terms: Guarantee) -> Iterator[str]:
    """The places of named parts that are worked out from themselves, directly or not."""
    for key, names in (
        ("deadlines", terms.deadlines),
        ("measures", terms.measures),
        ("conditions", terms.conditions),
        ("values", terms.values),
        ("dated_values", _dated(terms)),
    ):
        for name, part in names.items():
            if _reaches(terms, part, part, set()):
                yield f"/{key}/{name}"


def _reaches(terms: Guarantee, part: object, goal: object, passed: set[int]) -> bool:
    if id(part) in passed:
        return False
    passed.add(id(part))
    return any(
        one is goal or _reaches(terms, one, goal, passed) for one in inner_parts(terms, part)
    )


def _dated(terms: Guarantee) -> dict[str, Node]:
    return {
        name: part
        for group in terms.dated
        for row in group.rows
        for name, part in row.values.items()
    }
