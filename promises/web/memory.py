"""Who may see what we promised a known customer before, and where to call."""

from promises.db.session import UnitOfWork
from promises.desk.models import TicketKind
from promises.desk.states import OPEN_MATTER
from promises.desk.views import TicketView
from promises.http.permissions import Permission, may
from promises.identity.customers import open_contact
from promises.identity.models import ContactChannel
from promises.kernel.errors import DomainError


def may_remember() -> bool:
    """Those who serve customers, and those who decide about their money."""
    return may(Permission.DESK) or may(Permission.COMPENSATION_READ)


def phone_to_call(uow: UnitOfWork, ticket: TicketView) -> str | None:
    """The number that a customer left for an open call back, for those who make it."""
    if ticket.kind is not TicketKind.CALLBACK or ticket.contact_id is None:
        return None
    if ticket.state not in OPEN_MATTER or not may(Permission.DESK):
        return None
    try:
        contact = open_contact(
            uow.session, organisation_id=uow.organisation_id, contact_id=ticket.contact_id
        )
    except DomainError:  # the customer took it back
        return None
    return contact.address if contact.channel is ContactChannel.SMS else None
