"""What customers are told, and when: only those who gave a contact, in their own language.

Each verb is one look at the tickets concerned, and one insert when there is somebody to tell.
Nothing here sends: the worker does, after the commit.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

NEAR = 2
"""How many may stand ahead of a customer who is told that the turn is near."""

TURN_LASTS = dt.timedelta(minutes=5)
NEAR_LASTS = dt.timedelta(minutes=10)
NEWS_LASTS = dt.timedelta(days=2)


class CalledTicket(Protocol):
    """What a call says of its ticket; the desk's TicketChange fits."""

    @property
    def ticket_id(self) -> uuid.UUID: ...
    @property
    def contact_id(self) -> uuid.UUID | None: ...
    @property
    def event_id(self) -> uuid.UUID: ...


_BROKEN = """
SELECT breach.id AS breach_id, breach.ticket_id, ticket.contact_id, contact.channel,
    contact.locale, promise.titles, owed.amount_minor, owed.currency
FROM breaches AS breach
JOIN tickets AS ticket
    ON ticket.organisation_id = breach.organisation_id AND ticket.id = breach.ticket_id
JOIN contacts AS contact
    ON contact.organisation_id = ticket.organisation_id AND contact.id = ticket.contact_id
    AND contact.erased_at IS NULL
JOIN promises AS promise
    ON promise.organisation_id = breach.organisation_id AND promise.id = breach.promise_id
LEFT JOIN compensations AS owed
    ON owed.organisation_id = breach.organisation_id AND owed.breach_id = breach.id
    AND owed.instalment = 1
WHERE breach.organisation_id = %(organisation_id)s AND breach.id = ANY(%(breach_ids)s)
    AND breach.evidence <> 'imported'
"""

_CALLED = """
SELECT ticket.id AS ticket_id, ticket.contact_id, contact.channel, contact.locale,
    counter.name AS counter
FROM tickets AS ticket
JOIN contacts AS contact
    ON contact.organisation_id = ticket.organisation_id AND contact.id = ticket.contact_id
    AND contact.erased_at IS NULL
LEFT JOIN counters AS counter
    ON counter.organisation_id = ticket.organisation_id AND counter.id = ticket.counter_id
WHERE ticket.organisation_id = %(organisation_id)s AND ticket.id = %(ticket_id)s
"""

_NEXT = """
SELECT head.id AS ticket_id, head.contact_id, head.ahead, contact.channel, contact.locale
FROM (
    SELECT ticket.id, ticket.contact_id,
        (row_number() OVER (ORDER BY ticket.queued_at, ticket.id) - 1)::int AS ahead
    FROM (
        SELECT id, contact_id, queued_at FROM tickets
        WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
            AND state = 'waiting'
        ORDER BY queued_at, id
        LIMIT %(near)s + 1
    ) AS ticket
) AS head
JOIN contacts AS contact
    ON contact.organisation_id = %(organisation_id)s AND contact.id = head.contact_id
    AND contact.erased_at IS NULL
"""


def tell_broken(uow: UnitOfWork, breach_ids: Sequence[uuid.UUID]) -> int:
    """Say at the deadline that we broke a promise and what is owed for it. Call it after the
    compensations were written. Imported history announces nothing. Returns how many are told."""
    if not breach_ids:
        return 0
    found = sql.rows(
        uow.session,
        _BROKEN,
        {"organisation_id": uow.organisation_id, "breach_ids": list(breach_ids)},
    )
    messages = [
        NewMessage(
            kind=MessageKind.PROMISE_BROKEN,
            params={
                "titles": row.titles,
                "amount_minor": row.amount_minor or 0,
                "currency": row.currency,
            },
            dedupe_key=f"broken:{row.breach_id}",
            expires_at=uow.now + NEWS_LASTS,
            **_to_contact(row),
        )
        for row in found
    ]
    return _put(uow, messages)


def tell_turn(uow: UnitOfWork, called: CalledTicket) -> int:
    """Say that it is the customer's turn, once a call."""
    if called.contact_id is None:
        return 0
    found = sql.rows(
        uow.session,
        _CALLED,
        {"organisation_id": uow.organisation_id, "ticket_id": called.ticket_id},
    )
    messages = [
        NewMessage(
            kind=MessageKind.YOUR_TURN,
            params={"counter": row.counter},
            dedupe_key=f"turn:{called.event_id}",
            expires_at=uow.now + TURN_LASTS,
            **_to_contact(row),
        )
        for row in found
    ]
    return _put(uow, messages)


def tell_turn_near(uow: UnitOfWork, branch_id: uuid.UUID) -> int:
    """Tell those who have at most two ahead of them at the branch, each ticket once."""
    found = sql.rows(
        uow.session,
        _NEXT,
        {"organisation_id": uow.organisation_id, "branch_id": branch_id, "near": NEAR},
    )
    messages = [
        NewMessage(
            kind=MessageKind.TURN_NEAR,
            params={"ahead": row.ahead},
            dedupe_key=f"near:{row.ticket_id}",
            expires_at=uow.now + NEAR_LASTS,
            **_to_contact(row),
        )
        for row in found
    ]
    return _put(uow, messages)


def _to_contact(row: Any) -> dict[str, Any]:
    return {
        "channel": Channel(row.channel),
        "locale": row.locale,
        "contact_id": row.contact_id,
        "ticket_id": row.ticket_id,
    }


def _put(uow: UnitOfWork, messages: Sequence[NewMessage]) -> int:
    return enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
