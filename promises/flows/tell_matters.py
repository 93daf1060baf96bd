"""Word to customers whose matter takes time: that we have it, by when, that we are on it, that it
is answered. Only to those who gave a contact, in their language; what was written about a matter
stands on its page and in no letter."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.desk.models import EventKind, TicketKind, TicketState
from promises.desk.values import EventClaim, LoggedEvent, OpenedMatter
from promises.flows.tell_customers import NEWS_LASTS
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

_NEWS = {
    EventKind.PROMISED: MessageKind.MATTER_PROMISED,
    EventKind.TOLD: MessageKind.MATTER_TOLD,
    EventKind.ANSWERED: MessageKind.MATTER_ANSWERED,
}

_CONTACTS = """
SELECT t.id AS ticket_id, t.kind, c.id AS contact_id, c.channel, c.locale, m.promised_at,
    m.next_due_at
FROM tickets t
JOIN matters m ON m.organisation_id = t.organisation_id AND m.ticket_id = t.id
JOIN contacts c ON c.organisation_id = t.organisation_id AND c.id = t.contact_id
    AND c.erased_at IS NULL
WHERE t.organisation_id = %(organisation_id)s AND t.id = ANY(%(ticket_ids)s)
"""


def as_read(due_at: dt.datetime) -> dt.datetime:
    """A deadline as people read it: the last instant that is still in time."""
    return due_at - dt.timedelta.resolution


def tell_received(uow: UnitOfWork, opened: Sequence[OpenedMatter]) -> int:
    """That we have it, and by when we promised something. Returns how many are told."""
    events = {matter.ticket_id: (MessageKind.MATTER_RECEIVED, matter.event_id) for matter in opened}
    return _tell(uow, events)


def tell_news(uow: UnitOfWork, claims: Sequence[EventClaim], logged: Sequence[LoggedEvent]) -> int:
    """What the customers of these events are to hear, each event once; the claims are those of the
    logged events, in their order."""
    events = {
        one.ticket.ticket_id: (kind, one.event_id)
        for claim, one in zip(claims, logged, strict=True)
        if one.ticket.contact_id is not None
        and one.ticket.kind is not TicketKind.VISIT
        and (kind := _news(claim, one)) is not None
    }
    return _tell(uow, events)


def _news(claim: EventClaim, logged: LoggedEvent) -> MessageKind | None:
    """A call back is news where it was all that was asked for: the customer took the call, so
    there is none."""
    if logged.ticket.state is TicketState.WITHDRAWN:
        return None
    return _NEWS.get(claim.kind)


def _tell(uow: UnitOfWork, events: Mapping[uuid.UUID, tuple[MessageKind, uuid.UUID]]) -> int:
    if not events:
        return 0
    found = sql.rows(
        uow.session,
        _CONTACTS,
        {"organisation_id": uow.organisation_id, "ticket_ids": sorted(events)},
    )
    messages = [_message(uow, row, *events[row.ticket_id]) for row in found]
    return enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)


def _message(uow: UnitOfWork, row: Any, kind: MessageKind, event_id: uuid.UUID) -> NewMessage:
    return NewMessage(
        kind=kind,
        channel=Channel(row.channel),
        locale=row.locale,
        contact_id=row.contact_id,
        ticket_id=row.ticket_id,
        params={
            "matter": row.kind,
            "promised_at": row.promised_at and row.promised_at.isoformat(),
            "due_at": row.next_due_at and as_read(row.next_due_at).isoformat(),
        },
        dedupe_key=f"{kind.value}:{event_id}",
        expires_at=uow.now + NEWS_LASTS,
    )
