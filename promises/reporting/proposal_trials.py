"""The one line beside a proposal: what it would have kept and cost lately, on the own history."""

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db import sql
from promises.kernel.money import Money, minor_digits
from promises.reporting.backtests import Span, backtest
from promises.reporting.rates import KeptRate
from promises.rules.terms import Terms, dump_terms

DAYS = 30

_KEPT = """
SELECT c.promise_id, count(*) FILTER (WHERE c.state = 'kept') AS kept,
    count(*) FILTER (WHERE c.state = 'broken') AS broken
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY(%(promise_ids)s::uuid[])
    AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
GROUP BY c.promise_id
"""
MOST_GENERAL_CASES = 1_000
"""General terms are judged case by case; so many of the newest answer within two seconds."""

GOOD_FOR = dt.timedelta(minutes=10)
"""The history of days that are over changes seldom: by an import, or a late correction."""

_MOST_KEPT = 512
_kept: dict[str, tuple[dt.datetime, "Trial"]] = {}


@dataclass(frozen=True, slots=True)
class Trial:
    """Of the last 30 days. `cost` is for a month, in whole units of the currency, as an estimate
    knows no cents. `left_out` older cases were not judged."""

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
    """Up to yesterday, as today is not over. `branch_id`: on that branch only. The same again is
    answered from memory for ten minutes."""
    if branch_id is not None:
        scope = dataclasses.replace(terms.scope, branches=frozenset({branch_id}))
        terms = dataclasses.replace(terms, scope=scope)
    key = json.dumps([str(organisation_id), str(today), dump_terms(terms)], sort_keys=True)
    known = _kept.get(key)
    if known is not None and dt.timedelta(0) <= now - known[0] < GOOD_FOR:
        return known[1]
    found = _tried(session, organisation_id, now, today, terms)
    if found.cases:  # history that was imported a moment ago is looked for anew
        while len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)), None)
        _kept[key] = now, found
    return found


def _tried(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    today: dt.date,
    terms: Terms,
) -> Trial:
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
    return Trial(found.rate, found.excluded, found.open, _whole(found.monthly.cost), found.left_out)


def _whole(cost: Money) -> Money:
    unit = 10 ** minor_digits(cost.currency)
    return Money((cost.amount_minor + unit // 2) // unit * unit, cost.currency)


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
