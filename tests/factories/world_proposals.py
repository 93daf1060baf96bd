"""Proposals in every state, with support, comments, a name in one of them, and a late decision."""

import datetime as dt

from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_moves import (
    lock_undecided_proposal,
    merge_proposal,
    move_proposal,
)
from promises.catalogue.proposals import ProposalDraft
from promises.db.sql import execute, one
from promises.flows.discuss_proposal import comment, correct, support
from promises.flows.propose_promise import propose
from promises.flows.remind_decisions import remind_decisions
from promises.kernel.actors import Role
from tests.factories.catalogue import simple_terms

_MANAGER = "SELECT name FROM members WHERE role = 'manager' ORDER BY id LIMIT 1"
_LATE = """
UPDATE proposals SET decide_before = %(before)s, remind_at = %(before)s
WHERE organisation_id = %(organisation_id)s AND id = %(proposal_id)s
"""


def fill(world):
    first = _proposed(world, "We answer the phone within 2 minutes", "Two of us sit at the phones.")
    asked = _proposed(world, "A card is replaced within 3 days", "Cards are printed in the branch.")
    merged = _proposed(world, "The phone is answered within 4 minutes", "Phones come first.")
    tried = _proposed(world, "Called within 20 minutes", "A third counter opens at noon.")
    with world.work(Role.MANAGER) as uow:
        tenant = {"organisation_id": uow.organisation_id}
        _move(uow, asked, ProposalState.ASKED, "How many cards a week are there?")
        _move(uow, tried, ProposalState.SHADOW, "")
        merge_proposal(
            uow.session, proposal_id=merged, into_id=first, actor=uow.actor, now=uow.now,
            reason="It says the same.", **tenant,
        )  # fmt: skip
        support(uow, proposal_id=first)
    with world.work(Role.CLERK) as uow:
        name = one(
            uow.session, "SELECT name FROM members WHERE role = 'manager' ORDER BY id LIMIT 1"
        )
        comment(uow, proposal_id=first, text="Mondays are the worst.")
        written = comment(uow, proposal_id=first, text=f"What do you say, @{name.name}?")
        correct(
            uow, proposal_id=first, comment_id=written.comment_id,
            text=f"What do you think, @{name.name}?",
        )  # fmt: skip
    with world.work(None) as uow:
        before = uow.now - dt.timedelta(days=1)
        params = {"organisation_id": uow.organisation_id, "proposal_id": first, "before": before}
        execute(uow.session, _LATE, params)
        remind_decisions(uow)
    world.manager_pages += [
        *(f"/proposals?show={one}" for one in ("ended", "shadow", "overdue", "asked")),
        "/proposals?words=phone&order=supported", "/proposals/decisions?kept=broken",
        *(f"/proposals/{one}" for one in (first, asked, merged, tried)),
    ]  # fmt: skip
    world.clerk_pages += [f"/proposals/{asked}", f"/proposals/{first}?correct={written.comment_id}"]
    return {"comment_id": written.comment_id}


def _proposed(world, title, way):
    with world.work(Role.CLERK) as uow:
        draft = ProposalDraft(
            title=title, terms=simple_terms(), way_of_working=way, problem_text=f"Not: {title}",
            needs="A headset for everybody.", credit=True,
        )  # fmt: skip
        return propose(uow, draft=draft).id


def _move(uow, proposal_id, to, reason):
    proposal = lock_undecided_proposal(
        uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
    )
    move_proposal(
        uow.session, proposal=proposal, actor=uow.actor, now=uow.now, to=to, reason=reason
    )
