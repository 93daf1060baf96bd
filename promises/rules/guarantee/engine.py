"""The answer for one case: its state, what is owed, when that will change, and why.

`evaluate` is a pure function of terms, facts, calendars, history and now. A promise that is broken
may still get worse: then `settled` is false and `next_change_at` says when to look again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from promises.rules.guarantee.arithmetic import round_to
from promises.rules.guarantee.case import Case
from promises.rules.guarantee.changes import broken_at, next_change
from promises.rules.guarantee.clauses import Exclusion, RemedyOption
from promises.rules.guarantee.pipeline import Outcome, StepTaken, Worked, work_out
from promises.rules.guarantee.vocabulary import Remedy, Rounding
from promises.rules.states import State


@dataclass(frozen=True, slots=True)
class Owed:
    """What a broken promise gives. `amount_minor` is None while it cannot be worked out; `penalty`
    comes on top of it when the payment is late. The instants are exclusive ends, `claim_from` the
    first instant that is not too early. `growing`: the amount itself still changes with time;
    `moving`: anything of it does, such as a claim that may still come."""

    remedy: Remedy
    amount_minor: int | None
    outcome: Outcome
    penalty_minor: int = 0
    steps: tuple[StepTaken, ...] = ()
    granted: Fraction | None = None
    on_request: bool = False
    claim_from: datetime | None = None
    claim_before: datetime | None = None
    pay_before: datetime | None = None
    moving: bool = False
    growing: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """`broken_at` is the first instant at which the promise would be, or was, broken when nothing
    happens; None where time alone breaks nothing. `exclusion` is the one that excuses."""

    state: State
    reason: str
    settled: bool
    owed: Owed | None = None
    exclusion: Exclusion | None = None
    broken_at: datetime | None = None
    next_change_at: datetime | None = None
    tried: tuple[tuple[str, bool | None], ...] = ()

    @property
    def amount_minor(self) -> int:
        """All that is owed as far as it is known, the penalty included."""
        if self.owed is None:
            return 0
        return (self.owed.amount_minor or 0) + self.owed.penalty_minor

    @property
    def outcome(self) -> str:
        """One word for the case: the state, or what became of the amount of a broken promise."""
        if self.owed is None or self.owed.outcome is Outcome.FULL:
            return self.state.value
        return self.owed.outcome.value


def evaluate(case: Case) -> Result:
    """The whole answer, with both instants at which it changes by itself."""
    judged = judge(case)
    return Result(
        state=judged.state,
        reason=judged.reason,
        settled=judged.settled,
        owed=judged.owed,
        exclusion=judged.exclusion,
        broken_at=None if judged.state is State.NOT_APPLICABLE else broken_at(case),
        next_change_at=None if judged.settled else next_change(case, _fingerprint),
        tried=judged.tried,
    )


def judge(case: Case) -> Result:
    """The answer at the case's time alone."""
    shifting = False
    for group in case.terms.dated:
        row, day, moving = case.row_in_force(group)
        if row is None and day is not None:
            return Result(State.NOT_APPLICABLE, "no_values_in_force", settled=not moving)
        shifting = shifting or moving
    judged = _judge(case)
    return replace(judged, settled=False) if shifting else judged


def _fingerprint(case: Case) -> object:
    result = judge(case)
    return result.state, result.reason, result.amount_minor, result.outcome


def _judge(case: Case) -> Result:
    terms = case.terms
    applies, shifting = (
        (True, False) if terms.applies_when is None else case.value(terms.applies_when)
    )
    if applies is False:
        return Result(State.NOT_APPLICABLE, "does_not_apply", settled=not shifting)
    broken, moving = case.value(terms.broken_when)
    moving = moving or shifting
    if broken is None or applies is None:
        return Result(State.OPEN, "facts_missing", settled=False)
    if not broken:
        if moving:
            return Result(State.OPEN, "still_time", settled=False)
        return Result(State.KEPT, "in_time", settled=True)
    excused, tried, excusing = _excused(case)
    moving = moving or excusing
    if excused is not None:
        return Result(
            State.EXCLUDED, excused.code, settled=not moving, exclusion=excused, tried=tried
        )
    owed = _owed(case)
    settled = not (moving or owed.moving) and owed.amount_minor is not None
    reason = "deadline_passed" if moving else "too_late"
    return Result(State.BROKEN, reason, settled=settled, owed=owed, tried=tried)


def _excused(case: Case) -> tuple[Exclusion | None, tuple[tuple[str, bool | None], ...], bool]:
    """The first exclusion that holds and is proved, all that were tried, and whether one of them
    still changes with time. What nobody knows excuses nothing."""
    tried: list[tuple[str, bool | None]] = []
    moving = False
    for one in case.terms.exclusions:
        holds, shifting = case.value(one.when)
        moving = moving or shifting
        if holds and one.proof is not None:
            proved, shifting = case.value(one.proof)
            holds, moving = proved or None, moving or shifting
        tried.append((one.code, holds))
        if holds:
            return one, tuple(tried), moving
    return None, tuple(tried), moving


def _owed(case: Case) -> Owed:
    terms = case.terms
    option = _chosen(case)
    value, moving = case.value(terms.amount if option.amount is None else option.amount)
    worked = Worked(None, Outcome.FULL, ()) if value is None else work_out(case, value)
    on_request = terms.claim.on_request
    start, end = (
        None if part is None else case.value(part)[0]
        for part in (terms.claim.not_before, terms.claim.until)
    )
    missed, waiting = _claim_missed(case, start, end)
    pay_before = None if terms.payment is None else case.value(terms.payment.due)[0]
    moving = moving or worked.moving
    amount = 0 if missed else worked.amount_minor
    penalty, late_moving = _penalty(case, pay_before) if amount else (0, False)
    return Owed(
        remedy=option.kind,
        amount_minor=amount,
        outcome=missed or worked.outcome,
        penalty_minor=penalty,
        steps=worked.steps,
        granted=value,
        on_request=on_request,
        claim_from=start,
        claim_before=end,
        pay_before=pay_before,
        moving=moving or waiting or late_moving,
        growing=moving,
    )


def _chosen(case: Case) -> RemedyOption:
    remedies = case.terms.remedies
    choice = None if remedies.chosen_by is None else case.facts.get(remedies.chosen_by)
    return next((one for one in remedies.options if one.kind == choice), remedies.options[0])


def _claim_missed(
    case: Case, start: datetime | None, end: datetime | None
) -> tuple[Outcome | None, bool]:
    """Whether the claim came too early or too late, and whether it may still come."""
    claim = case.terms.claim
    at = None if claim.claimed_at is None else case.facts.get(claim.claimed_at)
    if at is None:
        if not claim.on_request or case.now is None or end is None:
            return None, False
        return (Outcome.CLAIM_TOO_LATE, False) if case.now >= end else (None, True)
    if start is not None and at < start:
        return Outcome.CLAIM_TOO_EARLY, False
    if end is not None and at >= end:
        return Outcome.CLAIM_TOO_LATE, False
    return None, False


def _penalty(case: Case, pay_before: datetime | None) -> tuple[int, bool]:
    """What paying late adds, and whether that may still change."""
    payment = case.terms.payment
    if payment is None or payment.penalty is None or pay_before is None:
        return 0, False
    paid = None if payment.paid_at is None else case.facts.get(payment.paid_at)
    at = case.now if paid is None else paid
    if at is None or at < pay_before:
        return 0, paid is None and at is not None
    value, moving = case.value(payment.penalty)
    return (0 if value is None else int(round_to(value, Fraction(1), Rounding.HALF_UP))), moving
