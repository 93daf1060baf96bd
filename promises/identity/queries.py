"""Reading who and what there is in an organisation."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.db.session import unit_of_work, unscoped
from promises.db.sql import one_or_none, rows
from promises.identity.calendars import prepared_calendar
from promises.identity.models import (
    ApiKey,
    Branch,
    BranchService,
    BranchState,
    Counter,
    Device,
    DirectoryEntry,
    Member,
    Organisation,
    ServiceKind,
)
from promises.kernel.actors import SYSTEM
from promises.kernel.clock import process_clock
from promises.kernel.errors import NotFound

__all__ = [
    "OrganisationInfo",
    "branch_by_id",
    "branch_by_slug",
    "counter_by_id",
    "forget_organisation",
    "list_api_keys",
    "list_branches",
    "list_counters",
    "list_devices",
    "list_members",
    "list_organisation_ids",
    "list_service_kinds",
    "managers",
    "member_by_id",
    "name_key",
    "only_slug",
    "organisation_by_id",
    "organisation_by_slug",
    "organisation_info",
    "organisation_row",
    "prepared_calendar",
    "service_kind_by_id",
    "service_kinds_of_branch",
    "service_name",
]

INFO_SECONDS = 10.0
"""How long a process may show an organisation's old name or language after another changed it."""

_MANAGERS = """
SELECT id, locale, branch_id FROM members
WHERE organisation_id = %(organisation_id)s AND state = 'active' AND role = 'manager'
  AND (%(branch_id)s::uuid IS NULL OR branch_id IS NULL OR branch_id = %(branch_id)s)
ORDER BY id
"""

_NORDIC_ORDER = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})

_ORGANISATION = """
SELECT organisation_id, slug, name, locale, currency, time_zone, voucher_use, voucher_valid_years,
       is_demo
FROM organisations WHERE organisation_id = %(organisation_id)s
"""


@dataclass(frozen=True, slots=True)
class OrganisationInfo:
    """What every page needs of its organisation."""

    id: uuid.UUID
    slug: str
    name: str
    locale: str
    currency: str
    time_zone: str
    voucher_use: str
    voucher_valid_years: int
    is_demo: bool


_ids: dict[str, uuid.UUID] = {}
_infos: dict[uuid.UUID, tuple[float, OrganisationInfo]] = {}


def organisation_by_slug(slug: str) -> OrganisationInfo:
    """The organisation of an address, known in this process after the first time.

    Opens its own short transactions. Raises NotFound.
    """
    organisation_id = _ids.get(slug)
    if organisation_id is None:
        with unscoped() as (session, _now):
            entry = session.get(DirectoryEntry, slug)
        if entry is None:
            raise NotFound(slug=slug)
        organisation_id = _ids.setdefault(slug, entry.organisation_id)
    return organisation_by_id(organisation_id)


def organisation_by_id(organisation_id: uuid.UUID) -> OrganisationInfo:
    """Like `organisation_by_slug`, for what carries the id (tokens, keys)."""
    read_at, info = _infos.get(organisation_id, (float("-inf"), None))
    if info is None or process_clock.monotonic() - read_at > INFO_SECONDS:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            info = organisation_info(uow.session, organisation_id=organisation_id)
        _infos[organisation_id] = (process_clock.monotonic(), info)
    return info


def organisation_info(session: Session, *, organisation_id: uuid.UUID) -> OrganisationInfo:
    """The organisation as this transaction sees it."""
    row = one_or_none(session, _ORGANISATION, {"organisation_id": organisation_id})
    if row is None:
        raise NotFound(organisation_id=str(organisation_id))
    return OrganisationInfo(*row)


def forget_organisation(organisation_id: uuid.UUID) -> None:
    """Read it afresh at the next question: its settings have changed."""
    _infos.pop(organisation_id, None)


def list_organisation_ids() -> list[uuid.UUID]:
    """Every organisation, by the directory; for maintenance commands."""
    with unscoped() as (session, _now):
        return list(session.scalars(select(DirectoryEntry.organisation_id)))


def only_slug() -> str | None:
    """The slug of the service's organisation, where there is just one."""
    with unscoped() as (session, _now):
        found = list(session.scalars(select(DirectoryEntry.slug).limit(2)))
    return found[0] if len(found) == 1 else None


def name_key(name: str) -> str:
    """Sorts names as Finnish and Swedish do: case aside, å ä ö after z. The database cannot."""
    return name.casefold().translate(_NORDIC_ORDER)


def organisation_row(session: Session, *, organisation_id: uuid.UUID) -> Organisation:
    found = session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound(organisation_id=str(organisation_id))
    return found


def list_branches(
    session: Session, *, organisation_id: uuid.UUID, closed: bool = False
) -> list[Branch]:
    """By name; with `closed` also those that serve nobody any more."""
    query = select(Branch).where(Branch.organisation_id == organisation_id)
    if not closed:
        query = query.where(Branch.state == BranchState.ACTIVE)
    return sorted(session.scalars(query), key=lambda branch: name_key(branch.name))


def branch_by_id(session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID) -> Branch:
    found = session.get(Branch, (organisation_id, branch_id))
    if found is None:
        raise NotFound(branch_id=str(branch_id))
    return found


def branch_by_slug(session: Session, *, organisation_id: uuid.UUID, slug: str) -> Branch:
    query = select(Branch).where(Branch.organisation_id == organisation_id, Branch.slug == slug)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound(slug=slug)
    return found


def list_counters(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID | None = None,
    closed: bool = False,
) -> list[Counter]:
    """By name, of one branch or of all; open ones only unless `closed`."""
    query = select(Counter).where(Counter.organisation_id == organisation_id)
    if branch_id is not None:
        query = query.where(Counter.branch_id == branch_id)
    if not closed:
        query = query.where(Counter.closed_at.is_(None))
    return sorted(session.scalars(query), key=lambda counter: _natural(counter.name))


def _natural(name: str) -> tuple[int, str]:
    """“2” before “10”."""
    return (int(name), "") if name.isascii() and name.isdigit() else (10**9, name_key(name))


def counter_by_id(
    session: Session, *, organisation_id: uuid.UUID, counter_id: uuid.UUID
) -> Counter:
    found = session.get(Counter, (organisation_id, counter_id))
    if found is None:
        raise NotFound(counter_id=str(counter_id))
    return found


def list_service_kinds(
    session: Session, *, organisation_id: uuid.UUID, closed: bool = False
) -> list[ServiceKind]:
    """All of the organisation, by letter."""
    query = select(ServiceKind).where(ServiceKind.organisation_id == organisation_id)
    if not closed:
        query = query.where(ServiceKind.closed_at.is_(None))
    return list(session.scalars(query.order_by(ServiceKind.letter)))


def service_kind_by_id(
    session: Session, *, organisation_id: uuid.UUID, service_kind_id: uuid.UUID
) -> ServiceKind:
    found = session.get(ServiceKind, (organisation_id, service_kind_id))
    if found is None:
        raise NotFound(service_kind_id=str(service_kind_id))
    return found


def service_kinds_of_branch(
    session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID
) -> list[ServiceKind]:
    """What the branch serves now, by letter."""
    query = (
        select(ServiceKind)
        .join(
            BranchService,
            (BranchService.organisation_id == ServiceKind.organisation_id)
            & (BranchService.service_kind_id == ServiceKind.id),
        )
        .where(
            BranchService.organisation_id == organisation_id,
            BranchService.branch_id == branch_id,
            ServiceKind.closed_at.is_(None),
        )
        .order_by(ServiceKind.letter)
    )
    return list(session.scalars(query))


def service_name(kind: ServiceKind, locale: str) -> str:
    """In that language, else in any that there is."""
    names: dict[str, str] = kind.names
    return names.get(locale) or next(iter(names.values()), kind.letter)


def list_members(session: Session, *, organisation_id: uuid.UUID) -> list[Member]:
    query = select(Member).where(Member.organisation_id == organisation_id)
    return sorted(session.scalars(query), key=lambda member: name_key(member.name))


def managers(
    session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID | None = None
) -> list[Any]:
    """Active managers with `id`, `locale` and `branch_id`; with a branch, its own and those of the
    whole organisation."""
    return rows(session, _MANAGERS, {"organisation_id": organisation_id, "branch_id": branch_id})


def member_by_id(session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID) -> Member:
    found = session.get(Member, (organisation_id, member_id))
    if found is None:
        raise NotFound(member_id=str(member_id))
    return found


def list_api_keys(session: Session, *, organisation_id: uuid.UUID) -> list[ApiKey]:
    """Newest first, revoked ones too."""
    query = select(ApiKey).where(ApiKey.organisation_id == organisation_id)
    return list(session.scalars(query.order_by(ApiKey.created_at.desc(), ApiKey.id.desc())))


def list_devices(session: Session, *, organisation_id: uuid.UUID) -> list[Device]:
    """Newest first, revoked ones too."""
    query = select(Device).where(Device.organisation_id == organisation_id)
    return list(session.scalars(query.order_by(Device.created_at.desc(), Device.id.desc())))
