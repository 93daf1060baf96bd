"""Whoever types bank details at the desk must not be the one who is paid."""

import uuid

from promises.db.session import UnitOfWork
from promises.db.sql import rows
from promises.identity.own_contacts import own_index
from promises.payouts.errors import OwnAccount

# Known by the address: the ticket is the member's own, or the account stands with one that is.
_OWN = """
SELECT 1 AS found FROM tickets t
JOIN contacts c ON c.organisation_id = t.organisation_id AND c.address_index = %(index)s
    AND c.erased_at IS NULL AND (c.id = t.contact_id OR c.customer_id = t.customer_id)
WHERE t.organisation_id = %(organisation_id)s AND t.id = ANY(ARRAY(
    SELECT %(ticket_id)s::uuid
    UNION ALL
    SELECT d.ticket_id FROM payout_destinations d
    WHERE d.organisation_id = %(organisation_id)s AND d.fingerprint = %(mark)s
))
LIMIT 1
"""


def require_not_own(uow: UnitOfWork, *, ticket_id: uuid.UUID, mark: bytes) -> None:
    """`mark` is the blind index of the account. Raises OwnAccount, as far as addresses tell."""
    index = own_index(uow.session, organisation_id=uow.organisation_id, member_id=uow.actor.id)
    params = {
        "organisation_id": uow.organisation_id,
        "index": index,
        "ticket_id": ticket_id,
        "mark": mark,
    }
    if index is not None and rows(uow.session, _OWN, params):
        raise OwnAccount
