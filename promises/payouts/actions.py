"""Payouts: prepared with the release of a debt, claimed before the call, recorded after it."""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.ids import new_id
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Outcome, PayoutRequest
from promises.payouts.states import AFTER, came_from

LEASE = dt.timedelta(seconds=60)
"""Longer than any call to a rail may take; then somebody else may look what became of it."""

_PREPARE = """
INSERT INTO payouts (organisation_id, id, compensation_id, rail, amount_minor, currency, state,
    key, created_at, changed_at)
SELECT %(organisation_id)s, p.id, p.compensation_id, %(rail)s, p.amount_minor, p.currency,
    'ready', 'payout-' || p.id, %(now)s, %(now)s
FROM unnest(%(ids)b::uuid[], %(compensation_ids)b::uuid[], %(amounts)b::bigint[],
    %(currencies)b::text[]) AS p (id, compensation_id, amount_minor, currency)
ON CONFLICT (organisation_id, compensation_id)
    WHERE state NOT IN ('failed', 'cancelled', 'returned') DO NOTHING
RETURNING id
"""

_CLAIM = """
WITH free AS (
    SELECT id, state FROM payouts
    WHERE organisation_id = %(organisation_id)s
      AND ((state = 'ready' AND (lease_until IS NULL OR lease_until <= %(now)s))
           OR (state IN ('submitting', 'unknown') AND lease_until <= %(now)s))
    ORDER BY created_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE payouts p
SET state = 'submitting', lease_until = %(lease_until)s, changed_at = %(now)s
FROM free
WHERE p.organisation_id = %(organisation_id)s AND p.id = free.id
RETURNING p.id, p.rail, p.amount_minor, p.currency, p.key, p.request, p.compensation_id,
    p.gift_id,
    free.state <> 'ready' AS tried_before,
    (SELECT count(*) FROM payout_attempts a
     WHERE a.organisation_id = p.organisation_id AND a.payout_id = p.id AND a.step = 'begun')
        AS tries
"""

_FREEZE = """
UPDATE payouts p SET request = f.request::jsonb, request_hash = f.request_hash
FROM unnest(%(ids)b::uuid[], %(requests)b::text[], %(hashes)s::bytea[])
    AS f (id, request, request_hash)
WHERE p.organisation_id = %(organisation_id)s AND p.id = f.id AND p.request IS NULL
"""

_NOTE = """
INSERT INTO payout_attempts (organisation_id, id, payout_id, number, step, verdict, provider_ref,
    detail, recorded_at)
SELECT %(organisation_id)s, a.id, a.payout_id, a.number, %(step)s, a.verdict, a.provider_ref,
    a.detail, %(now)s
FROM unnest(%(ids)b::uuid[], %(payout_ids)b::uuid[], %(numbers)s::int[], %(verdicts)b::text[],
    %(provider_refs)b::text[], %(details)b::text[])
    AS a (id, payout_id, number, verdict, provider_ref, detail)
ON CONFLICT (organisation_id, payout_id, number, step) DO NOTHING
"""

# Only the newest try speaks for its payout: an answer that comes after somebody else has taken the
# payout up is noted, and moves nothing.
_RECORD = """
UPDATE payouts p SET state = %(state)s, changed_at = %(now)s,
    lease_until = CASE WHEN %(state)s = 'unknown' THEN %(lease_until)s::timestamptz END
FROM unnest(%(ids)b::uuid[], %(numbers)b::int[]) AS r (id, number)
WHERE p.organisation_id = %(organisation_id)s AND p.id = r.id AND p.state = ANY(%(from)s)
  AND NOT EXISTS (SELECT 1 FROM payout_attempts a
      WHERE a.organisation_id = p.organisation_id AND a.payout_id = p.id AND a.number > r.number)
RETURNING p.id
"""

_CANCEL = """
UPDATE payouts SET state = 'cancelled', changed_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND compensation_id = ANY(%(compensation_ids)s)
  AND state = 'ready'
RETURNING compensation_id
"""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """A released debt that is to be paid."""

    compensation_id: uuid.UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class ClaimedPayout:
    """A payout that is ours to submit until its lease ends. `tried_before`: look it up first. It
    pays either a compensation or a gift."""

    request: PayoutRequest
    rail: str
    compensation_id: uuid.UUID | None
    number: int
    tried_before: bool
    gift_id: uuid.UUID | None = None


def prepare_payouts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    rail: str,
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
                "rail": rail,
                "ids": [new_id() for _ in orders],
                "compensation_ids": [order.compensation_id for order in orders],
                "amounts": [order.amount_minor for order in orders],
                "currencies": [order.currency for order in orders],
            },
        )
    )


def claim_payouts(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int
) -> list[ClaimedPayout]:
    """Take payouts to submit, freeze their requests and note the try.

    The caller commits before it calls a rail. A payout whose worker died is taken again when its
    lease has ended, by the same key and the same frozen request.
    """
    found = rows(
        session,
        _CLAIM,
        {
            "organisation_id": organisation_id,
            "now": now,
            "lease_until": now + LEASE,
            "limit": limit,
        },
    )
    claimed = [
        ClaimedPayout(
            request=PayoutRequest(row.id, organisation_id, row.amount_minor, row.currency, row.key),
            rail=row.rail,
            compensation_id=row.compensation_id,
            number=row.tries + 1,
            tried_before=row.tried_before,
            gift_id=row.gift_id,
        )
        for row in found
    ]
    if claimed:
        _freeze(session, organisation_id, [payout.request for payout in claimed])
        _note(session, organisation_id, now, "begun", [(payout, None) for payout in claimed])
    return claimed


def record_outcomes(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    outcomes: Sequence[tuple[ClaimedPayout, Outcome]],
) -> dict[PayoutState, set[uuid.UUID]]:
    """Write what came back and move the payouts on; those that moved, by their new state.

    A payout that is past that point meanwhile (somebody else looked it up) does not move back.
    """
    _note(session, organisation_id, now, "ended", outcomes)
    moved: dict[PayoutState, set[uuid.UUID]] = {}
    for verdict, state in AFTER.items():
        answered = [payout for payout, outcome in outcomes if outcome.verdict is verdict]
        if answered:
            changed = rows(
                session,
                _RECORD,
                {
                    "organisation_id": organisation_id,
                    "now": now,
                    "state": state.value,
                    "ids": [payout.request.payout_id for payout in answered],
                    "numbers": [payout.number for payout in answered],
                    "from": [before.value for before in came_from(state)],
                    "lease_until": now + LEASE,
                },
            )
            moved[state] = {row.id for row in changed}
    return moved


def cancel_ready(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    compensation_ids: Sequence[uuid.UUID],
) -> set[uuid.UUID]:
    """Cancel payouts that nobody has begun; the compensations whose payout was stopped."""
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


def frozen_text(request: PayoutRequest) -> str:
    """The request as it is stored and hashed: the same request is the same text."""
    return json.dumps(
        {
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "key": request.key,
            "organisation_id": str(request.organisation_id),
            "payout_id": str(request.payout_id),
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def _freeze(
    session: Session, organisation_id: uuid.UUID, requests: Sequence[PayoutRequest]
) -> None:
    texts = [frozen_text(request) for request in requests]
    execute(
        session,
        _FREEZE,
        {
            "organisation_id": organisation_id,
            "ids": [request.payout_id for request in requests],
            "requests": texts,
            "hashes": [sha256(text.encode()).digest() for text in texts],
        },
    )


def _note(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    step: str,
    tries: Sequence[tuple[ClaimedPayout, Outcome | None]],
) -> None:
    execute(
        session,
        _NOTE,
        {
            "organisation_id": organisation_id,
            "now": now,
            "step": step,
            "ids": [new_id() for _ in tries],
            "payout_ids": [payout.request.payout_id for payout, _ in tries],
            "numbers": [payout.number for payout, _ in tries],
            "verdicts": [outcome and outcome.verdict.value for _, outcome in tries],
            "provider_refs": [outcome and outcome.provider_ref for _, outcome in tries],
            "details": [outcome and outcome.detail for _, outcome in tries],
        },
    )
