"""Which comparison decided: the conditions of a promise with the values on both sides."""

from collections.abc import Iterator
from typing import Any

from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import instants as i
from promises.rules.guarantee.engine import Result
from promises.rules.guarantee.phrases_of_time import SIGNS
from promises.rules.guarantee.telling import Telling
from promises.rules.guarantee.units import quantity, unit_of
from promises.rules.guarantee.vocabulary import Condition
from promises.rules.states import State
from promises.rules.steps import Step

_HELD = {True: "holds", False: "fails", None: "undecided"}


def tell_condition(telling: Telling, part: Condition) -> Iterator[Step]:
    """The parts that decided the condition; all of them where it took all."""
    held = telling.known(part)
    match part:
        case c.NamedCondition(name):
            yield Step(_HELD[held], {"what": telling.name(name)})
            yield from tell_condition(telling, telling.terms.conditions[name])
        case c.Not(of=of):
            yield from tell_condition(telling, of)
        case c.All(of=parts):
            yield from _deciding(telling, parts, held, decisive=False)
        case c.AnyOf(of=parts):
            yield from _deciding(telling, parts, held, decisive=True)
        case c.Compare():
            yield _compared(telling, part, held)
        case c.Before(second=i.OrNow(), or_at=True):
            yield _late(telling, part)
        case _:
            yield Step(_HELD[held], {"what": telling.phrases.of(part)})


def _deciding(
    telling: Telling, parts: tuple[Condition, ...], held: bool | None, *, decisive: bool
) -> Iterator[Step]:
    """The one part that settled it, or every part where none alone did."""
    chosen = parts
    if held is decisive:
        chosen = tuple(one for one in parts if telling.known(one) is decisive)[:1]
    for one in chosen:
        yield from tell_condition(telling, one)


def _compared(telling: Telling, part: c.Compare, held: bool | None) -> Step:
    value, limit = telling.known(part.left), telling.known(part.right)
    if held is None or value is None or limit is None:
        return Step("undecided", {"what": telling.phrases.of(part)})
    terms = telling.terms
    unit = unit_of(terms, part.left) or unit_of(terms, part.right)
    return Step(
        "compared_holds" if held else "compared_fails",
        {
            "left": telling.phrases.inner(part.left, unit=unit),
            "value": quantity(unit, value),
            "op": SIGNS[part.op],
            "limit": quantity(unit, limit),
        },
    )


def _late(telling: Telling, part: Any) -> Step:
    """`late`: the event against its deadline, or the present as long as it has not come."""
    due, at = telling.known(part.first), telling.known(part.second)
    came = telling.known(part.second.of)
    if due is None or at is None:
        return Step("undecided", {"what": telling.phrases.of(part)})
    params = {"event": telling.phrases.inner(part.second.of), "at": at, "due": due}
    if came is None:
        return Step("late_passed" if at >= due else "late_waiting", params)
    return Step("late_came" if at >= due else "late_in_time", params)


def tell_exclusions(telling: Telling, result: Result) -> Iterator[Step]:
    """Every exclusion, in the order of the terms; after the first that holds none is tried."""
    tried = dict(result.tried)
    if result.state not in (State.BROKEN, State.EXCLUDED):
        return
    for one in telling.terms.exclusions:
        name = {"name": telling.name(one.code)}
        if one.code not in tried:
            yield Step("exclusion_untried", name)
            continue
        held = tried[one.code]
        if held is None and telling.known(one.when):
            yield Step("exclusion_unproved", name)
        else:
            code = {True: "holds", False: "fails", None: "unknown"}[held]
            yield Step(f"exclusion_{code}", name)
        if one.proved_by is not None:
            yield Step(f"proved_by_{one.proved_by}", {})
        if held:
            yield from tell_condition(telling, one.when)
            if one.proof is not None:
                yield from tell_condition(telling, one.proof)
