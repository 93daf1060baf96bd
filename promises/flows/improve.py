"""Acting on the causes of breaches: begin an action, end it, check what it changed, tell it."""

import datetime as dt
import uuid
from collections.abc import Mapping

from promises.catalogue.queries import promise_by_id
from promises.db.session import UnitOfWork
from promises.identity.queries import branch_by_id, member_by_id, organisation_info
from promises.improvement import actions
from promises.improvement.actions import NewAction
from promises.improvement.actions_models import Outcome
from promises.improvement.actions_queries import ActionRow, get_action
from promises.improvement.causes_queries import list_causes
from promises.improvement.errors import ActionMoved, NoSuchCause
from promises.kernel.zones import local_date
from promises.reporting.insights_results import Result, result_of


def start_action(uow: UnitOfWork, *, action: NewAction) -> uuid.UUID:
    """Its owner hears of it on the day it is due. Raises NotFound for what it names, Refused."""
    tenant = {"organisation_id": uow.organisation_id}
    promise_by_id(uow.session, promise_id=action.promise_id, at=uow.now, **tenant)
    member_by_id(uow.session, member_id=action.owner_id, **tenant)
    if action.branch_id is not None:
        branch_by_id(uow.session, branch_id=action.branch_id, **tenant)
    if action.cause_id is not None:
        known = list_causes(uow.session, retired=True, **tenant)
        if action.cause_id not in {one.cause_id for one in known}:
            raise NoSuchCause(cause_id=str(action.cause_id))
    return actions.start_action(uow.session, actor=uow.actor, now=uow.now, action=action, **tenant)


def move_action(
    uow: UnitOfWork, *, action_id: uuid.UUID, owner_id: uuid.UUID, due_on: dt.date
) -> None:
    """Another owner or another day. Raises NotFound, ActionMoved where it is not open."""
    member_by_id(uow.session, organisation_id=uow.organisation_id, member_id=owner_id)
    actions.move_action(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action_id=action_id,
        owner_id=owner_id,
        due_on=due_on,
    )


def finish_action(uow: UnitOfWork, *, action_id: uuid.UUID, done_on: dt.date) -> None:
    """It counts from `done_on` on. Raises NoSuchAction, ActionMoved, Refused."""
    actions.finish_action(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action_id=action_id,
        done_on=done_on,
        today=_today(uow),
    )


def check_action(uow: UnitOfWork, *, action_id: uuid.UUID, outcome: Outcome) -> None:
    """What came of it; the figures of this moment stay with it. Raises NoSuchAction, ActionMoved,
    also as long as there is no whole day to look at."""
    found = get_action(uow.session, organisation_id=uow.organisation_id, action_id=action_id)
    result = action_result(uow, action=found)
    if result is None:
        raise ActionMoved()
    actions.check_action(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action_id=action_id,
        outcome=outcome,
        result=result.kept(),
    )


def drop_action(uow: UnitOfWork, *, action_id: uuid.UUID, reason: str) -> None:
    """Raises NoSuchAction, ActionMoved, Refused."""
    actions.drop_action(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action_id=action_id,
        reason=reason,
    )


def publish_action(uow: UnitOfWork, *, action_id: uuid.UUID, texts: Mapping[str, str]) -> None:
    """Raises NoSuchAction, ActionMoved, Refused."""
    actions.publish_action(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action_id=action_id,
        texts=texts,
    )


def action_result(uow: UnitOfWork, *, action: ActionRow) -> Result | None:
    """What the figures say now; None before it is done, and before a whole day has passed."""
    if action.done_on is None:
        return None
    return result_of(
        uow.session,
        organisation_id=uow.organisation_id,
        promise_id=action.promise_id,
        branch_id=action.branch_id,
        cause_id=action.cause_id,
        done_on=action.done_on,
        today=_today(uow),
    )


def _today(uow: UnitOfWork) -> dt.date:
    organisation = organisation_info(uow.session, organisation_id=uow.organisation_id)
    return local_date(uow.now, organisation.time_zone)
