"""Commitments to general terms: the facts of a case through the engine, the answer as a ruling.

What was used and what came of it is kept with the commitment, so that every verdict can be
explained, and judged again, from its own row.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promises.breaches.rulings import Granted, Ruling
from promises.kernel.calendars import BeyondCalendar, PreparedCalendar
from promises.rules.guarantee.case import Case, Earlier
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.engine import Result, evaluate
from promises.rules.guarantee.explaining import explain
from promises.rules.guarantee.facts import FactsRefused, read_facts
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.recurrence import occurrences
from promises.rules.guarantee.rendering import steps_to_json
from promises.rules.guarantee.trial import shown
from promises.rules.guarantee.vocabulary import Remedy
from promises.rules.states import State
from promises.rules.steps import Step

WITHOUT_MONEY = frozenset({Remedy.APOLOGY, Remedy.RIGHT_TO_CANCEL, Remedy.GOODS})
"""Remedies that are no debt in the books."""


@dataclass(frozen=True, slots=True)
class Given:
    """All that one judgement rests on. `facts` are JSON values, as they are stored; `calendars`
    those that were in force when the case began."""

    terms: Guarantee
    facts: Mapping[str, Any]
    now: dt.datetime
    began_at: dt.datetime
    calendars: Mapping[str, PreparedCalendar]
    history: Sequence[Earlier] = ()

    def known(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The facts as the engine takes them, and the names of those that are not of their type:
        such a one counts as not known."""
        try:
            return read_facts(self.terms.facts, self.facts, self.terms.time_zone), ()
        except FactsRefused as refused:
            wrong = {problem.field.split("/")[1] for problem in refused.problems}
        rest = {name: value for name, value in self.facts.items() if name not in wrong}
        return read_facts(self.terms.facts, rest, self.terms.time_zone), tuple(sorted(wrong))


def declared(terms: Guarantee, named: Mapping[str, object]) -> dict[str, Any]:
    """Of all that a ticket knows what the terms ask for, as JSON values."""
    return {name: plain(named[name]) for name in terms.facts if named.get(name) is not None}


def plain(value: object) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def rule(given: Given) -> dict[int, Ruling]:
    """By occurrence; a promise that does not recur has the first one only. Occurrences that have
    not begun are missing; the first is always there."""
    try:
        return _rule(given)
    except BeyondCalendar:
        return {1: _nothing_yet(given, State.OPEN, "beyond_calendar", None)}


def _rule(given: Given) -> dict[int, Ruling]:
    facts, _ = given.known()
    terms, args = given.terms, (given.now, given.calendars, given.history)
    if terms.recurrence is None:
        case = case_of(terms, facts, *args)
        return {1: ruling_of(given, case, evaluate(case), 1)}
    found = {
        one.number: ruling_of(given, one.case, one.result, one.number, one.started_at)
        for one in occurrences(terms, facts, *args)
    }
    return found or {1: _before_the_first(given, case_of(terms, facts, *args))}


def _before_the_first(given: Given, case: Case) -> Ruling:
    """Nothing to keep yet: its beginning is not known, or lies ahead; or there is nothing at all,
    as the end came before it."""
    recurrence = given.terms.recurrence
    start = None if recurrence is None else case.value(recurrence.start)[0]
    if start is not None and start <= given.now:
        return _nothing_yet(given, State.EXCLUDED, "not_begun", None)
    return _nothing_yet(
        given, State.OPEN, "facts_missing" if start is None else "still_time", start
    )


def _nothing_yet(given: Given, state: State, reason: str, next_at: dt.datetime | None) -> Ruling:
    answer = {"state": state.value, "reason": reason, "settled": False, "amount_minor": 0}
    detail = _detail(given, 1, None, answer, steps=())
    return Ruling(state, reason, None, None, next_change_at=next_at, detail=detail)


def not_begun(given: Given, number: int) -> Ruling:
    """An occurrence that was opened, and that by what is known now there never was."""
    ruling = _nothing_yet(given, State.EXCLUDED, "not_begun", None)
    return replace(ruling, detail=dict(ruling.detail or {}) | {"occurrence": number})


def ruling_of(
    given: Given, case: Case, result: Result, number: int, started_at: dt.datetime | None = None
) -> Ruling:
    outside = result.state is State.NOT_APPLICABLE
    broken = result.state is State.BROKEN
    return Ruling(
        state=result.state,
        reason=result.reason,
        due_at=result.broken_at,
        started_at=started_at if number > 1 else None,
        breached_at=_breached_at(case, result, given.now) if broken else None,
        next_change_at=None if outside else _next_change(result, given.now),
        granted=_granted(result) if broken else None,
        detail=_detail(given, number, started_at, answer_of(case, result), steps_of(case, result)),
    )


def penalty_of(given: Given, number: int) -> tuple[int, bool]:
    """What the terms add for paying late, as things stand, and whether that may still change."""
    try:
        result = _result(given, number)
    except BeyondCalendar:
        return 0, True
    owed = None if result is None else result.owed
    return (0, False) if owed is None else (owed.penalty_minor, owed.moving)


def _result(given: Given, number: int) -> Result | None:
    facts, _ = given.known()
    terms, args = given.terms, (given.now, given.calendars, given.history)
    if terms.recurrence is None:
        return evaluate(case_of(terms, facts, *args))
    found = occurrences(terms, facts, *args)
    return next((one.result for one in found if one.number == number), None)


def answer_of(case: Case, result: Result) -> dict[str, Any]:
    """The engine's answer as JSON values. Deadlines that no row in force can say are left out."""
    try:
        return shown(case, result)
    except BeyondCalendar:
        return {"state": result.state.value, "reason": result.reason, "settled": result.settled}


def steps_of(case: Case, result: Result) -> tuple[Step, ...]:
    try:
        return explain(case, result)
    except BeyondCalendar:
        return ()


def _breached_at(case: Case, result: Result, now: dt.datetime) -> dt.datetime:
    """The deadline where one was missed, else the last thing that happened: it decided."""
    if result.broken_at is not None and result.broken_at <= now:
        return result.broken_at
    happened = [at for at in case.facts.values() if isinstance(at, dt.datetime) and at <= now]
    return max(happened, default=now)


def _next_change(result: Result, now: dt.datetime) -> dt.datetime | None:
    ahead = [result.next_change_at]
    if result.state is State.OPEN:
        ahead.append(result.broken_at)
    return min((at for at in ahead if at is not None and at > now), default=None)


def _granted(result: Result) -> Granted | None:
    owed = result.owed
    if owed is None or owed.amount_minor is None:
        return None
    grows = owed.growing and not result.settled and result.next_change_at is not None
    return Granted(
        amount_minor=0 if owed.remedy in WITHOUT_MONEY else owed.amount_minor,
        outcome=owed.outcome.value,
        remedy=owed.remedy.value,
        closed=not grows,
        on_request=owed.on_request,
        claim_before=owed.claim_before,
        pay_before=owed.pay_before,
    )


def _detail(
    given: Given,
    number: int,
    started_at: dt.datetime | None,
    answer: Mapping[str, Any],
    steps: Sequence[Step],
) -> dict[str, Any]:
    wrong = given.known()[1]
    return {
        "facts": dict(given.facts),
        "now": plain(given.now),
        "began_at": plain(given.began_at),
        "occurrence": number,
        "started_at": plain(started_at),
        "history": [dump_earlier(one) for one in given.history],
        "unreadable": list(wrong),
        "answer": dict(answer),
        "steps": steps_to_json(steps),
    }


def dump_earlier(one: Earlier) -> dict[str, Any]:
    return {"at": plain(one.at), "amount_minor": one.amount_minor, "keys": dict(one.keys)}


def load_earlier(document: Mapping[str, Any]) -> Earlier:
    return Earlier(
        dt.datetime.fromisoformat(document["at"]), document["amount_minor"], document["keys"]
    )


def history_of(detail: Mapping[str, Any]) -> tuple[Earlier, ...]:
    """The earlier awards that a stored verdict counted with."""
    return tuple(load_earlier(one) for one in detail["history"])
