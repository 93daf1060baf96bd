"""Somebody without a number is served at once."""

import uuid

from promises.db.session import UnitOfWork
from promises.desk.actions import touch_branches
from promises.desk.actions import walk_in as walk_in_at_desk
from promises.desk.values import IssuedTicket


def walk_in(uow: UnitOfWork, *, counter_id: uuid.UUID, service_kind_id: uuid.UUID) -> IssuedTicket:
    """Nobody logged an arrival, so no promise applies and no commitment is opened."""
    ticket = walk_in_at_desk(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        counter_id=counter_id,
        service_kind_id=service_kind_id,
    )
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[ticket.branch_id],
        staff_acted_at=uow.now,
    )
    return ticket
