"""A promise that is paused at one branch, and one whose pause is still to come."""

import datetime as dt

from promises.flows.pause_promise import pause_promise, resume_promise
from promises.kernel.actors import Role

HOUR = dt.timedelta(hours=1)
REASONS = {
    "fi": "Tiskin remontti.",
    "sv": "Disken byggs om.",
    "en": "The desk is being rebuilt.",
}


def fill(world):
    with world.work(Role.MANAGER) as uow:
        elsewhere = {"branch_id": world.made.branches[1].id, "reasons": REASONS}
        of_loans = {"promise_id": world.loans.promise_id} | elsewhere
        called_off = pause_promise(
            uow, **of_loans, starts_at=uow.now + HOUR, ends_at=uow.now + 2 * HOUR
        )
        resume_promise(uow, pause_id=called_off)
        pause_promise(uow, **of_loans, starts_at=uow.now, ends_at=None)
        to_come = pause_promise(
            uow,
            promise_id=world.published.promise_id,
            starts_at=uow.now + 48 * HOUR,
            ends_at=uow.now + 50 * HOUR,
            **elsewhere,
        )
    world.manager_pages.append("/promises/loans-in-5/pauses")
    return {"pause_id": to_come}
