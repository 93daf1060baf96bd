"""From the amount to what is paid: the steps in their order, each shown with before and after."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from promises.rules.guarantee import clauses
from promises.rules.guarantee.arithmetic import amount_of, round_to
from promises.rules.guarantee.case import Case
from promises.rules.guarantee.lists import earlier_in
from promises.rules.guarantee.moments import micro, window_at, window_names
from promises.rules.guarantee.vocabulary import Instant, Node, Number, Rounding
from promises.rules.guarantee.walk import children


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
    """`amount_minor` is None while a number that it needs is not known. `moving`: a step looks at
    something that still changes with time."""

    amount_minor: int | None
    outcome: Outcome
    steps: tuple[StepTaken, ...]
    moving: bool = False


def work_out(case: Case, amount: Fraction) -> Worked:
    """The steps of the terms. What is no whole minor unit at their end is rounded half up."""
    taken: list[StepTaken] = []
    outcome = Outcome.FULL
    moving = False
    for step in case.terms.steps:
        moving = moving or _moves(case, step)
        done, what = _take(case, step, amount)
        if done is None:
            return Worked(None, outcome, tuple(taken), moving)
        taken.append(done)
        amount = done.after
        outcome = what or outcome
    if amount.denominator != 1:
        rounded = round_to(amount, Fraction(1), Rounding.HALF_UP)
        taken.append(StepTaken("round", amount, rounded, Fraction(1)))
        amount = rounded
    return Worked(int(max(amount, Fraction(0))), outcome, tuple(taken), moving)


def _moves(case: Case, step: clauses.Step) -> bool:
    """Whether anything that the step looks at still changes with time."""
    for one in children(step):
        parts = one if isinstance(one, tuple) else (one,)
        if any(isinstance(part, Node) and case.value(part)[1] for part in parts):
            return True
    return False


_Taken = tuple[StepTaken | None, Outcome | None]


def _take(case: Case, step: clauses.Step, amount: Fraction) -> _Taken:
    if isinstance(step, clauses.RoundStep):
        return StepTaken("round", amount, round_to(amount, step.to, step.how), step.to), None
    if isinstance(step, clauses.WindowCapStep):
        return _window_cap(case, step, amount)
    if isinstance(step, clauses.WindowCountStep):
        return _window_count(case, step, amount)
    if isinstance(step, clauses.NothingStep):
        return _nothing(case, step, amount)
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
    most = amount_of(case, step.most)
    shares = _shares(case, step)
    if most is None or shares is None:
        return None, None
    granted = Fraction(0)
    for at, share in shares:
        left = max(most - _used(case, step, at, amount=True), Fraction(0))
        granted += min(amount * share, left)
    return StepTaken("window_cap", amount, granted, most), _lowered(amount, granted)


def _lowered(before: Fraction, after: Fraction) -> Outcome | None:
    if after == before:
        return None
    return Outcome.CAPPED if after else Outcome.LIMIT_REACHED


def _shares(
    case: Case, step: clauses.WindowCapStep
) -> list[tuple[datetime | None, Fraction]] | None:
    """An instant in each window that the case touches, and the share of its time in it. None while
    nobody knows the time of the case."""
    dated = None if step.dated is None else case.value(step.dated)[0]
    if step.window is None or step.dated is None:
        return [(None, Fraction(1))]
    if dated is None:
        return None
    span = None if step.spread is None else _span(case, step.spread)
    if span is None:
        return [(dated, Fraction(1))]
    start, end = span
    found: list[tuple[datetime | None, Fraction]] = []
    at = start
    while at < end:
        until = min(window_at(step.window, at, case.zone)[1], end)
        found.append((at, Fraction(micro(until - at), micro(end - start))))
        at = until
    return found


def _span(case: Case, spread: tuple[Instant, Instant]) -> tuple[datetime, datetime] | None:
    start, end = (case.value(one)[0] for one in spread)
    return (start, end) if start is not None and end is not None and start < end else None


def _used(
    case: Case,
    step: clauses.WindowCapStep | clauses.WindowCountStep,
    at: datetime | None,
    *,
    amount: bool,
) -> Fraction:
    """What the window that holds the instant has given before. A fact that is missing says that it
    has given nothing."""
    given = None if step.used is None else case.facts.get(step.used)
    if isinstance(given, Fraction):
        return given
    if step.window is None or at is None:
        return Fraction(0)
    if step.used is not None:
        used: dict[str, Fraction] = given or {}
        names = window_names(step.window, at, case.zone)
        return next((used[name] for name in names if name in used), Fraction(0))
    found = earlier_in(case, step.window, at)
    return Fraction(sum(one.amount_minor for one in found) if amount else len(found))


def _window_count(case: Case, step: clauses.WindowCountStep, amount: Fraction) -> _Taken:
    most = amount_of(case, step.most)
    dated = None if step.dated is None else case.value(step.dated)[0]
    if most is None or (step.dated is not None and dated is None):
        return None, None
    reached = _used(case, step, dated, amount=False) >= most
    after = Fraction(0) if reached else amount
    return StepTaken("window_count", amount, after, most), _lowered(amount, after)


def _nothing(case: Case, step: clauses.NothingStep, amount: Fraction) -> _Taken:
    holds = case.value(step.when)[0] is True
    after = Fraction(0) if holds else amount
    return StepTaken("nothing_when", amount, after), _lowered(amount, after)


def _once_per(case: Case, step: clauses.OncePerStep, amount: Fraction) -> _Taken:
    key = case.facts.get(step.key)
    again = key is not None and any(one.keys.get(step.key) == key for one in case.history)
    after = Fraction(0) if again else amount
    return StepTaken("once_per", amount, after), _lowered(amount, after)
