"""What a draft would have kept and cost on the organisation's own last days, in one line."""

from dataclasses import dataclass
from typing import Any

from promises.db.session import UnitOfWork
from promises.http.context import current
from promises.kernel.zones import local_date
from promises.reporting.backtests import Backtest, Span, backtest
from promises.reporting.overview import last_days
from promises.rules.terms import Terms, WaitTerms
from promises.web.backtests import SPAN_DAYS, written


@dataclass(frozen=True, slots=True)
class Line:
    """`address` are the arguments of the page that tells all of it. `found` is None where there is
    no history."""

    found: Backtest | None
    address: dict[str, Any]


def history_line(uow: UnitOfWork, terms: Terms) -> Line | None:
    """None for general terms: what they count is seldom in the history of a queue."""
    if not isinstance(terms, WaitTerms):
        return None
    days = last_days(local_date(uow.now, current().organisation.time_zone), SPAN_DAYS)
    found = backtest(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        terms=terms,
        span=Span(days.from_on, days.to_on),
        limits=(),
    )
    address = written(terms) | {"from_on": days.from_on, "to_on": days.to_on}
    return Line(found if found.counts.cases else None, address)
