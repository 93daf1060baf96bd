"""A proposal's steps from state to state, each kept with its words, its deadline and its time."""

import datetime as dt
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, tidy
from promises.catalogue.decision_deadlines import decision_time
from promises.catalogue.errors import AlreadyDecided, NoSuchProposal
from promises.catalogue.models import Decision, Proposal
from promises.catalogue.models import ProposalState as S
from promises.catalogue.proposal_errors import ProposalMovedOn
from promises.catalogue.proposal_models import (
    NewsKind,
    ProposalChange,
)
from promises.catalogue.proposal_news import Happening, tell
from promises.catalogue.proposal_states import UNDECIDED, answers, may_become
from promises.db import sql
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import FieldProblem, Forbidden, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import N_

NEEDS_WORDS = frozenset({S.ASKED, S.DECLINED, S.MERGED})

_NEWS = {
    (S.OPEN, S.ASKED): NewsKind.ASKED,
    (S.ASKED, S.OPEN): NewsKind.ANSWERED,
    (S.SHADOW, S.OPEN): NewsKind.TRIAL_ENDED,
}
_NEWS_AFTER = {
    S.SHADOW: NewsKind.TRIED,
    S.PUBLISHED: NewsKind.PUBLISHED,
    S.DECLINED: NewsKind.DECLINED,
    S.MERGED: NewsKind.MERGED,
}


def lock_undecided_proposal(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID
) -> Proposal:
    """The proposal, until the transaction ends nobody else's to decide: open, asked or on trial.

    Raises NoSuchProposal, or AlreadyDecided where somebody was first.
    """
    key = (organisation_id, proposal_id)
    proposal = session.get(Proposal, key, with_for_update=True, populate_existing=True)
    if proposal is None:
        raise NoSuchProposal()
    if S(proposal.state) not in UNDECIDED:
        decided = select(Decision.decided_at).where(
            Decision.organisation_id == organisation_id, Decision.proposal_id == proposal_id
        )
        raise AlreadyDecided(decided_at=session.scalars(decided).one())
    return proposal


def start_deadline(session: Session, *, proposal: Proposal, now: dt.datetime) -> None:
    """Management has its days from now on."""
    time = decision_time(session, organisation_id=proposal.organisation_id, now=now)
    proposal.decide_before = time.starting(now)
    proposal.remind_at = time.reminder(proposal.decide_before, now)
    proposal.decided_at = None


def move_proposal(
    session: Session,
    *,
    proposal: Proposal,
    actor: Actor,
    now: dt.datetime,
    to: S,
    reason: str = "",
    merged_into: uuid.UUID | None = None,
) -> ProposalChange:
    """The next step of a locked proposal. `reason` is what everybody on staff reads: why, the
    question, or the proposer's answer. Those who follow the proposal hear of it.

    A question makes the deadline rest, its answer starts it again; a trial or a decision is
    management's answer, in time or not; a trial that ended, which it does by itself, starts a new
    deadline. Raises ProposalMovedOn, and DraftRefused for missing words.
    """
    before = S(proposal.state)
    ends_by_itself = actor.kind is ActorKind.SYSTEM and (before, to) == (S.SHADOW, S.OPEN)
    person = None if ends_by_itself else _person(actor)
    if not may_become(before, to):
        raise ProposalMovedOn()
    words = tidy(reason)
    needed = to in NEEDS_WORDS or (before, to) == (S.ASKED, S.OPEN)
    check = Check()
    check.text("reason", words, needed=needed, longest=2000)
    check.done()
    change = _note_change(session, proposal, to, words, person, now)
    _keep_time(session, proposal, before, to, now)
    proposal.state = to.value
    proposal.reason = "" if to is S.OPEN else words
    proposal.merged_into = merged_into
    proposal.changed_at = now
    session.flush()
    kind = _NEWS.get((before, to)) or _NEWS_AFTER[to]
    tell(
        session,
        organisation_id=proposal.organisation_id,
        now=now,
        what=Happening(proposal.id, kind, change.id, person),
    )
    return change


def _note_change(
    session: Session,
    proposal: Proposal,
    to: S,
    words: str,
    person: uuid.UUID | None,
    now: dt.datetime,
) -> ProposalChange:
    before = S(proposal.state)
    change = ProposalChange(
        organisation_id=proposal.organisation_id,
        id=new_id(),
        proposal_id=proposal.id,
        from_state=before.value,
        to_state=to.value,
        reason=words,
        changed_by=person,
        changed_at=now,
        decide_before=proposal.decide_before,
        in_time=_in_time(proposal, before, to, now),
    )
    session.add(change)
    return change


def _in_time(proposal: Proposal, before: S, to: S, now: dt.datetime) -> bool | None:
    """None where the step does not answer a deadline."""
    if proposal.decide_before is None or not answers(before, to):
        return None
    return (proposal.asked_at or now) < proposal.decide_before


def _keep_time(session: Session, proposal: Proposal, before: S, to: S, now: dt.datetime) -> None:
    if before is S.SHADOW and to is S.OPEN:
        start_deadline(session, proposal=proposal, now=now)
    elif to is S.OPEN and proposal.decide_before is not None and proposal.asked_at is not None:
        time = decision_time(session, organisation_id=proposal.organisation_id, now=now)
        proposal.decide_before = time.rested(proposal.decide_before, proposal.asked_at, now)
        proposal.remind_at = time.reminder(proposal.decide_before, now)
    else:
        proposal.remind_at = None
    if answers(before, to):
        proposal.decided_at = now
    proposal.asked_at = now if to is S.ASKED else None


def answer_question(
    session: Session, *, proposal: Proposal, actor: Actor, now: dt.datetime, answer: str
) -> ProposalChange:
    """The proposer's answer; management's time goes on. Raises Forbidden for anybody else,
    ProposalMovedOn without an open question."""
    if proposal.created_by != _person(actor):
        raise Forbidden()
    if proposal.state != S.ASKED:
        raise ProposalMovedOn()
    return move_proposal(session, proposal=proposal, actor=actor, now=now, to=S.OPEN, reason=answer)


_CARRY_SUPPORT = """
INSERT INTO proposal_supports (organisation_id, id, proposal_id, member_id, created_at)
SELECT s.organisation_id, gen_random_uuid(), %(into)s, s.member_id, s.created_at
FROM proposal_supports s
WHERE s.organisation_id = %(organisation_id)s AND s.proposal_id = %(proposal_id)s
ON CONFLICT (organisation_id, proposal_id, member_id) DO NOTHING
"""
_CARRY_FOLLOWERS = """
INSERT INTO proposal_follows (organisation_id, id, proposal_id, member_id, active, changed_at)
SELECT f.organisation_id, gen_random_uuid(), %(into)s, f.member_id, true, %(now)s
FROM proposal_follows f
WHERE f.organisation_id = %(organisation_id)s AND f.proposal_id = %(proposal_id)s AND f.active
ON CONFLICT (organisation_id, proposal_id, member_id) DO NOTHING
"""
_CARRY_PROBLEMS = """
INSERT INTO proposal_problems (organisation_id, id, proposal_id, problem_id)
SELECT %(organisation_id)s, gen_random_uuid(), %(into)s, problem_id
FROM (
    SELECT problem_id FROM proposals
    WHERE organisation_id = %(organisation_id)s AND id = %(proposal_id)s
    UNION
    SELECT problem_id FROM proposal_problems
    WHERE organisation_id = %(organisation_id)s AND proposal_id = %(proposal_id)s
    EXCEPT
    SELECT problem_id FROM proposals
    WHERE organisation_id = %(organisation_id)s AND id = %(into)s
) AS answered
ON CONFLICT (organisation_id, proposal_id, problem_id) DO NOTHING
"""


def merge_proposal(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    into_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> Decision:
    """End a proposal by letting it go on in another that is undecided: its supporters, followers
    and problems come along. Both are locked, in the order of their ids, so that two merges of the
    same two cannot wait for each other. Raises NoSuchProposal, AlreadyDecided, Refused."""
    if proposal_id == into_id:
        raise Refused([FieldProblem("into", N_("Choose another proposal."))])
    locked = {
        one: lock_undecided_proposal(session, organisation_id=organisation_id, proposal_id=one)
        for one in sorted((proposal_id, into_id))
    }
    proposal = locked[proposal_id]
    move_proposal(
        session,
        proposal=proposal,
        actor=actor,
        now=now,
        to=S.MERGED,
        reason=reason,
        merged_into=into_id,
    )
    params = {
        "organisation_id": organisation_id,
        "proposal_id": proposal_id,
        "into": into_id,
        "now": now,
    }
    for statement in (_CARRY_SUPPORT, _CARRY_FOLLOWERS, _CARRY_PROBLEMS):
        sql.execute(session, statement, params)
    decision = Decision(
        organisation_id=organisation_id,
        id=new_id(),
        proposal_id=proposal_id,
        outcome=S.MERGED.value,
        reason=proposal.reason,
        decided_by=_person(actor),
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    return decision


def _person(actor: Actor) -> uuid.UUID:
    if actor.kind is not ActorKind.MEMBER or actor.id is None:
        raise Forbidden()
    return actor.id
