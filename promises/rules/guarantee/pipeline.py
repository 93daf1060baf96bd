"""From the amount to what is paid: the steps in their order, each shown with before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from promises.rules.guarantee import clauses
from promises.rules.guarantee.arithmetic import amount_of, earlier_in, round_to
from promises.rules.guarantee.case import Case
from promises.rules.guarantee.moments import micro, window_at
from promises.rules.guarantee.numbers import Window
from promises.rules.guarantee.vocabulary import Instant, Number, Rounding


class Outcome(StrEnum):
    """What became of the amount. All but the first are broken with less or nothing. A plain `cap`
    belongs to how the amount is made; `capped` is what earlier cases of a window have left."""

    FULL = "full"
    BELOW_MINIMUM = "below_minimum"
    CAPPED = "capped"
    LIMIT_REACHED = "limit_reached"
    CLAIM_TOO_EARLY = "claim_too_early"
    CLAIM_TOO_LATE = "claim_too_late"


@dataclass(frozen=True, slots=True)
class StepTaken:
    """`limit` is what the step compared with, where it did; amounts in minor units, exact."""

    kind: str
    before: Fraction
    after: Fraction
    limit: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Worked:
    """`amount_minor` is None while a number that it needs is not known."""

    amount_minor: int | None
    outcome: Outcome
    steps: tuple[StepTaken, ...]


def work_out(case: Case, amount: Fraction) -> Worked:
    """The steps of the terms. What is no whole minor unit at their end is rounded half up."""
    taken: list[StepTaken] = []
    outcome = Outcome.FULL
    for step in case.terms.steps:
        done, what = _take(case, step, amount)
        if done is None:
            return Worked(None, outcome, tuple(taken))
        taken.append(done)
        amount = done.after
        outcome = what or outcome
    if amount.denominator != 1:
        rounded = round_to(amount, Fraction(1), Rounding.HALF_UP)
        taken.append(StepTaken("round", amount, rounded, Fraction(1)))
        amount = rounded
    return Worked(int(max(amount, Fraction(0))), outcome, tuple(taken))


_Taken = tuple[StepTaken | None, Outcome | None]


def _take(case: Case, step: clauses.Step, amount: Fraction) -> _Taken:
    if isinstance(step, clauses.RoundStep):
        return StepTaken("round", amount, round_to(amount, step.to, step.how), step.to), None
    if isinstance(step, clauses.WindowCapStep):
        return _window_cap(case, step, amount)
    if isinstance(step, clauses.WindowCountStep):
        return _window_count(case, step, amount)
    if isinstance(step, clauses.OncePerStep):
        return _once_per(case, step, amount)
    return _limited(case, step, amount)


def _limited(case: Case, step: clauses.Step, amount: Fraction) -> _Taken:
    """The steps that compare the amount with one number."""
    kind, part = _LIMITS[type(step)], _limit_of(step)
    limit = amount_of(case, part)
    if limit is None:
        return None, None
    after, outcome = amount, None
    if isinstance(step, clauses.UnpaidStep):
        if 0 < amount < limit or (amount == limit and step.at_limit):
            after, outcome = Fraction(0), Outcome.BELOW_MINIMUM
    elif isinstance(step, clauses.CapStep):
        after = min(amount, limit)
    elif isinstance(step, clauses.FloorStep):
        after = max(amount, limit)
    else:
        after = max(amount - limit, Fraction(0))
        outcome = None if after else Outcome.BELOW_MINIMUM
    return StepTaken(kind, amount, after, limit), outcome


def _limit_of(step: clauses.Step) -> Number:
    match step:
        case clauses.UnpaidStep(limit=part) | clauses.CapStep(most=part):
            return part
        case clauses.FloorStep(least=part) | clauses.ExcessStep(own=part):
            return part
    raise TypeError(step)


_LIMITS = {
    clauses.UnpaidStep: "unpaid",
    clauses.CapStep: "cap",
    clauses.FloorStep: "at_least",
    clauses.ExcessStep: "excess",
}


def _window_cap(case: Case, step: clauses.WindowCapStep, amount: Fraction) -> _Taken:
    most, dated = amount_of(case, step.most), case.value(step.dated)[0]
    if most is None or dated is None:
        return None, None
    granted = Fraction(0)
    for at, share in _shares(case, step, dated):
        left = max(most - _used(case, step.window, step.used, at, amount=True), Fraction(0))
        granted += min(amount * share, left)
    return StepTaken("window_cap", amount, granted, most), _lowered(amount, granted)


def _lowered(before: Fraction, after: Fraction) -> Outcome | None:
    if after == before:
        return None
    return Outcome.CAPPED if after else Outcome.LIMIT_REACHED


def _shares(
    case: Case, step: clauses.WindowCapStep, dated: datetime
) -> Iterator[tuple[datetime, Fraction]]:
    """An instant in each window that the case touches, and the share of its time in it."""
    span = None if step.spread is None else _span(case, step.spread)
    if span is None:
        yield dated, Fraction(1)
        return
    start, end = span
    at = start
    while at < end:
        until = min(window_at(step.window, at, case.zone)[1], end)
        yield at, Fraction(micro(until - at), micro(end - start))
        at = until


def _span(case: Case, spread: tuple[Instant, Instant]) -> tuple[datetime, datetime] | None:
    start, end = (case.value(one)[0] for one in spread)
    return (start, end) if start is not None and end is not None and start < end else None


def _used(case: Case, window: Window, fact: str | None, at: datetime, *, amount: bool) -> Fraction:
    """What the window that holds the instant has given before."""
    if fact is not None:
        given: dict[str, Fraction] = case.facts.get(fact, {})
        return given.get(window_at(window, at, case.zone)[2], Fraction(0))
    found = earlier_in(case, window, at)
    return Fraction(sum(one.amount_minor for one in found) if amount else len(found))


def _window_count(case: Case, step: clauses.WindowCountStep, amount: Fraction) -> _Taken:
    most, dated = amount_of(case, step.most), case.value(step.dated)[0]
    if most is None or dated is None:
        return None, None
    reached = _used(case, step.window, step.used, dated, amount=False) >= most
    after = Fraction(0) if reached else amount
    return StepTaken("window_count", amount, after, most), _lowered(amount, after)


def _once_per(case: Case, step: clauses.OncePerStep, amount: Fraction) -> _Taken:
    key = case.facts.get(step.key)
    again = key is not None and any(one.keys.get(step.key) == key for one in case.history)
    after = Fraction(0) if again else amount
    return StepTaken("once_per", amount, after), _lowered(amount, after)
