"""What a draft would say about a case: typed, or a real ticket's. Nothing is stored."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promises.db.session import UnitOfWork
from promises.desk.facts import TicketCase
from promises.http.context import current
from promises.identity.calendars import calendars_for
from promises.kernel.calendars import PreparedCalendar
from promises.kernel.money import Money
from promises.rules.awards import Usage, award, capped
from promises.rules.explain import explain as explain_waiting
from promises.rules.explain import explain_award
from promises.rules.facts import EventKind, FactEvent, Facts
from promises.rules.guarantee.engine import Result, evaluate
from promises.rules.guarantee.explaining import explain, render_steps
from promises.rules.guarantee.facts import read_facts
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.recurrence import occurrences
from promises.rules.guarantee.vocabulary import Remedy
from promises.rules.judge import judge_committed
from promises.rules.states import State
from promises.rules.terms import GuaranteeTerms, Terms, WaitTerms
from promises.rules.verdicts import ReasonCode

EVENTS = {
    "arrived_at": EventKind.ARRIVED,
    "called_at": EventKind.CALLED,
    "service_started_at": EventKind.SERVICE_STARTED,
    "left_at": EventKind.LEFT,
}
"""What can be typed about a wait."""
_LEFT = (ReasonCode.LEFT_AFTER_LIMIT, ReasonCode.NO_SHOW_AFTER_LIMIT)
_MOST_OCCURRENCES = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """One verdict. `due_at` is the first instant that is too late; `then` what it comes to if
    nothing more happens, where it is open. `number` counts the deadlines of a recurring promise."""

    state: State
    due_at: dt.datetime | None
    owed: Money
    remedy: Remedy
    why: list[str]
    number: int | None = None
    pay_before: dt.datetime | None = None
    then: "Answer | None" = None


@dataclass(frozen=True, slots=True)
class Story:
    """A case to judge: facts by name as JSON values, and the time at which it is looked at. The
    branch is the one whose calendar `branch` means."""

    facts: Mapping[str, Any]
    now: dt.datetime
    began_at: dt.datetime
    branch_id: uuid.UUID | None


def answers_to(uow: UnitOfWork, terms: Terms, story: Story) -> list[Answer]:
    """One answer, or one for each deadline that has begun of a recurring promise.

    Raises FactsRefused, CalendarUnknown.
    """
    if isinstance(terms, WaitTerms):
        return [_waiting(terms, story)]
    calendars = calendars_for(
        uow.session,
        organisation_id=uow.organisation_id,
        names=terms.guarantee.calendars,
        branch_id=story.branch_id,
        at=story.began_at,
        now=story.now,
    )
    known = read_facts(terms.guarantee.facts, story.facts, terms.guarantee.time_zone)
    return list(_general(terms, known, story.now, calendars))


def _waiting(terms: WaitTerms, story: Story, *, ahead: bool = True) -> Answer:
    events = tuple(
        FactEvent(kind, dt.datetime.fromisoformat(story.facts[name]))
        for name, kind in EVENTS.items()
        if story.facts.get(name)
    )
    kind = terms.scope.ticket_kinds[0]
    verdict = judge_committed(terms, Facts(kind, None, None, events), story.now)
    given = award(terms, verdict.state, verdict.reason in _LEFT, Usage())
    locale, zone = current().locale, current().organisation.time_zone
    why = explain_waiting(verdict, locale, zone)
    if verdict.state is State.BROKEN:
        why += explain_award(given, terms.currency, locale)
    then = None
    if ahead and verdict.state is State.OPEN and verdict.due_at is not None:
        later = Story(story.facts, verdict.due_at, story.began_at, story.branch_id)
        then = _waiting(terms, later, ahead=False)
    return Answer(
        state=verdict.state,
        due_at=verdict.due_at,
        owed=Money(given.amount_minor, terms.currency),
        remedy=Remedy.MONEY,
        why=why,
        then=then,
    )


def _general(
    terms: GuaranteeTerms,
    known: Mapping[str, Any],
    now: dt.datetime,
    calendars: Mapping[str, PreparedCalendar],
) -> Iterator[Answer]:
    guarantee = terms.guarantee
    if guarantee.recurrence is None:
        case = case_of(guarantee, known, now, calendars)
        yield _one(terms, case, evaluate(case))
        return
    for one in occurrences(guarantee, known, now, calendars):
        if one.number > _MOST_OCCURRENCES:
            return
        yield _one(terms, one.case, one.result, one.number)


def _one(
    terms: GuaranteeTerms, case: Any, result: Result, number: int | None = None, ahead: bool = True
) -> Answer:
    owed = result.owed
    locale, zone = current().locale, current().organisation.time_zone
    why = render_steps(locale, explain(case, result), zone, terms.currency)
    given = capped(terms, result.amount_minor, Usage())
    if given.amount_minor != result.amount_minor:
        why += explain_award(given, terms.currency, locale)
    then = None
    if ahead and result.state is State.OPEN and result.broken_at is not None:
        later = case.at(result.broken_at)
        then = _one(terms, later, evaluate(later), number, ahead=False)
    return Answer(
        state=result.state,
        due_at=result.broken_at,
        owed=Money(given.amount_minor, terms.currency),
        remedy=owed.remedy if owed else Remedy.MONEY,
        why=why,
        number=number,
        pay_before=owed.pay_before if owed else None,
        then=then,
    )


def story_of(case: TicketCase, now: dt.datetime) -> Story:
    """A real ticket as it stands now."""
    named = case.named
    times = [at for at in named.values() if isinstance(at, dt.datetime)]
    began = named.get("arrived_at")
    return Story(
        facts={name: _plain(value) for name, value in named.items()},
        now=now,
        began_at=began if isinstance(began, dt.datetime) else min(times, default=now),
        branch_id=case.branch_id,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
