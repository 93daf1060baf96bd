"""Why a deadline lies where it lies, and how a time was measured."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from promises.kernel.calendars import PreparedCalendar
from promises.kernel.zones import local_clock, local_date
from promises.rules.guarantee import instants as i
from promises.rules.guarantee import moments
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.facts import midnight
from promises.rules.guarantee.phrases_of_time import added
from promises.rules.guarantee.telling import Telling, last_in_time
from promises.rules.guarantee.times import place
from promises.rules.guarantee.vocabulary import Instant
from promises.rules.steps import Step

MOST_SHOWN = 31
"""Windows of opening time that are listed one by one; beyond them only the sum is told."""
_DAY = timedelta(days=1)


def tell_deadline(telling: Telling, name: Step, part: Instant) -> Iterator[Step]:
    """A deadline or another instant with a name."""
    what = telling.phrases.of(part)
    at = telling.known(part)
    if at is None:
        yield Step("deadline_unknown", {"name": name, "what": what})
    elif isinstance(part, i.Deadline):
        yield from _placed(telling, name, part)
    else:
        yield Step("instant", {"name": name, "at": at, "what": what})


def _placed(telling: Telling, name: Step, part: i.Deadline) -> Iterator[Step]:
    """A deadline whose instant is known."""
    placed = cast(moments.Placed, place(telling.case, part)[0])
    start = telling.known(part.start)
    of = telling.phrases.inner(part.start)
    add = added(telling.phrases, part)
    shown = last_in_time(start) if isinstance(part.start, i.NamedDeadline | i.Deadline) else start
    yield Step("deadline_start", {"name": name, "of": of, "at": shown, "add": add})
    if placed.moved:
        yield _moved(telling, part, start, placed)
    elif placed.received_on is not None:
        yield Step("counted_from", {"day": placed.received_on})
    if placed.skipped:
        days = tuple(Step("on", {"on": day}) for day in placed.skipped)
        yield Step("skipped", {"days": days})
    if placed.rolled and placed.last_on is not None:
        yield Step("rolled", {"day": placed.last_on})
    if part.pauses is not None:
        yield from _pauses(telling, part.pauses, start, placed.due)
    yield due_step(telling, name, placed.due, exclusive=not part.inclusive)


def _moved(telling: Telling, part: i.Deadline, start: datetime, placed: moments.Placed) -> Step:
    _, local = local_clock(start, telling.case.zone)
    if part.cut_off is not None and local >= part.cut_off:
        return Step("received_late", {"time": part.cut_off, "day": placed.received_on})
    return Step("received_closed", {"day": placed.received_on})


def due_step(telling: Telling, name: Step, due: datetime, *, exclusive: bool) -> Step:
    """An exclusive end as people read it: the last day, or the last moment that is in time."""
    last = last_in_time(due)
    day = local_date(last, telling.case.zone)
    if midnight(day + _DAY, telling.case.zone) == due:
        return Step("due_day", {"name": name, "day": day})
    if exclusive or due.microsecond == 0:
        return Step("due_before", {"name": name, "at": due})
    return Step("due_until", {"name": name, "at": last})


def _pauses(telling: Telling, pauses: n.Pauses, start: datetime, end: datetime) -> Iterator[Step]:
    for since, until, reason in telling.case.facts.get(pauses.fact, ()):
        if pauses.reasons is not None and reason not in pauses.reasons:
            continue
        if since >= end or (until is not None and until <= start):
            continue
        why = reason or "–"
        if until is None:
            yield Step("pause_lasting", {"start": since, "reason": why})
        else:
            span = min(until, end) - max(since, start)
            yield Step("pause", {"start": since, "end": until, "reason": why, "span": span})


def tell_measure(telling: Telling, name: str) -> Iterator[Step]:
    part = telling.terms.measures[name]
    money = name in telling.money
    what = telling.phrases.of(part, money=money)
    params: dict[str, object] = {"name": telling.name(name), "what": what}
    value, moving = telling.look(part)
    if value is None:
        yield Step("measured_unknown", params)
        return
    params["value"] = telling.amount(value) if money else telling.quantity(part, value)
    yield Step("measured_so_far" if moving else "measured", params)
    yield from counted_windows(telling, part)


def counted_windows(telling: Telling, part: Any) -> Iterator[Step]:
    """What went into a time that was measured: openings, pauses, spells."""
    if isinstance(part, n.Spells):
        yield from _spells(telling, part)
    if not isinstance(part, n.Elapsed | n.CalendarDays):
        return
    start, end = telling.known(part.start), telling.known(part.end)
    if start is None or end is None or start >= end:
        return
    if isinstance(part, n.Elapsed) and part.calendar is not None:
        yield from _windows(telling, telling.case.calendars[part.calendar], start, end)
    if part.pauses is not None:
        yield from _pauses(telling, part.pauses, start, end)


def _windows(
    telling: Telling, opening: PreparedCalendar, start: datetime, end: datetime
) -> Iterator[Step]:
    first, last = (local_date(at, opening.spec.zone) for at in (start, end))
    if (last - first).days >= MOST_SHOWN:
        return
    for count in range((last - first).days + 1):
        day = first + count * _DAY
        since = max(start, midnight(day, opening.spec.zone))
        until = min(end, midnight(day + _DAY, opening.spec.zone))
        span = opening.open_between(since, until)
        if span:
            yield Step("open_window", {"day": day, "span": span})


def _spells(telling: Telling, part: n.Spells) -> Iterator[Step]:
    given = telling.case.facts.get(part.fact, ())
    if part.reasons is not None:
        given = tuple(one for one in given if one[2] in part.reasons)
    gap = timedelta(seconds=part.merge_gap_s)
    groups = moments.merge_spells(given, telling.case.now, gap)
    if part.within is not None:
        since, until = (telling.known(one) for one in part.within)
        if since is None or until is None:
            return
        groups = [(max(a, since), min(b, until)) for a, b in groups if a < until and b > since]
    for start, end in groups[:MOST_SHOWN]:
        spans = [(start, end)] if part.count_gap else moments.spans_in(given, start, end)
        span = sum((b - a for a, b in spans), timedelta())
        yield Step("spell", {"start": start, "end": end, "span": span})
