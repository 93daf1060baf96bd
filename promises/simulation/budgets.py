"""What may still break this month: management settles beforehand what happens when it is used up,
and the look of every minute finds what burns."""

import datetime as dt

from promises.catalogue.queries import PromiseState, list_promises
from promises.flows.choose_reactions import choose_reactions
from promises.flows.watch_budgets import watch_budgets
from promises.improvement.reactions import choices
from promises.improvement.reactions_models import Reaction, Trigger
from promises.kernel.actors import SYSTEM, Role
from promises.simulation.acts import Acts
from promises.simulation.bank import Bank
from promises.simulation.promises import MAIN_SLUG

CHOSEN = {
    Trigger.ERRORS_MOST: Reaction.TELL,
    Trigger.ERRORS_ALL: Reaction.APPROVE,
    Trigger.MONEY_MOST: Reaction.SUGGEST,
    Trigger.MONEY_ALL: Reaction.APPROVE,
}
"""For the promise that the bank is known by. Nothing is paused by itself: the manager decides."""


def tell_of_budgets(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    with acts.at(now - dt.timedelta(hours=30)).work(bank.member(Role.MANAGER)) as uow:
        found = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
        main = next(
            one.promise_id
            for one in found
            if one.slug == MAIN_SLUG and one.state is PromiseState.IN_FORCE
        )
        settled = choices(uow.session, organisation_id=uow.organisation_id, promise_ids=[main])
        if main not in settled:
            choose_reactions(uow, promise_id=main, chosen=CHOSEN, seen=0)
    with acts.at(now).work(SYSTEM) as uow:
        watch_budgets(uow)
