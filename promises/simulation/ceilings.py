"""Ceilings at the bank: a week of each of its first branches, and a month of everything."""

import datetime as dt

from promises.compensation.ceilings import CeilingRule, ceiling_at
from promises.compensation.control_models import CeilingPeriod, CeilingReaction
from promises.flows.set_ceiling import set_ceiling
from promises.identity.queries import list_branches
from promises.kernel.actors import Role
from promises.simulation.acts import Acts
from promises.simulation.bank import Bank

WEEK_OF_BRANCH = 30_000
MONTH_OF_ALL = 400_000
BRANCHES = 2


def tell_of_ceilings(acts: Acts, bank: Bank, _now: dt.datetime) -> None:
    """Once; the ceiling on everything, which is set last, says that it was told."""
    with acts.work(bank.member(Role.MANAGER, 1)) as uow:
        own = uow.organisation_id
        month = ceiling_at(
            uow.session,
            organisation_id=own,
            branch_id=None,
            promise_id=None,
            period=CeilingPeriod.MONTH,
        )
        if month.version:
            return
        for branch in list_branches(uow.session, organisation_id=own)[:BRANCHES]:
            wanted = CeilingRule(
                branch_id=branch.id,
                period=CeilingPeriod.WEEK,
                limit_minor=WEEK_OF_BRANCH,
                reaction=CeilingReaction.APPROVE,
            )
            set_ceiling(uow, wanted=wanted)
        set_ceiling(uow, wanted=CeilingRule(period=CeilingPeriod.MONTH, limit_minor=MONTH_OF_ALL))
