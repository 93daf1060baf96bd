"""Pausing a promise, and going on with it.

A pause never reaches back: who came before it begins is still served by the promise. Pauses of one
promise never overlap at a branch; the promise's row is the lock that keeps two people apart.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from promises.catalogue.actions import lock_promise
from promises.catalogue.checks import Check, tidy
from promises.catalogue.errors import AlreadyPaused, NoSuchPause, PauseOver, PromiseEnded
from promises.catalogue.pause_models import PromisePause
from promises.identity.queries import branch_by_id
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.ids import new_id
from promises.kernel.text import N_
from promises.kernel.zones import require_utc


@dataclass(frozen=True, slots=True)
class NewPause:
    """What is to be announced. No branch: everywhere. Without `ends_at` it goes on until somebody
    ends it. `reasons` are by language, at least one."""

    promise_id: uuid.UUID
    branch_id: uuid.UUID | None
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    reasons: Mapping[str, str]


def pause_promise(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    wanted: NewPause,
) -> PromisePause:
    """Announce a pause.

    Raises NoSuchPromise, NotFound (the branch), DraftRefused, PromiseEnded, AlreadyPaused.
    """
    wanted = _tidied(wanted)
    promise = lock_promise(session, organisation_id=organisation_id, promise_id=wanted.promise_id)
    if wanted.branch_id is not None:
        branch_by_id(session, organisation_id=organisation_id, branch_id=wanted.branch_id)
    _check(now, wanted)
    if promise.ends_at is not None and promise.ends_at <= wanted.starts_at:
        raise PromiseEnded(ends_at=promise.ends_at)
    _require_free(session, organisation_id, wanted)
    pause = PromisePause(
        organisation_id=organisation_id,
        id=new_id(),
        promise_id=wanted.promise_id,
        branch_id=wanted.branch_id,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        reasons=dict(wanted.reasons),
        announced_at=now,
        announced_by=_member(actor),
    )
    session.add(pause)
    session.flush()
    return pause


def resume_promise(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    pause_id: uuid.UUID,
) -> PromisePause:
    """End a pause now; one that has not begun is called off. Raises NoSuchPause, PauseOver."""
    pause = session.get(PromisePause, (organisation_id, pause_id))
    if pause is None:
        raise NoSuchPause()
    lock_promise(session, organisation_id=organisation_id, promise_id=pause.promise_id)
    session.refresh(pause, with_for_update=True)
    if pause.ends_at is not None and pause.ends_at <= max(now, pause.starts_at):
        raise PauseOver(ends_at=pause.ends_at)
    pause.ends_at = max(now, pause.starts_at)
    pause.end_set_at = now
    pause.end_set_by = _member(actor)
    session.flush()
    return pause


def _member(actor: Actor) -> uuid.UUID | None:
    return actor.id if actor.kind is ActorKind.MEMBER else None


def _tidied(wanted: NewPause) -> NewPause:
    told = {locale: tidy(text) for locale, text in wanted.reasons.items()}
    return dataclasses.replace(
        wanted,
        starts_at=require_utc(wanted.starts_at),
        ends_at=None if wanted.ends_at is None else require_utc(wanted.ends_at),
        reasons={locale: text for locale, text in told.items() if text},
    )


def _check(now: dt.datetime, wanted: NewPause) -> None:
    check = Check()
    if wanted.starts_at < now:
        check.refuse("starts_at", N_("A pause begins now or later, never in the past."))
    if wanted.ends_at is not None and wanted.ends_at <= wanted.starts_at:
        check.refuse("ends_at", N_("A pause ends after it begins."))
    check.reasons("reasons", wanted.reasons)
    check.done()


def _require_free(session: Session, organisation_id: uuid.UUID, wanted: NewPause) -> None:
    """No other pause holds there at any instant of the span. One that was called off holds
    never."""
    meets = (
        select(PromisePause)
        .where(
            PromisePause.organisation_id == organisation_id,
            PromisePause.promise_id == wanted.promise_id,
            or_(PromisePause.ends_at.is_(None), PromisePause.ends_at > wanted.starts_at),
            or_(PromisePause.ends_at.is_(None), PromisePause.ends_at > PromisePause.starts_at),
        )
        .order_by(PromisePause.starts_at)
        .limit(1)
    )
    if wanted.branch_id is not None:
        there = PromisePause.branch_id == wanted.branch_id
        meets = meets.where(or_(PromisePause.branch_id.is_(None), there))
    if wanted.ends_at is not None:
        meets = meets.where(PromisePause.starts_at < wanted.ends_at)
    other = session.scalar(meets)
    if other is not None:
        raise AlreadyPaused(starts_at=other.starts_at)
