"""What a manager decides about, in the full organisation: a sum above its limit, and a hold."""

import datetime as dt

from promises.compensation.thresholds import Thresholds
from promises.flows import decide_compensation
from promises.flows.set_thresholds import set_thresholds
from promises.kernel.actors import Role


def fill(world):
    with world.work(Role.MANAGER) as uow:
        set_thresholds(
            uow, wanted=Thresholds(window_days=30, customer_minor=10_000, clerk_minor=50_000)
        )
    waiting = world.one(
        "SELECT id FROM compensations WHERE state = 'owed' AND NOT 'dispute' = ANY (holds)"
        " ORDER BY created_at, id LIMIT 1"
    )
    with world.work(Role.MANAGER) as uow:
        decide_compensation.hold(
            uow, compensation_ids=[waiting.id], reason="The clock of the kiosk was late.",
            until=uow.now + dt.timedelta(days=7),
        )  # fmt: skip
    return {}
