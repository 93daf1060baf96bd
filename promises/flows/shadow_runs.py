"""Management puts a proposal on trial, prolongs the trial, or stops it."""

import datetime as dt
import uuid
from collections.abc import Collection

from promises.audit.actions import record
from promises.catalogue.checks import Check
from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_moves import lock_undecided_proposal, move_proposal
from promises.catalogue.proposal_news import follow
from promises.catalogue.shadow_errors import NoSuchShadowRun, ShadowRunEnded
from promises.catalogue.shadow_models import ShadowResult, ShadowRun
from promises.catalogue.shadow_queries import running_run
from promises.catalogue.shadows import end_run, lock_run, prolong_run, start_run
from promises.db.session import UnitOfWork
from promises.flows.shadow_judge import finish, judge_to
from promises.flows.tell_proposal_news import mail_news
from promises.identity.queries import list_branches
from promises.kernel.text import N_
from promises.rules.terms import Terms, parse_terms


def start(
    uow: UnitOfWork,
    *,
    proposal_id: uuid.UUID,
    branch_ids: Collection[uuid.UUID],
    ends_at: dt.datetime,
    terms: Terms | None = None,
    reason: str = "",
) -> ShadowRun:
    """Judge the proposal's terms, or these instead, on the live tickets of some open branches from
    now on. Nothing is published and nothing is paid; the proposer and whoever follows hear of it.

    Raises NoSuchProposal, AlreadyDecided, ShadowRunStands, DraftRefused.
    """
    proposal = lock_undecided_proposal(
        uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
    )
    known = {one.id for one in list_branches(uow.session, organisation_id=uow.organisation_id)}
    if not known >= set(branch_ids):
        check = Check()
        check.refuse("branches", N_("One of these branches is closed."))
        check.done()
    run = start_run(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        proposal_id=proposal_id,
        terms=terms or parse_terms(proposal.terms),
        branch_ids=branch_ids,
        ends_at=ends_at,
    )
    follow(
        uow.session,
        organisation_id=uow.organisation_id,
        proposal_id=proposal_id,
        member_ids=[run.started_by],
        now=uow.now,
    )
    move_proposal(
        uow.session,
        proposal=proposal,
        actor=uow.actor,
        now=uow.now,
        to=ProposalState.SHADOW,
        reason=reason,
    )
    mail_news(uow, proposal_id=proposal_id)
    _audit(uow, "shadow_run_started", run, ends_at=run.ends_at.isoformat())
    return run


def prolong(uow: UnitOfWork, *, run_id: uuid.UUID, ends_at: dt.datetime) -> None:
    """Raises NoSuchShadowRun, ShadowRunEnded, DraftRefused."""
    run = _locked(uow, run_id)
    prolong_run(uow.session, run=run, now=uow.now, ends_at=ends_at)
    _audit(uow, "shadow_run_prolonged", run, ends_at=run.ends_at.isoformat())


def stop(uow: UnitOfWork, *, run_id: uuid.UUID) -> ShadowResult:
    """End it now; what it found stands. Raises NoSuchShadowRun, ShadowRunEnded."""
    run = _locked(uow, run_id)
    judge_to(uow, run, uow.now)
    result = finish(uow, run, ended_at=uow.now, stopped_by=uow.actor.id)
    _audit(uow, "shadow_run_stopped", run)
    return result


def stop_for_decision(uow: UnitOfWork, *, proposal_id: uuid.UUID) -> None:
    """A decision ends the trial of its proposal, before the proposal itself is locked: runs come
    first in the order of locks. Does nothing where none is under way."""
    run_id = running_run(uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id)
    if run_id is None:
        return
    try:
        run = lock_run(uow.session, organisation_id=uow.organisation_id, run_id=run_id)
    except ShadowRunEnded:
        return
    if run is not None:
        over = run.ends_at <= uow.now
        ended_at = run.ends_at if over else uow.now
        judge_to(uow, run, ended_at)
        stopped_by = None if over else uow.actor.id
        end_run(uow.session, run=run, ended_at=ended_at, stopped_by=stopped_by)
        _audit(uow, "shadow_run_ended" if over else "shadow_run_stopped", run)


def _locked(uow: UnitOfWork, run_id: uuid.UUID) -> ShadowRun:
    run = lock_run(uow.session, organisation_id=uow.organisation_id, run_id=run_id)
    if run is None:
        raise NoSuchShadowRun()
    if run.ends_at <= uow.now:
        raise ShadowRunEnded(ended_at=run.ends_at)
    return run


def _audit(uow: UnitOfWork, action: str, run: ShadowRun, **details: object) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="shadow_run",
        object_id=run.id,
        details={"proposal_id": str(run.proposal_id), **details},
    )
