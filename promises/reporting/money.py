"""What the promises owe and paid, each stage apart."""

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.kernel.money import Money
from promises.reporting.scorecard import EVERYTHING, Selection


class MoneyStage(StrEnum):
    """Where the money of a compensation is. Every compensation is in exactly one of these."""

    OWED = "owed"  # a debt of which nothing has left, or whose payout came to nothing
    ISSUED = "issued"  # a voucher that can be redeemed
    UNDER_WAY = "under_way"  # sent by another rail, not yet seen to have arrived
    REDEEMED = "redeemed"  # a voucher that was used
    PAID = "paid"  # money that arrived by another rail
    EXPIRED = "expired"  # a voucher that nobody redeemed in time
    REFUSED = "refused"  # a person said no, with a reason
    CANCELLED = "cancelled"  # the breach was annulled
    NOTHING = "nothing"  # the terms grant nothing for this breach


STAGE_IS = {
    MoneyStage.OWED: "(k.state = 'owed' OR (k.state = 'released'"
    " AND (y.state IS NULL OR y.state NOT IN ('submitted', 'paid'))))",
    MoneyStage.ISSUED: "(k.state = 'released' AND y.state = 'submitted' AND y.rail = 'voucher'"
    " AND (v.state IS NULL OR v.state <> 'expired'))",
    MoneyStage.UNDER_WAY: "(k.state = 'released' AND y.state = 'submitted'"
    " AND y.rail <> 'voucher')",
    MoneyStage.REDEEMED: "(k.state = 'released' AND y.state = 'paid' AND y.rail = 'voucher')",
    MoneyStage.PAID: "(k.state = 'released' AND y.state = 'paid' AND y.rail <> 'voucher')",
    MoneyStage.EXPIRED: "(k.state = 'released' AND y.state = 'submitted' AND y.rail = 'voucher'"
    " AND v.state = 'expired')",
    MoneyStage.REFUSED: "k.state = 'refused'",
    MoneyStage.CANCELLED: "k.state = 'cancelled'",
    MoneyStage.NOTHING: "k.state = 'nothing_owed'",
}
"""Conditions on compensation k, its live payout y and that payout's voucher v: one holds, always.
Plain enough for the planner to find the index for each."""


class MoneyGroup(StrEnum):
    """Stages that a figure takes together."""

    SPENT = "spent"  # what the breaches cost: owed, in hands, redeemed; an expired voucher costs
    # nothing, and neither does what was refused or cancelled
    DUE = "due"  # what the customer does not have yet: owed, and on its way
    GIVEN = "given"  # what the customer has had: redeemed, and paid


GROUPS = {
    MoneyGroup.SPENT: "(k.state IN ('owed', 'released')"
    " AND (y.state IS NULL OR v.state IS NULL OR v.state <> 'expired'))",
    MoneyGroup.DUE: f"({STAGE_IS[MoneyStage.OWED]} OR {STAGE_IS[MoneyStage.UNDER_WAY]})",
    MoneyGroup.GIVEN: "(k.state = 'released' AND y.state = 'paid')",
}

STAGE = "CASE {} END".format(
    " ".join(f"WHEN {condition} THEN '{stage}'" for stage, condition in STAGE_IS.items())
)

PAYOUT_OF = """
LEFT JOIN payouts y ON y.organisation_id = k.organisation_id AND y.compensation_id = k.id
    AND y.state NOT IN ('failed', 'cancelled', 'returned')
LEFT JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
"""

LAST_ONE = """NOT EXISTS (SELECT 1 FROM compensations later
    WHERE later.organisation_id = k.organisation_id AND later.breach_id = k.breach_id
      AND later.instalment > k.instalment AND later.is_penalty = k.is_penalty)"""
"""Of a breach whose award was made anew, the award that counts; a penalty stands beside it."""

MONEY_OF = f"""
LEFT JOIN compensations k ON k.organisation_id = b.organisation_id AND k.breach_id = b.id
    AND {LAST_ONE}
{PAYOUT_OF}
"""
"""Of breach b: the compensation k, its live payout y and that payout's voucher v."""

_MONEY = f"""
SELECT {STAGE} AS stage, count(*) AS n, sum(k.amount_minor)::bigint AS amount_minor
FROM compensations k
JOIN breaches b ON b.organisation_id = k.organisation_id AND b.id = k.breach_id
{PAYOUT_OF}
WHERE k.organisation_id = %(organisation_id)s
  AND b.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND b.day_on BETWEEN %(from_on)s AND %(to_on)s AND b.breached_at >= %(from_at)s
  AND (%(branch_id)s::uuid IS NULL OR k.branch_id = %(branch_id)s)
  AND {LAST_ONE}
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class StageFigures:
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class MoneyFigures:
    """All stages apart; none of them holds money of another one. A breach whose award was made anew
    is in one stage only, that of its last award."""

    owed: StageFigures
    issued: StageFigures
    under_way: StageFigures
    redeemed: StageFigures
    paid: StageFigures
    expired: StageFigures
    refused: StageFigures
    cancelled: StageFigures
    nothing: StageFigures

    def of(self, stage: MoneyStage) -> StageFigures:
        found: StageFigures = getattr(self, stage.value)
        return found


def _earliest(selection: Selection) -> dt.datetime:
    """No deadline of the days is before this, for the index on deadlines: a local day begins
    within a day of UTC's."""
    if selection.from_on is None:
        return dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
    return dt.datetime.combine(selection.from_on, dt.time(), dt.UTC) - dt.timedelta(days=1)


def money_figures(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    currency: str,
    selection: Selection = EVERYTHING,
) -> MoneyFigures:
    """For the breaches on the days of the selection; `currency` is the organisation's."""
    params = selection.params(organisation_id) | {"from_at": _earliest(selection)}
    found = {
        row.stage: StageFigures(row.n, Money(row.amount_minor, currency))
        for row in rows(session, _MONEY, params)
    }
    nothing = StageFigures(0, Money(0, currency))
    return MoneyFigures(*(found.get(stage.value, nothing) for stage in MoneyStage))
