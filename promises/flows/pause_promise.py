"""Pausing a promise in public, and going on with it."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from promises.audit.actions import record
from promises.catalogue import pauses
from promises.catalogue.pause_models import PromisePause
from promises.catalogue.pause_queries import branches_turned
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_branches
from promises.identity.queries import list_branches

LOOK_BACK = dt.timedelta(minutes=2)
"""Longer than a round, so that none is missed; twice is once too often, and harmless."""


def pause_promise(
    uow: UnitOfWork,
    *,
    promise_id: uuid.UUID,
    branch_id: uuid.UUID | None,
    starts_at: dt.datetime,
    ends_at: dt.datetime | None,
    reasons: Mapping[str, str],
) -> uuid.UUID:
    """Announce a pause, at one branch or everywhere, from now or a later time on; the id of it.

    Whoever came before it begins is still served by the promise, and what is owed stays owed. The
    reasons, by language, are shown publicly. `pauses.pause_promise` names the refusals.
    """
    pause = pauses.pause_promise(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        wanted=pauses.NewPause(promise_id, branch_id, starts_at, ends_at, reasons),
    )
    _tell_screens(uow, {pause.branch_id})
    _audit(
        uow,
        "promise_paused",
        pause,
        starts_at=starts_at.isoformat(),
        ends_at=ends_at and ends_at.isoformat(),
        branch_id=branch_id and str(branch_id),
    )
    return pause.id


def resume_promise(uow: UnitOfWork, *, pause_id: uuid.UUID) -> dt.datetime:
    """End a pause now, or call off one that has not begun; the instant of its end.

    Raises NoSuchPause, PauseOver.
    """
    pause = pauses.resume_promise(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        pause_id=pause_id,
    )
    ends_at = pause.ends_at
    if ends_at is None:
        raise RuntimeError("a resumed promise has an end of its pause")
    _tell_screens(uow, {pause.branch_id})
    _audit(uow, "promise_resumed", pause, ends_at=ends_at.isoformat())
    return ends_at


def tell_screens_of_pauses(uow: UnitOfWork) -> None:
    """A duty of each round: where a pause began or ended by the clock, the screens of the branch
    are drawn anew. What is promised does not wait for it."""
    turned = branches_turned(
        uow.session, organisation_id=uow.organisation_id, since=uow.now - LOOK_BACK, until=uow.now
    )
    if turned:
        _tell_screens(uow, turned)


def _tell_screens(uow: UnitOfWork, places: Collection[uuid.UUID | None]) -> None:
    """None stands for every branch."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    branches = [one for one in places if one is not None]
    if None in places:
        branches = [branch.id for branch in list_branches(uow.session, **tenant)]
    touch_branches(uow.session, **tenant, branch_ids=branches)


def _audit(uow: UnitOfWork, action: str, pause: PromisePause, **details: object) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="promise",
        object_id=pause.promise_id,
        details={"pause_id": str(pause.id), **details},
    )
