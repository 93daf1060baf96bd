"""Why: everything that led to an answer, step by step, as data that every language can say.

`explain` reads the case again part by part; it decides nothing. The steps are plain values, the
same for the same case, stored with `steps_to_json` and said with `render_steps`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from promises.kernel.zones import local_date
from promises.rules.guarantee import instants as i
from promises.rules.guarantee.case import Case, in_force
from promises.rules.guarantee.clauses import DatedRows, FactSpec, Guarantee, Row
from promises.rules.guarantee.engine import Result
from promises.rules.guarantee.explaining_amounts import tell_owed
from promises.rules.guarantee.explaining_reasons import tell_condition, tell_exclusions
from promises.rules.guarantee.explaining_times import (
    counted_windows,
    tell_deadline,
    tell_measure,
)
from promises.rules.guarantee.facts import Period, Unreadable, read_value
from promises.rules.guarantee.numbers import Elapsed, Spells
from promises.rules.guarantee.phrasing import date_or_open, literal
from promises.rules.guarantee.rendering import (
    render_step,
    render_steps,
    steps_from_json,
    steps_to_json,
)
from promises.rules.guarantee.telling import Telling, fact_names, reached
from promises.rules.guarantee.vocabulary import FactType
from promises.rules.states import State
from promises.rules.steps import Step

__all__ = ["explain", "render_step", "render_steps", "steps_from_json", "steps_to_json"]

EVENT = "event"
"""What `sources` says of a fact that an event gave."""
_MOST_ENTRIES = 10


def explain(
    case: Case, result: Result, sources: Mapping[str, str] | None = None
) -> tuple[Step, ...]:
    """The steps to the answer that `evaluate` gave for the case. `sources` says of facts by name
    where they came from, as far as anybody knows."""
    telling = Telling(case)
    return tuple(_tell(telling, result, sources or {}))


def _tell(telling: Telling, result: Result, sources: Mapping[str, str]) -> Iterator[Step]:
    terms = telling.terms
    if telling.case.now is not None:
        yield Step("looked_at", {"at": telling.case.now})
    for name in fact_names(terms, *_clauses(terms)):
        yield _fact(telling, name, terms.facts[name], sources.get(name))
    for group in terms.dated:
        yield from _rows(telling, group)
    yield from _times(telling, result)
    if terms.applies_when is not None:
        yield from tell_condition(telling, terms.applies_when)
        if telling.known(terms.applies_when):
            yield Step("in_scope", {"when": telling.phrases.of(terms.applies_when)})
    if result.state is not State.NOT_APPLICABLE:
        yield from tell_condition(telling, terms.broken_when)
    yield from _missing(telling, result)
    yield from tell_exclusions(telling, result)
    excluded = result.state is State.EXCLUDED
    yield Step("excluded" if excluded else result.reason, {})
    if result.owed is not None:
        yield from tell_owed(telling, result.owed)
    yield from _ahead(telling, result)


def _clauses(terms: Guarantee) -> tuple[object, ...]:
    """Where values are asked for; names come in through them."""
    return (
        terms.applies_when,
        terms.broken_when,
        terms.exclusions,
        terms.amount,
        terms.steps,
        terms.remedies,
        terms.claim,
        terms.payment,
        tuple(group.by for group in terms.dated),
        tuple(terms.deadlines.values()),
        tuple(terms.measures.values()),
    )


# --- facts -------------------------------------------------------------------------------------


def _fact(telling: Telling, name: str, spec: FactSpec, source: str | None) -> Step:
    value = telling.case.facts.get(name)
    shown: dict[str, object] = {"name": telling.name(name)}
    if value is None:
        return Step("fact_unknown", shown)
    shown["value"] = _shown(telling, name, spec.type, value)
    if source == EVENT:
        return Step("fact_event", shown)
    if source is None and _is_default(telling, spec, value):
        return Step("fact_default", shown)
    return Step("fact", shown)


def _is_default(telling: Telling, spec: FactSpec, value: object) -> bool:
    if spec.when_missing is None:
        return False
    try:
        return bool(read_value(spec.type, spec.when_missing, telling.case.zone) == value)
    except Unreadable:  # pragma: no cover -- the terms were read with it
        return False


def _shown(telling: Telling, name: str, kind: FactType, value: Any) -> object:
    if isinstance(value, list | tuple):
        if len(value) > _MOST_ENTRIES or kind is FactType.RECORDS or not value:
            return Step("known_entries", {"n": len(value)})
        return tuple(_entry(one) for one in value)
    if isinstance(value, Mapping):
        money = name in telling.money
        return tuple(
            Step("pair", {"name": one, "value": literal(value[one], money=money)})
            for one in sorted(value)
        )
    if kind is FactType.DATE and isinstance(value, datetime):
        return Step("on", {"on": local_date(value, telling.case.zone)})
    if isinstance(value, Period):
        return f"{value.year:04d}" + (f"-{value.month:02d}" if value.month else "")
    if isinstance(value, bool):
        return Step("yes" if value else "no", {})
    return literal(value, money=True) if name in telling.money else value


def _entry(value: Any) -> object:
    """An instant or a number as it is, an interval with its ends."""
    if not isinstance(value, tuple):
        return value
    start, end, reason = value
    span = {"start": Step("at", {"at": start}), "end": "…" if end is None else end}
    if reason is None:
        return Step("interval", span)
    return Step("interval_reason", {**span, "reason": reason})


# --- values in force ---------------------------------------------------------------------------


def _rows(telling: Telling, group: DatedRows) -> Iterator[Step]:
    by = telling.phrases.inner(group.by)
    names = tuple(telling.name(name) for name in group.rows[0].values)
    day = None if telling.known(group.by) is None else telling.case.day(group.by)[0]
    if day is None:
        yield Step("row_unknown", {"names": names, "by": by})
        return
    row = next((one for one in group.rows if in_force(one.first, one.last, day)), None)
    if row is None:
        yield Step("row_missing", {"names": names, "day": day, "by": by})
    else:
        yield from _row(telling, row, {"day": day, "by": by})


def _row(telling: Telling, row: Row, chosen: Mapping[str, object]) -> Iterator[Step]:
    for name, part in row.values.items():
        value = telling.known(part)
        what = telling.phrases.of(part) if value is None else Step("number", {"n": value})
        if name in telling.money and value is not None:
            what = telling.amount(value)
        span = {"from": date_or_open(row.first), "until": date_or_open(row.last)}
        yield Step("row_in_force", {"name": telling.name(name), "value": what, **span, **chosen})


# --- times, and what is ahead ------------------------------------------------------------------


def _times(telling: Telling, result: Result) -> Iterator[Step]:
    terms = telling.terms
    for name, deadline in terms.deadlines.items():
        yield from tell_deadline(telling, telling.name(name), deadline)
    for name in terms.measures:
        yield from tell_measure(telling, name)
    named = [*terms.deadlines.values(), *terms.measures.values()]
    for part in reached(terms, i.Deadline, *_clauses(terms)[:-2]):
        if not any(part is one for one in named):
            yield from tell_deadline(telling, Step("deadline_word", {}), part)
    for kind in (Elapsed, Spells):
        for part in reached(terms, kind, terms.broken_when):
            if not any(part is one for one in named):
                yield from counted_windows(telling, part)


def _missing(telling: Telling, result: Result) -> Iterator[Step]:
    """What nobody knows yet, and on which the state or the amount waits."""
    terms = telling.terms
    roots: tuple[object, ...] = ()
    if result.reason == "facts_missing":
        roots = (terms.applies_when, terms.broken_when)
    elif result.owed is not None and result.owed.amount_minor is None:
        roots = (terms.amount, terms.remedies, terms.steps)
    names = [name for name in fact_names(terms, *roots) if telling.case.facts.get(name) is None]
    if names:
        yield Step("missing", {"names": tuple(telling.name(name) for name in names)})


def _ahead(telling: Telling, result: Result) -> Iterator[Step]:
    if result.state is State.OPEN and result.broken_at is not None:
        yield Step("breaks_at", {"at": result.broken_at})
    if result.next_change_at is not None:
        yield Step("next_change", {"at": result.next_change_at})
    elif result.settled:
        yield Step("final", {})
