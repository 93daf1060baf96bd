"""Colleagues who propose, move and merge."""

import datetime as dt

from promises.catalogue.proposal_moves import lock_undecided_proposal, merge_proposal, move_proposal
from promises.catalogue.proposal_queries import get_proposal
from promises.catalogue.proposals import ProposalDraft
from promises.db.session import inject_clock, unit_of_work
from promises.flows.propose_promise import propose
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from tests.factories.catalogue import simple_terms
from tests.factories.identity import add_member

NOON = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)


def by(ground, actor, at=NOON):
    return _At(ground, actor, at)


class _At:
    def __init__(self, ground, actor, at):
        self.clock = inject_clock(lambda: at)
        self.work = unit_of_work(ground.organisation_id, actor)

    def __enter__(self):
        self.clock.__enter__()
        return self.work.__enter__()

    def __exit__(self, *error):
        try:
            return self.work.__exit__(*error)
        finally:
            self.clock.__exit__(*error)


def proposed(ground, **changes):
    parts = {
        "title": "Served within 15 minutes", "terms": simple_terms(),
        "way_of_working": "A second counter opens.", "problem_text": "A queue.",
    }  # fmt: skip
    with by(ground, ground.clerk) as uow:
        return propose(uow, draft=ProposalDraft(**(parts | changes))).id


def colleague(ground, name, role=Role.CLERK):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        return Actor(ActorKind.MEMBER, add_member(uow, role=role, name=name), role)


def move(ground, proposal_id, to, *, actor=None, reason="Because.", at=NOON):
    with by(ground, actor or ground.manager, at) as uow:
        proposal = lock_undecided_proposal(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id
        )
        return move_proposal(
            uow.session, proposal=proposal, actor=uow.actor, now=uow.now, to=to, reason=reason
        ).in_time


def merge(ground, proposal_id, into_id):
    with by(ground, ground.manager) as uow:
        merge_proposal(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id,
            into_id=into_id, actor=uow.actor, now=uow.now, reason="The same.",
        )  # fmt: skip


def read(ground, proposal_id, reader=None):
    with by(ground, SYSTEM) as uow:
        return get_proposal(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id,
            reader=reader and reader.id,
        )  # fmt: skip
