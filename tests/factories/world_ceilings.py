"""Ceilings in the full organisation: one on everything, one on its branch, one on a promise."""

from promises.compensation.ceilings import CeilingRule
from promises.compensation.control_models import CeilingPeriod, CeilingReaction
from promises.flows.set_ceiling import set_ceiling
from promises.kernel.actors import Role


def fill(world):
    with world.work(Role.MANAGER) as uow:
        everything = set_ceiling(
            uow, wanted=CeilingRule(period=CeilingPeriod.MONTH, limit_minor=500_000)
        )
        set_ceiling(
            uow,
            wanted=CeilingRule(
                branch_id=world.made.branch_id, period=CeilingPeriod.WEEK, limit_minor=200_000
            ),
        )
        set_ceiling(
            uow,
            wanted=CeilingRule(
                promise_id=world.loans.promise_id,
                period=CeilingPeriod.DAY,
                limit_minor=100_000,
                reaction=CeilingReaction.APPROVE,
            ),
        )
    return {"ceiling_id": everything}
