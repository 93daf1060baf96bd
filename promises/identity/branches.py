"""Verbs on branches, their counters and the kinds of service that they give."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from promises.identity import checks, queries
from promises.identity.calendars import move_calendar
from promises.identity.changes import apply, note
from promises.identity.errors import LetterTaken, NameTaken, SlugTaken
from promises.identity.models import (
    Branch,
    BranchService,
    BranchState,
    Counter,
    ServiceKind,
    ServiceStart,
)
from promises.identity.new_calendars import add_calendar
from promises.identity.slugs import slugify
from promises.kernel.actors import Actor
from promises.kernel.ids import new_id, new_token


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchSettings:
    """`no_show_after_s`: how long a called customer is waited for, in seconds."""

    name: str
    time_zone: str
    service_start: ServiceStart = ServiceStart.TAP
    no_show_after_s: int = 120


def add_branch(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    settings: BranchSettings,
    slug: str | None = None,
) -> Branch:
    """A branch with a calendar of its own: Monday to Friday 10.00–16.30, the coming holidays
    closed. Without `slug` one is made from the name. Raises SlugTaken, Refused."""
    _check_branch(settings)
    wanted = slug or slugify(settings.name)
    checks.refuse(checks.slug("slug", wanted))
    taken = select(Branch.id).where(
        Branch.organisation_id == organisation_id, Branch.slug == wanted
    )
    if session.scalar(taken) is not None:
        raise SlugTaken(slug=wanted)
    calendar = add_calendar(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        name=wanted,
        time_zone=settings.time_zone,
    )
    row = Branch(
        organisation_id=organisation_id,
        id=new_id(),
        slug=wanted,
        calendar_id=calendar.id,
        presence_token=new_token(128),
        state=BranchState.ACTIVE,
        created_at=now,
        **dataclasses.asdict(settings),
    )
    session.add(row)
    session.flush()
    note(session, row, actor, now, "branch_added", {"slug": wanted})
    return row


def change_branch(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    branch_id: uuid.UUID,
    settings: BranchSettings,
) -> Branch:
    """Opening hours and time zone move together: a new zone also gives the calendar a version."""
    _check_branch(settings)
    row = queries.branch_by_id(session, organisation_id=organisation_id, branch_id=branch_id)
    moved = row.time_zone != settings.time_zone
    changed = apply(row, dataclasses.asdict(settings))
    if moved:
        move_calendar(
            session,
            organisation_id=organisation_id,
            actor=actor,
            now=now,
            calendar_id=row.calendar_id,
            time_zone=settings.time_zone,
        )
    if changed:
        note(session, row, actor, now, "branch_changed", changed)
    return row


def close_branch(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    branch_id: uuid.UUID,
    closed: bool = True,
) -> Branch:
    """Take a branch out of use, or back into it. Nothing of its past is touched."""
    row = queries.branch_by_id(session, organisation_id=organisation_id, branch_id=branch_id)
    wanted = BranchState.CLOSED if closed else BranchState.ACTIVE
    if row.state != wanted:
        row.state = wanted
        note(session, row, actor, now, "branch_closed" if closed else "branch_reopened", {})
    return row


def add_counter(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    branch_id: uuid.UUID,
    name: str,
) -> Counter:
    """Raises NameTaken when the branch has one of that name; a closed one of the name reopens."""
    checks.refuse(checks.name("name", name, longest=40))
    queries.branch_by_id(session, organisation_id=organisation_id, branch_id=branch_id)
    same = select(Counter).where(
        Counter.organisation_id == organisation_id,
        Counter.branch_id == branch_id,
        Counter.name == name,
    )
    row = session.scalars(same).one_or_none()
    if row is not None and row.closed_at is None:
        raise NameTaken(name=name)
    if row is None:
        row = Counter(
            organisation_id=organisation_id,
            id=new_id(),
            branch_id=branch_id,
            name=name,
            closed_at=None,
        )
        session.add(row)
    row.closed_at = None
    session.flush()
    note(session, row, actor, now, "counter_added", {"name": name})
    return row


def close_counter(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    counter_id: uuid.UUID,
) -> Counter:
    row = queries.counter_by_id(session, organisation_id=organisation_id, counter_id=counter_id)
    if row.closed_at is None:
        row.closed_at = now
        note(session, row, actor, now, "counter_closed", {"name": row.name})
    return row


def add_service_kind(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    letter: str,
    names: Mapping[str, str],
    branch_ids: Collection[uuid.UUID] = (),
) -> ServiceKind:
    """`names` by language, at least one; `branch_ids` give it from now on. Raises LetterTaken."""
    checks.refuse(checks.letter("letter", letter) + checks.names("names", names))
    same = select(ServiceKind.id).where(
        ServiceKind.organisation_id == organisation_id, ServiceKind.letter == letter
    )
    if session.scalar(same) is not None:
        raise LetterTaken(letter=letter)
    row = ServiceKind(
        organisation_id=organisation_id,
        id=new_id(),
        letter=letter,
        names=dict(names),
        closed_at=None,
    )
    session.add(row)
    session.flush()
    for branch_id in branch_ids:
        queries.branch_by_id(session, organisation_id=organisation_id, branch_id=branch_id)
        session.add(
            BranchService(
                organisation_id=organisation_id, branch_id=branch_id, service_kind_id=row.id
            )
        )
    note(session, row, actor, now, "service_kind_added", {"letter": letter})
    return row


def change_service_kind(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    service_kind_id: uuid.UUID,
    names: Mapping[str, str],
    closed: bool,
) -> ServiceKind:
    """The letter stays: it stands on tickets."""
    row = queries.service_kind_by_id(
        session, organisation_id=organisation_id, service_kind_id=service_kind_id
    )
    checks.refuse(checks.names("names", names))
    changed = apply(row, {"names": dict(names)})
    if closed != (row.closed_at is not None):
        row.closed_at = now if closed else None
        changed["closed"] = closed
    if changed:
        note(session, row, actor, now, "service_kind_changed", changed)
    return row


def set_branch_services(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    branch_id: uuid.UUID,
    service_kind_ids: Collection[uuid.UUID],
) -> None:
    """Which kinds the branch gives from now on; tickets that wait keep theirs."""
    branch = queries.branch_by_id(session, organisation_id=organisation_id, branch_id=branch_id)
    for kind_id in service_kind_ids:
        queries.service_kind_by_id(
            session, organisation_id=organisation_id, service_kind_id=kind_id
        )
    session.execute(
        delete(BranchService).where(
            BranchService.organisation_id == organisation_id, BranchService.branch_id == branch_id
        )
    )
    session.add_all(
        BranchService(organisation_id=organisation_id, branch_id=branch_id, service_kind_id=kind_id)
        for kind_id in set(service_kind_ids)
    )
    session.flush()
    details = {"service_kind_ids": sorted(str(kind_id) for kind_id in service_kind_ids)}
    note(session, branch, actor, now, "branch_services_set", details)


def _check_branch(settings: BranchSettings) -> None:
    checks.refuse(
        checks.name("name", settings.name)
        + checks.zone("time_zone", settings.time_zone)
        + checks.within("no_show_after_s", settings.no_show_after_s, 0, 3600)
    )
