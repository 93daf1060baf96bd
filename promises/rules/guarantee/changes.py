"""When the answer changes although nothing happens.

Time enters a guarantee only where a part uses now. Every such part changes its value at instants
that can be worked out backwards: a span reaches a number, a day begins, an opening ends. These are
the marks; the answer is looked at on each of them, in order, and the first that differs is it. So
nobody has to look at a case before that instant.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from promises.kernel.calendars import BeyondCalendar
from promises.rules.guarantee.case import Case, known
from promises.rules.guarantee.facts import ONE_MICROSECOND
from promises.rules.guarantee.marks import Marks
from promises.rules.guarantee.pipeline import work_out
from promises.rules.guarantee.vocabulary import Number
from promises.rules.guarantee.walk import children


def broken_at(case: Case) -> datetime | None:
    """The first instant at which time breaks the promise when nothing happens; None where time
    alone does not."""
    part = case.terms.broken_when
    if case.now is None:
        case = case.at(_anchor(case) or _EPOCH, blind=True)
    else:
        case = case.at(case.now, blind=True)
    for at in _ordered(Marks(case).of(part)):
        if _broken(case, at) and _broken(case, at - ONE_MICROSECOND) is False:
            return at
    return None


def _broken(case: Case, at: datetime) -> bool | None:
    """None where the calendars do not reach."""
    try:
        return case.at(at, blind=True).value(case.terms.broken_when)[0] is True
    except BeyondCalendar:
        return None


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _anchor(case: Case) -> datetime | None:
    """Any instant of the case: where there is no now, one from which to look."""
    return max((at for at in case.facts.values() if isinstance(at, datetime)), default=None)


def next_change(case: Case, answer: Callable[[Case], object]) -> datetime | None:
    """The first instant after now at which `answer` is another, when nothing happens."""
    now = case.now
    if now is None:
        return None
    before, same_at = answer(case), now
    for at in _ordered(_all_marks(case)):
        if at <= now:
            continue
        try:
            if answer(case.at(at)) != before:
                return _first_other(case, answer, before, same_at, at)
        except BeyondCalendar:
            return None
        same_at = at
    return None


def _first_other(
    case: Case, answer: Callable[[Case], object], before: object, same: datetime, other: datetime
) -> datetime:
    """Where between two instants the answer turns: at the second, but for numbers that go on
    growing against each other."""
    probe = other - ONE_MICROSECOND
    while other - same > ONE_MICROSECOND:
        if answer(case.at(probe)) == before:
            same = probe
        else:
            other = probe
        probe = same + (other - same) // 2
    return other


def _ordered(marks: Iterator[datetime]) -> list[datetime]:
    """Each mark with its neighbours: a limit may itself still be in time, and a deadline, or one
    that hangs on another, stands for the instant before it."""
    found: set[datetime] = set()
    for at in marks:
        found |= {at + shift * ONE_MICROSECOND for shift in (-2, -1, 0, 1)}
    return sorted(found)


def _all_marks(case: Case) -> Iterator[datetime]:
    terms, marks = case.terms, Marks(case)
    for group in terms.dated:
        yield from marks.of_rows(group)
    yield from marks.of(terms.broken_when)
    if terms.applies_when is not None:
        yield from marks.of(terms.applies_when)
    amounts = [terms.amount, *(one.amount for one in terms.remedies.options if one.amount)]
    for amount in amounts:
        yield from marks.of(amount)
        yield from _step_marks(case, marks, amount)
    for part in (*terms.exclusions, *terms.steps):
        yield from marks.of(part)
    ends = [terms.claim.until, terms.claim.not_before]
    if terms.payment is not None:
        ends.append(terms.payment.due)
    for end in ends:
        at = None if end is None else known(case, end)
        if at is not None:
            yield at


def _step_marks(case: Case, marks: Marks, amount: Number) -> Iterator[datetime]:
    """When the amount comes to what a step compares it with, or that to the amount: and one further
    or less, for what is paid is rounded."""
    value = known(case, amount)
    taken = () if value is None else work_out(case, value).steps
    for step, one in zip(case.terms.steps, taken, strict=False):
        if one.limit is None:
            continue
        for apart in (-1, 0, 1):
            yield from marks.crossings(amount, one.limit + apart)
            for limit in children(step):
                yield from marks.crossings(limit, one.before + apart)
