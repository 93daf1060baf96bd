"""Management's choice: publish a version, decline a proposal.

Both are audited. The audit trail is written last: its lock is the last one taken.
"""

import uuid

from promises.audit.actions import record
from promises.catalogue.actions import NewVersion, PublishedVersion, publish_version
from promises.catalogue.errors import HistoryHoldsLiveTickets
from promises.catalogue.models import Decision
from promises.catalogue.proposal_moves import lock_undecided_proposal
from promises.catalogue.proposals import decide_proposal
from promises.catalogue.queries import get_version
from promises.db.session import UnitOfWork
from promises.flows.judge_import import judge_history
from promises.flows.shadow_runs import stop_for_decision
from promises.flows.tell_proposal_news import mail_news
from promises.jobs.queue import JUDGE_HISTORY, defer
from promises.reporting.live_tickets import live_ticket_in_scope


def publish(
    uow: UnitOfWork,
    *,
    version: NewVersion,
    proposal_id: uuid.UUID | None = None,
    reason: str = "",
) -> PublishedVersion:
    """Publish a version, and with `proposal_id` settle that proposal by it; `reason` is told to
    the proposer. Of several who decide at once one succeeds, the others get AlreadyDecided.

    A first version may hold from the past where the span has imported tickets only, else
    HistoryHoldsLiveTickets; a job then judges those tickets. `publish_version` names the other
    refusals.
    """
    proposal = None
    if proposal_id is not None:
        stop_for_decision(uow, proposal_id=proposal_id)
        proposal = lock_undecided_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
        )
    if version.promise_id is None and version.valid_from < uow.now:
        _require_imported_only(uow, version)
    published = publish_version(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        version=version,
    )
    if proposal is not None:
        decide_proposal(
            uow.session,
            proposal=proposal,
            actor=uow.actor,
            now=uow.now,
            promise_id=published.promise_id,
            reason=reason,
        )
        mail_news(uow, proposal_id=proposal.id)
    _follow_up(uow, published, proposal_id)
    return published


def _follow_up(uow: UnitOfWork, published: PublishedVersion, proposal_id: uuid.UUID | None) -> None:
    if published.applied_to_history:
        defer(
            uow.session,
            JUDGE_HISTORY,
            organisation_id=uow.organisation_id,
            version_id=str(published.version_id),
        )
    _audit(
        uow,
        "promise_published",
        published.promise_id,
        version_id=str(published.version_id),
        number=published.number,
        valid_from=published.valid_from.isoformat(),
        applied_to_history=published.applied_to_history,
        proposal_id=None if proposal_id is None else str(proposal_id),
    )


def _require_imported_only(uow: UnitOfWork, version: NewVersion) -> None:
    if live_ticket_in_scope(
        uow.session,
        organisation_id=uow.organisation_id,
        scope=version.terms.scope,
        since=version.valid_from,
        until=uow.now,
    ):
        raise HistoryHoldsLiveTickets()


def judge_past(uow: UnitOfWork, *, version_id: uuid.UUID) -> int:
    """Judge the imported tickets of the past that a published version is applied to; how many
    commitments are new. Safe to repeat. Raises NoSuchPromise."""
    version = get_version(uow.session, organisation_id=uow.organisation_id, version_id=version_id)
    return judge_history(uow, span=version.span)


def decline(uow: UnitOfWork, *, proposal_id: uuid.UUID, reason: str) -> Decision:
    """The proposer sees the reason. Raises NoSuchProposal, AlreadyDecided, DraftRefused."""
    stop_for_decision(uow, proposal_id=proposal_id)
    proposal = lock_undecided_proposal(
        uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
    )
    decision = decide_proposal(
        uow.session,
        proposal=proposal,
        actor=uow.actor,
        now=uow.now,
        promise_id=None,
        reason=reason,
    )
    mail_news(uow, proposal_id=proposal_id)
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="proposal_declined",
        object_kind="proposal",
        object_id=proposal_id,
        details={"decision_id": str(decision.id)},
    )
    return decision


def _audit(uow: UnitOfWork, action: str, promise_id: uuid.UUID, **details: object) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="promise",
        object_id=promise_id,
        details=details,
    )
