"""What came up about a debt while its money was under way, and could not reach it then."""

import uuid
from collections.abc import Sequence
from typing import Any

from promises.compensation.models import CompensationState, Hold
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows.compensate import end_debts, hold_unsent

ANNULLED = "annulled"
"""Closing reason of a debt whose breach was annulled."""

# Who had a voucher for it in hand keeps what it stood for.
_DOUBTED = """
SELECT k.id, t.disputed_at IS NOT NULL AS disputed,
    EXISTS (SELECT 1 FROM annulments a
        WHERE a.organisation_id = k.organisation_id AND a.breach_id = k.breach_id
          AND a.state = 'asked') AS asked,
    EXISTS (SELECT 1 FROM annulments a
        WHERE a.organisation_id = k.organisation_id AND a.breach_id = k.breach_id
          AND a.state = 'confirmed')
    AND NOT EXISTS (SELECT 1 FROM payouts y
        JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
        WHERE y.organisation_id = k.organisation_id AND y.compensation_id = k.id) AS annulled
FROM compensations k
JOIN tickets t ON t.organisation_id = k.organisation_id AND t.id = k.ticket_id
WHERE k.organisation_id = %(organisation_id)s AND k.id = ANY(%(ids)s)
  AND k.state IN ('owed', 'released')
ORDER BY k.id
"""


def mind_doubts(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> None:
    """An open dispute, or an annulment that is asked for, holds these debts, and those whose breach
    was annulled end. What is on its way stays. The tickets are locked by the caller."""
    found = _doubted(uow, compensation_ids)
    hold_unsent(uow, [row.id for row in found if row.disputed], Hold.DISPUTE)
    hold_unsent(uow, [row.id for row in found if row.asked or row.annulled], Hold.EVIDENCE)
    end_debts(
        uow,
        [row.id for row in found if row.annulled],
        state=CompensationState.CANCELLED,
        reason=ANNULLED,
    )


def annulled_among(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those whose breach was annulled, and for which nobody had a voucher in hand."""
    return [row.id for row in _doubted(uow, compensation_ids) if row.annulled]


def _doubted(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> list[Any]:
    if not compensation_ids:
        return []
    params = {"organisation_id": uow.organisation_id, "ids": list(compensation_ids)}
    return sql.rows(uow.session, _DOUBTED, params)
