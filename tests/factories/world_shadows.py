"""A shadow run under way with cases in every state, one that ended, and what is before them."""

import datetime as dt

from promises.catalogue.proposals import ProposalDraft
from promises.flows.propose_promise import propose
from promises.flows.shadow_judge import judge_shadows
from promises.flows.shadow_runs import start, stop
from promises.kernel.actors import Role
from tests.factories.catalogue import simple_terms

_EARLIER = """
UPDATE shadow_runs SET starts_at = starts_at - interval '6 days'
WHERE organisation_id = %(organisation_id)s RETURNING id
"""


def fill(world):
    proposals = [
        _proposed(world, title, seconds)
        for title, seconds in (
            ("You are served within 4 minutes, or we pay you 5 €", 240),
            ("You are served within 8 minutes, or we pay you 5 €", 480),
        )
    ]
    with world.work(Role.MANAGER) as uow:
        running, ended = (
            start(
                uow,
                proposal_id=one,
                branch_ids=[world.made.branch_id],
                ends_at=uow.now + dt.timedelta(days=21),
            ).id
            for one in proposals
        )
    world.rows(_EARLIER)  # as if they had begun before the visits of this week
    with world.work(None) as uow:
        judge_shadows(uow)
    with world.work(Role.MANAGER) as uow:
        stop(uow, run_id=ended)
    world.manager_pages += [
        f"/shadows/{ended}",
        f"/shadows/{running}/cases?state=broken",
        f"/proposals/{proposals[0]}/decision",
        f"/proposals/{proposals[1]}",
    ]
    return {"shadow_id": running}


def _proposed(world, title, seconds):
    draft = ProposalDraft(
        title=title,
        terms=simple_terms(seconds=seconds, amount_minor=500),
        way_of_working="The third counter opens before the fourth customer waits.",
        problem_text="The queue reaches the door at noon.",
        branch_id=world.made.branch_id,
    )
    with world.work() as uow:
        return propose(uow, draft=draft).id
