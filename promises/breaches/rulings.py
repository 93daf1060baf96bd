"""What a judgement says about one commitment, whichever form its terms have."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from promises.breaches.models import CommitmentState, Evidence
from promises.desk.facts import TicketCase
from promises.rules.judge import judge_committed
from promises.rules.terms import WaitTerms
from promises.rules.verdicts import State


@dataclass(frozen=True, slots=True)
class Granted:
    """What general terms grant for a breach, before the caps of the organisation. `closed` where
    time alone adds nothing any more, so that it can be awarded."""

    amount_minor: int
    outcome: str
    remedy: str
    closed: bool
    on_request: bool = False
    claim_before: dt.datetime | None = None
    pay_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """`breached_at` is set where the promise is broken. The last four are of general terms only:
    `started_at` where an occurrence after the first begins, and in `detail` the facts used and the
    engine's answer."""

    state: State
    reason: str
    due_at: dt.datetime | None
    breached_at: dt.datetime | None
    ended_at: dt.datetime | None = None
    ended_by: str | None = None
    by_duration: bool = False
    left_after_limit: bool = False
    started_at: dt.datetime | None = None
    next_change_at: dt.datetime | None = None
    granted: Granted | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`ruling` holds; `claimed` is the state that all evidence, sure or not, speaks for."""

    row: Any
    ruling: Ruling
    evidence: Evidence
    claimed: State


def decide_wait(row: Any, terms: WaitTerms, case: TicketCase, now: dt.datetime) -> Decision:
    """By the short form."""

    def judged(*, sure: bool) -> Ruling:
        verdict = judge_committed(terms, case.verified_facts if sure else case.facts, now)
        return Ruling(
            verdict.state,
            verdict.reason.value,
            row.due_at,
            row.due_at if verdict.state is State.BROKEN else None,
            verdict.ended_at,
            verdict.ended_by and verdict.ended_by.value,
            verdict.by_duration,
            verdict.left_after_limit,
        )

    return weigh(row, case, judged)


def weigh(row: Any, case: TicketCase, judged: Callable[..., Ruling]) -> Decision:
    """The worse of the rulings with and without evidence that nobody can vouch for."""
    ruling = judged(sure=False)
    claimed, evidence = ruling.state, Evidence(row.evidence)
    if case.doubted:
        without = judged(sure=True)
        if without.state is State.BROKEN and ruling.state is not State.BROKEN:
            ruling = without
        elif without.state is not ruling.state:
            evidence = Evidence.UNVERIFIED
    return Decision(row, ruling, evidence, claimed)


def is_news(decision: Decision) -> bool:
    """Whether the commitment has to be written anew. A recorded breach is never taken back here."""
    row, ruling = decision.row, decision.ruling
    if ruling.state is State.NOT_APPLICABLE:
        return False
    if row.state == CommitmentState.BROKEN and ruling.state is not State.BROKEN:
        return False
    if row.state != ruling.state.value:
        return True
    if ruling.detail is not None:
        times = (ruling.started_at or row.started_at, ruling.due_at, ruling.next_change_at)
        return (
            _answer(row.detail) != _answer(ruling.detail)
            or (row.started_at, row.due_at, row.next_change_at) != times
        )
    return ruling.state is not State.OPEN and (
        (row.reason, row.ended_at) != (ruling.reason, ruling.ended_at)
    )


def _answer(detail: Mapping[str, Any] | None) -> object:
    """What counts of a stored detail: not when it was looked at."""
    return None if detail is None else (detail["facts"], detail["answer"])
