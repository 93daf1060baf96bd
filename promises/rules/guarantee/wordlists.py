"""The words that terms ask about: what a text, or the reason of an interval, may say."""

from dataclasses import fields

from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.walk import inner_parts


def listed_words(terms: Guarantee, fact: str) -> tuple[str, ...]:
    """All that some part of the terms compares the fact with, in order of the alphabet; empty where
    none does."""
    found: set[str] = set()
    passed: set[int] = set()

    def visit(part: object) -> None:
        if id(part) in passed:
            return
        passed.add(id(part))
        found.update(_words(part, fact))
        for inner in inner_parts(terms, part):
            visit(inner)

    for clause in fields(terms):
        visit(getattr(terms, clause.name))
    return tuple(sorted(found))


def _words(part: object, fact: str) -> frozenset[str]:
    if isinstance(part, c.OneOf) and part.name == fact:
        return frozenset(one for one in part.values if isinstance(one, str))
    if isinstance(part, n.Pauses | n.Spells) and part.fact == fact:
        return part.reasons or frozenset()
    return frozenset()
