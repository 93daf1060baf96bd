"""The value of instants."""

from collections.abc import Iterable, Sequence

from promises.rules.guarantee import instants as i
from promises.rules.guarantee import moments
from promises.rules.guarantee.case import AFTER_MISSED, UNKNOWN, Case, Value, Work
from promises.rules.guarantee.facts import ONE_MICROSECOND, Period, Unreadable, midnight, read_day
from promises.rules.guarantee.logic import choose
from promises.rules.guarantee.vocabulary import Instant


def _instant_fact(case: Case, part: i.InstantFact) -> Value:
    return case.facts.get(part.name), False


def _now(case: Case, part: i.Now) -> Value:
    return case.now, True


def _fixed(case: Case, part: i.FixedInstant) -> Value:
    return part.at, False


def _named_deadline(case: Case, part: i.NamedDeadline) -> Value:
    target = case.terms.deadlines[part.name]
    return case.named("deadline", part.name, target)


def _or_now(case: Case, part: i.OrNow) -> Value:
    at, moving = case.value(part.of)
    if at is None or case.blind:
        return case.now, True
    return at, moving


def _extreme(case: Case, part: i.Extreme) -> Value:
    return _outermost(part, [case.value(one) for one in part.of])


def _outermost(part: i.Extreme, found: Sequence[Value]) -> Value:
    known = [one for one in found if one[0] is not None]
    if not known or (len(known) < len(found) and not part.skip_missing):
        return None, any(moving for _, moving in found)
    if part.latest:  # now may still overtake what is later than it
        return max(at for at, _ in known), any(moving for _, moving in known)
    return min(known, key=lambda one: (one[0], one[1]))


def _first_known(case: Case, part: i.FirstKnown) -> Value:
    return _first(map(case.value, part.of))


def _first(found: Iterable[Value]) -> Value:
    return next((one for one in found if one[0] is not None), UNKNOWN)


def _chosen_instant(case: Case, part: i.ChosenInstant) -> Value:
    return choose(case, part.rows, part.otherwise)


def _in_list(case: Case, part: i.InList) -> Value:
    found = case.facts.get(part.fact)
    if found is None:
        return UNKNOWN
    moving = False
    if part.after is not None:
        after, moving = case.value(part.after)
        found = [] if after is None else [at for at in found if at > after]
    return ((max if part.latest else min)(found) if found else None), moving


def _edge(case: Case, part: i.EdgeOf) -> Value:
    period: Period | None = case.facts.get(part.period)
    if period is None:
        return UNKNOWN
    return midnight(period.after if part.end else period.first, case.zone), False


def _deadline(case: Case, part: i.Deadline) -> Value:
    placed, moving = place(case, part)
    return None if placed is None else placed.due, moving


def _last_in_time(case: Case, part: i.LastInTime) -> Value:
    of = part.of
    match of:
        case i.NamedDeadline(name):
            return case.named("last_in_time", name, i.LastInTime(case.terms.deadlines[name]))
        case i.Extreme():
            return _outermost(of, [case.value(i.LastInTime(one)) for one in of.of])
        case i.FirstKnown():
            return _first(case.value(i.LastInTime(one)) for one in of.of)
        case i.ChosenInstant():
            rows = [(condition, i.LastInTime(then)) for condition, then in of.rows]
            return choose(case, rows, i.LastInTime(of.otherwise))
    at, moving = case.value(of)
    if at is not None and _is_deadline(case, of):
        at -= ONE_MICROSECOND
    return at, moving


def _is_deadline(case: Case, part: Instant) -> bool:
    if isinstance(part, i.InstantFact):
        return part.name == "period_start" and case.facts.get(AFTER_MISSED) is True
    return isinstance(part, i.Deadline)


def place(case: Case, part: i.Deadline) -> tuple[moments.Placed | None, bool]:
    """Where the deadline lies, with what was skipped and moved on the way."""
    by_days = part.unit not in moments.SECONDS
    start, moving = case.value(i.LastInTime(part.start) if by_days else part.start)
    add, shifting = case.value(part.add)
    if start is None or add is None:
        return None, moving or shifting
    pauses = case.facts.get(part.pauses.fact, ()) if part.pauses else ()
    opening = None if part.calendar is None else case.calendars[part.calendar]
    return moments.place(part, start, add, case.zone, opening, pauses), moving or shifting


def _field(case: Case, part: i.InstantField) -> Value:
    value = case.item.get(part.name)
    try:
        return (None if value is None else read_day(value, case.zone)), False
    except Unreadable:
        return UNKNOWN


def _next_opening(case: Case, part: i.NextOpening) -> Value:
    at, moving = case.value(part.of)
    return None if at is None else case.calendars[part.calendar].next_opening(at), moving


INSTANTS: Work = {
    i.InstantField: _field,
    i.NextOpening: _next_opening,
    i.InstantFact: _instant_fact,
    i.Now: _now,
    i.FixedInstant: _fixed,
    i.NamedDeadline: _named_deadline,
    i.OrNow: _or_now,
    i.Extreme: _extreme,
    i.FirstKnown: _first_known,
    i.ChosenInstant: _chosen_instant,
    i.InList: _in_list,
    i.EdgeOf: _edge,
    i.Deadline: _deadline,
    i.LastInTime: _last_in_time,
}
