"""The customer asks for what the terms give to those who ask, or the time for that is over."""

import uuid

from promises.compensation.claiming import NOT_CLAIMED, claim, unclaimed
from promises.compensation.models import CompensationState, Hold
from promises.compensation.queries import tickets_of
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.compensate import end_debts, lift_and_let_go


def claim_compensation(
    uow: UnitOfWork, *, ticket_id: uuid.UUID, compensation_id: uuid.UUID
) -> None:
    """One act is enough: what nothing else holds is paid. Raises NothingToClaim."""
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    claim(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        ticket_id=ticket_id,
        compensation_id=compensation_id,
    )
    lift_and_let_go(uow, [compensation_id], [Hold.CLAIM])


def end_unclaimed(uow: UnitOfWork) -> int:
    """End debts that nobody asked for in time; their customers' pages say so. Safe to repeat.
    Returns how many."""
    late = unclaimed(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    if not late:
        return 0
    touch_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=tickets_of(
            uow.session, organisation_id=uow.organisation_id, compensation_ids=late
        ),
    )
    return len(end_debts(uow, late, state=CompensationState.CANCELLED, reason=NOT_CLAIMED))
