"""What management may do with a proposal besides publishing, trying and declining it."""

import uuid

from promises.audit.actions import record
from promises.catalogue.models import Decision, ProposalState
from promises.catalogue.proposal_moves import (
    lock_undecided_proposal,
    merge_proposal,
    move_proposal,
)
from promises.db.session import UnitOfWork
from promises.flows.shadow_runs import stop_for_decision
from promises.flows.tell_proposal_news import mail_news


def ask(uow: UnitOfWork, *, proposal_id: uuid.UUID, question: str) -> None:
    """Ask the proposer; the time to decide rests until the answer. Raises NoSuchProposal,
    AlreadyDecided, ProposalMovedOn, DraftRefused."""
    proposal = lock_undecided_proposal(
        uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
    )
    move_proposal(
        uow.session,
        proposal=proposal,
        actor=uow.actor,
        now=uow.now,
        to=ProposalState.ASKED,
        reason=question,
    )
    mail_news(uow, proposal_id=proposal_id)
    _audit(uow, "proposal_asked", proposal_id)


def merge(uow: UnitOfWork, *, proposal_id: uuid.UUID, into_id: uuid.UUID, reason: str) -> Decision:
    """Let a proposal go on in another one that is undecided; its supporters, followers and problems
    come along. Raises NoSuchProposal, AlreadyDecided, ProposalMovedOn, Refused."""
    stop_for_decision(uow, proposal_id=proposal_id)
    decision = merge_proposal(
        uow.session,
        organisation_id=uow.organisation_id,
        proposal_id=proposal_id,
        into_id=into_id,
        actor=uow.actor,
        now=uow.now,
        reason=reason,
    )
    mail_news(uow, proposal_id=proposal_id)
    _audit(uow, "proposal_merged", proposal_id, into=str(into_id))
    return decision


def _audit(uow: UnitOfWork, action: str, proposal_id: uuid.UUID, **details: object) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="proposal",
        object_id=proposal_id,
        details=details,
    )
