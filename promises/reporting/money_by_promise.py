"""Where the money of each promise is, of all time, in one statement."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.kernel.money import Money
from promises.reporting.money import (
    LAST_ONE,
    PAYOUT_OF,
    STAGE,
    MoneyFigures,
    MoneyStage,
    StageFigures,
)

_MONEY = f"""
SELECT k.promise_id, {STAGE} AS stage, count(*) AS n,
       sum(k.amount_minor)::bigint AS amount_minor
FROM compensations k
{PAYOUT_OF}
WHERE k.organisation_id = %(organisation_id)s AND k.promise_id = ANY (%(promise_ids)s)
  AND {LAST_ONE}
GROUP BY 1, 2
"""


def money_by_promise(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID],
    currency: str,
) -> dict[uuid.UUID, MoneyFigures]:
    """For every promise asked for; the stages are those of `money_figures`."""
    params = {"organisation_id": organisation_id, "promise_ids": list(promise_ids)}
    found: dict[uuid.UUID, dict[str, StageFigures]] = {}
    for row in rows(session, _MONEY, params):
        stage = StageFigures(row.n, Money(row.amount_minor, currency))
        found.setdefault(row.promise_id, {})[row.stage] = stage
    nothing = StageFigures(0, Money(0, currency))
    return {
        promise_id: MoneyFigures(
            *(found.get(promise_id, {}).get(stage.value, nothing) for stage in MoneyStage)
        )
        for promise_id in promise_ids
    }
