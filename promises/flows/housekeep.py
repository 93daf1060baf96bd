"""What an organisation needs now and then without anybody asking. Safe to repeat at any time."""

from promises.compensation.queries import held_by_budget, tickets_of
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.claim_compensation import end_unclaimed
from promises.flows.compensate import let_go
from promises.flows.redeem_voucher import expire
from promises.idempotency.actions import delete_expired


def housekeep(uow: UnitOfWork) -> None:
    """Pay debts for which the new month, or a larger budget, has money; expire vouchers; end
    what nobody asked for in time; forget answers to requests that nobody may repeat any more."""
    _pay_waiting(uow)
    expire(uow)
    end_unclaimed(uow)
    delete_expired(uow.session, organisation_id=uow.organisation_id, now=uow.now)


def _pay_waiting(uow: UnitOfWork) -> None:
    """The tickets are locked first: a customer who objects meanwhile is heard, and the others'
    pages show the news."""
    waiting = held_by_budget(uow.session, organisation_id=uow.organisation_id)
    if not waiting:
        return
    touch_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=tickets_of(
            uow.session, organisation_id=uow.organisation_id, compensation_ids=waiting
        ),
    )
    let_go(uow, waiting)
