"""What is promised and by when: the first clause of a promise, and what its clock says besides."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import instants as i
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.moments import OPEN_SECONDS, SECONDS
from promises.rules.guarantee.phrases_of_numbers import pauses_phrase
from promises.rules.guarantee.phrasing import BRANCH, Phrases
from promises.rules.guarantee.units import counted
from promises.rules.guarantee.vocabulary import At, Comparator, Receipt, Unit
from promises.rules.guarantee.wording_texts import WORDING
from promises.rules.steps import Step

_MOST_COUNTED = 10
_PROMISED = ("promised_at", "promised_on", "promised_date")
_LATER = (Comparator.MORE, Comparator.AT_LEAST)
_EARLIER = (Comparator.LESS, Comparator.AT_MOST)


@dataclass(frozen=True, slots=True)
class Clause:
    """`promise` has no full stop; `rest` are the sentences that belong to its clock."""

    promise: Step
    rest: tuple[Step, ...] = ()


def promise_clause(phrases: Phrases) -> Clause | None:
    """The promise as a clause; None where its condition is of no common shape."""
    match phrases.terms.broken_when:
        case c.Before(first=due, second=i.OrNow(of=event), or_at=True):
            return _by_deadline(phrases, _named(phrases.terms, due), event)
        case c.Compare(left=left, op=op, right=n.Literal(value)):
            measured = _measured(phrases.terms, left)
            if isinstance(measured, n.Elapsed) and op in _LATER:
                return _within(phrases, measured, value, inclusive=op is Comparator.MORE)
            if isinstance(measured, n.Elapsed) and op in _EARLIER:
                return _notice(phrases, measured, value, inclusive=op is Comparator.LESS)
            if isinstance(measured, n.CalendarDays) and op in _LATER:
                days = value if op is Comparator.MORE else value - 1
                return _on_day(phrases, measured, days)
    return None


def _named(terms: Guarantee, part: Any) -> Any:
    return terms.deadlines[part.name] if isinstance(part, i.NamedDeadline) else part


def _measured(terms: Guarantee, part: Any) -> Any:
    return terms.measures[part.name] if isinstance(part, n.Measure) else part


def _usual(phrases: Phrases, word: str, part: Any) -> Step | None:
    """The words for a fact that the product knows and that nobody has named otherwise."""
    labels = phrases.terms.document.get("labels") or {}
    if not isinstance(part, i.InstantFact) or part.name in labels:
        return None
    code = f"{word}_{part.name}"
    return Step(code, {}) if code in WORDING else None


def _since(phrases: Phrases, part: Any) -> Step:
    usual = _usual(phrases, "since", part)
    return Step("since_other", {"name": phrases.inner(part)}) if usual is None else usual


def _clause(phrases: Phrases, start: Any, event: Any, when: Step, rest: Iterator[Step]) -> Clause:
    """Who does what by when. The first of several events is the one that is promised."""
    others: tuple[Any, ...] = ()
    if isinstance(event, i.Extreme) and not event.latest:
        event, others = event.of[0], event.of[1:]
    does = _usual(phrases, "do", event)
    if does is None:
        does = Step("do_other", {"event": phrases.inner(event)})
    elif does.code == "do_called_at" and _waiting(start):
        does = Step("do_your_number", {})
    ends = [Step("say_ends_too", {"names": phrases.several(others)})] if others else []
    return Clause(Step("when", {"event": does, "when": when}), (*ends, *rest))


def _waiting(start: Any) -> bool:
    return isinstance(start, i.InstantFact) and start.name in ("arrived_at", "joined_at")


def _by_deadline(phrases: Phrases, due: Any, event: Any) -> Clause:
    if isinstance(due, i.Deadline) and isinstance(due.add, n.Literal):
        span = counted(due.unit, due.add.value)
        since = _since(phrases, due.start)
        if due.unit in SECONDS:
            when = _span(due.unit, due.add.value, since, inclusive=due.inclusive)
            return _clause(phrases, due.start, event, when, _clock(phrases, due))
        if due.at in (None, At.END_OF_DAY):
            when = _end_of_day(phrases, due, due.add.value, span, since)
            return _clause(phrases, due.start, event, when, _clock(phrases, due))
    return _clause(phrases, due, event, Step("by_then", {"deadline": phrases.of(due)}), iter(()))


def _span(unit: Unit, value: Fraction, since: Step, *, inclusive: bool) -> Step:
    code = "within" if inclusive else "under"
    span = counted(unit.removeprefix("open_"), value)
    return Step(f"{code}_open" if unit in OPEN_SECONDS else code, {"span": span, "since": since})


def _end_of_day(
    phrases: Phrases, due: i.Deadline, count: Fraction, span: Step, since: Step
) -> Step:
    counts_days = due.unit in (Unit.WORKING_DAY, Unit.CALENDAR_DAY)
    if count == 0:
        if isinstance(due.start, i.InstantFact) and due.start.name in _PROMISED:
            return Step("end_of_promised_day", {})
        return Step("end_of_same_day", {"name": phrases.inner(due.start)})
    if counts_days and count in range(1, _MOST_COUNTED + 1):
        return Step(f"end_of_{due.unit}", {"nth": Step(f"nth_{count}", {}), "since": since})
    return Step("end_of_last_day", {"span": span, "since": since})


def _clock(phrases: Phrases, due: i.Deadline) -> Iterator[Step]:
    if due.calendar is not None:
        own = due.calendar == BRANCH
        yield Step("say_branch", {}) if own else Step("say_calendar", {"calendar": due.calendar})
    if due.cut_off is not None:
        code = "say_cut_off" if due.cut_off_inclusive else "say_cut_off_from"
        if due.receipt is Receipt.NEXT_OPENING:
            code = code.replace("cut_off", "cut_off_opening")
        yield Step(code, {"time": due.cut_off})
    elif due.receipt is not Receipt.COUNTS:
        yield Step(f"say_receipt_{due.receipt}", {})
    if due.roll is not None:
        yield Step(f"say_roll_{due.roll}", {})
    if due.pauses is not None:
        yield _pauses(phrases, due.pauses)


def _pauses(phrases: Phrases, pauses: n.Pauses) -> Step:
    found = pauses_phrase(phrases, pauses)
    return Step(f"say_{found.code}", found.params)


def _within(
    phrases: Phrases, measured: n.Elapsed, limit: Fraction, *, inclusive: bool
) -> Clause | None:
    """Time from a start to what should happen, which runs on as long as it has not."""
    if not isinstance(measured.end, i.OrNow):
        return None
    since = _since(phrases, measured.start)
    when = _span(measured.unit, limit, since, inclusive=inclusive)
    return _clause(phrases, measured.start, measured.end.of, when, _measuring(phrases, measured))


def _on_day(phrases: Phrases, measured: n.CalendarDays, days: Fraction) -> Clause | None:
    """Local days from a start to what should happen, so many of them still in time."""
    start = measured.start
    if measured.calendar is not None or not isinstance(measured.end, i.OrNow):
        return None
    if measured.pauses is not None or not isinstance(start, i.InstantFact):
        return None
    if days not in range(_MOST_COUNTED + 1):
        return None
    due = i.Deadline(start, n.Literal(days), Unit.CALENDAR_DAY)
    return _by_deadline(phrases, due, measured.end.of)


def _notice(
    phrases: Phrases, measured: n.Elapsed, least: Fraction, *, inclusive: bool
) -> Clause | None:
    """Time from a word to what it announces, which must not be short."""
    if isinstance(measured.end, i.OrNow) or isinstance(measured.start, i.OrNow):
        return None
    params = {"span": counted(measured.unit, least), "name": phrases.inner(measured.end)}
    params["event"] = phrases.inner(measured.start)
    promise = Step("notice" if inclusive else "notice_over", params)
    return Clause(promise, tuple(_measuring(phrases, measured)))


def _measuring(phrases: Phrases, measured: n.Elapsed) -> Iterator[Step]:
    if measured.calendar is not None:
        yield Step("say_calendar", {"calendar": measured.calendar})
    if measured.whole.value != "no":
        unit = counted(measured.unit, Fraction(1))
        yield Step(f"say_whole_{measured.whole}", {"unit": unit})
    if measured.pauses is not None:
        yield _pauses(phrases, measured.pauses)
