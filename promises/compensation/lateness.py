"""Debts to be paid by a time: whether they were, whose turn it was, and what is owed more.

It is looked at once for each debt, when its time is over. Late by our own fault is what was neither
paid nor waiting for the customer. What the terms add then is a debt of its own, once for ever; no
cap lowers it, as it is not given for the case but for our being late.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.models import Hold, Lateness
from promises.db.sql import rows
from promises.kernel.ids import new_id

THEIRS = (Hold.PRESENCE, Hold.CLAIM, Hold.DISPUTE, Hold.PAYMENT)
"""Holds that end by what the customer does."""

_UNCERTAIN = ("submitting", "unknown", "needs_review")

# A voucher in the customer's hand is payment, also where it was exchanged for money later on.
_DUE = """
SELECT c.id, c.breach_id, c.ticket_id, c.promise_id, c.pay_before, c.state, c.holds, c.currency,
    EXISTS (SELECT 1 FROM payouts y
        WHERE y.organisation_id = c.organisation_id AND y.compensation_id = c.id
          AND y.state = ANY(%(uncertain)s)) AS uncertain,
    EXISTS (SELECT 1 FROM annulments a
        WHERE a.organisation_id = c.organisation_id AND a.breach_id = c.breach_id
          AND a.state = 'confirmed') AS annulled,
    (SELECT min(coalesce(v.issued_at,
            (SELECT min(a.recorded_at) FROM payout_attempts a
             WHERE a.organisation_id = y.organisation_id AND a.payout_id = y.id
               AND a.step = 'ended' AND a.verdict IN ('accepted', 'paid')),
            y.changed_at))
     FROM payouts y
     LEFT JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
     WHERE y.organisation_id = c.organisation_id AND y.compensation_id = c.id
       AND (y.state IN ('submitted', 'paid') OR v.id IS NOT NULL)) AS paid_at
FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.pay_before <= %(now)s
  AND c.lateness IS NULL AND c.state IN ('owed', 'released')
ORDER BY c.pay_before, c.id
LIMIT %(limit)s
"""

_SETTLE = """
UPDATE compensations c SET lateness = w.lateness
FROM unnest(%(ids)s::uuid[], %(lateness)s::text[]) AS w (id, lateness)
WHERE c.organisation_id = %(organisation_id)s AND c.id = w.id AND c.lateness IS NULL
  AND c.state IN ('owed', 'released')
RETURNING c.id
"""

# Held by what a person has to decide about the debt that was paid late; the sum of both is checked
# when it is let go. One a breach, whatever else is awarded anew.
_ADD = """
INSERT INTO compensations (organisation_id, id, breach_id, instalment, promise_id, version_id,
    ticket_id, branch_id, customer_id, amount_minor, currency, outcome, remedy, state, holds,
    hold_window_id, closing_reason, created_at, is_penalty)
SELECT c.organisation_id, w.id, c.breach_id,
    (SELECT max(k.instalment) + 1 FROM compensations k
     WHERE k.organisation_id = c.organisation_id AND k.breach_id = c.breach_id),
    c.promise_id, c.version_id, c.ticket_id, c.branch_id, c.customer_id, w.amount_minor, c.currency,
    'full', c.remedy, 'owed',
    coalesce(nullif(ARRAY(SELECT h FROM unnest(c.holds) AS h
        WHERE h IN ('approval', 'evidence', 'mass_breach', 'history')), '{}'), '{clearance}'),
    c.hold_window_id, '', %(now)s, true
FROM unnest(%(ids)s::uuid[], %(of)s::uuid[], %(amounts)s::bigint[]) AS w (id, of, amount_minor)
JOIN compensations c ON c.organisation_id = %(organisation_id)s AND c.id = w.of
ON CONFLICT DO NOTHING
RETURNING id, breach_id, ticket_id, promise_id, amount_minor, currency,
    holds = '{clearance}' AS free
"""

_OF = """
SELECT p.id FROM compensations c
JOIN compensations p ON p.organisation_id = c.organisation_id AND p.breach_id = c.breach_id
    AND p.is_penalty AND p.state = 'owed'
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A debt whose time to be paid is over. `lateness` None: nobody can tell yet."""

    compensation_id: uuid.UUID
    breach_id: uuid.UUID
    ticket_id: uuid.UUID
    paid_at: dt.datetime | None
    lateness: Lateness | None


@dataclass(frozen=True, slots=True)
class Penalty:
    """A new debt; `free` where nothing holds it."""

    compensation_id: uuid.UUID
    breach_id: uuid.UUID
    ticket_id: uuid.UUID
    promise_id: uuid.UUID
    amount_minor: int
    currency: str
    free: bool


def overdue(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int
) -> list[Due]:
    """Whose turn it was, judged at this look; nothing is locked."""
    params = {"organisation_id": organisation_id, "now": now, "limit": limit}
    found = rows(session, _DUE, params | {"uncertain": list(_UNCERTAIN)})
    return [Due(row.id, row.breach_id, row.ticket_id, row.paid_at, _lateness(row)) for row in found]


def _lateness(row: Any) -> Lateness | None:
    """What was on its way when its breach was annulled had not to be paid at all."""
    if row.annulled:
        return Lateness.THEIRS
    if row.paid_at is not None:
        return Lateness.IN_TIME if row.paid_at < row.pay_before else Lateness.OURS
    if row.uncertain:
        return None
    return Lateness.THEIRS if set(row.holds) & set(THEIRS) else Lateness.OURS


def settle_lateness(
    session: Session, *, organisation_id: uuid.UUID, found: Mapping[uuid.UUID, Lateness]
) -> set[uuid.UUID]:
    """Write down, once for each, how its time ended; those for which it was this call."""
    params = {"ids": list(found), "lateness": [one.value for one in found.values()]}
    settled = rows(session, _SETTLE, params | {"organisation_id": organisation_id})
    return {row.id for row in settled}


def add_penalties(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    amounts: Mapping[uuid.UUID, int],
) -> list[Penalty]:
    """By the debt that was paid late what is owed more; a breach never gets a second one."""
    if not amounts:
        return []
    added = rows(
        session,
        _ADD,
        {
            "organisation_id": organisation_id,
            "now": now,
            "ids": [new_id() for _ in amounts],
            "of": list(amounts),
            "amounts": list(amounts.values()),
        },
    )
    return [Penalty(*row) for row in added]


def penalties_of(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """What is owed for paying these late."""
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    return [row.id for row in rows(session, _OF, params)]
