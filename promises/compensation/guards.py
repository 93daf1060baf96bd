"""Who may not decide about which money."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.compensation.errors import OwnEvidence
from promises.db.sql import rows
from promises.kernel.actors import Actor

# Whoever made evidence on the ticket, brought its import in, or published the promise that was
# applied to the past, has a part in whether this money is owed.
_OWN = """
SELECT c.id
FROM compensations c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN promise_versions v ON v.organisation_id = c.organisation_id AND v.id = c.version_id
LEFT JOIN imports i ON i.organisation_id = t.organisation_id AND i.id = t.import_id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
  AND (i.created_by = %(member_id)s
       OR (v.applied_to_history AND v.published_by = %(member_id)s)
       OR EXISTS (SELECT 1 FROM service_events e
                  WHERE e.organisation_id = c.organisation_id AND e.ticket_id = c.ticket_id
                    AND e.actor_kind = 'member' AND e.actor_id = %(member_id)s))
LIMIT 1
"""


def require_second_person(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    compensation_ids: Sequence[uuid.UUID],
) -> None:
    """Raises OwnEvidence where the actor had a part in the evidence of any of these debts."""
    own = rows(
        session,
        _OWN,
        {
            "organisation_id": organisation_id,
            "ids": list(compensation_ids),
            "member_id": actor.id,
        },
    )
    if own:
        raise OwnEvidence
