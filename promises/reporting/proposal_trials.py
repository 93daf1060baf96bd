"""The one line beside a proposal: what it would have kept and cost lately, on the own history."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db import sql
from promises.kernel.money import Money
from promises.reporting.backtests import Span, backtest
from promises.reporting.rates import KeptRate
from promises.rules.terms import Terms

DAYS = 30

_KEPT = """
SELECT c.promise_id, count(*) FILTER (WHERE c.state = 'kept') AS kept,
    count(*) FILTER (WHERE c.state = 'broken') AS broken
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY(%(promise_ids)s::uuid[])
    AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
GROUP BY c.promise_id
"""
MOST_GENERAL_CASES = 2_000
"""General terms are judged case by case; so many of the newest answer within a second."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Of the last 30 days. `cost` is for a month. `left_out` older cases were not judged."""

    rate: KeptRate
    excluded: int
    open: int
    cost: Money
    left_out: int

    @property
    def cases(self) -> int:
        return self.rate.kept + self.rate.broken + self.excluded + self.open


def try_lately(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    today: dt.date,
    terms: Terms,
    branch_id: uuid.UUID | None = None,
) -> Trial:
    """Up to yesterday, as today is not over. `branch_id`: on that branch only."""
    if branch_id is not None:
        scope = dataclasses.replace(terms.scope, branches=frozenset({branch_id}))
        terms = dataclasses.replace(terms, scope=scope)
    span = Span(today - dt.timedelta(days=DAYS), today - dt.timedelta(days=1))
    found = backtest(
        session,
        organisation_id=organisation_id,
        now=now,
        terms=terms,
        span=span,
        limits=(),
        most=MOST_GENERAL_CASES,
    )
    return Trial(found.rate, found.excluded, found.open, found.monthly.cost, found.left_out)


def kept_lately(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Collection[uuid.UUID],
    today: dt.date,
) -> dict[uuid.UUID, KeptRate]:
    """What became of these promises in the last 30 days, today included; a promise without a case
    has a rate of none."""
    params = {
        "organisation_id": organisation_id,
        "promise_ids": list(promise_ids),
        "from_on": today - dt.timedelta(days=DAYS - 1),
        "to_on": today,
    }
    found = sql.rows(session, _KEPT, params) if promise_ids else []
    rates = {row.promise_id: KeptRate(row.kept, row.broken) for row in found}
    return dict.fromkeys(promise_ids, KeptRate(0, 0)) | rates
