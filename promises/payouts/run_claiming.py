"""Payouts that go out by a file or by hand: claimed for it, and found again by what the file says.

They are claimed without a lease: nobody takes them up but whoever cancels the run.
"""

import base64
import binascii
import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.payouts.claiming import ClaimedPayout, begin_tries
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import PayoutRequest
from promises.payouts.rails.names import MANUAL

_CLAIM = """
WITH free AS (
    SELECT p.id, p.destination_id FROM payouts p
    WHERE p.organisation_id = %(organisation_id)s AND p.rail = %(rail)s AND p.state = 'ready'
      AND p.by_run AND p.currency = %(currency)s
      AND (%(payout_ids)s::uuid[] IS NULL OR p.id = ANY(%(payout_ids)s))
      AND (NOT %(with_details)s OR EXISTS (SELECT 1 FROM payout_destinations d
          WHERE d.organisation_id = p.organisation_id AND d.id = p.destination_id
            AND d.details_sealed IS NOT NULL))
    ORDER BY p.created_at, p.id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE payouts p
SET state = 'submitting', lease_until = NULL, changed_at = %(now)s, key_used_at = %(now)s
FROM free
LEFT JOIN payout_destinations d
    ON d.organisation_id = %(organisation_id)s AND d.id = free.destination_id
WHERE p.organisation_id = %(organisation_id)s AND p.id = free.id
RETURNING p.id, p.rail, p.amount_minor, p.currency, p.key, p.generation, p.request_hash,
    p.compensation_id, p.gift_id, p.key_used_at, p.provider_ref, p.state, p.looks,
    p.lease_until AS leased_until, true AS certain, d.id AS destination_id, d.fingerprint,
    d.details_sealed, false AS aged, false AS overtaking,
    1 + (SELECT count(*) FROM payout_attempts a
         WHERE a.organisation_id = p.organisation_id AND a.payout_id = p.id AND a.step = 'begun')
        AS number
"""

_IN_RUNS = """
SELECT i.run_id, i.mark, i.number, p.id, p.rail, p.amount_minor, p.currency, p.key, p.generation,
    p.compensation_id, p.gift_id, p.provider_ref, p.state, r.message_id
FROM payout_run_items i
JOIN payout_runs r ON r.organisation_id = i.organisation_id AND r.id = i.run_id
JOIN payouts p ON p.organisation_id = i.organisation_id AND p.id = i.payout_id
WHERE i.organisation_id = %(organisation_id)s AND i.dropped_at IS NULL
  AND (i.run_id = %(run_id)s OR i.payout_id = ANY(%(payout_ids)b::uuid[]))
  AND r.rail = %(rail)s AND (r.downloaded_at IS NOT NULL OR NOT %(downloaded)s)
  AND (%(live)s::boolean IS NULL OR r.live = %(live)s)
ORDER BY i.run_id, i.position
"""

# Who approved a debt, gave a gift, or wrote down what happened at its ticket.
_HAD_A_HAND = """
SELECT 1 FROM payouts p
LEFT JOIN compensations k
    ON k.organisation_id = p.organisation_id AND k.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
WHERE p.organisation_id = %(organisation_id)s
  AND (p.id = %(payout_id)s OR p.id IN (SELECT i.payout_id FROM payout_run_items i
      WHERE i.organisation_id = p.organisation_id AND i.run_id = %(run_id)s))
  AND (%(member_id)s IN (g.given_by, g.decided_by)
       OR EXISTS (SELECT 1 FROM compensation_decisions c
           WHERE c.organisation_id = p.organisation_id AND c.compensation_id = p.compensation_id
             AND c.actor_kind = 'member' AND c.actor_id = %(member_id)s)
       OR EXISTS (SELECT 1 FROM service_events e
           WHERE e.organisation_id = p.organisation_id
             AND e.ticket_id = coalesce(k.ticket_id, g.ticket_id)
             AND e.actor_kind = 'member' AND e.actor_id = %(member_id)s))
LIMIT 1
"""


# Paid by hand: there is one try, and it has ended.
_PAID_BY_HAND = """
SELECT p.id, p.rail, p.amount_minor, p.currency, p.key, p.generation, p.compensation_id, p.gift_id,
    p.provider_ref, p.state, p.created_at,
    (SELECT max(a.number) FROM payout_attempts a
     WHERE a.organisation_id = p.organisation_id AND a.payout_id = p.id) AS number
FROM payouts p
WHERE p.organisation_id = %(organisation_id)s AND p.id = %(payout_id)s AND p.rail = %(rail)s
  AND p.state = 'paid'
"""

_IS_OF_RAIL = """
SELECT 1 FROM payouts
WHERE organisation_id = %(organisation_id)s AND id = %(payout_id)s AND rail = %(rail)s
"""


@dataclass(frozen=True, slots=True)
class InRun:
    """A payout as it stands in a run."""

    run_id: uuid.UUID
    message_id: str
    mark: str
    payout: ClaimedPayout


def claim_for_run(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    rail: str,
    currency: str,
    limit: int,
    payout_ids: Sequence[uuid.UUID] | None = None,
    with_details: bool = True,
) -> list[ClaimedPayout]:
    """Take ready payouts of a rail, oldest first, freeze their requests and note the try.
    `with_details`: only those whose destination is still known."""
    found = rows(
        session,
        _CLAIM,
        {
            "organisation_id": organisation_id,
            "now": now,
            "rail": rail,
            "currency": currency,
            "limit": limit,
            "payout_ids": None if payout_ids is None else list(payout_ids),
            "with_details": with_details,
        },
    )
    return begin_tries(session, organisation_id=organisation_id, now=now, found=found)


def payouts_in_run(
    session: Session, *, organisation_id: uuid.UUID, rail: str, run_id: uuid.UUID
) -> list[InRun]:
    """All payouts of one run, in the file's order."""
    return _in_runs(session, organisation_id, rail, run_id=run_id)


def payouts_by_mark(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    rail: str,
    marks: Sequence[str],
    live: bool,
) -> dict[str, InRun]:
    """Those of our payouts that the marks name, in runs that somebody may have given to the bank in
    this mode of money. A statement tells of much else."""
    asked = [found for found in map(payout_of_mark, marks) if found is not None]
    in_runs = _in_runs(session, organisation_id, rail, payout_ids=asked, downloaded=True, live=live)
    return {one.mark: one for one in in_runs}


def had_a_hand(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    member_id: uuid.UUID | None,
    run_id: uuid.UUID | None = None,
    payout_id: uuid.UUID | None = None,
) -> bool:
    """Whether the member decided about one of the payouts, or served its customer."""
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "run_id": run_id,
        "payout_id": payout_id,
    }
    return one_or_none(session, _HAD_A_HAND, params) is not None


@dataclass(frozen=True, slots=True)
class PaidByHand:
    """A payout that somebody paid, and when it was made ready for that."""

    payout: ClaimedPayout
    created_at: dt.datetime


def paid_by_hand(
    session: Session, *, organisation_id: uuid.UUID, payout_id: uuid.UUID
) -> PaidByHand | None:
    """None where it is not one, or not paid any more."""
    params = {"organisation_id": organisation_id, "payout_id": payout_id, "rail": MANUAL}
    row = one_or_none(session, _PAID_BY_HAND, params)
    return None if row is None else PaidByHand(_payout(organisation_id, row), row.created_at)


def is_of_rail(
    session: Session, *, organisation_id: uuid.UUID, payout_id: uuid.UUID, rail: str
) -> bool:
    params = {"organisation_id": organisation_id, "payout_id": payout_id, "rail": rail}
    return one_or_none(session, _IS_OF_RAIL, params) is not None


def mark_of(payout_id: uuid.UUID) -> str:
    """26 capitals and digits that name the payout at a bank."""
    return base64.b32encode(payout_id.bytes).decode().rstrip("=")


def payout_of_mark(mark: str) -> uuid.UUID | None:
    """None for what cannot be one of ours."""
    try:
        return uuid.UUID(bytes=base64.b32decode(mark + "======"))
    except (binascii.Error, ValueError):
        return None


def _in_runs(
    session: Session,
    organisation_id: uuid.UUID,
    rail: str,
    *,
    run_id: uuid.UUID | None = None,
    payout_ids: Sequence[uuid.UUID] = (),
    downloaded: bool = False,
    live: bool | None = None,
) -> list[InRun]:
    found = rows(
        session,
        _IN_RUNS,
        {
            "organisation_id": organisation_id,
            "rail": rail,
            "run_id": run_id,
            "payout_ids": list(payout_ids),
            "downloaded": downloaded,
            "live": live,
        },
    )
    return [
        InRun(row.run_id, row.message_id, row.mark, _payout(organisation_id, row)) for row in found
    ]


def _payout(organisation_id: uuid.UUID, row: Any) -> ClaimedPayout:
    """Without its destination: what came of it is asked, not done again."""
    return ClaimedPayout(
        request=PayoutRequest(
            row.id, organisation_id, row.amount_minor, row.currency, row.key, row.generation
        ),
        rail=row.rail,
        compensation_id=row.compensation_id,
        number=row.number,
        gift_id=row.gift_id,
        provider_ref=row.provider_ref,
        state=PayoutState(row.state),
    )
