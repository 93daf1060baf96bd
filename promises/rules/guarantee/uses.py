"""What a guarantee needs to be told besides the facts of the case."""

from dataclasses import fields

from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.clauses import (
    Guarantee,
    OncePerStep,
    WindowCapStep,
    WindowCountStep,
)
from promises.rules.guarantee.walk import inner_parts


def uses_history(terms: Guarantee) -> bool:
    """Whether earlier awards have a say in what is owed."""
    passed: set[int] = set()

    def visit(part: object) -> bool:
        if id(part) in passed:
            return False
        passed.add(id(part))
        return _looks_back(part) or any(visit(one) for one in inner_parts(terms, part))

    return any(visit(getattr(terms, clause.name)) for clause in fields(terms))


def _looks_back(part: object) -> bool:
    if isinstance(part, WindowCapStep | WindowCountStep):
        return part.used is None
    return isinstance(part, n.Earlier | OncePerStep)
