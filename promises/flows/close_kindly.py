"""A clerk made the closing gesture that a promise carries."""

import uuid

from promises.db.session import UnitOfWork
from promises.desk.actions import touch_branches, touch_tickets
from promises.desk.gestures import note_gesture
from promises.desk.queries import ticket_by_id
from promises.kernel.errors import NotFound


def close_kindly(uow: UnitOfWork, *, ticket_id: uuid.UUID, version_id: uuid.UUID) -> None:
    """Note it, once. Decides nothing about the promise. Raises NotFound."""
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    note_gesture(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        ticket_id=ticket_id,
        version_id=version_id,
    )
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[ticket.branch_id],
        staff_acted_at=uow.now,
    )
