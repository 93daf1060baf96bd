"""Colleagues support a proposal, talk about it, name each other; its proposer answers questions."""

import uuid

from promises.catalogue.proposal_moves import answer_question, lock_undecided_proposal
from promises.catalogue.proposal_news import mark_read, set_following
from promises.catalogue.proposal_queries import get_proposal
from promises.catalogue.proposal_talk import Written, correct_comment, set_support, write_comment
from promises.db.session import UnitOfWork
from promises.flows.tell_proposal_news import mail_news
from promises.kernel.errors import Forbidden


def support(uow: UnitOfWork, *, proposal_id: uuid.UUID, wanted: bool = True) -> uuid.UUID:
    """The proposal that the support counts for: a merged one's goes where that one went. Raises
    NoSuchProposal, ProposalMovedOn."""
    return set_support(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        proposal_id=proposal_id,
        wanted=wanted,
    )


def comment(uow: UnitOfWork, *, proposal_id: uuid.UUID, text: str) -> Written:
    """Raises NoSuchProposal, DraftRefused."""
    written = write_comment(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        proposal_id=proposal_id,
        text=text,
    )
    mail_news(uow, proposal_id=proposal_id)
    return written


def correct(
    uow: UnitOfWork, *, proposal_id: uuid.UUID, comment_id: uuid.UUID, text: str
) -> Written:
    """Raises NoSuchComment, NotYourComment, DraftRefused."""
    written = correct_comment(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        proposal_id=proposal_id,
        comment_id=comment_id,
        text=text,
    )
    mail_news(uow, proposal_id=proposal_id)
    return written


def answer(uow: UnitOfWork, *, proposal_id: uuid.UUID, text: str) -> None:
    """The proposer's answer to management's question. Raises NoSuchProposal, AlreadyDecided,
    Forbidden, ProposalMovedOn, DraftRefused."""
    proposal = lock_undecided_proposal(
        uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
    )
    answer_question(uow.session, proposal=proposal, actor=uow.actor, now=uow.now, answer=text)
    mail_news(uow, proposal_id=proposal_id)


def keep_following(uow: UnitOfWork, *, proposal_id: uuid.UUID, wanted: bool) -> None:
    """Hear of a proposal, or no more. Raises NoSuchProposal."""
    get_proposal(uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id)
    set_following(
        uow.session,
        organisation_id=uow.organisation_id,
        proposal_id=proposal_id,
        member_id=_member(uow),
        active=wanted,
        now=uow.now,
    )


def have_read(uow: UnitOfWork, *, proposal_id: uuid.UUID | None = None) -> int:
    """Put away all of one's news, or that of one proposal; returns how many."""
    return mark_read(
        uow.session,
        organisation_id=uow.organisation_id,
        member_id=_member(uow),
        now=uow.now,
        proposal_id=proposal_id,
    )


def _member(uow: UnitOfWork) -> uuid.UUID:
    if uow.actor.id is None:
        raise Forbidden()
    return uow.actor.id
