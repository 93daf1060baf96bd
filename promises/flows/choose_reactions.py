"""What people do about alerts and reactions: choosing, taking care, lifting."""

import uuid
from collections.abc import Mapping

from promises.audit.actions import record
from promises.db.session import UnitOfWork
from promises.improvement import alerts, reactions
from promises.improvement.reactions_models import Reaction, Trigger


def choose_reactions(
    uow: UnitOfWork,
    *,
    promise_id: uuid.UUID,
    chosen: Mapping[Trigger, Reaction],
    seen: int,
) -> None:
    """Settle what is done from now on when a budget is used up. What was done this month already
    is not done again. Raises ReactionMoved."""
    reactions.choose(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        promise_id=promise_id,
        reactions=chosen,
        seen=seen,
    )
    _audit(
        uow,
        "reactions_chosen",
        promise_id,
        reactions={trigger.value: one.value for trigger, one in chosen.items()},
    )


def acknowledge_alert(uow: UnitOfWork, *, alert_id: uuid.UUID) -> uuid.UUID:
    """Take care of an alert; the id of its promise. Raises NoSuchAlert, AlertMoved."""
    promise_id = alerts.acknowledge(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        alert_id=alert_id,
    )
    _audit(uow, "alert_acknowledged", promise_id, alert_id=str(alert_id))
    return promise_id


def lift_reaction(uow: UnitOfWork, *, run_id: uuid.UUID) -> uuid.UUID:
    """Let new debts go without approval again; the id of the promise. Raises NoSuchReaction,
    ReactionMoved."""
    promise_id = reactions.lift(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        run_id=run_id,
    )
    _audit(uow, "reaction_lifted", promise_id, run_id=str(run_id))
    return promise_id


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
