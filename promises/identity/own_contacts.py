"""Whether a customer is somebody on staff, as far as addresses tell."""

import uuid

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.identity import keys
from promises.kernel.ids import mac

_EMAIL = """
SELECT email FROM members WHERE organisation_id = %(organisation_id)s AND id = %(member_id)s
"""

_OWN = """
SELECT 1 AS found FROM contacts c
WHERE c.organisation_id = %(organisation_id)s AND c.address_index = %(index)s
  AND c.erased_at IS NULL AND (c.id = %(contact_id)s OR c.customer_id = %(customer_id)s)
LIMIT 1
"""


def is_own_contact(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    member_id: uuid.UUID | None,
    contact_id: uuid.UUID | None,
    customer_id: uuid.UUID | None,
) -> bool:
    """Whether the contact of a ticket, or one of its customer, is the member's own address."""
    index = own_index(session, organisation_id=organisation_id, member_id=member_id)
    if index is None:
        return False
    params = {
        "organisation_id": organisation_id,
        "index": index,
        "contact_id": contact_id,
        "customer_id": customer_id,
    }
    return bool(rows(session, _OWN, params))


def own_index(
    session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID | None
) -> bytes | None:
    """The blind index that a contact with the member's address has; None for no such member."""
    params = {"organisation_id": organisation_id, "member_id": member_id}
    found = rows(session, _EMAIL, params)
    if not found:
        return None
    key = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.CONTACT
    )
    return mac(key, f"email:{found[0].email.strip().lower()}")
