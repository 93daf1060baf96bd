"""Before a promise breaks: colleagues are asked to help, and a call back is offered instead of the
queue. Neither stops the clock: see docs/decisions/0013-rescue.md."""

import uuid
from collections.abc import Sequence
from typing import Any

from promises.audit.actions import record
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.desk import callbacks, rescue
from promises.desk.actions import touch_branches, touch_tickets
from promises.desk.callbacks import Offer
from promises.desk.models import EventKind, EventSource, TicketKind, TicketState
from promises.desk.rescue_errors import OfferGone, PhoneMissing
from promises.desk.rescue_models import HelpReason
from promises.desk.values import EventClaim, NewMatter, OpenedMatter
from promises.flows.open_matter import open_matter
from promises.flows.record_event import record_event
from promises.identity.calendars import prepared_calendar
from promises.identity.customers import add_contact
from promises.identity.models import ContactChannel
from promises.identity.queries import managers, organisation_info
from promises.kernel.actors import ActorKind
from promises.kernel.text import N_, translate
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

_BRANCH = """
SELECT name FROM branches WHERE organisation_id = %(organisation_id)s AND id = %(branch_id)s
"""

SUBJECT = N_("A call back instead of the queue, number %(number)s")


def ask_help(
    uow: UnitOfWork, *, branch_id: uuid.UUID, counter_id: uuid.UUID | None, reason: HelpReason
) -> uuid.UUID:
    """Call colleagues of the branch for help; its managers hear of it. Raises HelpAsked."""
    help_id = rescue.ask_help(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        branch_id=branch_id,
        counter_id=counter_id,
        reason=reason,
    )
    _tell_managers(uow, help_id, branch_id, reason)
    _touch(uow, [branch_id], acted=True)
    return help_id


def take_help(uow: UnitOfWork, *, help_id: uuid.UUID, counter_id: uuid.UUID | None) -> None:
    """Say that one comes. Raises HelpAnswered, OwnCall, NotFound."""
    branch_id = rescue.take_help(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        help_id=help_id,
        counter_id=counter_id,
    )
    _touch(uow, [branch_id], acted=True)


def withdraw_help(uow: UnitOfWork, *, help_id: uuid.UUID) -> None:
    """Raises HelpAnswered."""
    branch_id = rescue.withdraw_help(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        help_id=help_id,
    )
    _touch(uow, [branch_id], acted=True)


def offer_callback(uow: UnitOfWork, *, ticket_id: uuid.UUID) -> uuid.UUID:
    """Offer the holder of a waiting number up to three times for a call back; their page shows
    them. Raises NotFound, OfferGone where nobody waits with it, CallbackOffered, SlotUnknown where
    the branch opens at no known time."""
    ticket = callbacks.waiting_branch(
        uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id
    )
    if ticket.state != TicketState.WAITING:
        raise OfferGone
    calendar = prepared_calendar(
        uow.session,
        organisation_id=uow.organisation_id,
        calendar_id=ticket.calendar_id,
        now=uow.now,
    )
    offer_id = callbacks.offer_callback(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        ticket=(ticket_id, ticket.branch_id),
        slots=callbacks.callback_slots(calendar, uow.now),
    )
    _touch_ticket(uow, ticket_id, ticket.branch_id)
    return offer_id


def accept_callback(
    uow: UnitOfWork, *, ticket_id: uuid.UUID, place: int, phone: str = ""
) -> OpenedMatter:
    """The customer takes the time at this place of the offer: the number leaves the queue, a call
    back is promised for that time, and what was promised about the wait is judged all the same.

    `phone` may be left out where the ticket has one. Said by a member of staff, for somebody
    without a phone at hand, it also shows that the customer was there. Raises OfferGone,
    SlotUnknown, PhoneMissing, Refused.
    """
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    ticket = callbacks.waiting_branch(uow.session, ticket_id=ticket_id, **tenant)
    offer, chosen_at = callbacks.lock_offer(
        uow.session, now=uow.now, ticket_id=ticket_id, place=place, **tenant
    )
    if ticket.state != TicketState.WAITING:
        raise OfferGone
    locale = ticket.locale or organisation_info(uow.session, **tenant).locale
    contact_id = _contact(uow, ticket, phone.strip(), locale)
    at_desk = uow.actor.kind is ActorKind.MEMBER
    source = EventSource.DESK if at_desk else EventSource.CUSTOMER
    if at_desk and ticket.presence_shown_at is None:
        _log(uow, ticket_id, EventKind.PRESENCE_SHOWN, source)
    _log(uow, ticket_id, EventKind.BOOKED, source)
    matter = open_matter(
        uow,
        request=NewMatter(
            branch_id=ticket.branch_id,
            service_kind_id=ticket.service_kind_id,
            kind=TicketKind.CALLBACK,
            source=source,
            subject=translate(locale, SUBJECT, number=_label(ticket)),
            promised_at=chosen_at,
            customer_id=ticket.customer_id,
            contact_id=contact_id,
            locale=ticket.locale,
        ),
    )
    callbacks.accept_offer(
        uow.session,
        actor=uow.actor,
        now=uow.now,
        offer_id=offer.offer_id,
        chosen_at=chosen_at,
        matter_id=matter.ticket_id,
        **tenant,
    )
    _audit(uow, ticket_id, matter, source)
    return matter


def _audit(
    uow: UnitOfWork, ticket_id: uuid.UUID, matter: OpenedMatter, source: EventSource
) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="callback_accepted",
        object_kind="ticket",
        object_id=ticket_id,
        details={"matter": str(matter.ticket_id), "source": source.value},
    )


def decline_callback(uow: UnitOfWork, *, ticket_id: uuid.UUID) -> None:
    """The customer keeps waiting; the place in the queue was never touched. Safe to repeat."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    ticket = callbacks.waiting_branch(uow.session, ticket_id=ticket_id, **tenant)
    if callbacks.decline_offer(uow.session, now=uow.now, ticket_id=ticket_id, **tenant):
        _touch_ticket(uow, ticket_id, ticket.branch_id)


def offers(uow: UnitOfWork, ticket_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Offer]:
    """Offers that stand or were accepted, by ticket."""
    return callbacks.offers_of(
        uow.session, organisation_id=uow.organisation_id, ticket_ids=ticket_ids
    )


def tidy_rescue(uow: UnitOfWork) -> int:
    """The minute's round: end what nobody answered in time, so that screens say so."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "now": uow.now}
    tickets = callbacks.expire_offers(uow.session, **tenant)
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    branches = rescue.expire_help(uow.session, **tenant)
    if branches:
        _touch(uow, branches, acted=False)
    return len(tickets) + len(branches)


def _contact(uow: UnitOfWork, ticket: Any, phone: str, locale: str) -> uuid.UUID:
    if not phone:
        if not ticket.has_phone:
            raise PhoneMissing
        return uuid.UUID(str(ticket.contact_id))
    return add_contact(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        channel=ContactChannel.SMS,
        address=phone,
        locale=locale,
        customer_id=ticket.customer_id,
    )


def _log(uow: UnitOfWork, ticket_id: uuid.UUID, kind: EventKind, source: EventSource) -> None:
    record_event(uow, claim=EventClaim(ticket_id=ticket_id, kind=kind, source=source))


def _label(ticket: Any) -> str:
    return f"{ticket.letter or ''}{ticket.number:03d}"


def _tell_managers(
    uow: UnitOfWork, help_id: uuid.UUID, branch_id: uuid.UUID, reason: HelpReason
) -> None:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "branch_id": branch_id}
    people = managers(uow.session, **tenant)
    branch = sql.one(uow.session, _BRANCH, tenant)
    slug = organisation_info(uow.session, organisation_id=uow.organisation_id).slug
    messages = [
        NewMessage(
            kind=MessageKind.HELP_ASKED,
            channel=Channel.EMAIL,
            locale=person.locale,
            member_id=person.id,
            params={"reason": reason.value, "branch": branch.name},
            dedupe_key=f"help:{help_id}:{person.id}",
            secret=f"/o/{slug}/staff/help",
            expires_at=uow.now + rescue.STANDS_FOR,
        )
        for person in people
    ]
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)


def _touch_ticket(uow: UnitOfWork, ticket_id: uuid.UUID, branch_id: uuid.UUID) -> None:
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    _touch(uow, [branch_id], acted=uow.actor.kind is ActorKind.MEMBER)


def _touch(uow: UnitOfWork, branch_ids: Sequence[uuid.UUID], *, acted: bool) -> None:
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=branch_ids,
        staff_acted_at=uow.now if acted else None,
    )
