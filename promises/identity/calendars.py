"""Opening hours of the organisation's own: every change is a new frozen version."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.audit import actions as audit
from promises.db.sql import execute, one, one_or_none, rows
from promises.identity.errors import CalendarUnknown, HoursChanged
from promises.identity.models import CalendarVersion
from promises.identity.public_holidays import COUNTRIES, public_holidays
from promises.kernel.actors import Actor
from promises.kernel.calendars import PreparedCalendar, prepared
from promises.kernel.errors import FieldProblem, NotFound, Refused
from promises.kernel.hours import CalendarSpec, dump_calendar, parse_calendar
from promises.kernel.text import N_

SPAN_YEARS = 2
"""A prepared calendar reaches this many years back and forth from the present one."""

YEARS_BACK, YEARS_AHEAD = 2, 6
"""How far a calendar for judging reaches from the year in which the case began."""

BRANCH = "branch"
"""The name by which terms mean the calendar of whichever branch the case belongs to."""

_MOST_FROZEN = 256

_LOCK = """
SELECT id FROM calendars
WHERE organisation_id = %(organisation_id)s AND id = %(calendar_id)s FOR UPDATE
"""

_NEWEST_NUMBER = """
SELECT number, EXTRACT(year FROM now())::int AS year FROM calendar_versions
WHERE organisation_id = %(organisation_id)s AND calendar_id = %(calendar_id)s
ORDER BY number DESC LIMIT 1
"""

# The newest version of each that was there at the time; the first where none was.
_FROZEN_NUMBERS = """
WITH wanted AS (
    SELECT slug AS name, id FROM calendars
    WHERE organisation_id = %(organisation_id)s AND slug = ANY(%(names)s)
    UNION ALL
    SELECT 'branch', calendar_id FROM branches
    WHERE organisation_id = %(organisation_id)s AND id = %(branch_id)s
        AND 'branch' = ANY(%(names)s)
)
SELECT w.name, w.id, coalesce((
    SELECT v.number FROM calendar_versions AS v
    WHERE v.organisation_id = %(organisation_id)s AND v.calendar_id = w.id
        AND v.created_at <= %(at)s
    ORDER BY v.number DESC LIMIT 1
), 1) AS number
FROM wanted AS w
"""

_FROZEN_CONTENT = """
SELECT content FROM calendar_versions
WHERE organisation_id = %(organisation_id)s AND calendar_id = %(calendar_id)s
    AND number = %(number)s
"""

_NAMES = """
SELECT c.id, c.slug, coalesce(string_agg(b.name, ', ' ORDER BY b.name), c.name) AS name,
    count(b.id) > 0 AS of_branch
FROM calendars AS c
LEFT JOIN branches AS b ON b.organisation_id = c.organisation_id AND b.calendar_id = c.id
WHERE c.organisation_id = %(organisation_id)s
GROUP BY c.id, c.slug, c.name
ORDER BY count(b.id) > 0, lower(coalesce(string_agg(b.name, ', ' ORDER BY b.name), c.name))
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


@dataclass(frozen=True, slots=True)
class CalendarName:
    """`slug` is what terms say, `name` what people read: those of the branches that use it."""

    id: uuid.UUID
    slug: str
    name: str
    of_branch: bool


_prepared: dict[tuple[uuid.UUID, uuid.UUID], tuple[int, int, PreparedCalendar]] = {}
_frozen: dict[tuple[uuid.UUID, uuid.UUID, int, int, int], PreparedCalendar] = {}


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
    made = PreparedCalendar(hours.spec, first, last)
    _prepared[organisation_id, calendar_id] = (hours.number, year, made)
    return made


def calendars_for(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    names: Iterable[str],
    branch_id: uuid.UUID | None,
    at: dt.datetime,
    now: dt.datetime,
) -> dict[str, PreparedCalendar]:
    """The calendars that terms name by slug, `branch` for that of the branch, as they were at
    `at`: an edit after it changes nothing about the case. Worked out from two years before `at`
    to six after it, and to the next year where the case is still open then.

    Raises CalendarUnknown for a name that nothing has. One indexed read once they are known.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    params = {
        "organisation_id": organisation_id,
        "names": wanted,
        "branch_id": branch_id,
        "at": at,
    }
    found = {row.name: row for row in rows(session, _FROZEN_NUMBERS, params)}
    for name in wanted:
        if name not in found:
            raise CalendarUnknown(name=name)
    span = years_for(at, now)
    return {
        name: frozen_calendar(session, (organisation_id, row.id, row.number, *span))
        for name, row in found.items()
    }


def years_for(at: dt.datetime, now: dt.datetime) -> tuple[int, int]:
    """The first and the last year that a calendar for a case from `at` reaches."""
    return at.year - YEARS_BACK, max(at.year + YEARS_AHEAD, min(now.year + 1, at.year + 36))


def frozen_calendar(
    session: Session, key: tuple[uuid.UUID, uuid.UUID, int, int, int]
) -> PreparedCalendar:
    """Of the organisation and calendar in the key this version, over these years."""
    known = _frozen.get(key)
    if known is not None:
        return known
    organisation_id, calendar_id, number, first, last = key
    params = {"organisation_id": organisation_id, "calendar_id": calendar_id, "number": number}
    spec = parse_calendar(one(session, _FROZEN_CONTENT, params).content)
    while len(_frozen) >= _MOST_FROZEN:
        _frozen.pop(next(iter(_frozen)), None)
    _frozen[key] = prepared(spec, dt.date(first, 1, 1), dt.date(last, 12, 31))
    return _frozen[key]


def calendar_names(session: Session, organisation_id: uuid.UUID) -> list[CalendarName]:
    """Every calendar of the organisation, those that belong to no branch first. The name `branch`
    is not among them."""
    found = rows(session, _NAMES, {"organisation_id": organisation_id})
    return [CalendarName(row.id, row.slug, row.name, row.of_branch) for row in found]


def stored_hours(
    session: Session, *, organisation_id: uuid.UUID, calendar_id: uuid.UUID
) -> StoredHours:
    """The newest version as data."""
    params = {"organisation_id": organisation_id, "calendar_id": calendar_id}
    row = one_or_none(session, _NEWEST, params)
    if row is None:
        raise NotFound(calendar_id=str(calendar_id))
    return StoredHours(row.number, parse_calendar(row.content), row.notes, row.created_at)


def set_opening_hours(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    calendar_id: uuid.UUID,
    spec: CalendarSpec,
    notes: Mapping[str, str] | None = None,
    expected: int | None = None,
) -> int:
    """Store these hours as the newest version; its number. The same hours again add nothing.

    `notes` (by ISO date) are kept for the days that are still exceptions. `expected` is the
    version that the change was made on; raises HoursChanged when it is no longer the newest.
    """
    before = _lock(session, organisation_id, calendar_id, expected)
    wanted = dict(before.notes if notes is None else notes)
    kept = {day.isoformat() for day in spec.exceptions}
    wanted = {day: text for day, text in wanted.items() if day in kept and text}
    if dump_calendar(before.spec) == dump_calendar(spec) and wanted == dict(before.notes):
        return before.number
    after = StoredHours(before.number + 1, spec, wanted, now)
    store_version(session, calendar_id, organisation_id, actor, now, after)
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

    A day that is an exception already keeps the hours that somebody gave it, so this adds to
    whatever version is the newest.
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


def _lock(
    session: Session,
    organisation_id: uuid.UUID,
    calendar_id: uuid.UUID,
    expected: int | None = None,
) -> StoredHours:
    """The newest version, with other writers kept away until the transaction ends."""
    params = {"organisation_id": organisation_id, "calendar_id": calendar_id}
    if execute(session, _LOCK, params) == 0:
        raise NotFound(calendar_id=str(calendar_id))
    newest = stored_hours(session, organisation_id=organisation_id, calendar_id=calendar_id)
    if expected is not None and newest.number != expected:
        raise HoursChanged(expected=expected, found=newest.number)
    return newest


def store_version(
    session: Session,
    calendar_id: uuid.UUID,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    hours: StoredHours,
) -> None:
    """Adds a version to a calendar that the caller has locked, or has just made."""
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
