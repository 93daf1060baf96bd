"""Taking payouts to submit, and to look at: under a lease, with the request frozen before the call.

The caller commits before it calls a rail. A payout whose worker died is taken again when its lease
has ended, by the same key and the same frozen request.
"""

import datetime as dt
import hmac
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.identity.keys import Purpose, organisation_key, unseal
from promises.kernel.ids import new_id
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Destination, PayoutRequest
from promises.payouts.retries import AGED, LEASE, MAY_SETTLE, SILENT_FOR

_ROW = """p.id, p.rail, p.amount_minor, p.currency, p.key, p.generation, p.request_hash,
    p.compensation_id, p.gift_id, p.key_used_at, p.provider_ref, p.state, p.looks,
    d.id AS destination_id, d.fingerprint, d.details_sealed"""
_OF_TRIES = """FROM payout_attempts a
    WHERE a.organisation_id = p.organisation_id AND a.payout_id = p.id AND a.step = 'begun'"""
_UNASKED = "false AS certain, false AS aged, false AS overtaking"

# A spent key is followed by the next generation, whose life begins now.
_CLAIM = f"""
WITH free AS (
    SELECT id, destination_id, key_used_at IS NULL AS certain,
        key_spent OR key_used_at IS NULL AS fresh
    FROM payouts
    WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s AND NOT by_run
      AND state IN ('ready', 'submitting', 'unknown')
      AND (lease_until <= %(now)s OR (state = 'ready' AND lease_until IS NULL))
    ORDER BY created_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE payouts p
SET state = 'submitting', lease_until = %(lease_until)s, changed_at = %(now)s,
    generation = p.generation + p.key_spent::int, key_spent = false,
    key_used_at = CASE WHEN free.fresh THEN %(now)s ELSE p.key_used_at END
FROM free
LEFT JOIN payout_destinations d
    ON d.organisation_id = %(organisation_id)s AND d.id = free.destination_id
WHERE p.organisation_id = %(organisation_id)s AND p.id = free.id
RETURNING {_ROW}, p.lease_until AS leased_until, 1 + (SELECT count(*) {_OF_TRIES}) AS number,
    free.certain, p.created_at <= %(aged_before)s AS aged,
    EXISTS (SELECT 1 {_OF_TRIES} AND a.recorded_at > %(lately)s) AS overtaking
"""

# Nobody can be asked about these: what was left by a worker that died is unknown, and what stays
# unknown for too long is for a person. Their keys stay as they are.
_CLAIM_SHUT = f"""
WITH free AS (
    SELECT id, destination_id FROM payouts
    WHERE organisation_id = %(organisation_id)s AND NOT by_run AND rail <> ALL(%(open_rails)s)
      AND state IN ('submitting', 'unknown') AND lease_until <= %(now)s
      AND (state = 'submitting' OR key_used_at <= %(silent_since)s)
    ORDER BY created_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE payouts p SET state = 'submitting', lease_until = %(lease_until)s, changed_at = %(now)s
FROM free
LEFT JOIN payout_destinations d
    ON d.organisation_id = %(organisation_id)s AND d.id = free.destination_id
WHERE p.organisation_id = %(organisation_id)s AND p.id = free.id
RETURNING {_ROW}, p.lease_until AS leased_until, 1 + (SELECT count(*) {_OF_TRIES}) AS number,
    {_UNASKED}
"""

_MODE_SINCE = """(SELECT coalesce(money_mode_at, '-infinity') FROM organisations
        WHERE organisation_id = %(organisation_id)s)"""

# The keys of the present mode know nothing of what was paid in the one before.
_LOOK_NO_MORE = f"""
UPDATE payouts p SET look_at = NULL
FROM (SELECT id FROM payouts
      WHERE organisation_id = %(organisation_id)s AND look_at <= %(now)s AND NOT by_run
        AND created_at < {_MODE_SINCE}
      ORDER BY look_at, id
      LIMIT %(at_once)s
      FOR UPDATE SKIP LOCKED) AS past
WHERE p.organisation_id = %(organisation_id)s AND p.id = past.id
"""
_FORGOTTEN_AT_ONCE = 1000

_CLAIM_LOOKS = f"""
WITH due AS (
    SELECT id, destination_id FROM payouts
    WHERE organisation_id = %(organisation_id)s AND look_at <= %(now)s
      AND (state IN ('submitted', 'paid')
           OR (state = 'needs_review' AND trouble = ANY(%(may_settle)s)))
      AND NOT by_run AND created_at >= {_MODE_SINCE}
    ORDER BY look_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE payouts p SET look_at = %(lease_until)s, looks = p.looks + 1
FROM due
LEFT JOIN payout_destinations d
    ON d.organisation_id = %(organisation_id)s AND d.id = due.destination_id
WHERE p.organisation_id = %(organisation_id)s AND p.id = due.id
RETURNING {_ROW}, p.look_at AS leased_until, (SELECT count(*) {_OF_TRIES}) AS number, {_UNASKED}
"""

_FREEZE = """
UPDATE payouts p SET request = f.request::jsonb, request_hash = f.request_hash
FROM unnest(%(ids)b::uuid[], %(requests)b::text[], %(hashes)s::bytea[])
    AS f (id, request, request_hash)
WHERE p.organisation_id = %(organisation_id)s AND p.id = f.id AND p.request IS NULL
"""

_BEGIN = """
INSERT INTO payout_attempts (organisation_id, id, payout_id, number, step, generation, recorded_at)
SELECT %(organisation_id)s, a.id, a.payout_id, a.number, 'begun', a.generation, %(now)s
FROM unnest(%(ids)b::uuid[], %(payout_ids)b::uuid[], %(numbers)s::int[], %(generations)s::int[])
    AS a (id, payout_id, number, generation)
ON CONFLICT (organisation_id, payout_id, number, step) DO NOTHING
"""


CANNOT_BE_OPENED = "details cannot be opened"


@dataclass(frozen=True, slots=True)
class ClaimedPayout:
    """A payout that is ours to submit, or to look at, until its lease ends. It pays either a
    compensation or a gift. `number` counts the tries from 1; from the second on it is looked up
    first. A look is no try of its own: it speaks for the last. `certain`: no earlier try can have
    had an effect. `drifted`: the row asks for something else than was frozen. `unopened`: where it
    goes is known and cannot be read. `aged`: it has waited for so long that in a database restored
    from a backup its try may be what is missing. `overtaking`: its last try began so lately that it
    may still be on its way."""

    request: PayoutRequest
    rail: str
    compensation_id: uuid.UUID | None
    number: int
    gift_id: uuid.UUID | None = None
    key_used_at: dt.datetime | None = None
    provider_ref: str | None = None
    state: PayoutState = PayoutState.SUBMITTING
    looks: int = 0
    certain: bool = True
    drifted: bool = False
    leased_until: dt.datetime | None = None
    aged: bool = False
    unopened: bool = False
    overtaking: bool = False

    @property
    def unfit(self) -> str | None:
        """Why a person looks at it before a rail is asked; None where nothing speaks against it."""
        if self.drifted:
            return "not as frozen"
        return CANNOT_BE_OPENED if self.unopened else None

    @property
    def tried_before(self) -> bool:
        return self.number > 1


def claim_payouts(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, rail: str, limit: int
) -> list[ClaimedPayout]:
    """Take payouts of a rail that can be used now, freeze their requests and note the try."""
    params = _params(organisation_id, now, limit)
    found = rows(session, _CLAIM, params | {"rail": rail})
    return begin_tries(session, organisation_id=organisation_id, now=now, found=found)


def claim_shut(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    open_rails: Sequence[str],
    limit: int,
) -> list[ClaimedPayout]:
    """Take payouts that were tried by a rail which cannot be asked now, where that says something
    new of them. What is ready stays, and waits for its rail at no cost."""
    params = _params(organisation_id, now, limit)
    params |= {"open_rails": list(open_rails), "silent_since": now - SILENT_FOR}
    found = rows(session, _CLAIM_SHUT, params)
    return begin_tries(session, organisation_id=organisation_id, now=now, found=found)


def begin_tries(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, found: Sequence[Any]
) -> list[ClaimedPayout]:
    """Freeze the requests of payouts just claimed, whose rows are `found`, and note the tries."""
    claimed = _read(session, organisation_id, found)
    if claimed:
        _freeze(session, organisation_id, [payout.request for payout in claimed])
        execute(
            session,
            _BEGIN,
            {
                "organisation_id": organisation_id,
                "now": now,
                "ids": [new_id() for _ in claimed],
                "payout_ids": [payout.request.payout_id for payout in claimed],
                "numbers": [payout.number for payout in claimed],
                "generations": [payout.request.generation for payout in claimed],
            },
        )
    return claimed


def claim_looks(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int
) -> list[ClaimedPayout]:
    """Take payouts whose present state is to be asked for: sent, paid, or under review because the
    provider was silent or could not be asked. What arrived before the mode of money was changed is
    looked at no more."""
    params = _params(organisation_id, now, limit)
    execute(session, _LOOK_NO_MORE, params | {"at_once": _FORGOTTEN_AT_ONCE})
    params["may_settle"] = [trouble.value for trouble in MAY_SETTLE]
    found = rows(session, _CLAIM_LOOKS, params)
    return _read(session, organisation_id, found)


def frozen_text(request: PayoutRequest) -> str:
    """The request as it is stored and hashed: the same request is the same text. Of its
    destination it names the id and the blind index, so that it carries no personal data."""
    going = request.destination
    parts = _without_destination(request) | {
        "destination": going and str(going.id),
        "fingerprint": going and going.fingerprint,
    }
    return _as_text(parts)


def _without_destination(request: PayoutRequest) -> dict[str, Any]:
    return {
        "amount_minor": request.amount_minor,
        "currency": request.currency,
        "key": request.key,
        "organisation_id": str(request.organisation_id),
        "payout_id": str(request.payout_id),
    }


def _as_text(parts: dict[str, Any]) -> str:
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def frozen_hash(request: PayoutRequest) -> bytes:
    return sha256(frozen_text(request).encode()).digest()


def _params(organisation_id: uuid.UUID, now: dt.datetime, limit: int) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "now": now,
        "lease_until": now + LEASE,
        "aged_before": now - AGED,
        "lately": now - LEASE,
        "limit": limit,
    }


def _read(
    session: Session, organisation_id: uuid.UUID, found: Sequence[Any]
) -> list[ClaimedPayout]:
    claimed = []
    for row in found:
        destination, unopened = _destination(session, organisation_id, row)
        request = PayoutRequest(
            row.id,
            organisation_id,
            row.amount_minor,
            row.currency,
            row.key,
            row.generation,
            destination,
        )
        claimed.append(
            ClaimedPayout(
                request=request,
                rail=row.rail,
                compensation_id=row.compensation_id,
                number=row.number,
                gift_id=row.gift_id,
                key_used_at=row.key_used_at,
                provider_ref=row.provider_ref,
                state=PayoutState(row.state),
                looks=row.looks,
                certain=row.certain,
                drifted=_drifted(request, row.request_hash),
                leased_until=row.leased_until,
                aged=row.aged,
                unopened=unopened,
                overtaking=row.overtaking,
            )
        )
    return claimed


def _drifted(request: PayoutRequest, stored: bytes | None) -> bool:
    """Whether the row asks for something else than was frozen. What was frozen before destinations
    were part of it says nothing of them, so such a hash counts where there is none."""
    if stored is None:
        return False
    known = [frozen_hash(request)]
    if request.destination is None:
        known.append(sha256(_as_text(_without_destination(request)).encode()).digest())
    return not any(hmac.compare_digest(bytes(stored), one) for one in known)


def _destination(
    session: Session, organisation_id: uuid.UUID, row: Any
) -> tuple[Destination | None, bool]:
    """Where it goes, and whether that is known but cannot be opened: one such row may not keep the
    others of its claim back."""
    if row.destination_id is None:
        return None, False
    details: dict[str, str] = {}
    unopened = False
    if row.details_sealed is not None:
        key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.BANK)
        try:
            details = json.loads(unseal(key, row.details_sealed))
        except (InvalidToken, ValueError):
            unopened = True
    return Destination(row.destination_id, bytes(row.fingerprint).hex(), details), unopened


def _freeze(
    session: Session, organisation_id: uuid.UUID, requests: Sequence[PayoutRequest]
) -> None:
    execute(
        session,
        _FREEZE,
        {
            "organisation_id": organisation_id,
            "ids": [request.payout_id for request in requests],
            "requests": [frozen_text(request) for request in requests],
            "hashes": [frozen_hash(request) for request in requests],
        },
    )
