"""What a draft would have kept and cost on the organisation's own last days, in one line."""

import uuid
from dataclasses import dataclass
from typing import Any

from promises.db.session import UnitOfWork
from promises.http.context import current
from promises.identity.errors import CalendarUnknown
from promises.kernel.zones import local_date
from promises.reporting.backtests import Backtest, Span, backtest
from promises.reporting.overview import last_days
from promises.rules.terms import Terms, WaitTerms
from promises.web.backtest_curves import pays
from promises.web.backtests import SPAN_DAYS, written

MOST_TICKETS = 2_000
"""General terms are judged ticket by ticket, which must not hold up the editing."""


@dataclass(frozen=True, slots=True)
class Line:
    """`address` are the arguments of the page that tells all of it. `found` is None where there is
    no history. `pays`: whether the promise may cost money."""

    found: Backtest | None
    address: dict[str, Any]
    pays: bool


def history_line(uow: UnitOfWork, terms: Terms, draft_id: uuid.UUID) -> Line | None:
    """None while the terms count by a calendar that nobody keeps."""
    days = last_days(local_date(uow.now, current().organisation.time_zone), SPAN_DAYS)
    try:
        found = _found(uow, terms, Span(days.from_on, days.to_on))
    except CalendarUnknown:
        return None
    about = written(terms) if isinstance(terms, WaitTerms) else {"draft": draft_id}
    address: dict[str, Any] = about | {"from_on": days.from_on, "to_on": days.to_on}
    return Line(found if found.counts.cases else None, address, pays(terms))


def _found(uow: UnitOfWork, terms: Terms, span: Span) -> Backtest:
    return backtest(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        terms=terms,
        span=span,
        limits=(),
        most=MOST_TICKETS,
    )
