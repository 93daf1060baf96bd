"""What an organisation needs now and then without anybody asking. Safe to repeat at any time."""

from promises.compensation.queries import held_by_budget
from promises.db.session import UnitOfWork
from promises.flows.compensate import let_go
from promises.flows.redeem_voucher import expire
from promises.idempotency.actions import delete_expired


def housekeep(uow: UnitOfWork) -> None:
    """Pay debts for which the new month, or a larger budget, has money; expire vouchers; forget
    answers to requests that nobody may repeat any more."""
    let_go(uow, held_by_budget(uow.session, organisation_id=uow.organisation_id))
    expire(uow)
    delete_expired(uow.session, organisation_id=uow.organisation_id, now=uow.now)
