"""Who works on a matter: a member of staff, or a partner company."""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.audit.actions import record
from promises.db.sql import execute, one_or_none, rows
from promises.desk import errors
from promises.identity.models import MemberState
from promises.identity.slugs import slugify
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem, NotFound, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import N_

LONGEST_NAME = 120
_NOTHING_LEFT = "branch"  # what slugify makes of a name without Latin letters

_ADD = """
INSERT INTO partners (organisation_id, id, slug, name, created_at)
VALUES (%(organisation_id)s, %(id)s, %(slug)s, %(name)s, %(now)s)
ON CONFLICT (organisation_id, slug) DO UPDATE SET name = excluded.name, closed_at = NULL
RETURNING id
"""

_CLOSE = """
UPDATE partners SET closed_at = coalesce(closed_at, %(now)s)
WHERE organisation_id = %(organisation_id)s AND id = %(partner_id)s
"""

_MEMBER = """
SELECT branch_id, state FROM members
WHERE organisation_id = %(organisation_id)s AND id = %(owner_id)s
"""

_ASSIGN = """
WITH held AS (
    UPDATE matters SET owner_id = %(owner_id)s
    WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s
    RETURNING ticket_id
)
UPDATE tickets t SET version = t.version + 1
FROM held WHERE t.organisation_id = %(organisation_id)s AND t.id = held.ticket_id
"""


def add_partner(
    session: Session, *, organisation_id: uuid.UUID, actor: Actor, now: dt.datetime, name: str
) -> uuid.UUID:
    """The id of the partner of that name, made where it is new and opened again where it was
    closed. Raises Refused."""
    if not name.strip() or len(name) > LONGEST_NAME:
        words = N_("Give a name of at most %(most)s characters.")
        raise Refused([FieldProblem("name", words, {"most": LONGEST_NAME})])
    slug = slugify(name)
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "slug": slug if slug != _NOTHING_LEFT else f"partner-{new_id().hex[-12:]}",
        "name": name,
        "now": now,
    }
    (row,) = rows(session, _ADD, params)
    partner_id: uuid.UUID = row.id
    _note(session, organisation_id, actor, now, "partner_added", partner_id)
    return partner_id


def close_partner(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    partner_id: uuid.UUID,
) -> None:
    """No more matters go there; those that are there stay. Safe to repeat. Raises NotFound."""
    params = {"organisation_id": organisation_id, "partner_id": partner_id, "now": now}
    if not execute(session, _CLOSE, params):
        raise NotFound(partner_id=str(partner_id))
    _note(session, organisation_id, actor, now, "partner_closed", partner_id)


def assign(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    ticket_id: uuid.UUID,
    owner_id: uuid.UUID | None,
) -> None:
    """Make a member responsible for a matter, None for nobody. Raises NotFound, also for a member
    who has left."""
    params = {
        "organisation_id": organisation_id,
        "ticket_id": ticket_id,
        "owner_id": owner_id,
    }
    if owner_id is not None:
        member = one_or_none(session, _MEMBER, params)
        if member is None or member.state == MemberState.DEACTIVATED:
            raise NotFound(member_id=str(owner_id))
    if not execute(session, _ASSIGN, params):
        raise NotFound(ticket_id=str(ticket_id))
    record(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        action="matter_assigned",
        object_kind="ticket",
        object_id=ticket_id,
        details={"owner_id": owner_id and str(owner_id)},
    )


def partner_by_slug(session: Session, *, organisation_id: uuid.UUID, slug: str) -> uuid.UUID:
    """Raises PartnerUnknown, also where it is closed."""
    row = one_or_none(
        session,
        "SELECT id FROM partners WHERE organisation_id = %(organisation_id)s"
        " AND slug = %(slug)s AND closed_at IS NULL",
        {"organisation_id": organisation_id, "slug": slug},
    )
    if row is None:
        raise errors.PartnerUnknown
    found: uuid.UUID = row.id
    return found


def _note(
    session: Session,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action: str,
    partner_id: uuid.UUID,
) -> None:
    record(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        action=action,
        object_kind="partner",
        object_id=partner_id,
    )
