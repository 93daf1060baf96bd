"""Opening hours of the organisation's own: every change is a new frozen version."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import holidays
from babel.core import get_global
from sqlalchemy.orm import Session

from promises.audit import actions as audit
from promises.db.sql import execute, one_or_none
from promises.identity.models import Calendar, CalendarVersion
from promises.kernel.actors import Actor
from promises.kernel.calendars import PreparedCalendar
from promises.kernel.errors import FieldProblem, NotFound, Refused
from promises.kernel.hours import CalendarSpec, dump_calendar, parse_calendar
from promises.kernel.ids import new_id
from promises.kernel.text import N_

HOLIDAY_YEARS = 3
"""How many years of holidays a new calendar gets, the current one included."""

SPAN_YEARS = 2
"""A prepared calendar reaches this many years back and forth from the present one."""

COUNTRIES = ("FI", "SE", "NO", "DK", "IS", "EE", "LV", "LT", "DE")

_OFFICE_DAY = ((600, 990),)
_LANGUAGES = {"FI": "fi", "SE": "sv"}

_LOCK = """
SELECT id FROM calendars
WHERE organisation_id = %(organisation_id)s AND id = %(calendar_id)s FOR UPDATE
"""

_NEWEST_NUMBER = """
SELECT number, EXTRACT(year FROM now())::int AS year FROM calendar_versions
WHERE organisation_id = %(organisation_id)s AND calendar_id = %(calendar_id)s
ORDER BY number DESC LIMIT 1
"""

_NEWEST = """
SELECT number, content, notes, created_at FROM calendar_versions
WHERE organisation_id = %(organisation_id)s AND calendar_id = %(calendar_id)s
ORDER BY number DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class StoredHours:
    """One version. `notes` names exceptional days: a holiday, or what the administrator wrote."""

    number: int
    spec: CalendarSpec
    notes: Mapping[str, str]
    created_at: dt.datetime


_prepared: dict[tuple[uuid.UUID, uuid.UUID], tuple[int, int, PreparedCalendar]] = {}


def prepared_calendar(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    calendar_id: uuid.UUID,
    now: dt.datetime | None = None,
) -> PreparedCalendar:
    """The newest version, worked out for two years around `now` (the database's, when not given).

    One indexed read finds out whether what the process knows is still the newest.
    """
    params = {"organisation_id": organisation_id, "calendar_id": calendar_id}
    newest = one_or_none(session, _NEWEST_NUMBER, params)
    if newest is None:
        raise NotFound(calendar_id=str(calendar_id))
    year = newest.year if now is None else now.year
    known = _prepared.get((organisation_id, calendar_id))
    if known is not None and known[:2] == (newest.number, year):
        return known[2]
    hours = stored_hours(session, organisation_id=organisation_id, calendar_id=calendar_id)
    first, last = dt.date(year - SPAN_YEARS, 1, 1), dt.date(year + SPAN_YEARS, 12, 31)
    prepared = PreparedCalendar(hours.spec, first, last)
    _prepared[organisation_id, calendar_id] = (hours.number, year, prepared)
    return prepared


def stored_hours(
    session: Session, *, organisation_id: uuid.UUID, calendar_id: uuid.UUID
) -> StoredHours:
    """The newest version as data."""
    params = {"organisation_id": organisation_id, "calendar_id": calendar_id}
    row = one_or_none(session, _NEWEST, params)
    if row is None:
        raise NotFound(calendar_id=str(calendar_id))
    return StoredHours(row.number, parse_calendar(row.content), row.notes, row.created_at)


def add_calendar(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    name: str,
    time_zone: str,
) -> Calendar:
    """Version 1: Monday to Friday 10.00–16.30, closed on the public holidays of the zone's country
    for this year and the next two."""
    row = Calendar(organisation_id=organisation_id, id=new_id(), name=name, created_at=now)
    session.add(row)
    session.flush()
    country = country_of(time_zone)
    years = range(now.year, now.year + HOLIDAY_YEARS)
    days = public_holidays(country, years) if country else {}
    spec = CalendarSpec(
        weekly=(*((_OFFICE_DAY,) * 5), (), ()), zone=time_zone, exceptions=dict.fromkeys(days, ())
    )
    notes = {day.isoformat(): text for day, text in days.items()}
    _store(session, row.id, organisation_id, actor, now, StoredHours(1, spec, notes, now))
    return row


def set_opening_hours(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    calendar_id: uuid.UUID,
    spec: CalendarSpec,
    notes: Mapping[str, str] | None = None,
) -> int:
    """Store these hours as the newest version; its number. The same hours again add nothing.

    `notes` (by ISO date) are kept for the days that are still exceptions.
    """
    before = _lock(session, organisation_id, calendar_id)
    wanted = dict(before.notes if notes is None else notes)
    kept = {day.isoformat() for day in spec.exceptions}
    wanted = {day: text for day, text in wanted.items() if day in kept and text}
    if dump_calendar(before.spec) == dump_calendar(spec) and wanted == dict(before.notes):
        return before.number
    after = StoredHours(before.number + 1, spec, wanted, now)
    _store(session, calendar_id, organisation_id, actor, now, after)
    return after.number


def move_calendar(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    calendar_id: uuid.UUID,
    time_zone: str,
) -> int:
    """The same hours on the clocks of another zone."""
    before = _lock(session, organisation_id, calendar_id)
    spec = CalendarSpec(before.spec.weekly, time_zone, before.spec.exceptions)
    return set_opening_hours(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        calendar_id=calendar_id,
        spec=spec,
    )


def seed_holidays(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    calendar_id: uuid.UUID,
    country: str,
    years: Iterable[int],
) -> int:
    """Close the calendar on the country's public holidays and freeze them; how many were new.

    A day that is an exception already keeps the hours that somebody gave it.
    """
    if country not in COUNTRIES:
        raise Refused([FieldProblem("country", N_("Choose one of the countries."))])
    before = _lock(session, organisation_id, calendar_id)
    found = public_holidays(country, years)
    new = {day: text for day, text in found.items() if day not in before.spec.exceptions}
    exceptions = dict(before.spec.exceptions) | dict.fromkeys(new, ())
    notes = dict(before.notes) | {day.isoformat(): text for day, text in new.items()}
    set_opening_hours(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        calendar_id=calendar_id,
        spec=CalendarSpec(before.spec.weekly, before.spec.zone, exceptions),
        notes=notes,
    )
    return len(new)


def public_holidays(country: str, years: Iterable[int]) -> dict[dt.date, str]:
    """By the `holidays` package, named in the country's own language where it knows it."""
    found = holidays.country_holidays(
        country, years=list(years), language=_LANGUAGES.get(country), expand=False
    )
    return {day: found[day] for day in sorted(found)}


def country_of(time_zone: str) -> str | None:
    """The country whose clocks these are, where its holidays are on offer."""
    country = get_global("zone_territories").get(time_zone)
    return country if country in COUNTRIES else None


def _lock(session: Session, organisation_id: uuid.UUID, calendar_id: uuid.UUID) -> StoredHours:
    """The newest version, with other writers kept away until the transaction ends."""
    params = {"organisation_id": organisation_id, "calendar_id": calendar_id}
    if execute(session, _LOCK, params) == 0:
        raise NotFound(calendar_id=str(calendar_id))
    return stored_hours(session, organisation_id=organisation_id, calendar_id=calendar_id)


def _store(
    session: Session,
    calendar_id: uuid.UUID,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    hours: StoredHours,
) -> None:
    content: dict[str, Any] = dump_calendar(hours.spec)
    session.add(
        CalendarVersion(
            organisation_id=organisation_id,
            calendar_id=calendar_id,
            number=hours.number,
            content=content,
            notes=dict(hours.notes),
            created_at=now,
            created_by=actor.id,
        )
    )
    session.flush()
    audit.record(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        action="opening_hours_set",
        object_kind="calendar",
        object_id=calendar_id,
        details={"version": hours.number},
    )
