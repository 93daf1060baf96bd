"""A customer asks to be told, and takes it back."""

from promises.db.session import UnitOfWork
from promises.desk.contacts import set_contact
from promises.flows.tell_customers import tell_turn_near
from promises.identity.customers import add_contact, erase_contact
from promises.identity.models import ContactChannel


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
        erase_contact(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            contact_id=before,
        )
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
        erase_contact(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            contact_id=before,
        )
