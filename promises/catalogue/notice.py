"""What gives customers less is announced before it takes force, with a public reason.

A version that is at least as good for everybody may hold at once. Everything else, and the end of
a promise, holds at the earliest when the organisation's notice has run out, which is never shorter
than a day. Nothing here reaches who came before: they keep the version they came under.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, tidy
from promises.catalogue.errors import FollowedByLess, NoticeTooShort
from promises.catalogue.models import Promise, PromiseVersion
from promises.catalogue.notice_models import PromiseChange, PromiseEnd
from promises.catalogue.notice_points import Point, worse_points
from promises.catalogue.queries import Version, list_versions
from promises.identity.queries import organisation_row
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.ids import new_id
from promises.kernel.text import N_
from promises.rules.terms import Terms


@dataclass(frozen=True, slots=True)
class Announcement:
    """What publishing these terms would ask for: `points` in which customers get less than by the
    version before, and from when on they may hold."""

    points: tuple[Point, ...]
    earliest: dt.datetime


def notice_of(session: Session, organisation_id: uuid.UUID) -> dt.timedelta:
    """How long before it holds the organisation announces what gives customers less."""
    row = organisation_row(session, organisation_id=organisation_id)
    return dt.timedelta(hours=row.notice_hours)


def announcement_for(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    promise_id: uuid.UUID,
    terms: Terms,
    valid_from: dt.datetime,
) -> Announcement:
    """Compared with the version that would hold just before `valid_from`."""
    before, _ = _neighbours(session, organisation_id, promise_id, valid_from)
    points = worse_points(before.terms, terms) if before else ()
    return Announcement(points, now + notice_of(session, organisation_id))


def announce_change(
    session: Session,
    *,
    version: PromiseVersion,
    terms: Terms,
    now: dt.datetime,
    reasons: Mapping[str, str],
) -> PromiseChange:
    """Keep what a later version changes for customers. It is inserted already; its promise is
    locked.

    Raises NoticeTooShort, DraftRefused where customers get less and no reason is given, and
    FollowedByLess where a version that is announced already would then give less than this one.
    """
    tenant = version.organisation_id
    before, after = _neighbours(session, tenant, version.promise_id, version.valid_from)
    points = worse_points(before.terms, terms) if before else ()
    told = _told(reasons)
    _check_reasons(told, needed=bool(points), field="change_reasons")
    notice = notice_of(session, tenant)
    if points and version.valid_from - now < notice:
        raise NoticeTooShort(hours=_hours(notice), earliest=now + notice)
    if after is not None and worse_points(terms, after.terms):
        announced = select(PromiseChange.worse).where(
            PromiseChange.organisation_id == tenant, PromiseChange.version_id == after.version_id
        )
        if not session.scalar(announced):
            raise FollowedByLess(valid_from=after.valid_from)
    change = PromiseChange(
        organisation_id=tenant,
        id=new_id(),
        promise_id=version.promise_id,
        version_id=version.id,
        worse=[point.value for point in points],
        reasons=told,
        announced_at=now,
        holds_from=version.valid_from,
    )
    session.add(change)
    session.flush()
    return change


def announce_end(
    session: Session,
    *,
    promise: Promise,
    actor: Actor,
    now: dt.datetime,
    ends_at: dt.datetime,
    reasons: Mapping[str, str],
) -> PromiseEnd:
    """The promise is locked and has no end yet. Raises NoticeTooShort, DraftRefused."""
    told = _told(reasons)
    _check_reasons(told, needed=True, field="reasons")
    notice = notice_of(session, promise.organisation_id)
    if ends_at - now < notice:
        raise NoticeTooShort(hours=_hours(notice), earliest=now + notice)
    end = PromiseEnd(
        organisation_id=promise.organisation_id,
        id=new_id(),
        promise_id=promise.id,
        ends_at=ends_at,
        reasons=told,
        announced_at=now,
        announced_by=actor.id if actor.kind is ActorKind.MEMBER else None,
    )
    session.add(end)
    session.flush()
    return end


def _neighbours(
    session: Session, organisation_id: uuid.UUID, promise_id: uuid.UUID, valid_from: dt.datetime
) -> tuple[Version | None, Version | None]:
    """The last version that begins before that instant, and the first one that begins after it."""
    versions = list_versions(session, organisation_id=organisation_id, promise_id=promise_id)
    before = next((one for one in versions if one.valid_from < valid_from), None)
    after = next((one for one in reversed(versions) if one.valid_from > valid_from), None)
    return before, after


def _told(reasons: Mapping[str, str]) -> dict[str, str]:
    return {locale: tidy(text) for locale, text in reasons.items() if tidy(text)}


def _check_reasons(reasons: Mapping[str, str], *, needed: bool, field: str) -> None:
    check = Check()
    if needed and not reasons:
        check.refuse(field, N_("Say publicly why customers get less than before."))
    if reasons:
        check.reasons(field, reasons)
    check.done()


def _hours(notice: dt.timedelta) -> int:
    return notice // dt.timedelta(hours=1)
