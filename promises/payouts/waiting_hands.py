"""Payouts that go out by a file or by hand, and that nobody has taken in hand for days."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.payouts.rail_models import IncidentKind

# What somebody has fetched is the bank's turn, and its silence has an incident of its own.
_LATE = """
SELECT p.rail, p.currency, count(*)::int AS n, sum(p.amount_minor)::bigint AS amount_minor
FROM payouts p
WHERE p.organisation_id = %(organisation_id)s AND p.state IN ('ready', 'submitting') AND p.by_run
  AND p.created_at <= %(before)s
  AND NOT EXISTS (SELECT 1 FROM payout_run_items i
      JOIN payout_runs r ON r.organisation_id = i.organisation_id AND r.id = i.run_id
      WHERE i.organisation_id = p.organisation_id AND i.payout_id = p.id
        AND i.dropped_at IS NULL AND r.downloaded_at IS NOT NULL)
GROUP BY p.rail, p.currency
ORDER BY p.rail, p.currency
"""

_TOLD = """
SELECT rail, currency FROM money_incidents
WHERE organisation_id = %(organisation_id)s AND kind = %(kind)s
  AND (closed_at IS NULL OR closed_by IS NOT NULL AND opened_at > %(since)s)
"""

_CLOSE = """
UPDATE money_incidents SET closed_at = %(now)s, closing_note = ''
WHERE organisation_id = %(organisation_id)s AND kind = %(kind)s AND closed_at IS NULL
  AND ref <> ALL(%(refs)s)
"""


@dataclass(frozen=True, slots=True)
class LateHands:
    """What waits by one rail."""

    rail: str
    currency: str
    count: int
    amount_minor: int

    @property
    def ref(self) -> str:
        return f"{self.rail}:{self.currency}"


def late_hands(
    session: Session, *, organisation_id: uuid.UUID, before: dt.datetime
) -> list[LateHands]:
    """By rail, what was ready by then, and is in no file that somebody has fetched."""
    params = {"organisation_id": organisation_id, "before": before}
    return [
        LateHands(row.rail, row.currency, row.n, row.amount_minor)
        for row in rows(session, _LATE, params)
    ]


def told_since(
    session: Session, *, organisation_id: uuid.UUID, since: dt.datetime
) -> set[tuple[str, str]]:
    """Rail and currency of what an open incident tells, or of what a person has looked into whose
    incident was opened since."""
    params = {"organisation_id": organisation_id, "kind": IncidentKind.HANDS_LATE.value}
    return {(row.rail, row.currency) for row in rows(session, _TOLD, params | {"since": since})}


def close_others(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, refs: Collection[str]
) -> int:
    """Close what nothing waits for any more; how many."""
    params = {"organisation_id": organisation_id, "kind": IncidentKind.HANDS_LATE.value, "now": now}
    return execute(session, _CLOSE, params | {"refs": list(refs)})
