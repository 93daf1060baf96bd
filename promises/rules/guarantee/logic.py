"""The value of conditions, in three values."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from promises.kernel.zones import local_clock
from promises.rules.guarantee import conditions as c
from promises.rules.guarantee.case import Case, Value, Work
from promises.rules.guarantee.vocabulary import Comparator, Condition, Node

COMPARE: dict[Comparator, Callable[[Fraction, Fraction], bool]] = {
    Comparator.LESS: lambda a, b: a < b,
    Comparator.AT_MOST: lambda a, b: a <= b,
    Comparator.EQUAL: lambda a, b: a == b,
    Comparator.OTHER: lambda a, b: a != b,
    Comparator.AT_LEAST: lambda a, b: a >= b,
    Comparator.MORE: lambda a, b: a > b,
}


def choose(
    case: Case,
    rows: Sequence[tuple[Condition, Node]],
    otherwise: Node,
) -> Value:
    shifting = False
    for condition, then in rows:
        holds, moving = case.value(condition)
        shifting = shifting or moving
        if holds is None:
            return None, shifting
        if holds:
            value, moving = case.value(then)
            return value, moving or shifting
    value, moving = case.value(otherwise)
    return value, moving or shifting


def _always(case: Case, part: c.Always) -> Value:
    return part.value, False


def _compare(case: Case, part: c.Compare) -> Value:
    left, moving = case.value(part.left)
    right, shifting = case.value(part.right)
    if left is None or right is None:
        return None, moving or shifting
    return COMPARE[part.op](left, right), moving or shifting


def look_up(case: Case, name: str) -> Any:
    """A fact, or a field of the record that is looked at."""
    found = case.item.get(name)
    return case.facts.get(name) if found is None else found


def _boolean(case: Case, part: c.BooleanFact) -> Value:
    return look_up(case, part.name), False


def _one_of(case: Case, part: c.OneOf) -> Value:
    value = look_up(case, part.name)
    return None if value is None else value in part.values, False


def _is_known(case: Case, part: c.IsKnown) -> Value:
    return look_up(case, part.name) is not None, False


def _all(case: Case, part: c.All) -> Value:
    return _together(case, part.of, decisive=False)


def _any(case: Case, part: c.AnyOf) -> Value:
    return _together(case, part.of, decisive=True)


def _together(case: Case, parts: Sequence[Condition], *, decisive: bool) -> Value:
    """All, or any: one part that says `decisive` decides, best one that no longer moves."""
    decided = unknown = shifting = False
    for part in parts:
        holds, moving = case.value(part)
        if holds is decisive:
            if not moving:
                return decisive, False
            decided = True
        unknown = unknown or holds is None
        shifting = shifting or moving
    if decided:
        return decisive, True
    return (None if unknown else not decisive), shifting


def _not(case: Case, part: c.Not) -> Value:
    holds, moving = case.value(part.of)
    return None if holds is None else not holds, moving


def _named_condition(case: Case, part: c.NamedCondition) -> Value:
    target = case.terms.conditions[part.name]
    return case.named("condition", part.name, target)


def _before(case: Case, part: c.Before) -> Value:
    first, moving = case.value(part.first)
    second, shifting = case.value(part.second)
    if first is None or second is None:
        return None, moving or shifting
    return first <= second if part.or_at else first < second, moving or shifting


def _time_in(case: Case, part: c.TimeIn) -> Value:
    at, moving = case.value(part.of)
    if at is None:
        return None, moving
    _, clock = local_clock(at, case.zone)
    if part.start < part.end:
        return part.start <= clock < part.end, moving
    return clock >= part.start or clock < part.end, moving


def _date_in(case: Case, part: c.DateIn) -> Value:
    day, moving = case.day(part.of)
    if day is None:
        return None, moving
    of_year = (day.month, day.day)
    inside = False
    if part.first is not None and part.last is not None:
        if part.first <= part.last:
            inside = part.first <= of_year <= part.last
        else:
            inside = of_year >= part.first or of_year <= part.last
    return inside or day in part.dates or of_year in part.days, moving


def _weekday_in(case: Case, part: c.WeekdayIn) -> Value:
    day, moving = case.day(part.of)
    return None if day is None else day.weekday() in part.days, moving


def _open_on(case: Case, part: c.OpenOn) -> Value:
    calendar = case.calendars[part.calendar]
    if part.at_instant:
        at, moving = case.value(part.of)
        return None if at is None else calendar.is_open(at), moving
    day, moving = case.day(part.of)
    return None if day is None else calendar.is_open_day(day), moving


CONDITIONS: Work = {
    c.Always: _always,
    c.Compare: _compare,
    c.BooleanFact: _boolean,
    c.OneOf: _one_of,
    c.IsKnown: _is_known,
    c.All: _all,
    c.AnyOf: _any,
    c.Not: _not,
    c.NamedCondition: _named_condition,
    c.Before: _before,
    c.TimeIn: _time_in,
    c.DateIn: _date_in,
    c.WeekdayIn: _weekday_in,
    c.OpenOn: _open_on,
}
