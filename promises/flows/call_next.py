"""The clerk calls the next customer: one action, which also ends the visit before."""

import uuid
from collections.abc import Collection

from promises.db.session import UnitOfWork
from promises.desk.actions import call_next as call_next_at_desk
from promises.desk.actions import touch_branches
from promises.desk.values import CallResult, Seen
from promises.flows.judge_tickets import judge
from promises.flows.tell_customers import tell_turn, tell_turn_near


def call_next(
    uow: UnitOfWork,
    *,
    counter_id: uuid.UUID,
    service_kind_ids: Collection[uuid.UUID] | None = None,
    seen: Seen | None = None,
) -> CallResult:
    """Serve out the previous visit, call the next in line and judge that ticket.

    The end of a visit decides nothing: its start did, or nobody logged when that customer came.
    `called` is None where nobody waits. Raises what the desk raises.
    """
    result = call_next_at_desk(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        counter_id=counter_id,
        service_kind_ids=service_kind_ids,
        seen=seen,
    )
    changed = [change for change in (result.called, result.closed) if change is not None]
    if not changed:
        return result
    if result.called is not None:
        judge(uow, [result.called.ticket_id])
        tell_turn(uow, result.called)
        tell_turn_near(uow, result.called.branch_id)
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[changed[0].branch_id],
        staff_acted_at=uow.now,
    )
    return result
