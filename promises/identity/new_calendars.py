"""Making calendars: one for each branch, and those that belong to none."""

import datetime as dt
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.identity import checks
from promises.identity.calendars import BRANCH, StoredHours, store_version
from promises.identity.errors import NameTaken
from promises.identity.models import Calendar
from promises.identity.public_holidays import country_of, public_holidays
from promises.identity.slugs import slugify
from promises.kernel.actors import Actor
from promises.kernel.hours import CalendarSpec, Windows
from promises.kernel.ids import new_id

HOLIDAY_YEARS = 3
"""How many years of holidays a new calendar gets, the current one included."""

_LONGEST_SLUG = 50
_OFFICE_WEEK: tuple[Windows, ...] = (*((((600, 990),),) * 5), (), ())

_SLUGS = """
SELECT slug FROM calendars WHERE organisation_id = %(organisation_id)s AND slug LIKE %(like)s
"""


def create_calendar(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    name: str,
    time_zone: str,
    weekly: tuple[Windows, ...],
) -> Calendar:
    """A calendar that belongs to no branch, such as business days; the coming holidays of the
    zone's country closed. Raises NameTaken, Refused."""
    checks.refuse(checks.name("name", name, longest=80) + checks.zone("time_zone", time_zone))
    same = select(Calendar.id).where(
        Calendar.organisation_id == organisation_id, Calendar.name == name.strip()
    )
    if session.scalar(same) is not None:
        raise NameTaken(name=name.strip())
    return add_calendar(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        name=name.strip(),
        time_zone=time_zone,
        weekly=weekly,
    )


def add_calendar(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    name: str,
    time_zone: str,
    weekly: tuple[Windows, ...] = _OFFICE_WEEK,
) -> Calendar:
    """Version 1: the week (Monday to Friday 10.00–16.30 unless given), closed on the public
    holidays of the zone's country for this year and the next two."""
    slug = _free_slug(session, organisation_id, name)
    row = Calendar(
        organisation_id=organisation_id, id=new_id(), name=name, slug=slug, created_at=now
    )
    session.add(row)
    session.flush()
    country = country_of(time_zone)
    years = range(now.year, now.year + HOLIDAY_YEARS)
    days = public_holidays(country, years) if country else {}
    spec = CalendarSpec(weekly=weekly, zone=time_zone, exceptions=dict.fromkeys(days, ()))
    notes = {day.isoformat(): text for day, text in days.items()}
    store_version(session, row.id, organisation_id, actor, now, StoredHours(1, spec, notes, now))
    return row


def _free_slug(session: Session, organisation_id: uuid.UUID, name: str) -> str:
    """From the name, with a number where another calendar has it."""
    base = slugify(name, most=_LONGEST_SLUG)
    if base == BRANCH:
        base = "opening-hours"
    params = {"organisation_id": organisation_id, "like": f"{base}%"}
    taken = {row.slug for row in rows(session, _SLUGS, params)}
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)
