"""Verbs on the organisation itself."""

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from promises.identity import checks, keys, queries
from promises.identity.changes import apply, note
from promises.identity.errors import DemoMovesNoMoney, SlugTaken
from promises.identity.models import DirectoryEntry, MoneyMode, Organisation, VoucherUse
from promises.kernel.actors import Actor

NOTICE_HOURS = (24, 2160)
"""The shortest and the longest notice of what gives customers less: a day to ninety."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    slug: str
    name: str
    locale: str = "fi"
    currency: str = "EUR"
    time_zone: str = "Europe/Helsinki"
    is_demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSettings:
    name: str
    locale: str
    voucher_use: VoucherUse
    voucher_valid_years: int
    notice_hours: int


def create_organisation(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    request: NewOrganisation,
) -> Organisation:
    """In a unit of work of the new id itself: `unit_of_work(new_id(), SYSTEM)`.

    Raises SlugTaken, Refused.
    """
    checks.refuse(
        checks.slug("slug", request.slug)
        + checks.name("name", request.name)
        + checks.locale("locale", request.locale)
        + checks.currency("currency", request.currency)
        + checks.zone("time_zone", request.time_zone)
    )
    claimed = session.execute(
        insert(DirectoryEntry)
        .values(slug=request.slug, organisation_id=organisation_id)
        .on_conflict_do_nothing()
        .returning(DirectoryEntry.slug)
    ).first()
    if claimed is None:
        raise SlugTaken(slug=request.slug)
    row = Organisation(
        organisation_id=organisation_id, created_at=now, **dataclasses.asdict(request)
    )
    session.add(row)
    session.flush()
    keys.make_keys(session, organisation_id=organisation_id, now=now)
    note(session, row, actor, now, "organisation_created", {"slug": request.slug})
    return row


def change_settings(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    settings: OrganisationSettings,
) -> Organisation:
    """Vouchers issued before keep the use and the expiry that they were issued with."""
    checks.refuse(
        checks.name("name", settings.name)
        + checks.locale("locale", settings.locale)
        + checks.within("voucher_valid_years", settings.voucher_valid_years, 1, 10)
        + checks.within("notice_hours", settings.notice_hours, *NOTICE_HOURS)
    )
    row = queries.organisation_row(session, organisation_id=organisation_id)
    changed = apply(row, dataclasses.asdict(settings))
    if changed:
        note(session, row, actor, now, "settings_changed", changed)
    return row


def change_money_mode(
    session: Session, *, organisation_id: uuid.UUID, actor: Actor, now: dt.datetime, mode: MoneyMode
) -> None:
    """The caller sees to it that nothing is under way in the mode that ends.

    Raises DemoMovesNoMoney.
    """
    row = queries.organisation_row(session, organisation_id=organisation_id)
    if mode is MoneyMode.LIVE and row.is_demo:
        raise DemoMovesNoMoney
    row.money_mode = mode
    row.money_mode_at = now
    note(session, row, actor, now, "money_mode_changed", {"mode": mode.value})
