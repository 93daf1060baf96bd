"""The customer says that something is wrong, and somebody looks."""

import uuid

from promises.audit.actions import record
from promises.compensation.models import Hold
from promises.compensation.releasing import (
    debts_of_tickets,
    owed_of_tickets,
    record_decisions,
)
from promises.db.session import UnitOfWork
from promises.desk.actions import log_event, touch_branches
from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim, LoggedEvent
from promises.flows.compensate import hold_unsent, lift_and_let_go
from promises.flows.judge_tickets import judge
from promises.flows.put_right import put_right


def dispute(uow: UnitOfWork, *, ticket_id: uuid.UUID) -> LoggedEvent:
    """ "I am still waiting" and "this is wrong": the ticket is disputed, its unsent money held.

    Raises AlreadyDisputed.
    """
    logged = _log(uow, ticket_id, EventKind.DISPUTED, EventSource.CUSTOMER)
    debts = debts_of_tickets(
        uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id]
    )
    hold_unsent(uow, debts, Hold.DISPUTE)
    _touch(uow, logged)
    return logged


def resolve(
    uow: UnitOfWork,
    *,
    ticket_id: uuid.UUID,
    reason: str,
    untrue_event_id: uuid.UUID | None = None,
) -> LoggedEvent:
    """Settle a dispute. Where the customer is right, `untrue_event_id` names the event that did
    not happen: it is undone, and the ticket judged anew. Money that this creates waits for another
    person, as all corrected evidence does."""
    if untrue_event_id is not None:
        _log(uow, ticket_id, EventKind.UNDONE, EventSource.DESK, corrects_id=untrue_event_id)
    logged = _log(uow, ticket_id, EventKind.DISPUTE_RESOLVED, EventSource.DESK)
    judge(uow, [ticket_id])
    if untrue_event_id is not None:
        put_right(uow, [ticket_id])
    _lift(uow, ticket_id, reason.strip())
    _touch(uow, logged)
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="dispute_resolved",
        object_kind="ticket",
        object_id=ticket_id,
        details={"customer_was_right": untrue_event_id is not None},
    )
    return logged


def _lift(uow: UnitOfWork, ticket_id: uuid.UUID, reason: str) -> None:
    owed = owed_of_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    if owed and reason:
        record_decisions(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            actor=uow.actor,
            compensation_ids=owed,
            kind="lifted",
            holds=[Hold.DISPUTE],
            reason=reason,
        )
    lift_and_let_go(uow, owed, [Hold.DISPUTE])


def _log(
    uow: UnitOfWork,
    ticket_id: uuid.UUID,
    kind: EventKind,
    source: EventSource,
    corrects_id: uuid.UUID | None = None,
) -> LoggedEvent:
    return log_event(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        claim=EventClaim(ticket_id=ticket_id, kind=kind, source=source, corrects_id=corrects_id),
    )


def _touch(uow: UnitOfWork, logged: LoggedEvent) -> None:
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[logged.ticket.branch_id],
        staff_acted_at=None,
    )
