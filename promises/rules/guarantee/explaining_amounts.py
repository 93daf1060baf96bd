"""How an amount came about, what every step made of it, and when it is claimed and paid."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from promises.rules.guarantee import clauses as k
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.arithmetic import in_tier
from promises.rules.guarantee.engine import Owed
from promises.rules.guarantee.phrases_of_numbers import money_args, tier_range
from promises.rules.guarantee.pipeline import Outcome, StepTaken
from promises.rules.guarantee.telling import Telling
from promises.rules.guarantee.units import unit_of
from promises.rules.guarantee.vocabulary import Number, Remedy
from promises.rules.guarantee.windows import window_of_step
from promises.rules.steps import Step


def tell_owed(telling: Telling, owed: Owed) -> Iterator[Step]:
    yield from _remedy(telling, owed)
    part = _amount_part(telling.terms, owed)
    if owed.granted is None:
        what = telling.phrases.of(part, money=True)
        yield Step("granted_unknown", {"what": what})
    else:
        yield from tell_amount(telling, part)
        yield Step("granted", {"amount_minor": owed.granted})
    yield from _steps(telling, owed)
    yield from _claim(telling, owed)
    if owed.amount_minor is not None:
        yield Step("owed", {"amount_minor": owed.amount_minor})
    if owed.pay_before is not None:
        yield Step("pay_before", {"at": owed.pay_before})
    if owed.penalty_minor:
        yield Step("penalty", {"amount_minor": owed.penalty_minor})


def _option(terms: k.Guarantee, owed: Owed) -> k.RemedyOption:
    options = terms.remedies.options
    return next((one for one in options if one.kind is owed.remedy), options[0])


def _amount_part(terms: k.Guarantee, owed: Owed) -> Number:
    return _option(terms, owed).amount or terms.amount


def _remedy(telling: Telling, owed: Owed) -> Iterator[Step]:
    remedies = telling.terms.remedies
    kind = {"kind": Step(f"{owed.remedy}_remedy", {})}
    if remedies.chosen_by is not None:
        chosen = telling.case.facts.get(remedies.chosen_by) == owed.remedy
        yield Step("remedy_chosen" if chosen else "remedy_first", kind)
    elif owed.remedy is not Remedy.MONEY:
        yield Step("remedy", kind)


def tell_amount(telling: Telling, part: Any) -> Iterator[Step]:
    """Down to the numbers that the amount was made of; the amount itself is known."""
    match part:
        case n.Measure(name):
            yield from tell_amount(telling, telling.terms.measures[name])
        case n.Tiers():
            yield from _tier(telling, part)
        case n.Choice():
            yield from _band(telling, part)
        case n.Accrual():
            yield from _accrual(telling, part)
        case n.Arithmetic():
            for index in sorted(money_args(part)):
                yield from tell_amount(telling, part.args[index])
            yield from _worked_out(telling, part)
        case n.Literal():
            return
        case _:
            yield from _worked_out(telling, part)


def _worked_out(telling: Telling, part: Number) -> Iterator[Step]:
    what = telling.phrases.of(part, money=True)
    yield Step("worked_out", {"what": what, "value": telling.amount(telling.known(part))})


def _tier(telling: Telling, part: n.Tiers) -> Iterator[Step]:
    value = telling.known(part.of)
    params = {"of": telling.phrases.inner(part.of), "value": telling.quantity(part.of, value)}
    row = next((row for row in part.rows if in_tier(row, value)), None)
    if row is None:
        yield Step("tier_none", params)
        yield from tell_amount(telling, part.otherwise)
        return
    yield Step("tier", {**params, "range": tier_range(row, unit_of(telling.terms, part.of))})
    yield from tell_amount(telling, row.then)


def _band(telling: Telling, part: n.Choice) -> Iterator[Step]:
    for condition, then in part.rows:
        if telling.known(condition):
            yield Step("band", {"when": telling.phrases.of(condition)})
            yield from tell_amount(telling, then)
            return
    yield Step("band_otherwise", {})
    yield from tell_amount(telling, part.otherwise)


def _accrual(telling: Telling, part: n.Accrual) -> Iterator[Step]:
    count = telling.known(part.periods)
    yield Step("periods_counted", {"n": count, "what": telling.phrases.of(part.periods)})
    for rate in part.rates:
        last = count if rate.last is None else min(Fraction(rate.last), count)
        times = max(last - rate.first + 1, Fraction(0))
        if times:
            each = telling.known(rate.each)
            shown = telling.phrases.inner(rate.each, money=True)
            if not isinstance(rate.each, n.Literal):
                pair = {"name": shown, "value": telling.amount(each)}
                shown = Step("group", {"of": Step("pair", pair)})
            total = telling.amount(times * each)
            yield Step("rate_times", {"times": times, "each": shown, "total": total})


def _steps(telling: Telling, owed: Owed) -> Iterator[Step]:
    steps = telling.terms.steps
    for index, taken in enumerate(owed.steps):
        clause = steps[index] if index < len(steps) else None
        yield _taken(telling, clause, taken)
    if owed.granted is not None and len(owed.steps) < len(steps):
        yield Step("step_unknown", {})


def _taken(telling: Telling, clause: k.Step | None, taken: StepTaken) -> Step:
    params: dict[str, object] = {
        "before": telling.amount(taken.before),
        "after": telling.amount(taken.after),
    }
    if taken.limit is not None:
        counts = taken.kind == "window_count"
        params |= {"n": taken.limit} if counts else {"limit": telling.amount(taken.limit)}
    if taken.kind.startswith("window") or taken.limit is None:
        params["window"] = window_of_step(telling.phrases, clause)
    return Step(f"step_{taken.kind}", params)


def _claim(telling: Telling, owed: Owed) -> Iterator[Step]:
    claim = telling.terms.claim
    yield Step("on_request" if owed.on_request else "automatic", {})
    if owed.claim_from is not None:
        yield Step("claim_from", {"at": owed.claim_from})
    if owed.claim_before is not None:
        yield Step("claim_before", {"at": owed.claim_before})
    at = None if claim.claimed_at is None else telling.case.facts.get(claim.claimed_at)
    if at is not None:
        yield Step("claimed", {"at": at})
    if owed.outcome is Outcome.CLAIM_TOO_EARLY:
        yield Step("claim_too_early", {})
    if owed.outcome is Outcome.CLAIM_TOO_LATE:
        yield Step("claim_passed" if at is None else "claim_too_late", {})
