"""Closing time: what is still open is ended by rule."""

import uuid

from promises.db.session import UnitOfWork
from promises.desk.actions import close_day, touch_branches
from promises.flows.judge_tickets import judge


def close_branch(uow: UnitOfWork, *, branch_id: uuid.UUID) -> int:
    """End the tickets of days that are over at this branch, and judge them. Safe to repeat.

    Returns how many were ended.
    """
    closed = close_day(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, branch_id=branch_id
    )
    if not closed:
        return 0
    judge(uow, sorted(change.ticket_id for change in closed))
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[branch_id],
        staff_acted_at=None,
    )
    return len(closed)
