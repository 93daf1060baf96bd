"""A customer is forgotten: who it was, how to reach them, and what was written about their matters.

What happened, what we promised and what we owe stays, under an id that names nobody.
"""

import uuid
from dataclasses import dataclass

from promises.compensation.goodwill import wipe_words
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.desk.actions import erase_texts, touch_tickets
from promises.identity.actions import erase_contact, erase_customer
from promises.notify.actions import forget_addresses
from promises.payouts.purging import forget_details

_TICKETS = """
SELECT t.id, t.contact_id FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.customer_id = %(customer_id)s
ORDER BY t.id
"""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many tickets they had, how many texts about them were wiped, and how many bank details
    stay until a payout under way has settled."""

    tickets: int
    texts: int
    under_way: int = 0


def forget_customer(uow: UnitOfWork, *, customer_id: uuid.UUID) -> Forgotten:
    """In one transaction; also an address that was left for one of their tickets alone goes. Safe
    to repeat. Raises NotFound."""
    erase_customer(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        customer_id=customer_id,
    )
    params = {"organisation_id": uow.organisation_id, "customer_id": customer_id}
    found = sql.rows(uow.session, _TICKETS, params)
    for contact_id in sorted({row.contact_id for row in found if row.contact_id is not None}):
        erase_contact(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            contact_id=contact_id,
        )
    tickets = [row.id for row in found]
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    texts = erase_texts(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_ids=tickets
    )
    texts += wipe_words(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    forget_addresses(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets)
    under_way = forget_details(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_ids=tickets
    )
    return Forgotten(len(tickets), texts, under_way)
