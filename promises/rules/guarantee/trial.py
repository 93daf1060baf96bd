"""Terms tried on a typed case: JSON in, JSON out. Nothing is stored."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from promises.kernel.calendars import CalendarSpec, PreparedCalendar, parse_calendar
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_
from promises.rules.guarantee.case import Case, Earlier
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.documents import open_document
from promises.rules.guarantee.engine import Result, evaluate
from promises.rules.guarantee.facts import (
    FactsRefused,
    Period,
    Unreadable,
    read_facts,
    read_instant,
)
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.reading_terms import read_guarantee
from promises.rules.guarantee.walk import fixed_instants
from promises.rules.refusals import TermsRefused
from promises.rules.states import State

AROUND = 800
"""Days by which the calendars reach beyond the instants of a case."""


def parse_guarantee(document: object) -> Guarantee:
    """The guarantee of terms of format 2; raises TermsRefused with every problem that it has. The
    keys of the organisation are read by `rules.terms`."""
    problems: list[FieldProblem] = []
    guarantee = read_guarantee(open_document(document, problems), document)
    if guarantee is None:
        raise TermsRefused(problems)
    return guarantee


def try_terms(
    document: object,
    facts: Mapping[str, object],
    calendars: Mapping[str, object] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Judge one case: facts by name, `now` among them where the case has a present; calendars by
    name as documents; earlier awards as `{"at": ..., "amount_minor": ..., facts...}`.

    Returns the result as JSON values. Raises TermsRefused, FactsRefused or CalendarRefused.
    """
    terms = parse_guarantee(document)
    now = _now(facts.get("now"))
    known = read_facts(terms.facts, facts, terms.time_zone)
    specs = {name: parse_calendar(one) for name, one in (calendars or {}).items()}
    earlier = [read_earlier(one, f"/history/{index}") for index, one in enumerate(history)]
    case = case_of(terms, known, now, prepare_calendars(terms, specs, known, now), earlier)
    return shown(case, evaluate(case))


def read_earlier(document: Mapping[str, Any], place: str = "") -> Earlier:
    problems: list[FieldProblem] = []
    if not isinstance(document, Mapping):
        raise FactsRefused([FieldProblem(place, N_("This must be an object with named fields."))])
    amount = document.get("amount_minor")
    if type(amount) is not int:
        problems.append(FieldProblem(f"{place}/amount_minor", N_("This must be a whole number.")))
    try:
        at = read_instant(document.get("at"))
    except Unreadable as error:
        problems.append(FieldProblem(f"{place}/at", str(error)))
    if problems:
        raise FactsRefused(problems)
    keys = {name: value for name, value in document.items() if isinstance(value, str)}
    return Earlier(at, int(amount or 0), keys)


def _now(given: object) -> datetime | None:
    try:
        return None if given is None else read_instant(given)
    except Unreadable as error:
        raise FactsRefused([FieldProblem("/now", str(error))]) from None


def prepare_calendars(
    terms: Guarantee,
    specs: Mapping[str, CalendarSpec],
    known: Mapping[str, Any],
    now: datetime | None,
) -> dict[str, PreparedCalendar]:
    """The calendars that the terms name, around all instants of the case and of the terms."""
    missing = sorted(terms.calendars - specs.keys())
    if missing:
        text = N_("There is no calendar of the name %(name)s.")
        raise TermsRefused(
            [FieldProblem(f"/calendars/{one}", text, {"name": one}) for one in missing]
        )
    found = (*_instants((*known.values(), now)), *fixed_instants(terms))
    days = [at.date() for at in found]
    first, last = (min(days), max(days)) if days else (date(2020, 1, 1), date(2020, 1, 1))
    around = timedelta(days=AROUND)
    return {
        name: PreparedCalendar(specs[name], first - around, last + around)
        for name in terms.calendars
    }


def _instants(values: object) -> Iterator[datetime]:
    """Every instant among the facts, also in lists, intervals and periods."""
    if isinstance(values, datetime):
        yield values
    elif isinstance(values, Period):
        for day in (values.first, values.after):
            yield datetime.combine(day, time.min, UTC)
    elif isinstance(values, tuple):
        for one in values:
            yield from _instants(one)
    elif isinstance(values, Mapping):
        yield from _instants(tuple(values.values()))


def shown(case: Case, result: Result) -> dict[str, Any]:
    """The result as JSON values; instants in UTC, amounts in minor units."""
    owed, deadlines = result.owed, case.terms.deadlines.items()
    found: dict[str, Any] = {
        "state": result.state.value,
        "outcome": result.outcome,
        "broken": result.state is State.BROKEN,
        "settled": result.settled,
        "reason": result.reason,
        "currency": case.terms.currency,
        "amount_minor": result.amount_minor,
        "deadlines": {name: _instant(case.value(part)[0]) for name, part in deadlines},
        "measures": {
            name: _number(case.value(part)[0]) for name, part in case.terms.measures.items()
        },
        "broken_at": _instant(result.broken_at),
        "next_change_at": _instant(result.next_change_at),
        "exclusion": result.exclusion and result.exclusion.code,
    }
    if owed is not None:
        found |= {
            "remedy": owed.remedy.value,
            "late_penalty_minor": owed.penalty_minor,
            "pay_before": _instant(owed.pay_before),
            "claim_from": _instant(owed.claim_from),
            "claim_before": _instant(owed.claim_before),
            "steps": [
                {"step": one.kind, "before": str(one.before), "after": str(one.after)}
                for one in owed.steps
            ],
        }
    return found


def _number(value: Fraction | None) -> str | None:
    """Exact: a fraction where decimals would not end."""
    return None if value is None else str(value)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
