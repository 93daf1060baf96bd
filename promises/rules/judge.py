"""The judgement: terms, the facts of one ticket and the time in, a verdict out.

What decides, in this order:

1. A ticket out of scope, or without a logged arrival, is *not applicable*.
2. The first event that stops the clock ends the wait. For `service_started` that is the start of
   service; it proves that the customer was there, so it outweighs any note that they had left.
   For `called` it is the call, or the start of service if that was logged first or alone; a call
   to somebody who had already left ends nothing.
3. Else, for `service_started`: somebody called who did not come (`no_show`). Called before the
   deadline that is *excluded*, after it the promise was broken already.
4. Else leaving, or being closed by rule, whichever was first: before the deadline the terms say
   *excluded* or *kept*, from the deadline on it is *broken*.
5. Nothing decides: *open* before the deadline, *broken* from it on. A missing value never keeps a
   promise.

The duration that the source measured, where given, sets the end of the wait in 2 to 4. Of several
events of one kind the earliest counts. The order of the facts has no influence, and a decided
verdict does not depend on `now`.
"""

from datetime import datetime

from promises.rules.facts import EventKind, FactEvent, Facts
from promises.rules.terms import BeforeLimit, Rule, Scope, WaitTerms
from promises.rules.verdicts import (
    ReasonCode,
    State,
    Step,
    Verdict,
    verdict_from_json,
    verdict_to_json,
)

__all__ = [
    "ReasonCode",
    "State",
    "Step",
    "Verdict",
    "judge",
    "judge_committed",
    "verdict_from_json",
    "verdict_to_json",
]

# Members by short names: looking one up on its class costs more than all comparisons together.
_ARRIVED, _CALLED, _SERVICE_STARTED, _LEFT, _NO_SHOW, _CLOSED = (
    EventKind.ARRIVED,
    EventKind.CALLED,
    EventKind.SERVICE_STARTED,
    EventKind.LEFT,
    EventKind.NO_SHOW,
    EventKind.CLOSED,
)
_make = tuple.__new__  # a third of the cost of the class's own constructor
_OPEN, _BROKEN, _NOT_APPLICABLE = State.OPEN, State.BROKEN, State.NOT_APPLICABLE
_WAITING, _DEADLINE_PASSED = ReasonCode.WAITING, ReasonCode.DEADLINE_PASSED

_Outcome = tuple[State, ReasonCode, ReasonCode]  # state and reason in time, reason when too late
_Ending = tuple[datetime, EventKind, _Outcome]

_WAS_REACHED = (State.KEPT, ReasonCode.IN_TIME, ReasonCode.TOO_LATE)
_WAS_NO_SHOW = (State.EXCLUDED, ReasonCode.NO_SHOW, ReasonCode.NO_SHOW_AFTER_LIMIT)
_WHO_LEAVES_IS_KEPT = BeforeLimit.KEPT
_LEFT_EXCLUDED, _LEFT_KEPT = (
    (state, ReasonCode.LEFT_BEFORE_LIMIT, ReasonCode.LEFT_AFTER_LIMIT)
    for state in (State.EXCLUDED, State.KEPT)
)
_CLOSED_EXCLUDED, _CLOSED_KEPT = (
    (state, ReasonCode.CLOSED_BEFORE_LIMIT, ReasonCode.CLOSED_AFTER_LIMIT)
    for state in (State.EXCLUDED, State.KEPT)
)


def judge(terms: WaitTerms, facts: Facts, now: datetime) -> Verdict:
    """One verdict. `now` must be aware; it decides only where no event does."""
    outside = _out_of_scope(terms.scope, facts)
    if outside is not None:
        return Verdict(_NOT_APPLICABLE, outside, terms.rule)
    return judge_committed(terms, facts, now)


def judge_committed(terms: WaitTerms, facts: Facts, now: datetime) -> Verdict:
    """Like `judge`, for a promise that the ticket came under when it arrived: a later transfer to
    another service or branch does not take it out again."""
    rule = terms.rule
    started, called, served, left, no_show, closed = _first_times(facts.events)
    if started is None:
        return Verdict(_NOT_APPLICABLE, ReasonCode.NO_ARRIVAL, rule)
    due = started + terms.too_late
    gone = left if closed is None or (left is not None and left <= closed) else closed
    if rule.until is _SERVICE_STARTED:
        ending = _end_of_service_wait(called, served, gone, no_show)
    else:
        ending = _end_of_call_wait(called, served, gone)
    if ending is None and gone is not None:
        ending = _end_by_leaving(rule, gone, _LEFT if gone is left else _CLOSED)
    if ending is None:
        if now >= due:
            return _make(
                Verdict, (_BROKEN, _DEADLINE_PASSED, rule, started, due, None, None, False)
            )
        return _make(Verdict, (_OPEN, _WAITING, rule, started, due, None, None, False))
    ended, by, (state, in_time, too_late) = ending
    by_duration = facts.measured_wait is not None
    if facts.measured_wait is not None:
        ended = started + facts.measured_wait
    if ended >= due:
        return _make(Verdict, (_BROKEN, too_late, rule, started, due, ended, by, by_duration))
    return _make(Verdict, (state, in_time, rule, started, due, ended, by, by_duration))


def _out_of_scope(scope: Scope, facts: Facts) -> ReasonCode | None:
    if facts.ticket_kind not in scope.ticket_kinds:
        return ReasonCode.OTHER_TICKET_KIND
    if scope.service_kinds is not None and facts.service_kind_id not in scope.service_kinds:
        return ReasonCode.OTHER_SERVICE_KIND
    if scope.branches is not None and facts.branch_id not in scope.branches:
        return ReasonCode.OTHER_BRANCH
    return None


_Time = datetime | None


def _first_times(
    events: tuple[FactEvent, ...],
) -> tuple[_Time, _Time, _Time, _Time, _Time, _Time]:
    """The earliest time of each kind that decides, as `judge` names them."""
    arrived: _Time = None
    called: _Time = None
    served: _Time = None
    left: _Time = None
    no_show: _Time = None
    closed: _Time = None
    for event in events:
        kind, at = event.kind, event.occurred_at
        if kind is _ARRIVED and (arrived is None or at < arrived):
            arrived = at
        elif kind is _CALLED and (called is None or at < called):
            called = at
        elif kind is _SERVICE_STARTED and (served is None or at < served):
            served = at
        elif kind is _LEFT and (left is None or at < left):
            left = at
        elif kind is _NO_SHOW and (no_show is None or at < no_show):
            no_show = at
        elif kind is _CLOSED and (closed is None or at < closed):
            closed = at
    return arrived, called, served, left, no_show, closed


def _end_of_service_wait(
    called: _Time, served: _Time, gone: _Time, no_show: _Time
) -> _Ending | None:
    if served is not None:
        return served, _SERVICE_STARTED, _WAS_REACHED
    if no_show is None or called is None or (gone is not None and gone < called):
        return None
    return called, _CALLED, _WAS_NO_SHOW


def _end_of_call_wait(called: _Time, served: _Time, gone: _Time) -> _Ending | None:
    if served is not None and (called is None or served < called):
        return served, _SERVICE_STARTED, _WAS_REACHED
    if called is None or (served is None and gone is not None and gone < called):
        return None
    return called, _CALLED, _WAS_REACHED


def _end_by_leaving(rule: Rule, gone: datetime, by: EventKind) -> _Ending:
    kept = rule.before_limit is _WHO_LEAVES_IS_KEPT
    if by is _LEFT:
        return gone, by, _LEFT_KEPT if kept else _LEFT_EXCLUDED
    return gone, by, _CLOSED_KEPT if kept else _CLOSED_EXCLUDED
