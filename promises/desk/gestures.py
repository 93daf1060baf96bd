"""Noting that a closing gesture was made."""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.db.sql import execute
from promises.kernel.actors import Actor
from promises.kernel.ids import new_id

_NOTE = """
INSERT INTO closing_gestures (organisation_id, id, ticket_id, version_id, branch_id, day_on,
    actor_kind, actor_id, done_at)
SELECT t.organisation_id, %(id)s, t.id, g.version_id, t.branch_id, t.day_on, %(actor_kind)s,
    %(actor_id)s, %(now)s
FROM tickets t
JOIN version_gestures g ON g.organisation_id = t.organisation_id AND g.version_id = %(version_id)s
WHERE t.organisation_id = %(organisation_id)s AND t.id = %(ticket_id)s
ON CONFLICT (organisation_id, ticket_id, version_id) DO NOTHING
"""


def note_gesture(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    ticket_id: uuid.UUID,
    version_id: uuid.UUID,
) -> bool:
    """Once a ticket and version, however often it is pressed; whether it is new. A version that
    carries no gesture gets none."""
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "ticket_id": ticket_id,
        "version_id": version_id,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "now": now,
    }
    return execute(session, _NOTE, params) == 1
