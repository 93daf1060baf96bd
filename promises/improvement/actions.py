"""Actions against breaches: begun, done, checked by what the figures say, told to the public."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.audit.actions import record
from promises.improvement.actions_models import ActionState, ImprovementAction, Outcome
from promises.improvement.causes import ensure_start, person
from promises.improvement.errors import ActionMoved, NoSuchAction
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import LOCALES, N_

LONGEST_WHAT = 300
LONGEST_PUBLIC = 300
LONGEST_REASON = 300
REMIND_AGAIN = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewAction:
    """`branch_id` None: in all branches; `cause_id` None: against no cause in particular."""

    promise_id: uuid.UUID
    what: str
    owner_id: uuid.UUID
    due_on: dt.date
    branch_id: uuid.UUID | None = None
    cause_id: uuid.UUID | None = None


def start_action(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action: NewAction,
) -> uuid.UUID:
    """Its owner is reminded on the day it is due, and each week after. Raises Refused."""
    by = person(actor)
    if action.cause_id is not None:
        ensure_start(session, organisation_id=organisation_id, now=now)
    action_id = new_id()
    session.add(
        ImprovementAction(
            organisation_id=organisation_id,
            id=action_id,
            promise_id=action.promise_id,
            branch_id=action.branch_id,
            cause_id=action.cause_id,
            what=_said("what", action.what, LONGEST_WHAT),
            owner_id=action.owner_id,
            due_on=action.due_on,
            state=ActionState.OPEN,
            remind_on=action.due_on,
            created_by=by,
            created_at=now,
        )
    )
    session.flush()
    _note(session, organisation_id, actor, now, "action_started", action_id)
    return action_id


def move_action(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action_id: uuid.UUID,
    owner_id: uuid.UUID,
    due_on: dt.date,
) -> None:
    """Another owner or another day. Raises NoSuchAction, ActionMoved where it is not open."""
    found = _lock(session, organisation_id, action_id, ActionState.OPEN)
    person(actor)
    found.owner_id, found.due_on, found.remind_on = owner_id, due_on, due_on
    session.flush()
    moved = {"owner_id": str(owner_id), "due_on": due_on.isoformat()}
    _note(session, organisation_id, actor, now, "action_moved", action_id, moved)


def finish_action(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action_id: uuid.UUID,
    done_on: dt.date,
    today: dt.date,
) -> None:
    """Done, and in force from the local day `done_on`. Raises NoSuchAction, ActionMoved, Refused
    for a day that is to come."""
    by = person(actor)
    if done_on > today:
        raise Refused([FieldProblem("done_on", N_("Give a day that has come."))])
    found = _lock(session, organisation_id, action_id, ActionState.OPEN)
    found.state, found.done_on, found.done_at, found.done_by = ActionState.DONE, done_on, now, by
    found.remind_on = None
    session.flush()
    details = {"done_on": done_on.isoformat()}
    _note(session, organisation_id, actor, now, "action_done", action_id, details)


def check_action(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action_id: uuid.UUID,
    outcome: Outcome,
    result: Mapping[str, Any] | None,
) -> None:
    """What came of it, as a person reads the figures of `result`. Raises NoSuchAction,
    ActionMoved."""
    by = person(actor)
    found = _lock(session, organisation_id, action_id, ActionState.DONE)
    found.state, found.outcome = ActionState.CHECKED, outcome.value
    found.result = None if result is None else dict(result)
    found.checked_at, found.checked_by = now, by
    session.flush()
    details = {"outcome": outcome.value}
    _note(session, organisation_id, actor, now, "action_checked", action_id, details)


def drop_action(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action_id: uuid.UUID,
    reason: str,
) -> None:
    """It will not be done. Raises NoSuchAction, ActionMoved, Refused without a reason."""
    person(actor)
    said = _said("reason", reason, LONGEST_REASON)
    found = _lock(session, organisation_id, action_id, ActionState.OPEN)
    found.state, found.dropped_reason, found.remind_on = ActionState.DROPPED, said, None
    session.flush()
    _note(session, organisation_id, actor, now, "action_dropped", action_id)


def publish_action(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action_id: uuid.UUID,
    texts: Mapping[str, str],
) -> None:
    """Tell the public what was changed, in these words, or in better ones than before.

    Raises NoSuchAction, ActionMoved where it is not done, Refused without a text.
    """
    by = person(actor)
    said = {one: " ".join(texts[one].split()) for one in LOCALES if texts.get(one, "").strip()}
    if not said or any(len(text) > LONGEST_PUBLIC for text in said.values()):
        words = N_("Say it in at most %(most)s characters.")
        raise Refused([FieldProblem("text", words, {"most": LONGEST_PUBLIC})])
    found = _lock(session, organisation_id, action_id, ActionState.DONE, ActionState.CHECKED)
    found.public_texts, found.published_by = said, by
    found.published_at = found.published_at or now
    session.flush()
    _note(session, organisation_id, actor, now, "action_published", action_id)


def _lock(
    session: Session, organisation_id: uuid.UUID, action_id: uuid.UUID, *states: ActionState
) -> ImprovementAction:
    """The action, until the transaction ends nobody else's to change."""
    key = (organisation_id, action_id)
    found = session.get(ImprovementAction, key, with_for_update=True, populate_existing=True)
    if found is None:
        raise NoSuchAction(action_id=str(action_id))
    if found.state not in states:
        raise ActionMoved()
    return found


def _said(field: str, text: str, longest: int) -> str:
    said = " ".join(text.split())
    if not said or len(said) > longest:
        words = N_("Say it in at most %(most)s characters.")
        raise Refused([FieldProblem(field, words, {"most": longest})])
    return said


def _note(
    session: Session,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action: str,
    action_id: uuid.UUID,
    details: Mapping[str, Any] | None = None,
) -> None:
    record(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        action=action,
        object_kind="improvement_action",
        object_id=action_id,
        details=details,
    )
