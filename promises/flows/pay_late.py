"""Our own commitment to pay in time: when it is broken, what the terms say for that is owed too."""

import uuid
from collections.abc import Sequence

from promises.audit.actions import record
from promises.breaches.general import Bench
from promises.breaches.penalties import late_penalties
from promises.compensation.lateness import (
    Due,
    Penalty,
    add_penalties,
    overdue,
    settle_lateness,
)
from promises.compensation.models import Lateness
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.compensate import let_go, time_zone
from promises.flows.tell_money import tell_late
from promises.kernel.zones import local_date
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.vat_choices import vat_history

AT_ONCE = 200


def owe_for_paying_late(uow: UnitOfWork, *, limit: int = AT_ONCE) -> int:
    """A duty of each round: debts whose time to be paid is over. Returns how many penalties are
    new. What a provider has not answered yet, or still grows, is looked at again."""
    due = overdue(uow.session, organisation_id=uow.organisation_id, now=uow.now, limit=limit)
    if not due:
        return 0
    amounts = _amounts(uow, [one for one in due if one.lateness is Lateness.OURS])
    settled = {
        one.compensation_id: one.lateness
        for one in due
        if one.lateness is not None
        and (one.lateness is not Lateness.OURS or one.compensation_id in amounts)
    }
    touch_tickets(  # locked before debts, as everywhere; their pages change
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=sorted({one.ticket_id for one in due if amounts.get(one.compensation_id)}),
    )
    mine = settle_lateness(uow.session, organisation_id=uow.organisation_id, found=settled)
    added = add_penalties(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        amounts={debt: amount for debt, amount in amounts.items() if amount and debt in mine},
    )
    if added:
        _follow(uow, added)
    return len(added)


def _amounts(uow: UnitOfWork, late: Sequence[Due]) -> dict[uuid.UUID, int]:
    """By debt, as far as they can change no more."""
    bench = Bench(uow.session, uow.organisation_id, uow.now)
    found = late_penalties(bench, {one.breach_id: one.paid_at for one in late})
    return {
        one.compensation_id: found[one.breach_id][0] for one in late if not found[one.breach_id][1]
    }


def _follow(uow: UnitOfWork, added: Sequence[Penalty]) -> None:
    today = local_date(uow.now, time_zone(uow))
    vat = vat_history(
        uow.session,
        organisation_id=uow.organisation_id,
        promise_ids=sorted({one.promise_id for one in added}),
    )
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(
                PostingKind.OWED,
                one.compensation_id,
                one.amount_minor,
                one.currency,
                vat=vat.in_force(one.promise_id, today),
                fact_on=today,
            )
            for one in added
        ],
    )
    let_go(uow, [one.compensation_id for one in added if one.free])
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="penalties_owed",
        object_kind="compensation",
        object_id=added[0].compensation_id if len(added) == 1 else None,
        details={"compensations": [str(one.compensation_id) for one in added]},
    )
    tell_late(uow, [one.compensation_id for one in added])
