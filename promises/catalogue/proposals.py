"""From a problem to a proposal, and to management's decision on it."""

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, check_terms, tidy
from promises.catalogue.models import Decision, Problem, Proposal, ProposalState
from promises.catalogue.proposal_models import ProposalProblem
from promises.catalogue.proposal_moves import move_proposal, start_deadline
from promises.catalogue.proposal_news import follow
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import Forbidden
from promises.kernel.ids import new_id
from promises.kernel.text import N_
from promises.rules.sentences import sentence_problems
from promises.rules.terms import Terms, dump_terms

LONGEST_PROBLEM = 1000


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """Either `problem_id` names a problem that is known, or `problem_text` tells a new one;
    `further_problems` are answered besides. `credit`: the proposer may be named beside the
    promise."""

    title: str
    terms: Terms
    way_of_working: str
    problem_id: uuid.UUID | None = None
    problem_text: str = ""
    branch_id: uuid.UUID | None = None
    further_problems: tuple[uuid.UUID, ...] = ()
    needs: str = ""
    credit: bool = False


def propose(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    draft: ProposalDraft,
) -> Proposal:
    """Store a proposal, and its problem where it is new. The proposer follows it, and management's
    time to decide begins. Raises DraftRefused with all problems."""
    author = _person(actor)
    draft = _checked(session, organisation_id, draft)
    proposal = Proposal(
        organisation_id=organisation_id,
        id=new_id(),
        problem_id=draft.problem_id
        or _new_problem(session, organisation_id, author, now, draft.problem_text, draft.branch_id),
        branch_id=draft.branch_id,
        title=draft.title,
        terms=dump_terms(draft.terms),
        way_of_working=draft.way_of_working,
        needs=draft.needs,
        credit=draft.credit,
        state=ProposalState.OPEN,
        created_by=author,
        created_at=now,
        changed_at=now,
    )
    start_deadline(session, proposal=proposal, now=now)
    session.add(proposal)
    session.flush()
    _link_further(session, proposal, draft.further_problems)
    follow(
        session,
        organisation_id=organisation_id,
        proposal_id=proposal.id,
        member_ids=[author],
        now=now,
    )
    return proposal


def _checked(session: Session, organisation_id: uuid.UUID, draft: ProposalDraft) -> ProposalDraft:
    """The draft with its texts tidied. Raises DraftRefused with all problems."""
    draft = replace(
        draft,
        title=tidy(draft.title),
        way_of_working=tidy(draft.way_of_working),
        needs=tidy(draft.needs),
        problem_text=tidy(draft.problem_text),
    )
    check = Check()
    check.text("title", draft.title)
    if draft.title:
        for problem in sentence_problems(draft.title):
            check.refuse("title", problem.msgid, **problem.params)
    check.text("way_of_working", draft.way_of_working)
    check.text("needs", draft.needs, needed=False)
    check_terms(session, organisation_id, draft.terms, check)
    _check_problems(session, organisation_id, draft, check)
    check.done()
    return draft


def _check_problems(
    session: Session, organisation_id: uuid.UUID, draft: ProposalDraft, check: Check
) -> None:
    if draft.problem_id is None:
        check.text("problem_text", draft.problem_text, longest=LONGEST_PROBLEM)
    for name, one in (
        ("problem_id", draft.problem_id),
        *(("further_problems", one) for one in draft.further_problems),
    ):
        if one is not None and session.get(Problem, (organisation_id, one)) is None:
            check.refuse(name, N_("There is no such problem."))


def _link_further(session: Session, proposal: Proposal, problems: tuple[uuid.UUID, ...]) -> None:
    for problem_id in sorted(set(problems) - {proposal.problem_id}):
        session.add(
            ProposalProblem(
                organisation_id=proposal.organisation_id,
                id=new_id(),
                proposal_id=proposal.id,
                problem_id=problem_id,
            )
        )
    session.flush()


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

    The reason is what the proposer and everybody on staff read. Raises DraftRefused.
    """
    outcome = ProposalState.DECLINED if promise_id is None else ProposalState.PUBLISHED
    move_proposal(session, proposal=proposal, actor=actor, now=now, to=outcome, reason=reason)
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
    session.flush()
    return decision


def _person(actor: Actor) -> uuid.UUID:
    """Ideas and choices are a person's, never a machine's."""
    if actor.kind is not ActorKind.MEMBER or actor.id is None:
        raise Forbidden()
    return actor.id
