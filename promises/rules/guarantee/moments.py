"""The arithmetic of deadlines, days and windows, on instants that are already known."""

import calendar
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction

from promises.kernel.calendars import PreparedCalendar
from promises.kernel.zones import local_clock, local_date, resolve_local
from promises.rules.guarantee.facts import ONE_MICROSECOND, Interval, midnight
from promises.rules.guarantee.instants import Deadline
from promises.rules.guarantee.numbers import Window
from promises.rules.guarantee.vocabulary import At, Receipt, Roll, Unit

_DAY = timedelta(days=1)
REAL_SECONDS = {
    Unit.SECOND: 1,
    Unit.MINUTE: 60,
    Unit.HOUR: 3600,
    Unit.DAY: 86_400,
}
OPEN_SECONDS = {Unit.OPEN_SECOND: 1, Unit.OPEN_MINUTE: 60, Unit.OPEN_HOUR: 3600}
SECONDS = REAL_SECONDS | OPEN_SECONDS
MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Placed:
    """A deadline worked out. `received_on` is the day from which days are counted, `skipped` the
    days that the calendar closes by exception on the way, `rolled` whether the last day moved."""

    due: datetime
    received_on: date | None = None
    moved: bool = False
    last_on: date | None = None
    skipped: tuple[date, ...] = ()
    rolled: bool = False


def micro(span: timedelta) -> int:
    return span // ONE_MICROSECOND


def spans_in(
    intervals: Iterable[Interval],
    start: datetime,
    end: datetime,
    reasons: frozenset[str] | None = None,
) -> list[Span]:
    """The parts of the intervals within [start, end), overlapping ones made one. One that lasts
    still ends with the span."""
    merged: list[Span] = []
    for since, until, reason in intervals:
        if reasons is not None and reason not in reasons:
            continue
        since, until = max(since, start), end if until is None else min(until, end)
        if since >= until:
            continue
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged


def measured(
    start: datetime, end: datetime, opening: PreparedCalendar | None, pauses: list[Span]
) -> timedelta:
    """Real or open time from start to end without the pauses; negative the other way round."""
    if opening is None:
        return end - start - sum((b - a for a, b in pauses), timedelta())
    paused = sum((opening.open_between(a, b) for a, b in pauses), timedelta())
    return opening.open_between(start, end) - paused


def advance(
    start: datetime,
    span: timedelta,
    opening: PreparedCalendar | None,
    pauses: Iterable[Interval],
    reasons: frozenset[str] | None,
) -> datetime | None:
    """The first instant by which `span` has gone by, pauses not counted; None in a pause that
    lasts still, for then nobody knows."""
    add = _real if opening is None else opening.add_open
    at = add(start, span)
    for since, until, reason in sorted(pauses, key=lambda one: one[0]):
        since = max(since, start)
        if (reasons is not None and reason not in reasons) or since >= at:
            continue
        if until is None:
            return None
        if until <= since:
            continue
        left = span - measured(start, since, opening, [])
        start, span = until, left
        at = add(start, span)
    return at


def _real(start: datetime, span: timedelta) -> datetime:
    return start + span


def place(
    deadline: Deadline,
    start: datetime,
    add: Fraction,
    zone: str,
    opening: PreparedCalendar | None,
    pauses: Iterable[Interval],
) -> Placed | None:
    """Where the deadline lies: the first instant, in UTC, that is too late. None while a pause
    lasts."""
    reasons = deadline.pauses.reasons if deadline.pauses else None
    if deadline.unit in OPEN_SECONDS and add < 0:
        return None
    if deadline.unit in SECONDS:
        span = timedelta(microseconds=int(add * SECONDS[deadline.unit] * 1_000_000))
        running = opening if deadline.unit in OPEN_SECONDS else None
        at = advance(start, span, running, pauses, reasons)
        return None if at is None else Placed(_closed(at, deadline))
    received, clock, moved = _receipt(deadline, start, zone, opening)

    def placed(last: date) -> Placed:
        rolled = last
        if deadline.roll is not None and opening is not None:
            rolled = opening.roll(last, deadline.roll is Roll.PREVIOUS_OPEN_DAY)
        skipped: tuple[date, ...] = ()
        if opening is not None and rolled > received:
            skipped = opening.closed_days_between(received, rolled)
        due = _moment(deadline, rolled, clock, zone, opening)
        return Placed(due, received, moved, rolled, skipped, rolled != last)

    counted = opening if deadline.unit is Unit.WORKING_DAY else None
    last = _count_days(deadline, received, int(add), opening)
    held_up = [one for one in pauses if reasons is None or one[2] in reasons]
    return _without_pauses(last, placed, start, zone, counted, held_up)


def _closed(at: datetime, deadline: Deadline) -> datetime:
    return at + ONE_MICROSECOND if deadline.inclusive else at


def _receipt(
    deadline: Deadline, start: datetime, zone: str, opening: PreparedCalendar | None
) -> tuple[date, time, bool]:
    """The local day and time of day from which it counts, and whether they were moved."""
    day, clock = local_clock(start, zone)
    late = deadline.cut_off is not None and (
        clock > deadline.cut_off or (clock == deadline.cut_off and not deadline.cut_off_inclusive)
    )
    if opening is None or deadline.receipt is Receipt.COUNTS:
        return (day + _DAY, clock, True) if late else (day, clock, False)
    if deadline.cut_off is None and deadline.receipt is Receipt.NEXT_OPENING:
        opened = opening.next_opening(start)
    elif opening.is_open_day(day) and not late:
        if deadline.receipt is Receipt.NEXT_OPEN_DAY:
            return day, clock, False
        opened = max(start, opening.opening_of_day(day) or start)
    else:
        day = opening.add_open_days(day, 1)
        opened = opening.opening_of_day(day) or midnight(day, zone)
    return *local_clock(opened, zone), opened != start


def _count_days(
    deadline: Deadline, received: date, count: int, opening: PreparedCalendar | None
) -> date:
    if deadline.unit is Unit.WORKING_DAY and opening is not None:
        return opening.add_open_days(received, count)
    if deadline.unit in MONTHS:
        return add_months(received, count * MONTHS[deadline.unit])
    return received + count * (7 * _DAY if deadline.unit is Unit.WEEK else _DAY)


def _moment(
    deadline: Deadline, day: date, clock: time, zone: str, opening: PreparedCalendar | None
) -> datetime:
    at = deadline.at
    if at is At.START_OF_DAY:
        return midnight(day, zone)
    if at is At.CLOSING_TIME and opening is not None:
        closing = opening.closing_of_day(day)
        if closing is not None:
            return closing
    if at is At.SAME_TIME:
        at = clock
    if isinstance(at, time):
        return _closed(resolve_local(datetime.combine(day, at), zone).instant, deadline)
    return midnight(day + _DAY, zone)


def add_months(day: date, months: int) -> date:
    """The corresponding day, or the last one of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(first: date, last: date, months: int, *, begun: bool) -> int:
    """How many spans of so many months lie between; negative ones are none."""
    if last <= first:
        return 0
    count = ((last.year - first.year) * 12 + last.month - first.month) // months
    while add_months(first, count * months) > last:
        count -= 1
    if begun and add_months(first, count * months) < last:
        count += 1
    return count


def window_at(window: Window, at: datetime, zone: str) -> tuple[datetime, datetime, str]:
    """Where the window that holds the instant begins and ends, and its name among periods: 2026,
    2026-04 or 2026-04-30; of a financial year the year in which it begins."""
    if window.rolling_days is not None:
        return at - timedelta(days=window.rolling_days), at + ONE_MICROSECOND, ""
    day = local_date(at, zone)
    if window.span == "day":
        first, after, name = day, day + _DAY, day.isoformat()
    elif window.span == "month":
        first = day.replace(day=1)
        after, name = add_months(first, 1), f"{day.year:04d}-{day.month:02d}"
    else:
        year = day.year if (day.month, day.day) >= window.starts else day.year - 1
        first, after = date(year, *window.starts), date(year + 1, *window.starts)
        name = f"{year:04d}"
    return midnight(first, zone), midnight(after, zone), name


def window_names(window: Window, at: datetime, zone: str) -> tuple[str, ...]:
    """By which names the window may stand among numbers by period: a financial year also by the
    two years that it touches."""
    name = window_at(window, at, zone)[2]
    if window.span != "year" or window.starts == (1, 1):
        return (name,)
    after = f"{int(name) + 1:04d}"
    return (name, *(f"{name}{mark}{year}" for mark in "/-" for year in (after[2:], after)))


def days_between(first: date, last: date, opening: PreparedCalendar | None) -> int:
    """Local or open days after the one and up to the other."""
    return (last - first).days if opening is None else opening.open_days_between(first, last)


def _without_pauses(
    last: date,
    placed: Callable[[date], Placed],
    start: datetime,
    zone: str,
    opening: PreparedCalendar | None,
    pauses: Iterable[Interval],
) -> Placed | None:
    """Where the deadline lies when its last day is later by as many days as pauses take that begin
    before it; None in a pause that lasts."""
    found = placed(last)
    for since, until, _ in sorted(pauses, key=lambda one: one[0]):
        since = max(since, start)
        if since >= found.due:
            continue
        if until is None:
            return None
        if until <= since:
            continue
        first = max(local_date(since, zone), found.received_on or last)
        days = days_between(first, max(first, local_date(until, zone)), opening)
        last = last + days * _DAY if opening is None else opening.add_open_days(last, days)
        start, found = until, placed(last)
    return found


def merge_spells(spells: Iterable[Interval], end: datetime | None, gap: timedelta) -> list[Span]:
    """Interruptions as (first start, last end) groups with less than `gap` between them."""
    groups: list[Span] = []
    for start, stop, _ in spells:
        until = end if stop is None else stop
        if until is None or until <= start:
            continue
        if groups and start - groups[-1][1] < gap:
            groups[-1] = (groups[-1][0], max(until, groups[-1][1]))
        else:
            groups.append((start, until))
    return groups
