"""Reading the outbox and its delivery log. Addresses and links never show here."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db import sql
from promises.notify.models import Channel, MessageKind, MessageState

_LIST = """
SELECT message.id, message.kind, message.channel, message.locale, message.state, message.tries,
    message.ticket_id, message.member_id, message.created_at, message.ended_at,
    CASE WHEN message.state = 'queued' THEN message.next_try_at END AS next_try_at,
    last.outcome, last.detail, last.tried_at
FROM messages AS message
LEFT JOIN LATERAL (
    SELECT outcome, detail, tried_at FROM deliveries
    WHERE organisation_id = message.organisation_id AND message_id = message.id
    ORDER BY number DESC
    LIMIT 1
) AS last ON true
WHERE message.organisation_id = %(organisation_id)s
    AND (%(before)s::uuid IS NULL OR message.id < %(before)s)
ORDER BY message.id DESC
LIMIT %(limit)s
"""

_TRIES = """
SELECT number, outcome, detail, tried_at FROM deliveries
WHERE organisation_id = %(organisation_id)s AND message_id = %(message_id)s
ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message with its last try. `next_try_at` only while it waits; `outcome` and `detail`
    as the log has them: codes and plain English, for people who look after the service."""

    message_id: uuid.UUID
    kind: MessageKind
    channel: Channel
    locale: str
    state: MessageState
    tries: int
    ticket_id: uuid.UUID | None
    member_id: uuid.UUID | None
    created_at: dt.datetime
    ended_at: dt.datetime | None
    next_try_at: dt.datetime | None
    outcome: str | None
    detail: str | None
    tried_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class TryRow:
    number: int
    outcome: str
    detail: str | None
    tried_at: dt.datetime


def list_messages(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[MessageRow]:
    """Newest first; `before` is the id of the last one seen."""
    found = sql.rows(
        session, _LIST, {"organisation_id": organisation_id, "before": before, "limit": limit}
    )
    return [
        MessageRow(
            message_id=row.id,
            kind=MessageKind(row.kind),
            channel=Channel(row.channel),
            locale=row.locale,
            state=MessageState(row.state),
            tries=row.tries,
            ticket_id=row.ticket_id,
            member_id=row.member_id,
            created_at=row.created_at,
            ended_at=row.ended_at,
            next_try_at=row.next_try_at,
            outcome=row.outcome,
            detail=row.detail,
            tried_at=row.tried_at,
        )
        for row in found
    ]


def list_tries(
    session: Session, *, organisation_id: uuid.UUID, message_id: uuid.UUID
) -> list[TryRow]:
    """Every try at one message, first to last."""
    params = {"organisation_id": organisation_id, "message_id": message_id}
    return [TryRow(*row) for row in sql.rows(session, _TRIES, params)]
