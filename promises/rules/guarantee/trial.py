"""Terms tried on a typed case: JSON in, JSON out. Nothing is stored."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from promises.kernel.calendars import CalendarSpec, PreparedCalendar, parse_calendar
from promises.kernel.documents import Section
from promises.kernel.errors import FieldProblem
from promises.kernel.money import is_currency
from promises.kernel.text import N_
from promises.rules.guarantee.case import Case, Earlier
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.engine import Result, evaluate
from promises.rules.guarantee.facts import read_facts, read_instant
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.reading_terms import OPTIONAL, REQUIRED, read_guarantee
from promises.rules.refusals import TermsRefused
from promises.rules.states import State

FORMAT = 2
AROUND = 800
"""Days by which the calendars reach beyond the instants of a case."""


def parse_guarantee(document: object) -> Guarantee:
    """Terms of format 2 on their own; raises TermsRefused with every problem that they have. The
    keys about the organisation (scope, caps, approval, budget) are read elsewhere."""
    problems: list[FieldProblem] = []
    top = Section(document, problems, required=("format", "currency", *REQUIRED), optional=OPTIONAL)
    top.fixed("format", FORMAT)
    if top.has("currency") and not is_currency(top.get("currency")):
        top.refuse("currency", N_("This must be a currency by its three letters, such as EUR."))
    guarantee = read_guarantee(top, document)
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
    given = facts.get("now")
    now = None if given is None else read_instant(given)
    known = read_facts(terms.facts, facts, terms.time_zone)
    specs = {name: parse_calendar(one) for name, one in (calendars or {}).items()}
    earlier = [_earlier(one) for one in history]
    case = case_of(terms, known, now, _prepared(terms, specs, known, now), earlier)
    return shown(case, evaluate(case))


def _earlier(document: Mapping[str, Any]) -> Earlier:
    keys = {name: value for name, value in document.items() if isinstance(value, str)}
    return Earlier(read_instant(document["at"]), int(document["amount_minor"]), keys)


def _prepared(
    terms: Guarantee,
    specs: Mapping[str, CalendarSpec],
    known: Mapping[str, Any],
    now: datetime | None,
) -> dict[str, PreparedCalendar]:
    """The calendars that the terms name, around all instants of the case."""
    missing = sorted(terms.calendars - specs.keys())
    if missing:
        text = N_("There is no calendar of the name %(name)s.")
        raise TermsRefused(
            [FieldProblem(f"/calendars/{one}", text, {"name": one}) for one in missing]
        )
    days = [at.date() for at in (*known.values(), now) if isinstance(at, datetime)]
    first, last = (min(days), max(days)) if days else (date(2020, 1, 1), date(2020, 1, 1))
    around = timedelta(days=AROUND)
    return {
        name: PreparedCalendar(specs[name], first - around, last + around)
        for name in terms.calendars
    }


def shown(case: Case, result: Result) -> dict[str, Any]:
    """The result as JSON values; instants in UTC, amounts in minor units."""
    owed = result.owed
    found: dict[str, Any] = {
        "state": result.state.value,
        "outcome": result.outcome,
        "broken": result.state is State.BROKEN,
        "settled": result.settled,
        "reason": result.reason,
        "currency": case.terms.currency,
        "amount_minor": result.amount_minor,
        "deadlines": {
            name: _instant(case.value(part)[0]) for name, part in case.terms.deadlines.items()
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


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
