"""General terms on many tickets: the engine's answer on each, and what is owed for all together.

The engine is asked for its answer at one time only; at which instant a promise was broken is worked
out where an order is needed, since it costs several times as much.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from promises.breaches.guarantees import WITHOUT_MONEY
from promises.kernel.calendars import BeyondCalendar
from promises.reporting.backtests.tickets import Told
from promises.rules.awards import CapKey, CapKind, Claim, allocate, cap_keys
from promises.rules.guarantee.case import Case, Earlier
from promises.rules.guarantee.changes import broken_at
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.engine import Result, judge
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.recurrence import occurrences
from promises.rules.guarantee.uses import uses_history
from promises.rules.states import State
from promises.rules.terms import Caps, GuaranteeTerms


@dataclass(frozen=True, slots=True)
class Answer:
    """One commitment. `place` is that of its ticket. `amount_minor` is what a broken one is owed in
    money, None where a fact that it needs is missing."""

    place: int
    number: int
    state: State
    amount_minor: int | None
    case: Case | None


def answers(
    terms: Guarantee,
    ticket: Told,
    place: int,
    now: dt.datetime,
    history: Sequence[Earlier] = (),
) -> list[Answer]:
    """Those that count: a ticket that the promise does not apply to has none, one of a promise
    that recurs an answer for each occurrence."""
    try:
        if terms.recurrence is not None:
            return _recurring(terms, ticket, place, now, history)
        case = case_of(terms, ticket.facts, now, ticket.calendars, history)
        result = judge(case)
    except BeyondCalendar:
        return [Answer(place, 1, State.OPEN, 0, None)]
    return _counted([_answer(place, 1, case, result)])


def _recurring(
    terms: Guarantee, ticket: Told, place: int, now: dt.datetime, history: Sequence[Earlier]
) -> list[Answer]:
    args = (ticket.facts, now, ticket.calendars, history)
    found = [
        _answer(place, one.number, one.case, one.result)
        for one in occurrences(terms, *args, answer=_lean)
    ]
    if found or terms.recurrence is None:
        return _counted(found)
    start = case_of(terms, *args).value(terms.recurrence.start)[0]
    never = start is not None and start <= now
    return [Answer(place, 1, State.EXCLUDED if never else State.OPEN, 0, None)]


def _lean(case: Case) -> Result:
    """Without the next change, which nobody waits for here."""
    result = judge(case)
    if result.state is State.NOT_APPLICABLE:
        return result
    return replace(result, broken_at=broken_at(case))


def _answer(place: int, number: int, case: Case, result: Result) -> Answer:
    return Answer(place, number, result.state, _money(result), case)


def _money(result: Result) -> int | None:
    """Paying late ourselves is no part of it."""
    owed = result.owed
    if owed is None or owed.remedy in WITHOUT_MONEY:
        return 0
    return owed.amount_minor


def _counted(found: list[Answer]) -> list[Answer]:
    return [one for one in found if one.state is not State.NOT_APPLICABLE]


# ---- all together


def settle(terms: GuaranteeTerms, tickets: Sequence[Told], now: dt.datetime) -> list[Answer]:
    """The answers on all tickets, with the amounts that the caps of the organisation leave, and
    with what earlier awards of these tickets do to later ones of the same customer."""
    guarantee = terms.guarantee
    found = [
        one
        for place, ticket in enumerate(tickets)
        for one in answers(guarantee, ticket, place, now)
    ]
    if not (_counts_awards(terms) or uses_history(guarantee)):
        return found
    return list(_Row(terms, tickets, now).settled(found))


def needs_order(terms: GuaranteeTerms) -> bool:
    """Whether one answer depends on when another promise was broken."""
    guarantee = terms.guarantee
    return guarantee.recurrence is not None or _counts_awards(terms) or uses_history(guarantee)


def _counts_awards(terms: GuaranteeTerms) -> bool:
    return terms.caps != Caps()


class _Row:
    """Cases one after the other, each with what those before it were granted."""

    def __init__(self, terms: GuaranteeTerms, tickets: Sequence[Told], now: dt.datetime) -> None:
        self._terms, self._tickets, self._now = terms, tickets, now
        self._looks_back = uses_history(terms.guarantee)
        self._used: dict[CapKey, int] = defaultdict(int)
        self._granted: dict[uuid.UUID, list[Earlier]] = defaultdict(list)

    def settled(self, found: Sequence[Answer]) -> Iterator[Answer]:
        timed = [(self._at(one), self._tickets[one.place].ticket_id, one) for one in found]
        for at, _, one in sorted(timed, key=lambda each: (*each[:2], each[2].number)):
            yield self._next(at, one)

    def _at(self, one: Answer) -> dt.datetime:
        """When it was broken; of what is not, or was broken by what happened, the last fact."""
        case = one.case
        if case is None:
            return self._now
        at = broken_at(case) if one.state is State.BROKEN else None
        if at is not None and at <= self._now:
            return at
        times = [t for t in case.facts.values() if isinstance(t, dt.datetime) and t <= self._now]
        return max(times, default=self._now)

    def _next(self, at: dt.datetime, one: Answer) -> Answer:
        ticket = self._tickets[one.place]
        customer_id = ticket.customer_id
        if self._looks_back and customer_id is not None and self._granted[customer_id]:
            one = self._again(ticket, one, self._granted[customer_id])
        if one.state is not State.BROKEN or not one.amount_minor:
            return one
        one = replace(one, amount_minor=self._capped(ticket, one.amount_minor))
        if customer_id is not None and one.amount_minor:
            texts = {name: text for name, text in ticket.facts.items() if isinstance(text, str)}
            self._granted[customer_id].append(Earlier(at, one.amount_minor, texts))
        return one

    def _again(self, ticket: Told, one: Answer, history: Sequence[Earlier]) -> Answer:
        again = answers(self._terms.guarantee, ticket, one.place, self._now, tuple(history))
        return next((each for each in again if each.number == one.number), one)

    def _capped(self, ticket: Told, amount_minor: int) -> int:
        claim = Claim(
            ticket.ticket_id,
            ticket.branch_id,
            ticket.day_on,
            ticket.customer_id,
            ticket.device_id,
            amount_minor=amount_minor,
        )
        keys = cap_keys(self._terms, claim)
        used: Mapping[CapKey, int] = {key: self._used[key] for key in keys.values()}
        [award] = allocate(self._terms, [claim], used)
        if award.amount_minor:
            for kind, key in keys.items():
                self._used[key] += award.amount_minor if kind is CapKind.CASE else 1
        return award.amount_minor


# ---- many limits at once


def answer_of(place: int, case: Case | None) -> Answer:
    """None is a case beyond its calendar."""
    try:
        if case is not None:
            return _answer(place, 1, case, judge(case))
    except BeyondCalendar:
        pass
    return Answer(place, 1, State.OPEN, 0, None)


def turns(
    variants: Sequence[Guarantee], ticket: Told, now: dt.datetime
) -> list[tuple[int, Case | None]]:
    """Over terms whose limits rise: from which variant on which answer holds, each by a case that
    has it. Only for limits that stand apart: what is the same at both ends of a run is the same
    within it."""
    known: dict[int, tuple[object, Case | None]] = {}

    def broken(place: int) -> object:
        if place not in known:
            case = case_of(variants[place], ticket.facts, now, ticket.calendars)
            try:
                known[place] = case.value(variants[place].broken_when), case
            except BeyondCalendar:
                known[place] = "beyond", None
        return known[place][0]

    def search(low: int, high: int) -> Iterator[int]:
        """The turns above `low` and up to `high`."""
        if broken(low) == broken(high):
            return
        if high - low == 1:
            yield high
            return
        middle = (low + high) // 2
        yield from search(low, middle)
        yield from search(middle, high)

    starts = [0, *search(0, len(variants) - 1)]
    return [(start, known[start][1]) for start in starts]
