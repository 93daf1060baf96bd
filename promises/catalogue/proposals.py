"""From a problem to a proposal, and to management's decision on it."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, check_terms, tidy
from promises.catalogue.errors import AlreadyDecided, NoSuchProposal
from promises.catalogue.models import Decision, Problem, Proposal, ProposalState
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import Forbidden
from promises.kernel.ids import new_id
from promises.kernel.text import N_
from promises.rules.sentences import sentence_problems
from promises.rules.terms import Terms, dump_terms

LONGEST_PROBLEM = 1000


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """Either `problem_id` names a problem that is known, or `problem_text` tells a new one."""

    title: str
    terms: Terms
    way_of_working: str
    problem_id: uuid.UUID | None = None
    problem_text: str = ""
    branch_id: uuid.UUID | None = None


def propose(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    draft: ProposalDraft,
) -> Proposal:
    """Store a proposal, and its problem where it is new. Raises DraftRefused with all problems."""
    author = _person(actor)
    title, way, problem_text = (
        tidy(text) for text in (draft.title, draft.way_of_working, draft.problem_text)
    )
    check = Check()
    check.text("title", title)
    if title:
        for problem in sentence_problems(title):
            check.refuse("title", problem.msgid, **problem.params)
    check.text("way_of_working", way)
    check_terms(session, organisation_id, draft.terms, check)
    if draft.problem_id is None:
        check.text("problem_text", problem_text, longest=LONGEST_PROBLEM)
    elif session.get(Problem, (organisation_id, draft.problem_id)) is None:
        check.refuse("problem_id", N_("There is no such problem."))
    check.done()
    proposal = Proposal(
        organisation_id=organisation_id,
        id=new_id(),
        problem_id=draft.problem_id
        or _new_problem(session, organisation_id, author, now, problem_text, draft.branch_id),
        branch_id=draft.branch_id,
        title=title,
        terms=dump_terms(draft.terms),
        way_of_working=way,
        state=ProposalState.OPEN,
        created_by=author,
        created_at=now,
    )
    session.add(proposal)
    session.flush()
    return proposal


def _new_problem(
    session: Session,
    organisation_id: uuid.UUID,
    author: uuid.UUID,
    now: dt.datetime,
    text: str,
    branch_id: uuid.UUID | None,
) -> uuid.UUID:
    problem = Problem(
        organisation_id=organisation_id,
        id=new_id(),
        text=text,
        branch_id=branch_id,
        created_by=author,
        created_at=now,
    )
    session.add(problem)
    session.flush()
    return problem.id


def lock_open_proposal(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID
) -> Proposal:
    """The proposal, until the transaction ends nobody else's to decide.

    Raises NoSuchProposal, or AlreadyDecided where somebody was first.
    """
    key = (organisation_id, proposal_id)
    proposal = session.get(Proposal, key, with_for_update=True, populate_existing=True)
    if proposal is None:
        raise NoSuchProposal()
    if proposal.state != ProposalState.OPEN:
        decided = session.query(Decision).filter_by(
            organisation_id=organisation_id, proposal_id=proposal_id
        )
        raise AlreadyDecided(decided_at=decided.one().decided_at)
    return proposal


def decide_proposal(
    session: Session,
    *,
    proposal: Proposal,
    actor: Actor,
    now: dt.datetime,
    promise_id: uuid.UUID | None,
    reason: str,
) -> Decision:
    """Settle a locked proposal: published as `promise_id`, or declined with a reason.

    The reason is what the proposer reads. Raises DraftRefused.
    """
    check = Check()
    check.text("reason", tidy(reason), needed=promise_id is None)
    check.done()
    outcome = ProposalState.DECLINED if promise_id is None else ProposalState.PUBLISHED
    decision = Decision(
        organisation_id=proposal.organisation_id,
        id=new_id(),
        proposal_id=proposal.id,
        promise_id=promise_id,
        outcome=outcome.value,
        reason=tidy(reason),
        decided_by=_person(actor),
        decided_at=now,
    )
    session.add(decision)
    proposal.state = outcome.value
    session.flush()
    return decision


def _person(actor: Actor) -> uuid.UUID:
    """Ideas and choices are a person's, never a machine's."""
    if actor.kind is not ActorKind.MEMBER or actor.id is None:
        raise Forbidden()
    return actor.id
