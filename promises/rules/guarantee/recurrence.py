"""A promise that comes due again and again: each deadline is a case of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from promises.kernel.calendars import PreparedCalendar
from promises.rules.guarantee.case import AFTER_MISSED, Case, Earlier
from promises.rules.guarantee.clauses import Guarantee, Recurrence
from promises.rules.guarantee.engine import Result, evaluate
from promises.rules.guarantee.interpreter import case_of


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`number` counts from 1. The case holds the facts of this occurrence alone."""

    number: int
    started_at: datetime
    case: Case
    result: Result


def occurrences(
    terms: Guarantee,
    facts: Mapping[str, Any],
    now: datetime,
    calendars: Mapping[str, PreparedCalendar],
    history: Sequence[Earlier] = (),
    answer: Callable[[Case], Result] = evaluate,
) -> Iterator[Occurrence]:
    """The occurrences that have begun by now, in order; of a promise without recurrence nothing.

    The next one begins with the word that kept the one before, or with its missed deadline: whoever
    is silent for three weeks breaks a weekly promise three times. After the end none begins, and
    the end itself is word enough for the one that is running. `answer` has to say `broken_at`.
    """
    recurrence = terms.recurrence
    if recurrence is None:
        return
    whole = case_of(terms, facts, now, calendars, history)
    start: datetime | None = whole.value(recurrence.start)[0]
    ends = None if recurrence.ends is None else whole.value(recurrence.ends)[0]
    missed = False
    for number in range(1, recurrence.most + 1):
        if start is None or start > now or (ends is not None and start >= ends):
            return
        word = _first_word(facts, recurrence, start, ends)
        own = {**facts, "period_start": start, AFTER_MISSED: missed}
        if word is not None:
            own["word_at"] = word
        case = case_of(terms, own, now, calendars, history)
        result = answer(case)
        yield Occurrence(number, start, case, result)
        due = result.broken_at
        missed = word is None or (due is not None and word >= due)
        start = due if missed else word


def _first_word(
    facts: Mapping[str, Any], recurrence: Recurrence, start: datetime, ends: datetime | None
) -> datetime | None:
    after = [at for at in facts.get(recurrence.word, ()) if at > start]
    return min((*after, *(() if ends is None else (ends,))), default=None)
