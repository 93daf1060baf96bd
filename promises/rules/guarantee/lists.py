"""Numbers out of lists, periods and earlier awards."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any

from promises.kernel.zones import local_date
from promises.rules.guarantee import moments
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.arithmetic import whole
from promises.rules.guarantee.case import UNKNOWN, Case, Earlier, Value, Work
from promises.rules.guarantee.facts import Unreadable, midnight, read_day
from promises.rules.guarantee.vocabulary import Condition, Take

_HUNDRED = 100
SPAN_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}
"""The fields of an interval that say how long it is, with their seconds."""


def _record(case: Case, entry: Any) -> Mapping[str, Any]:
    """An entry as a record: a plain one is its `value`, an interval has a start, an end, a reason
    and its length, which for one that lasts runs to now."""
    if isinstance(entry, Mapping):
        return entry
    if not isinstance(entry, tuple):
        return {"value": entry}
    start, end, reason = entry
    until = case.now if end is None else end
    found = {"start": start, "end": end, "reason": reason}
    if until is not None:
        span = moments.micro(max(until - start, timedelta()))
        found |= {name: Fraction(span, 1_000_000 * size) for name, size in SPAN_UNITS.items()}
    return found


def entries_of(
    case: Case, found: Iterable[Any], where: Condition | None
) -> Iterator[tuple[Mapping[str, Any], bool | None, bool]]:
    """The entries as records, each while it is looked at, with whether the condition holds and
    whether it still moves."""
    outer = case.item
    for entry in found:
        record = case.item = _record(case, entry)
        holds, moving = (True, False) if where is None else case.value(where)
        yield record, holds, moving
    case.item = outer


def _count(case: Case, part: n.CountOf) -> Value:
    found = case.facts.get(part.fact)
    if found is None:
        return UNKNOWN
    looked_at = list(entries_of(case, found, part.where))
    moving = any(shifting for _, _, shifting in looked_at)
    moving = moving or (part.spans and any(end is None for _, end, _ in found))
    if any(holds is None for _, holds, _ in looked_at):
        return None, moving
    entries = [record for record, holds, _ in looked_at if holds]
    if part.within_days is None:
        return Fraction(len(entries)), moving
    field = part.at or ("start" if part.spans else "value")
    instants = sorted(_instant_of(case, one, field) for one in entries)
    days = [local_date(at, case.zone) for at in instants if at > _NEVER]
    if len(days) < len(entries):
        return None, moving
    span = timedelta(days=part.within_days)
    most = first = 0
    for last, day in enumerate(days):
        while day - days[first] > span:
            first += 1
        most = max(most, last - first + 1)
    return Fraction(most), moving


def _instant_of(case: Case, record: Mapping[str, Any], name: str) -> datetime:
    try:
        return read_day(record.get(name), case.zone)
    except Unreadable:
        return _NEVER


_NEVER = datetime.min.replace(tzinfo=UTC)


def _total(case: Case, part: n.TotalOf) -> Value:
    found = case.facts.get(part.fact)
    if found is None:
        return UNKNOWN
    total = Fraction(0)
    known, moving = True, False
    for _, holds, shifting in entries_of(case, found, part.where):
        moving = moving or shifting
        if holds is False:
            continue
        value, shifting = case.value(part.of) if holds else UNKNOWN
        moving = moving or shifting
        known = known and value is not None
        total += value or 0
    return (total if known else None), moving


def _spells(case: Case, part: n.Spells) -> Value:
    lengths, moving = spell_lengths(case, part)
    if lengths is None:
        return None, moving
    unit_us = moments.SECONDS[part.unit] * 1_000_000
    return whole(Fraction(_taken(lengths, part.take), unit_us), part.whole), moving


def spell_lengths(case: Case, part: n.Spells) -> tuple[list[int] | None, bool]:
    """How many microseconds each interruption lasted, in order; None where nobody knows; and
    whether that still moves."""
    given = case.facts.get(part.fact)
    if given is None:
        return UNKNOWN
    if part.reasons is not None:
        given = tuple(one for one in given if one[2] in part.reasons)
    lasting = any(end is None for _, end, _ in given)
    if lasting and case.now is None:
        return UNKNOWN
    groups = moments.merge_spells(given, case.now, timedelta(seconds=part.merge_gap_s))
    if part.within is not None:
        (start, moving), (end, shifting) = (case.value(one) for one in part.within)
        lasting = lasting or moving or shifting
        if start is None or end is None:
            return None, lasting
        cut = [(max(a, start), min(b, end)) for a, b in groups]
        groups = [(a, b) for a, b in cut if a < b]
    return [_length(part, given, start, end) for start, end in groups], lasting


def _length(part: n.Spells, given: Any, start: datetime, end: datetime) -> int:
    if part.count_gap:
        return moments.micro(end - start)
    return sum(moments.micro(b - a) for a, b in moments.spans_in(given, start, end))


def _taken(lengths: Sequence[int], take: Take) -> int:
    if not lengths:
        return 0
    if take is Take.TOTAL:
        return sum(lengths)
    return max(lengths) if take is Take.LONGEST else lengths[-1]


def _uptime(case: Case, part: n.UptimePercent) -> Value:
    period, down = case.facts.get(part.period), case.facts.get(part.down)
    if period is None or down is None:
        return UNKNOWN
    start, end = midnight(period.first, case.zone), midnight(period.after, case.zone)
    total = Fraction(moments.micro(end - start), 60_000_000)
    lost = Fraction(0)
    for minutes in _minutes(down, start, end):
        if minutes >= part.shortest:
            lost += floor(minutes) if part.whole_minutes else minutes
    return _HUNDRED * (total - min(lost, total)) / total, False


def _minutes(down: Sequence[Any], start: datetime, end: datetime) -> Iterator[Fraction]:
    if all(isinstance(one, Fraction) for one in down):
        yield from down
        return
    for since, until in moments.spans_in(down, start, end):
        yield Fraction(moments.micro(until - since), 60_000_000)


def _length_of(case: Case, part: n.LengthOf) -> Value:
    period = case.facts.get(part.period)
    if period is None:
        return UNKNOWN
    span = midnight(period.after, case.zone) - midnight(period.first, case.zone)
    return Fraction(moments.micro(span), moments.SECONDS[part.unit] * 1_000_000), False


def _earlier(case: Case, part: n.Earlier) -> Value:
    dated, moving = case.value(part.dated)
    if dated is None:
        return None, moving
    found = earlier_in(case, part.window, dated)
    used = sum(one.amount_minor for one in found) if part.amount else len(found)
    return Fraction(used), moving


def earlier_in(case: Case, window: n.Window, dated: datetime) -> list[Earlier]:
    start, end, _ = moments.window_at(window, dated, case.zone)
    return [one for one in case.history if start <= one.at < end]


LISTS: Work = {
    n.CountOf: _count,
    n.TotalOf: _total,
    n.Spells: _spells,
    n.UptimePercent: _uptime,
    n.LengthOf: _length_of,
    n.Earlier: _earlier,
}
