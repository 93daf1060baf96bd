"""A call back offered to somebody who waits: times to choose from, answered once."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none, rows
from promises.desk.models import EventSource
from promises.desk.rescue_errors import CallbackOffered, OfferGone, SlotUnknown
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.calendars import BeyondCalendar, CalendarNeverOpens, PreparedCalendar
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from promises.kernel.zones import local_clock, local_date, resolve_local

STANDS_FOR = dt.timedelta(minutes=15)
NOTICE = dt.timedelta(minutes=45)
"""The first time offered lies so much open time ahead."""
APART = dt.timedelta(hours=2)
QUARTER_S = 900
EARLIEST_HOUR, LATEST_HOUR = 9, 20
"""By the clocks of the branch."""

_OFFER = """
WITH ended AS (
    UPDATE callback_offers SET state = 'expired', ended_at = expires_at
    WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s
      AND state = 'open' AND expires_at <= %(now)s
    RETURNING id
)
INSERT INTO callback_offers (organisation_id, id, ticket_id, branch_id, slots, state, offered_by,
    offered_at, expires_at)
SELECT %(organisation_id)s, %(id)s, %(ticket_id)s, %(branch_id)s, %(slots)s::timestamptz[], 'open',
    %(actor_id)s, %(now)s, %(expires_at)s
WHERE (SELECT count(*) FROM ended) >= 0
ON CONFLICT (organisation_id, ticket_id) WHERE state IN ('open', 'accepted') DO NOTHING
RETURNING id
"""

_ACCEPT = """
UPDATE callback_offers
SET state = 'accepted', chosen_at = %(chosen_at)s, matter_id = %(matter_id)s, source = %(source)s,
    answered_by = %(answered_by)s, ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(offer_id)s AND state = 'open'
"""

_END = """
UPDATE callback_offers SET state = %(state)s, ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s AND state = 'open'
"""

_OF_TICKET = """
SELECT o.id AS offer_id, o.ticket_id, o.branch_id, o.slots, o.state, o.offered_at, o.expires_at,
    o.chosen_at, o.matter_id, o.source, o.held_at, m.public_code AS matter_code
FROM callback_offers o
LEFT JOIN tickets m ON m.organisation_id = o.organisation_id AND m.id = o.matter_id
WHERE o.organisation_id = %(organisation_id)s AND o.ticket_id = ANY(%(ticket_ids)s)
  AND o.state IN ('open', 'accepted')
"""
_LOCK_OF_TICKET = f"{_OF_TICKET} FOR NO KEY UPDATE OF o"

_HELD = """
UPDATE callback_offers SET held_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND matter_id = ANY(%(matter_ids)s)
  AND state = 'accepted' AND held_at IS NULL
RETURNING ticket_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer that stands or was accepted. `matter_code` leads to the page of the call back."""

    offer_id: uuid.UUID
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    slots: Sequence[dt.datetime]
    state: str
    offered_at: dt.datetime
    expires_at: dt.datetime
    chosen_at: dt.datetime | None
    matter_id: uuid.UUID | None
    source: str | None
    held_at: dt.datetime | None
    matter_code: str | None

    def stands(self, now: dt.datetime) -> bool:
        return self.state == "open" and now < self.expires_at


def callback_slots(calendar: PreparedCalendar, now: dt.datetime) -> list[dt.datetime]:
    """Up to three times in open hours, on the quarter: after three quarters of an hour, two hours
    later, and in the first hour of the next open day."""
    found: list[dt.datetime] = []
    zone = calendar.spec.zone
    try:
        first = calendar.add_open(now, NOTICE)
        found.append(_on_quarter(calendar, first))
        found.append(_on_quarter(calendar, calendar.add_open(first, APART)))
        day = calendar.add_open_days(local_date(now, zone), 1)
        opens = calendar.opening_of_day(day)
        if opens is not None:
            found.append(_on_quarter(calendar, calendar.add_open(opens, NOTICE)))
    except (BeyondCalendar, CalendarNeverOpens):
        pass
    return sorted({_by_day(calendar, at) for at in found})[:3]


def _by_day(calendar: PreparedCalendar, at: dt.datetime) -> dt.datetime:
    """Nobody is called at night, also where the doors never close: then it is the next morning."""
    zone = calendar.spec.zone
    day, time = local_clock(at, zone)
    if EARLIEST_HOUR <= time.hour < LATEST_HOUR:
        return at
    day += dt.timedelta(days=time.hour >= LATEST_HOUR)
    morning = resolve_local(dt.datetime.combine(day, dt.time(EARLIEST_HOUR)), zone).instant
    try:
        return calendar.next_opening(morning)
    except BeyondCalendar:
        return morning


def _on_quarter(calendar: PreparedCalendar, at: dt.datetime) -> dt.datetime:
    """The next quarter of an hour, in open time."""
    late = -at.timestamp() % QUARTER_S
    return calendar.next_opening(at + dt.timedelta(seconds=late))


def offer_callback(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    ticket: tuple[uuid.UUID, uuid.UUID],
    slots: Sequence[dt.datetime],
) -> uuid.UUID:
    """Offer these times to the holder of a ticket, given as (ticket, branch). Raises
    CallbackOffered while an offer stands or was accepted, SlotUnknown without times."""
    if not slots:
        raise SlotUnknown
    ticket_id, branch_id = ticket
    offer_id = new_id()
    made = one_or_none(
        session,
        _OFFER,
        {
            "organisation_id": organisation_id,
            "id": offer_id,
            "ticket_id": ticket_id,
            "branch_id": branch_id,
            "slots": list(slots),
            "actor_id": actor.id,
            "now": now,
            "expires_at": now + STANDS_FOR,
        },
    )
    if made is None:
        raise CallbackOffered
    return offer_id


def lock_offer(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    ticket_id: uuid.UUID,
    place: int,
) -> tuple[Offer, dt.datetime]:
    """The offer that stands for a ticket, locked, and the time at this place in it. Raises
    OfferGone, SlotUnknown."""
    params: dict[str, Any] = {"organisation_id": organisation_id, "ticket_ids": [ticket_id]}
    row = one_or_none(session, _LOCK_OF_TICKET, params)
    offer = None if row is None else Offer(**row._asdict())
    if offer is None or not offer.stands(now):
        raise OfferGone
    if not 0 <= place < len(offer.slots) or offer.slots[place] <= now:
        raise SlotUnknown
    return offer, offer.slots[place]


def accept_offer(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    offer_id: uuid.UUID,
    chosen_at: dt.datetime,
    matter_id: uuid.UUID,
) -> None:
    """Note the answer on a locked offer: by the customer, or by a clerk for them."""
    at_desk = actor.kind is ActorKind.MEMBER
    execute(
        session,
        _ACCEPT,
        {
            "organisation_id": organisation_id,
            "offer_id": offer_id,
            "chosen_at": chosen_at,
            "matter_id": matter_id,
            "source": (EventSource.DESK if at_desk else EventSource.CUSTOMER).value,
            "answered_by": actor.id if at_desk else None,
            "now": now,
        },
    )


def decline_offer(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, ticket_id: uuid.UUID
) -> bool:
    """The customer keeps waiting. Safe to repeat; whether an offer stood."""
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id, "now": now}
    return execute(session, _END, params | {"state": "declined"}) > 0


def offers_of(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Offer]:
    """Those that stand or were accepted, by ticket."""
    if not ticket_ids:
        return {}
    params = {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)}
    return {row.ticket_id: Offer(**row._asdict()) for row in rows(session, _OF_TICKET, params)}


def hold_calls(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, matter_ids: list[uuid.UUID]
) -> list[uuid.UUID]:
    """These matters were called back: of those that took the place of a visit, the visits, each
    once."""
    held = rows(
        session,
        _HELD,
        {"organisation_id": organisation_id, "matter_ids": matter_ids, "now": now},
    )
    return [row.ticket_id for row in held]


_EXPIRE = """
UPDATE callback_offers o SET state = CASE WHEN t.state = 'waiting' THEN 'expired' ELSE 'withdrawn'
    END, ended_at = least(o.expires_at, %(now)s)
FROM tickets t
WHERE o.organisation_id = %(organisation_id)s AND o.state = 'open'
  AND t.organisation_id = o.organisation_id AND t.id = o.ticket_id
  AND (o.expires_at <= %(now)s OR t.state <> 'waiting')
RETURNING o.ticket_id
"""


def expire_offers(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> list[uuid.UUID]:
    """End offers that nobody answered in time, or whose customer's turn came; their tickets."""
    ended = rows(session, _EXPIRE, {"organisation_id": organisation_id, "now": now})
    return [row.ticket_id for row in ended]


def waiting_branch(session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID) -> Any:
    """Branch, calendar and contact of a visit, its row locked. Raises NotFound."""
    row = one_or_none(
        session, _WAITING, {"organisation_id": organisation_id, "ticket_id": ticket_id}
    )
    if row is None:
        raise NotFound(ticket_id=str(ticket_id))
    return row


_WAITING = """
SELECT t.id AS ticket_id, t.branch_id, b.calendar_id, t.state, t.letter, t.number,
    t.service_kind_id, t.customer_id, t.contact_id, t.locale, t.public_code, t.presence_shown_at,
    k.channel = 'sms' AND k.erased_at IS NULL AS has_phone
FROM tickets t
JOIN branches b ON b.organisation_id = t.organisation_id AND b.id = t.branch_id
LEFT JOIN contacts k ON k.organisation_id = t.organisation_id AND k.id = t.contact_id
WHERE t.organisation_id = %(organisation_id)s AND t.id = %(ticket_id)s AND t.kind = 'visit'
FOR NO KEY UPDATE OF t
"""
