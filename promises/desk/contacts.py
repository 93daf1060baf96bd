"""The contact of a ticket: given by its customer, and taken back by them."""

import uuid

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none
from promises.kernel.errors import NotFound

_SET = """
UPDATE tickets t SET contact_id = %(contact_id)s, locale = coalesce(%(locale)s, t.locale),
    version = t.version + 1
FROM (
    SELECT id, contact_id, branch_id FROM tickets
    WHERE organisation_id = %(organisation_id)s AND public_code = %(public_code)s
    FOR UPDATE
) before
WHERE t.organisation_id = %(organisation_id)s AND t.id = before.id
RETURNING t.id, t.branch_id, before.contact_id AS contact_before
"""


def set_contact(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    public_code: str,
    contact_id: uuid.UUID | None,
    locale: str | None = None,
) -> tuple[uuid.UUID, uuid.UUID | None]:
    """Set or clear the ticket's contact. Returns the branch and the contact before, which is to be
    erased. Raises NotFound."""
    row = one_or_none(
        session,
        _SET,
        {
            "organisation_id": organisation_id,
            "public_code": public_code,
            "contact_id": contact_id,
            "locale": locale,
        },
    )
    if row is None:
        raise NotFound()
    return row.branch_id, row.contact_before
