"""A customer asks to be told, and takes it back."""

import uuid

from promises.audit.actions import record
from promises.audit.queries import was_done
from promises.db.session import UnitOfWork
from promises.desk.contacts import set_contact
from promises.desk.queries import ticket_by_code
from promises.flows.tell_customers import tell_turn_near
from promises.flows.tell_money import tell_contact_removed
from promises.identity.customers import add_contact, erase_contact, open_contact
from promises.identity.errors import AlreadyErased
from promises.identity.models import ContactChannel
from promises.kernel.errors import NotFound

_REMOVED = "contact_removed"


def follow(
    uow: UnitOfWork, *, public_code: str, channel: ContactChannel, address: str, locale: str
) -> None:
    """Keep a contact for this ticket alone; one given before is erased. Raises Refused where it
    cannot be an address of that kind, NotFound for an unknown ticket."""
    contact_id = add_contact(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        channel=channel,
        address=address,
        locale=locale,
    )
    branch_id, before = set_contact(
        uow.session,
        organisation_id=uow.organisation_id,
        public_code=public_code,
        contact_id=contact_id,
        locale=locale,
    )
    if before is not None:
        _remove(uow, public_code, before, instead=contact_id)
    tell_turn_near(uow, branch_id)


def stop_following(uow: UnitOfWork, *, public_code: str) -> None:
    """Erase the ticket's contact. Safe to repeat."""
    _branch_id, before = set_contact(
        uow.session,
        organisation_id=uow.organisation_id,
        public_code=public_code,
        contact_id=None,
    )
    if before is not None:
        _remove(uow, public_code, before)


def contact_was_removed(uow: UnitOfWork, ticket_id: uuid.UUID) -> bool:
    """Whether the ticket ever had a contact that is not its contact any more."""
    return was_done(
        uow.session,
        organisation_id=uow.organisation_id,
        action=_REMOVED,
        object_kind="ticket",
        object_id=ticket_id,
    )


def _remove(
    uow: UnitOfWork, public_code: str, contact_id: uuid.UUID, instead: uuid.UUID | None = None
) -> None:
    """The address is told where money is open, and goes; that there was one is remembered, without
    it: who only has the link must not direct money past the person who was told of it."""
    ticket = ticket_by_code(
        uow.session, organisation_id=uow.organisation_id, public_code=public_code
    )
    if ticket is None:
        raise NotFound(public_code=public_code)
    _tell(uow, ticket.ticket_id, contact_id, instead)
    erase_contact(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        contact_id=contact_id,
    )
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=_REMOVED,
        object_kind="ticket",
        object_id=ticket.ticket_id,
        details={},
    )


def _tell(
    uow: UnitOfWork, ticket_id: uuid.UUID, contact_id: uuid.UUID, instead: uuid.UUID | None
) -> None:
    """Not where it was erased before, or where the same address was given again."""
    tenant = {"organisation_id": uow.organisation_id}
    try:
        gone = open_contact(uow.session, contact_id=contact_id, **tenant)
    except AlreadyErased:
        return
    if instead is not None:
        new = open_contact(uow.session, contact_id=instead, **tenant)
        if (new.channel, new.address) == (gone.channel, gone.address):
            return
    tell_contact_removed(uow, ticket_id=ticket_id, contact=gone)
