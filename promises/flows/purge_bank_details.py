"""Bank details are erased when nothing needs them any more."""

from promises.db.session import UnitOfWork
from promises.payouts.purging import purge_details


def purge_bank_details(uow: UnitOfWork) -> int:
    """Settled and past the return window, never confirmed, or asked to be forgotten. Safe to
    repeat. Returns how many."""
    return purge_details(uow.session, organisation_id=uow.organisation_id, now=uow.now)
