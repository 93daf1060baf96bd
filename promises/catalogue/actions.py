"""Publishing what was decided."""

import dataclasses
import datetime as dt
import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from promises.catalogue.checks import LONGEST_TITLE, Check, calendars_of, check_terms, tidy
from promises.catalogue.errors import (
    AlreadyEnding,
    ForwardOnly,
    NoSuchPromise,
    PromiseEnded,
    SlugTaken,
    VersionTimeTaken,
)
from promises.catalogue.gestures import add_gesture
from promises.catalogue.models import Promise, PromiseVersion
from promises.catalogue.notice import announce_change, announce_end
from promises.catalogue.targets import TargetStep, dump_path, is_path
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.ids import new_id
from promises.kernel.text import N_
from promises.kernel.zones import require_utc
from promises.rules.terms import Terms, WaitTerms, dump_terms

MOST_OF_ONE_TITLE = 100
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is to be published. Without `promise_id` a new promise begins.

    `slug` is for a new promise only; None makes one from the title. `titles` are by language, at
    least one. `change_reasons`, by language too, say publicly why customers get less than by the
    version before, where they do. `closing_gesture` is a kind act at the end of a case.
    """

    terms: Terms
    valid_from: dt.datetime
    titles: Mapping[str, str]
    way_of_working: str
    team_reward: str = ""
    target_path: tuple[TargetStep, ...] = ()
    change_reasons: Mapping[str, str] = field(default_factory=dict)
    closing_gesture: str = ""
    promise_id: uuid.UUID | None = None
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    promise_id: uuid.UUID
    version_id: uuid.UUID
    number: int
    slug: str
    valid_from: dt.datetime
    applied_to_history: bool


def publish_version(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    version: NewVersion,
) -> PublishedVersion:
    """Insert an immutable version. Only the first of a promise may hold from before `now`: the
    caller has made sure that the span holds imported tickets only.

    Raises DraftRefused, NoSuchPromise, SlugTaken, PromiseEnded, ForwardOnly, VersionTimeTaken, and
    of a later version that gives customers less what `announce_change` names.
    """
    version = _tidied(version)
    valid_from = version.valid_from
    _check(session, organisation_id, version)
    if version.promise_id is None:
        promise, number = _begin(session, organisation_id, now, version), 1
    else:
        promise = lock_promise(
            session, organisation_id=organisation_id, promise_id=version.promise_id
        )
        number = _next_number(session, promise, now, valid_from)
        promise.titles = dict(version.titles)
    row = _row(promise, number, version, now)
    row.published_by = actor.id if actor.kind is ActorKind.MEMBER else None
    session.add(row)
    session.flush()
    if version.closing_gesture:
        add_gesture(
            session,
            organisation_id=organisation_id,
            version_id=row.id,
            words=version.closing_gesture,
        )
    if number > 1:
        announce_change(
            session, version=row, terms=version.terms, now=now, reasons=version.change_reasons
        )
    return PublishedVersion(
        promise.id, row.id, number, promise.slug, valid_from, row.applied_to_history
    )


def _tidied(version: NewVersion) -> NewVersion:
    return dataclasses.replace(
        version,
        valid_from=require_utc(version.valid_from),
        titles={locale: tidy(title) for locale, title in version.titles.items()},
        way_of_working=tidy(version.way_of_working),
        team_reward=tidy(version.team_reward),
        closing_gesture=tidy(version.closing_gesture),
    )


def lock_promise(session: Session, *, organisation_id: uuid.UUID, promise_id: uuid.UUID) -> Promise:
    """The promise, until the transaction ends nobody else's to change."""
    promise = session.get(
        Promise, (organisation_id, promise_id), with_for_update=True, populate_existing=True
    )
    if promise is None:
        raise NoSuchPromise()
    return promise


def end_promise(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    promise_id: uuid.UUID,
    ends_at: dt.datetime,
    reasons: Mapping[str, str],
) -> dt.datetime:
    """From `ends_at` on nobody new is promised this; what is open or owed stays. Once only, and
    announced in time. `reasons` are public, by language.

    Raises NoSuchPromise, AlreadyEnding, DraftRefused, NoticeTooShort.
    """
    promise = lock_promise(session, organisation_id=organisation_id, promise_id=promise_id)
    if promise.ends_at is not None:
        raise AlreadyEnding(ends_at=promise.ends_at)
    end = announce_end(
        session,
        promise=promise,
        actor=actor,
        now=now,
        ends_at=require_utc(ends_at),
        reasons=reasons,
    )
    promise.ends_at = end.ends_at
    promise.end_reason = next(iter(end.reasons.values()))
    session.flush()
    return promise.ends_at


def _begin(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, version: NewVersion
) -> Promise:
    """A slug that was asked for must be free; one made from the title gets a number if need be."""
    wanted = version.slug or slug_of(next(iter(version.titles.values())))
    numbered = [f"{wanted}-{n}" for n in range(2, MOST_OF_ONE_TITLE)]
    for slug in [wanted] if version.slug else [wanted, *numbered]:
        promise_id = new_id()
        made = session.execute(
            insert(Promise)
            .values(
                organisation_id=organisation_id,
                id=promise_id,
                slug=slug,
                titles=dict(version.titles),
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=[Promise.organisation_id, Promise.slug])
            .returning(Promise.id)
        ).one_or_none()
        if made is not None:
            return lock_promise(session, organisation_id=organisation_id, promise_id=promise_id)
    raise SlugTaken(slug=wanted)


def _next_number(
    session: Session, promise: Promise, now: dt.datetime, valid_from: dt.datetime
) -> int:
    if promise.ends_at is not None and promise.ends_at <= valid_from:
        raise PromiseEnded(ends_at=promise.ends_at)
    if valid_from < now:
        raise ForwardOnly()
    of_promise = (
        PromiseVersion.organisation_id == promise.organisation_id,
        PromiseVersion.promise_id == promise.id,
    )
    taken = select(PromiseVersion.id).where(*of_promise, PromiseVersion.valid_from == valid_from)
    if session.scalar(taken) is not None:
        raise VersionTimeTaken()
    return 1 + (session.scalar(select(func.max(PromiseVersion.number)).where(*of_promise)) or 0)


def _row(promise: Promise, number: int, version: NewVersion, now: dt.datetime) -> PromiseVersion:
    terms, scope = version.terms, version.terms.scope
    short = terms if isinstance(terms, WaitTerms) else None
    return PromiseVersion(
        organisation_id=promise.organisation_id,
        id=new_id(),
        promise_id=promise.id,
        number=number,
        terms=dump_terms(terms),
        ticket_kinds=sorted(kind.value for kind in scope.ticket_kinds),
        service_kind_ids=None if scope.service_kinds is None else sorted(scope.service_kinds),
        branch_ids=None if scope.branches is None else sorted(scope.branches),
        limit_us=short and short.rule.limit // _MICROSECOND,
        amount_minor=short and short.amount_minor,
        calendars=sorted(calendars_of(terms)),
        currency=terms.currency,
        way_of_working=version.way_of_working,
        team_reward=version.team_reward,
        target_path=dump_path(version.target_path),
        valid_from=version.valid_from,
        applied_to_history=version.valid_from < now,
        published_at=now,
    )


def _check(session: Session, organisation_id: uuid.UUID, version: NewVersion) -> None:
    check = Check()
    check.titles(version.titles)
    check.text("way_of_working", version.way_of_working)
    check.text("team_reward", version.team_reward, needed=False)
    check.text("closing_gesture", version.closing_gesture, longest=LONGEST_TITLE, needed=False)
    if version.slug is not None and not _SLUG.fullmatch(version.slug):
        check.refuse("slug", N_("Use small letters a to z, digits and hyphens."))
    if not is_path(version.target_path):
        check.refuse(
            "target_path",
            N_("The days must rise, and each level must lie above 0 and up to 100 per cent."),
        )
    check_terms(session, organisation_id, version.terms, check)
    check.done()


def slug_of(title: str) -> str:
    """An address made from a title: `Palvelemme 15 minuutissa` → `palvelemme-15-minuutissa`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "promise"
