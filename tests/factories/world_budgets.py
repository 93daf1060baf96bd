"""A promise that burns, a used-up budget, and what management chose for it."""

import datetime as dt
from decimal import Decimal

from promises.catalogue.targets import TargetStep
from promises.flows.choose_reactions import choose_reactions
from promises.flows.decide_proposal import publish
from promises.flows.watch_budgets import watch_budgets
from promises.improvement.reactions_models import Reaction, Trigger
from promises.kernel.actors import Role
from tests.factories.catalogue import new_version, simple_terms

DAY = dt.timedelta(days=1)


def fill(world):
    """Loans within 5 minutes get a target and a purse that a single breach uses up."""
    promise_id = world.loans.promise_id
    with world.work(Role.MANAGER) as uow:
        publish(
            uow,
            version=new_version(
                uow.now,
                promise_id=promise_id,
                target_path=(TargetStep(uow.now.date() - 90 * DAY, Decimal("0.9")),),
                terms=simple_terms(
                    service_kinds=world.made.kind_ids[1:2],
                    seconds=300,
                    amount_minor=3000,
                    approval_threshold_minor=2000,
                    budget_month_minor=3000,
                ),
            ),
        )
        choose_reactions(
            uow,
            promise_id=promise_id,
            chosen={Trigger.MONEY_MOST: Reaction.APPROVE, Trigger.MONEY_ALL: Reaction.SUGGEST},
            seen=0,
        )
    with world.work(None) as uow:
        watch_budgets(uow)
    alert = world.one(
        "SELECT id FROM alerts WHERE promise_id = %(p)s AND level = 'all'", p=promise_id
    )
    run = world.one(
        "SELECT id FROM reaction_runs WHERE promise_id = %(p)s AND reaction = 'approve'",
        p=promise_id,
    )
    world.manager_pages += [
        f"/breaches?stage=spent&promise={promise_id}",
        "/cases?state=decided&weekday=1&hour=9",
        "/cases?state=decided&served=1&over=60&most=900",
        "/approvals?hold=person",
        f"/approvals?hold=approval&promise={promise_id}",
    ]
    return {"alert_id": alert.id, "run_id": run.id}
