"""A request with an Idempotency-Key: its row and its effect are one transaction, or neither is.

`claim` comes first in the unit of work, then the effect, then `keep`. A crash, or a refusal, leaves
no row: a request that did nothing may be sent again under its key.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import execute, one, one_or_none
from promises.kernel.errors import Conflict, DomainError
from promises.kernel.text import N_

KEPT = dt.timedelta(days=30)
RETRY_SECONDS = 1

# The lock tells a request that is under way from one that was answered, without waiting for it. A
# row past its time is taken over.
_CLAIM = """
WITH turn AS MATERIALIZED (
    SELECT {turn} AS mine
), claimed AS (
    INSERT INTO idempotent_requests AS r (organisation_id, api_key_id, key, fingerprint, created_at,
        expires_at)
    SELECT %(organisation_id)s, %(api_key_id)s, %(key)s, %(fingerprint)s, %(now)s, %(expires_at)s
    FROM turn WHERE mine
    ON CONFLICT (organisation_id, api_key_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, status = NULL, body = NULL,
        created_at = excluded.created_at, expires_at = excluded.expires_at
    WHERE r.expires_at <= %(now)s
    RETURNING r.key
)
SELECT turn.mine, EXISTS (SELECT FROM claimed) AS claimed FROM turn
"""
_CLAIM_AT_ONCE = _CLAIM.format(turn="pg_try_advisory_xact_lock(hashtextextended(%(lock)s, 0))")
_CLAIM_IN_TURN = _CLAIM.format(
    turn="pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))::text IS NOT NULL"
)

_KEPT = """
SELECT fingerprint, status, body FROM idempotent_requests
WHERE organisation_id = %(organisation_id)s AND api_key_id = %(api_key_id)s AND key = %(key)s
"""

_KEEP = """
UPDATE idempotent_requests SET status = %(status)s, body = %(body)s
WHERE organisation_id = %(organisation_id)s AND api_key_id = %(api_key_id)s AND key = %(key)s
"""

_DELETE = """
DELETE FROM idempotent_requests WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotent_requests
    WHERE organisation_id = %(organisation_id)s AND expires_at <= %(now)s
    ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
"""


class InFlight(Conflict):
    """The same key is being worked on by another request."""

    code = "request_in_flight"
    message = N_("A request with this Idempotency-Key is under way. Try again in a moment.")
    retry_after = RETRY_SECONDS


class KeyUsedOtherwise(DomainError):
    code = "idempotency_key_reused"
    message = N_("This Idempotency-Key was used for another request. Take a new one.")


@dataclass(frozen=True, slots=True)
class Request:
    """`key` is scoped to the API key that sent it; `fingerprint` stands for all that was asked."""

    api_key_id: uuid.UUID
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the HTTP status and the body, byte for byte."""

    status: int
    body: bytes


def claim(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    request: Request,
    in_turn: bool = False,
) -> Answer | None:
    """None: the request is new and now this transaction's. Otherwise the answer it had.

    Raises InFlight, without waiting, where another transaction is at it, and KeyUsedOtherwise.
    `in_turn` waits for the other instead: for a caller who holds a lock that both need, so that
    the other is all but over.
    """
    params = {
        "organisation_id": organisation_id,
        "api_key_id": request.api_key_id,
        "key": request.key,
        "fingerprint": request.fingerprint,
        "lock": f"{organisation_id}/{request.api_key_id}/{request.key}",
        "now": now,
        "expires_at": now + KEPT,
    }
    turn = one(session, _CLAIM_IN_TURN if in_turn else _CLAIM_AT_ONCE, params)
    if turn.claimed:
        return None
    if not turn.mine:
        raise InFlight()
    known = one_or_none(session, _KEPT, params)
    if known is None or known.status is None:
        raise InFlight()
    if bytes(known.fingerprint) != request.fingerprint:
        raise KeyUsedOtherwise()
    return Answer(known.status, bytes(known.body))


def keep(session: Session, *, organisation_id: uuid.UUID, request: Request, answer: Answer) -> None:
    """Store the answer of a request that this transaction has claimed."""
    params = {
        "organisation_id": organisation_id,
        "api_key_id": request.api_key_id,
        "key": request.key,
        "status": answer.status,
        "body": answer.body,
    }
    if execute(session, _KEEP, params) != 1:
        raise LookupError("only a request that was claimed can be answered")


def delete_expired(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int = 1000
) -> int:
    """Forget answers past their 30 days, the oldest first; how many. Safe to repeat."""
    params = {"organisation_id": organisation_id, "now": now, "limit": limit}
    return execute(session, _DELETE, params)
