"""Phrases of instants and conditions; see `phrasing`."""

from datetime import time
from typing import Any

from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import instants as i
from promises.rules.guarantee.moments import SECONDS
from promises.rules.guarantee.phrases_of_numbers import pauses_phrase
from promises.rules.guarantee.phrasing import (
    Phrases,
    Plain,
    calendar_phrase,
    detailed,
    words,
)
from promises.rules.guarantee.units import unit_of
from promises.rules.guarantee.vocabulary import At, Comparator, Receipt
from promises.rules.steps import Step

SIGNS = {
    Comparator.LESS: "<",
    Comparator.AT_MOST: "≤",
    Comparator.EQUAL: "=",
    Comparator.OTHER: "≠",
    Comparator.AT_LEAST: "≥",
    Comparator.MORE: ">",
}


def _named(phrases: Phrases, part: Any) -> Step:
    return phrases.name(part.name)


# --- instants ----------------------------------------------------------------------------------


def _now(phrases: Phrases, part: i.Now) -> Step:
    return Step("now", {})


def _fixed(phrases: Phrases, part: i.FixedInstant) -> Step:
    return Step("at", {"at": part.at})


def _or_now(phrases: Phrases, part: i.OrNow) -> Step:
    return Step("or_now", {"of": phrases.inner(part.of)})


def _extreme(phrases: Phrases, part: i.Extreme) -> Step:
    code = "earliest"
    if part.latest:
        code = "latest_known" if part.skip_missing else "latest"
    return Step(code, {"parts": phrases.several(part.of)})


def _first_known(phrases: Phrases, part: i.FirstKnown) -> Step:
    return Step("first_known", {"parts": phrases.several(part.of)})


def _in_list(phrases: Phrases, part: i.InList) -> Step:
    of = Step("last_in" if part.latest else "first_in", {"of": phrases.name(part.fact)})
    if part.after is None:
        return of
    return detailed(of, [Step("after", {"after": phrases.inner(part.after)})])


def _edge(phrases: Phrases, part: i.EdgeOf) -> Step:
    return Step("end_of" if part.end else "start_of", {"of": phrases.name(part.period)})


def _next_opening(phrases: Phrases, part: Any) -> Step:
    of = Step("next_opening_of", {"of": phrases.inner(part.of)})
    return detailed(of, [calendar_phrase(part.calendar)])


def _deadline(phrases: Phrases, part: i.Deadline) -> Step:
    whole = {"first": phrases.inner(part.start), "rest": added(phrases, part)}
    return detailed(Step("add", whole), conditions_of_deadline(phrases, part))


def added(phrases: Phrases, part: i.Deadline) -> Step:
    """How much is added, in the unit of the deadline."""
    found = phrases.inner(part.add, unit=part.unit)
    if type(part.add).__name__ == "Literal":
        return found
    return Step(str(part.unit), {"n": found})


def conditions_of_deadline(phrases: Phrases, part: i.Deadline) -> list[Step]:
    """All that a deadline says besides its start and its length."""
    found = [] if part.calendar is None else [calendar_phrase(part.calendar)]
    if part.pauses is not None:
        found.append(pauses_phrase(phrases, part.pauses))
    if part.unit in SECONDS:
        return [*found, _boundary(part)]
    if part.cut_off is not None:
        code = "cut_off" if getattr(part, "cut_off_inclusive", True) else "cut_off_from"
        found.append(Step(code, {"time": part.cut_off}))
    if part.receipt is not Receipt.COUNTS:
        found.append(Step(f"receipt_{part.receipt}", {}))
    if part.roll is not None:
        found.append(Step(f"roll_{part.roll}", {}))
    if isinstance(part.at, time):
        found.append(Step("at_time", {"time": part.at}))
    else:
        found.append(Step(part.at or At.END_OF_DAY, {}))
    if isinstance(part.at, time) or part.at is At.SAME_TIME:
        found.append(_boundary(part))
    return found


def _boundary(part: i.Deadline) -> Step:
    return Step("inclusive" if part.inclusive else "exclusive", {})


# --- conditions --------------------------------------------------------------------------------


def _always(phrases: Phrases, part: c.Always) -> Step:
    return Step("always" if part.value else "never", {})


def _compare(phrases: Phrases, part: c.Compare) -> Step:
    terms = phrases.terms
    unit = unit_of(terms, part.left) or unit_of(terms, part.right)
    left = phrases.inner(part.left, unit=unit)
    right = phrases.inner(part.right, unit=unit)
    return Step("compare", {"left": left, "op": SIGNS[part.op], "right": right})


def _one_of(phrases: Phrases, part: c.OneOf) -> Step:
    return Step("one_of", {"name": phrases.name(part.name), "values": words(part.values)})


def _is_known(phrases: Phrases, part: c.IsKnown) -> Step:
    return Step("is_known", {"name": phrases.name(part.name)})


def _all(phrases: Phrases, part: c.All) -> Step:
    return Step("all", {"parts": phrases.several(part.of)})


def _any(phrases: Phrases, part: c.AnyOf) -> Step:
    return Step("any", {"parts": phrases.several(part.of)})


def _not(phrases: Phrases, part: c.Not) -> Step:
    return Step("not", {"of": phrases.inner(part.of)})


def _before(phrases: Phrases, part: c.Before) -> Step:
    ends = {"first": phrases.inner(part.first), "second": phrases.inner(part.second)}
    return Step("at_or_before" if part.or_at else "before", ends)


def _time_in(phrases: Phrases, part: c.TimeIn) -> Step:
    span = {"start": part.start, "end": part.end}
    return Step("time_in", {"of": phrases.inner(part.of), **span})


def _date_in(phrases: Phrases, part: c.DateIn) -> Step:
    of = phrases.inner(part.of)
    found: list[object] = [Step("on", {"on": day}) for day in sorted(part.dates)]
    found += [_of_year(day) for day in sorted(part.days)]
    if part.first is None or part.last is None:
        return Step("date_in", {"of": of, "dates": tuple(found)})
    span = {"first": _of_year(part.first), "last": _of_year(part.last)}
    return Step("date_between", {"of": of, **span})


def _of_year(day: tuple[int, int]) -> Step:
    return Step("day_of_month", {"month": day[0], "day": day[1]})


def _weekday_in(phrases: Phrases, part: c.WeekdayIn) -> Step:
    days = tuple(Step(f"weekday_{day}", {}) for day in sorted(part.days))
    return Step("weekday_in", {"of": phrases.inner(part.of), "days": days})


def _open_on(phrases: Phrases, part: c.OpenOn) -> Step:
    code = "open_at" if part.at_instant else "open_day"
    return Step(code, {"of": phrases.inner(part.of), "calendar": part.calendar})


PLAIN: dict[str, Plain] = {
    "InstantFact": _named,
    "InstantField": _named,
    "NamedDeadline": _named,
    "Now": _now,
    "FixedInstant": _fixed,
    "OrNow": _or_now,
    "Extreme": _extreme,
    "FirstKnown": _first_known,
    "InList": _in_list,
    "EdgeOf": _edge,
    "NextOpening": _next_opening,
    "Deadline": _deadline,
    "Always": _always,
    "Compare": _compare,
    "BooleanFact": _named,
    "OneOf": _one_of,
    "IsKnown": _is_known,
    "All": _all,
    "AnyOf": _any,
    "Not": _not,
    "NamedCondition": _named,
    "Before": _before,
    "TimeIn": _time_in,
    "DateIn": _date_in,
    "WeekdayIn": _weekday_in,
    "OpenOn": _open_on,
}
