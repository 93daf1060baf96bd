"""The outbox: putting messages in, taking them out to send, and noting what became of each try.

A message is claimed (its try counted, its next try put off) and committed before it is sent, and
its outcome is recorded after. A sender that dies in between leaves the message queued; it is sent
again when the claim runs out, so a message may arrive twice but is never lost.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from promises.db import sql
from promises.identity import keys
from promises.kernel.ids import new_id
from promises.notify.channels import Outcome, Result
from promises.notify.models import CONTACT_REMOVED, Channel, MessageKind, MessageState

SEALED_FOR = "contact"
"""The purpose of the organisation's key that seals addresses and links."""

MAX_TRIES = 10
LEASE = dt.timedelta(minutes=2)
FIRST_PAUSE = dt.timedelta(seconds=15)
LONGEST_PAUSE = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One message to one person: exactly one of `contact_id` and `member_id` is set.

    `params` are JSON values without personal data and secrets. `secret` (a link that lets somebody
    in, or an address that was taken off) is sealed. Two messages with one `dedupe_key` are one
    message.
    """

    kind: MessageKind
    channel: Channel
    locale: str
    dedupe_key: str
    contact_id: uuid.UUID | None = None
    member_id: uuid.UUID | None = None
    ticket_id: uuid.UUID | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)
    expires_at: dt.datetime | None = None


_ENQUEUE = """
INSERT INTO messages (
    organisation_id, id, kind, channel, contact_id, member_id, ticket_id, locale, params,
    secret_sealed, dedupe_key, state, tries, next_try_at, expires_at, created_at
)
SELECT %(organisation_id)s, new.id, new.kind, new.channel, new.contact_id, new.member_id,
    new.ticket_id, new.locale, new.params, new.secret_sealed, new.dedupe_key, 'queued', 0,
    %(now)s, new.expires_at, %(now)s
FROM unnest(
    %(ids)s::uuid[], %(kinds)s::text[], %(channels)s::text[], %(contact_ids)s::uuid[],
    %(member_ids)s::uuid[], %(ticket_ids)s::uuid[], %(locales)s::text[], %(params)s::jsonb[],
    %(secrets)s::bytea[], %(dedupe_keys)s::text[], %(expiries)s::timestamptz[]
) AS new(
    id, kind, channel, contact_id, member_id, ticket_id, locale, params, secret_sealed,
    dedupe_key, expires_at
)
ON CONFLICT (organisation_id, dedupe_key) DO NOTHING
"""


def enqueue(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    messages: Sequence[NewMessage],
) -> int:
    """Put messages into the outbox as part of the session's transaction; returns how many are new.

    Safe to repeat: a message whose `dedupe_key` is known already is left out.
    """
    if not messages:
        return 0
    key = None
    if any(message.secret is not None for message in messages):
        key = keys.organisation_key(session, organisation_id=organisation_id, purpose=SEALED_FOR)
    return sql.execute(
        session,
        _ENQUEUE,
        {
            "organisation_id": organisation_id,
            "now": now,
            "ids": [new_id() for _ in messages],
            "kinds": [message.kind.value for message in messages],
            "channels": [message.channel.value for message in messages],
            "contact_ids": [message.contact_id for message in messages],
            "member_ids": [message.member_id for message in messages],
            "ticket_ids": [message.ticket_id for message in messages],
            "locales": [message.locale for message in messages],
            "params": [Jsonb(dict(message.params)) for message in messages],
            "secrets": [_sealed(key, message.secret) for message in messages],
            "dedupe_keys": [message.dedupe_key for message in messages],
            "expiries": [message.expires_at for message in messages],
        },
    )


def _sealed(key: bytes | None, secret: str | None) -> bytes | None:
    return keys.seal(key, secret) if key is not None and secret is not None else None


_FORGET = """
UPDATE messages SET secret_sealed = NULL
WHERE organisation_id = %(organisation_id)s AND ticket_id = ANY(%(ticket_ids)s)
  AND state = 'queued' AND secret_sealed IS NOT NULL AND params ->> 'what' = %(what)s
"""


def forget_addresses(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> None:
    """Wipe the addresses that waiting messages about these tickets carry themselves."""
    params = {
        "organisation_id": organisation_id,
        "ticket_ids": list(ticket_ids),
        "what": CONTACT_REMOVED,
    }
    sql.execute(session, _FORGET, params)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this sender alone may send until its claim runs out. `number` counts tries."""

    message_id: uuid.UUID
    number: int
    kind: MessageKind
    channel: Channel
    locale: str
    contact_id: uuid.UUID | None
    member_id: uuid.UUID | None
    ticket_id: uuid.UUID | None
    params: Mapping[str, Any]
    secret: str | None = field(repr=False)
    expires_at: dt.datetime | None


# A common table expression and not a subquery: a subquery with LIMIT and SKIP LOCKED may run once
# for each row of the join and then takes more than one.
_CLAIM = """
WITH first AS MATERIALIZED (
    SELECT id FROM messages
    WHERE organisation_id = %(organisation_id)s AND state = 'queued' AND next_try_at <= %(now)s
    ORDER BY next_try_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE messages AS message SET tries = message.tries + 1, next_try_at = %(now)s + %(lease)s
FROM first
WHERE message.organisation_id = %(organisation_id)s AND message.id = first.id
RETURNING message.id, message.tries, message.kind, message.channel, message.locale,
    message.contact_id, message.member_id, message.ticket_id, message.params,
    message.secret_sealed, message.expires_at
"""


def claim_next(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> Claimed | None:
    """Take the message that has been due longest, for the time of LEASE; None if none is due.

    Commit before sending. Two senders never get the same message while a claim lasts.
    """
    row = sql.one_or_none(
        session, _CLAIM, {"organisation_id": organisation_id, "now": now, "lease": LEASE}
    )
    if row is None:
        return None
    secret = None
    if row.secret_sealed is not None:
        key = keys.organisation_key(session, organisation_id=organisation_id, purpose=SEALED_FOR)
        secret = keys.unseal(key, bytes(row.secret_sealed))
    return Claimed(
        message_id=row.id,
        number=row.tries,
        kind=MessageKind(row.kind),
        channel=Channel(row.channel),
        locale=row.locale,
        contact_id=row.contact_id,
        member_id=row.member_id,
        ticket_id=row.ticket_id,
        params=row.params,
        secret=secret,
        expires_at=row.expires_at,
    )


def pause_after(number: int) -> dt.timedelta:
    """How long to wait after the try with that number failed: growing, with a ceiling."""
    doublings = min(number, MAX_TRIES) - 1
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


_LOG = """
INSERT INTO deliveries (organisation_id, id, message_id, number, outcome, detail, tried_at)
VALUES (%(organisation_id)s, %(id)s, %(message_id)s, %(number)s, %(outcome)s, %(detail)s, %(now)s)
"""

_END = """
UPDATE messages SET state = %(state)s, ended_at = %(now)s, secret_sealed = NULL
WHERE organisation_id = %(organisation_id)s AND id = %(message_id)s AND state = 'queued'
"""

_PUT_OFF = """
UPDATE messages SET next_try_at = %(next_try_at)s
WHERE organisation_id = %(organisation_id)s AND id = %(message_id)s AND state = 'queued'
    AND tries = %(number)s
"""

_ENDS_AS = {
    Outcome.SENT: MessageState.SENT,
    Outcome.REFUSED: MessageState.FAILED,
    Outcome.GIVEN_UP: MessageState.FAILED,
    Outcome.NO_SERVICE: MessageState.DROPPED,
    Outcome.ERASED: MessageState.DROPPED,
    Outcome.TOO_LATE: MessageState.DROPPED,
}


def record_try(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    claimed: Claimed,
    result: Result,
) -> MessageState:
    """Write one line of the delivery log and move the message on; returns its state after.

    What was put off is tried again after a growing pause, and given up after MAX_TRIES. A message
    that ended wipes its sealed link.
    """
    if result.outcome is Outcome.PUT_OFF and claimed.number >= MAX_TRIES:
        result = Result(Outcome.GIVEN_UP, result.detail)
    values = {
        "organisation_id": organisation_id,
        "message_id": claimed.message_id,
        "number": claimed.number,
        "now": now,
    }
    logged = {"id": new_id(), "outcome": result.outcome.value, "detail": result.detail}
    sql.execute(session, _LOG, values | logged)
    state = _ENDS_AS.get(result.outcome, MessageState.QUEUED)
    if state is MessageState.QUEUED:
        next_try_at = now + pause_after(claimed.number)
        sql.execute(session, _PUT_OFF, values | {"next_try_at": next_try_at})
    else:
        sql.execute(session, _END, values | {"state": state.value})
    return state
