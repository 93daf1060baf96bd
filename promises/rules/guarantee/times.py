"""The value of instants."""

from promises.rules.guarantee import instants as i
from promises.rules.guarantee import moments
from promises.rules.guarantee.case import UNKNOWN, Case, Value, Work
from promises.rules.guarantee.facts import ONE_MICROSECOND, Period, Unreadable, midnight, read_day
from promises.rules.guarantee.logic import choose


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
    found = [case.value(one) for one in part.of]
    known = [one for one in found if one[0] is not None]
    if not known or (len(known) < len(found) and not part.skip_missing):
        return UNKNOWN
    if part.latest:  # now may still overtake what is later than it
        return max(at for at, _ in known), any(moving for _, moving in known)
    return min(known, key=lambda one: (one[0], one[1]))


def _first_known(case: Case, part: i.FirstKnown) -> Value:
    return next((one for one in map(case.value, part.of) if one[0] is not None), UNKNOWN)


def _chosen_instant(case: Case, part: i.ChosenInstant) -> Value:
    return choose(case, part.rows, part.otherwise)


def _in_list(case: Case, part: i.InList) -> Value:
    found = case.facts.get(part.fact)
    if found is None:
        return UNKNOWN
    if part.after is not None:
        after, moving = case.value(part.after)
        if after is None:
            return None, moving
        found = [at for at in found if at > after]
    if not found:
        return UNKNOWN
    return (max if part.latest else min)(found), False


def _edge(case: Case, part: i.EdgeOf) -> Value:
    period: Period | None = case.facts.get(part.period)
    if period is None:
        return UNKNOWN
    return midnight(period.after if part.end else period.first, case.zone), False


def _deadline(case: Case, part: i.Deadline) -> Value:
    placed, moving = place(case, part)
    return None if placed is None else placed.due, moving


def place(case: Case, part: i.Deadline) -> tuple[moments.Placed | None, bool]:
    """Where the deadline lies, with what was skipped and moved on the way."""
    start, moving = case.value(part.start)
    add, shifting = case.value(part.add)
    if start is None or add is None:
        return None, moving or shifting
    if case.is_deadline(part.start) and part.unit not in moments.SECONDS:
        start -= ONE_MICROSECOND
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
}
