"""What the live engine would have made of tickets, step by step, without any of its tables.

Live, a commitment is judged when something happens to its ticket and when its deadline passes; once
broken it stays so. Here the same steps are taken later, each with the facts of its time, so that it
does not matter when or how often this runs: the clock is always looked at in time. Evidence that
nobody can vouch for counts as it does live: against the house at once, for it never by itself.
"""

import datetime as dt
import heapq
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from promises.breaches.general import Bench, OccurrenceJudge
from promises.breaches.guarantees import Given, declared, rule
from promises.breaches.models import CommitmentState, Evidence
from promises.breaches.rulings import Decision, Granted, decide_wait, is_news, weigh
from promises.desk.facts import Moment, TicketCase
from promises.kernel.ids import new_id
from promises.reporting.shadow_awards import Awards
from promises.reporting.shadow_cases import Step, Trial
from promises.rules.deadlines import due_at
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.terms import Scope, WaitTerms
from promises.rules.verdicts import State

_OPEN, _BROKEN = CommitmentState.OPEN.value, CommitmentState.BROKEN.value
_COLUMNS = (
    "occurrence", "started_at", "due_at", "state", "reason", "evidence", "decided_at", "ended_at",
    "ended_by", "by_duration", "by_engine", "next_change_at", "detail", "breached_at",
    "noticed_at", "amount_minor",
)  # fmt: skip


@dataclass(slots=True)
class Case:
    """A commitment that would be, while it is judged: the columns of a shadow case."""

    id: uuid.UUID
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    day_on: dt.date
    occurrence: int
    started_at: dt.datetime
    evidence: str
    by_engine: bool
    due_at: dt.datetime | None = None
    state: str = _OPEN
    reason: str | None = None
    decided_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    ended_by: str | None = None
    by_duration: bool = False
    next_change_at: dt.datetime | None = None
    detail: Mapping[str, Any] | None = None
    breached_at: dt.datetime | None = None
    noticed_at: dt.datetime | None = None
    amount_minor: int | None = None

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            id=row.id, ticket_id=row.ticket_id, branch_id=row.branch_id, day_on=row.day_on,
            **{name: getattr(row, name) for name in _COLUMNS},
        )  # fmt: skip

    @property
    def changes_at(self) -> dt.datetime | None:
        """When time alone may change the answer."""
        if self.by_engine:
            return self.next_change_at
        return self.due_at if self.state == _OPEN else None

    def take(self, decision: Decision, at: dt.datetime) -> None:
        """As a commitment is written."""
        ruling = decision.ruling
        breaks = ruling.state is State.BROKEN and self.state != _BROKEN
        is_open = ruling.state is State.OPEN
        self.state, self.evidence = ruling.state.value, decision.evidence.value
        self.reason = None if is_open else ruling.reason
        self.decided_at = None if is_open else self.decided_at or at
        if self.by_engine:
            self.started_at = ruling.started_at or self.started_at
            self.due_at, self.next_change_at = ruling.due_at, ruling.next_change_at
            self.detail = ruling.detail
        else:
            self.ended_at, self.ended_by = ruling.ended_at, ruling.ended_by
            self.by_duration = ruling.by_duration
        if breaks:
            self.breached_at, self.noticed_at = ruling.breached_at, at


@dataclass(slots=True)
class Replay:
    """One ticket under way. `cases` are empty until its arrival was judged, and for good where the
    promise is not for it."""

    ticket_id: uuid.UUID
    arrived_at: dt.datetime
    steps: Sequence[Step]
    cases: list[Case]
    version: int = 0
    place: int = 0
    at: dt.datetime | None = None

    def next_at(self, until: dt.datetime) -> dt.datetime | None:
        """When there is something to judge: the clock before what happened at the same instant."""
        step = self.steps[self.place].at if self.place < len(self.steps) else None
        if step is not None and self.at is not None:
            step = max(step, self.at)  # two transactions may have read the clock the other way
        clock = self._clock()
        if clock is not None and clock <= (until if step is None else max(step, until)):
            return clock if step is None else min(step, clock)
        return step

    def _clock(self) -> dt.datetime | None:
        found = [at for case in self.cases if (at := case.changes_at) is not None]
        return min(found, default=None)

    def step(self, at: dt.datetime) -> Step | None:
        """What happened then; None where only the clock is looked at."""
        clock = self._clock()
        if clock is not None and clock <= at or self.place == len(self.steps):
            return None
        step = self.steps[self.place]
        self.place, self.version, self.at = self.place + 1, step.version, at
        return step


@dataclass(slots=True)
class Judge:
    """Judges the tickets of one batch together, in the order of time, as awards of one may bear on
    the next."""

    bench: Bench
    trial: Trial
    facts: Mapping[Moment, TicketCase]
    awards: Awards
    touched: dict[uuid.UUID, Case] = field(default_factory=dict)

    def judge(self, replays: Sequence[Replay]) -> None:
        until = min(self.trial.until, self.trial.ends_at)
        queue: list[tuple[dt.datetime, int]] = []
        for number, one in enumerate(replays):
            if (at := one.next_at(until)) is not None:
                heapq.heappush(queue, (at, number))
        while queue:
            at, number = heapq.heappop(queue)
            self._look(replays[number], at)
            again = replays[number].next_at(until)
            if again is not None:
                heapq.heappush(queue, (again, number))

    def _look(self, one: Replay, at: dt.datetime) -> None:
        step = one.step(at)
        if step is not None and not one.cases and one.place == 1:
            one.cases += self._opened(one, step, at)
        if not one.cases:
            return
        if isinstance(self.trial.terms, WaitTerms):
            self._look_at_wait(one, self.trial.terms, step, at)
        else:
            self._look_at_general(one, self.trial.terms.guarantee, at)

    # ---- opening

    def _opened(self, one: Replay, step: Step, at: dt.datetime) -> list[Case]:
        ticket = self.facts[one.ticket_id, step.version]
        if not _in_scope(self.trial.terms.scope, ticket):
            return []
        evidence = Evidence.LIVE if step.arrival_verified else Evidence.UNVERIFIED
        case = _new_case(ticket, 1, one.arrived_at, evidence.value, by_engine=False)
        terms = self.trial.terms
        if isinstance(terms, WaitTerms):
            case.due_at = due_at(terms, one.arrived_at)
            return [case]
        case.by_engine = True
        given = self._given(terms.guarantee, ticket, one.arrived_at, at)
        return [] if rule(given)[1].state is State.NOT_APPLICABLE else [case]

    # ---- the short form

    def _look_at_wait(
        self, one: Replay, terms: WaitTerms, step: Step | None, at: dt.datetime
    ) -> None:
        (case,) = one.cases
        self.touched[case.id] = case
        if step is None:
            case.state, case.reason = _BROKEN, "deadline_passed"
            case.decided_at = case.noticed_at = at
            case.breached_at = case.due_at
            self.awards.grant(case, left=False)
            return
        decision = decide_wait(case, terms, self.facts[one.ticket_id, step.version], at)
        was_broken = case.state == _BROKEN
        if is_news(decision):
            case.take(decision, at)
        if case.state == _BROKEN and not was_broken:
            self.awards.grant(case, left=decision.ruling.left_after_limit)
        elif was_broken and decision.ruling.left_after_limit:
            self.awards.end_unowed(case)

    # ---- general terms

    def _given(
        self, terms: Guarantee, ticket: TicketCase, began_at: dt.datetime, at: dt.datetime
    ) -> Given:
        return Given(
            terms=terms,
            facts=declared(terms, ticket.named),
            now=at,
            began_at=began_at,
            calendars=self.bench.calendars(terms.calendars, ticket.branch_id, began_at),
        )

    def _look_at_general(self, one: Replay, terms: Guarantee, at: dt.datetime) -> None:
        ticket = self.facts[one.ticket_id, one.version]
        given = self._given(terms, ticket, min(case.started_at for case in one.cases), at)
        if ticket.customer_id is not None and any(case.state != _BROKEN for case in one.cases):
            given = replace(given, history=self.awards.history(ticket.customer_id))
        known = {case.occurrence for case in one.cases}
        evidence = one.cases[0].evidence
        one.cases += [
            _new_case(ticket, number, ruling.started_at, evidence, by_engine=True)
            for number, ruling in rule(given).items()
            if number not in known and ruling.started_at is not None
        ]
        judge = OccurrenceJudge(given, ticket)
        for case in one.cases:
            self._take_general(case, weigh(case, ticket, judge.of(case)), at)

    def _take_general(self, case: Case, decision: Decision, at: dt.datetime) -> None:
        self.touched[case.id] = case
        was_broken, granted = case.state == _BROKEN, decision.ruling.granted
        if is_news(decision):
            case.take(decision, at)
        unawarded = case.state == _BROKEN and case.amount_minor is None
        if unawarded and _may_award(granted, was_broken=was_broken):
            self.awards.grant(case, granted=granted)
        if case.next_change_at is not None and case.next_change_at <= at:
            case.next_change_at = None


def _may_award(granted: Granted | None, *, was_broken: bool) -> bool:
    """At once, but for what still grows; that is awarded when time adds nothing any more."""
    if granted is None:
        return not was_broken
    return granted.closed


def _new_case(
    ticket: TicketCase, number: int, started_at: dt.datetime, evidence: str, *, by_engine: bool
) -> Case:
    return Case(
        id=new_id(),
        ticket_id=ticket.ticket_id,
        branch_id=ticket.branch_id,
        day_on=ticket.day_on,
        occurrence=number,
        started_at=started_at,
        evidence=evidence,
        by_engine=by_engine,
    )


def _in_scope(scope: Scope, ticket: TicketCase) -> bool:
    return (
        ticket.kind in scope.ticket_kinds
        and (scope.service_kinds is None or ticket.service_kind_id in scope.service_kinds)
        and (scope.branches is None or ticket.branch_id in scope.branches)
    )
