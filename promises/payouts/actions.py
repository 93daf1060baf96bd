"""Payouts: prepared with the release of a debt, cancelled while nobody has begun."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.kernel.ids import new_id
from promises.payouts.rails.names import BY_RUN
from promises.payouts.rails.voucher import VOUCHER

_PREPARE = """
INSERT INTO payouts (organisation_id, id, compensation_id, rail, amount_minor, currency, state,
    key, destination_id, by_run, created_at, changed_at)
SELECT %(organisation_id)s, p.id, p.compensation_id, p.rail, p.amount_minor, p.currency,
    'ready', 'payout-' || p.id, p.destination_id, p.rail = ANY(%(by_run)s), %(now)s, %(now)s
FROM unnest(%(ids)b::uuid[], %(compensation_ids)b::uuid[], %(amounts)b::bigint[],
    %(currencies)b::text[], %(rails)b::text[], %(destination_ids)b::uuid[])
    AS p (id, compensation_id, amount_minor, currency, rail, destination_id)
ON CONFLICT (organisation_id, compensation_id)
    WHERE state NOT IN ('failed', 'cancelled', 'returned') DO NOTHING
RETURNING id
"""

_CANCEL = """
UPDATE payouts SET state = 'cancelled', changed_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND compensation_id = ANY(%(compensation_ids)s)
  AND state = 'ready' AND key_used_at IS NULL
RETURNING compensation_id
"""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """A released debt that is to be paid."""

    compensation_id: uuid.UUID
    amount_minor: int
    currency: str
    rail: str = VOUCHER
    destination_id: uuid.UUID | None = None


def prepare_payouts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    orders: Sequence[PayoutOrder],
) -> int:
    """One live payout a debt: a debt that has one gets no other. Returns how many are new."""
    if not orders:
        return 0
    return len(
        rows(
            session,
            _PREPARE,
            {
                "organisation_id": organisation_id,
                "now": now,
                "by_run": sorted(BY_RUN),
                "ids": [new_id() for _ in orders],
                "compensation_ids": [order.compensation_id for order in orders],
                "amounts": [order.amount_minor for order in orders],
                "currencies": [order.currency for order in orders],
                "rails": [order.rail for order in orders],
                "destination_ids": [order.destination_id for order in orders],
            },
        )
    )


def cancel_ready(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    compensation_ids: Sequence[uuid.UUID],
) -> set[uuid.UUID]:
    """Cancel payouts that nobody has begun, or whose tries are proven to have had no effect; the
    compensations whose payout was stopped."""
    stopped = rows(
        session,
        _CANCEL,
        {
            "organisation_id": organisation_id,
            "now": now,
            "compensation_ids": list(compensation_ids),
        },
    )
    return {row.compensation_id for row in stopped}
