"""How the bank came to its promises: clerks propose, managers publish and decline."""

import dataclasses
import datetime as dt
from decimal import Decimal

from promises.catalogue.actions import NewVersion
from promises.catalogue.proposals import ProposalDraft
from promises.catalogue.targets import TargetStep
from promises.compensation.models import Hold
from promises.compensation.queries import Waiting, all_waiting
from promises.flows.decide_compensation import refuse
from promises.flows.decide_proposal import decline, publish
from promises.flows.propose_promise import propose
from promises.kernel.actors import Role
from promises.simulation import promises as offer
from promises.simulation.acts import Acts
from promises.simulation.bank import BRANCHES, Bank

MOST_DEBTS = 20_000
HISTORY_REFUSED = "Tätä lupausta ei ollut vielä annettu, kun asiakas kävi meillä."


def publish_promises(
    acts: Acts, bank: Bank, instant: dt.datetime, since: dt.datetime | None = None
) -> None:
    """In one transaction: the promise that a clerk proposed, and the one of the express counter.
    With `since` the first version of the former is applied to the past from then on, which is yet
    to be imported, and a second one holds from the publication."""
    clerk = bank.branches[BRANCHES[0].slug].clerk(0)
    draft = ProposalDraft(
        title=offer.MAIN_TITLES["fi"],
        terms=offer.main_terms(bank),
        way_of_working=offer.MAIN_WAY,
        problem_text=offer.MAIN_PROBLEM,
    )
    with acts.at(instant - dt.timedelta(hours=2)).work(clerk) as uow:
        proposal_id = propose(uow, draft=draft).id
    with acts.at(instant).work(bank.member(Role.MANAGER)) as uow:
        path = _target_path(uow.now.date())
        main = NewVersion(
            terms=draft.terms, valid_from=since or uow.now, titles=offer.MAIN_TITLES,
            way_of_working=offer.MAIN_WAY, team_reward=offer.MAIN_REWARD, target_path=path,
            slug=offer.MAIN_SLUG,
        )  # fmt: skip
        first = publish(uow, version=main, proposal_id=proposal_id, reason=offer.MAIN_REASON)
        if since is not None:
            coming = dataclasses.replace(
                main, valid_from=uow.now, promise_id=first.promise_id, slug=None
            )
            publish(uow, version=coming)
        express = NewVersion(
            terms=offer.express_terms(bank), valid_from=uow.now, titles=offer.EXPRESS_TITLES,
            way_of_working=offer.EXPRESS_WAY, team_reward=offer.EXPRESS_REWARD, target_path=path,
            slug=offer.EXPRESS_SLUG,
        )  # fmt: skip
        publish(uow, version=express)


def _target_path(day: dt.date) -> tuple[TargetStep, ...]:
    return (
        TargetStep(day, Decimal("0.90")),
        TargetStep(day + dt.timedelta(days=90), Decimal("0.97")),
        TargetStep(day + dt.timedelta(days=270), Decimal("0.99")),
    )


def settle_history(acts: Acts, bank: Bank) -> int:
    """A manager who neither published nor imported decides about what the past would have owed:
    nothing was promised then. How many debts that ends; safe to repeat."""
    with acts.work(bank.member(Role.MANAGER, 1)) as uow:
        owed = all_waiting(
            uow.session,
            organisation_id=uow.organisation_id,
            which=Waiting(holds=(Hold.HISTORY.value,)),
            limit=MOST_DEBTS,
        )
        if not owed:
            return 0
        return refuse(uow, compensation_ids=[one.id for one in owed], reason=HISTORY_REFUSED)


def propose_more(acts: Acts, bank: Bank, instant: dt.datetime) -> None:
    """One proposal that management declines, and two that wait for it."""
    clerks = [branch.clerk(0) for branch in bank.branches.values()]
    with acts.at(instant).work(clerks[1]) as uow:
        declined_id = propose(uow, draft=offer.DECLINED_IDEA.draft(bank)).id
    with acts.at(instant + dt.timedelta(hours=5)).work(bank.member(Role.MANAGER, 1)) as uow:
        decline(uow, proposal_id=declined_id, reason=offer.DECLINED_REASON)
    for number, idea in enumerate(offer.OPEN_IDEAS):
        later = instant + dt.timedelta(hours=26 + 5 * number)
        with acts.at(later).work(clerks[number]) as uow:
            propose(uow, draft=idea.draft(bank))
