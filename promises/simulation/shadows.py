"""An idea from the small branch that management tries in shadow before it decides."""

import datetime as dt
import uuid

from promises.catalogue.shadow_queries import runs_of_proposal
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows.propose_promise import propose
from promises.flows.shadow_judge import judge_shadows
from promises.flows.shadow_runs import start
from promises.kernel.actors import SYSTEM, Role
from promises.simulation.acts import Acts
from promises.simulation.bank import BRANCHES, DAILY, LOANS, Bank
from promises.simulation.promises import Idea

TRIED = Idea(
    "Pääset Rantakadulla tiskille 8 minuutissa",
    "Lounastunnilla Rantakadun jono yltää kadulle, ja osa kääntyy ovelta pois.",
    "Kello 11.30-12.30 tauot pidetään vuorotellen, ja toinen tiski on aina auki.",
    480,
    (DAILY, LOANS),
)
REASON = "Historiaa kahdella avoimella tiskillä ei ole. Katsotaan ensin, mihin pystymme."
DAYS_BEFORE, DAYS = 6, 28

_KNOWN = """
SELECT id FROM proposals WHERE organisation_id = %(organisation_id)s AND title = %(title)s
"""


def tell_of_shadows(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """The run began some days ago, so that it has cases by now."""
    branch = bank.branches[BRANCHES[1].slug]
    begun = now - dt.timedelta(days=DAYS_BEFORE)
    with acts.work(SYSTEM) as uow:
        proposal_id, stands = _known(uow)
    if proposal_id is None:
        with acts.at(begun - dt.timedelta(hours=3)).work(branch.clerk(0)) as uow:
            proposal_id = propose(uow, draft=TRIED.draft(bank)).id
    if not stands:
        with acts.at(begun).work(bank.member(Role.MANAGER, 1)) as uow:
            start(
                uow,
                proposal_id=proposal_id,
                branch_ids=[branch.id],
                ends_at=begun + dt.timedelta(days=DAYS),
                reason=REASON,
            )
    with acts.at(now).work(SYSTEM) as uow:
        judge_shadows(uow)


def _known(uow: UnitOfWork) -> tuple[uuid.UUID | None, bool]:
    """The proposal, where it stands already, and whether it was put on trial."""
    tenant = {"organisation_id": uow.organisation_id}
    found = sql.rows(uow.session, _KNOWN, tenant | {"title": TRIED.title})
    if not found:
        return None, False
    runs = runs_of_proposal(
        uow.session, organisation_id=uow.organisation_id, proposal_id=found[0].id
    )
    return found[0].id, bool(runs)
