"""Calendars and their versions, for people to read."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.identity.calendars import CalendarName, StoredHours, calendar_names
from promises.kernel.errors import NotFound
from promises.kernel.hours import Windows, parse_calendar

PAGE = 20

_VERSIONS = """
SELECT v.number, v.content, v.notes, v.created_at, m.name AS author
FROM calendar_versions AS v
LEFT JOIN members AS m ON m.organisation_id = v.organisation_id AND m.id = v.created_by
WHERE v.organisation_id = %(organisation_id)s AND v.calendar_id = %(calendar_id)s
    AND v.number < %(below)s
ORDER BY v.number DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class DayDiffers:
    """An exception that came, went or changed; None where the day is as in every week."""

    on: dt.date
    before: Windows | None
    after: Windows | None
    note: str


@dataclass(frozen=True, slots=True)
class VersionRead:
    """One version beside the one before it. `author` is None when no member made it, `zones` where
    the clocks stayed; `week` holds the weekdays, from 0 on, that changed."""

    number: int
    created_at: dt.datetime
    author: str | None
    zones: tuple[str, str] | None
    week: tuple[tuple[int, Windows, Windows], ...]
    days: tuple[DayDiffers, ...]


def calendar_by_id(
    session: Session, *, organisation_id: uuid.UUID, calendar_id: uuid.UUID
) -> CalendarName:
    for one in calendar_names(session, organisation_id):
        if one.id == calendar_id:
            return one
    raise NotFound(calendar_id=str(calendar_id))


def list_versions(
    session: Session, *, organisation_id: uuid.UUID, calendar_id: uuid.UUID, below: int
) -> list[VersionRead]:
    """PAGE versions, the newest first, from the one before number `below` on. The first version
    has no changes: what it holds is not different from anything."""
    found = rows(
        session,
        _VERSIONS,
        {
            "organisation_id": organisation_id,
            "calendar_id": calendar_id,
            "below": below,
            "limit": PAGE + 1,
        },
    )
    stored = [
        StoredHours(row.number, parse_calendar(row.content), row.notes, row.created_at)
        for row in found
    ]
    read = []
    for index, (row, after) in enumerate(zip(found, stored, strict=True)):
        before = stored[index + 1] if index + 1 < len(stored) else after
        read.append(_compared(row.author, before, after))
    return read[:PAGE]


def _compared(author: str | None, before: StoredHours, after: StoredHours) -> VersionRead:
    old, new = before.spec, after.spec
    return VersionRead(
        number=after.number,
        created_at=after.created_at,
        author=author,
        zones=None if old.zone == new.zone else (old.zone, new.zone),
        week=tuple(
            (index, was, now)
            for index, (was, now) in enumerate(zip(old.weekly, new.weekly, strict=True))
            if was != now
        ),
        days=tuple(_days(before, after)),
    )


def _days(before: StoredHours, after: StoredHours) -> Iterator[DayDiffers]:
    old, new = before.spec.exceptions, after.spec.exceptions
    for day in sorted(old.keys() | new.keys()):
        was, now = old.get(day), new.get(day)
        if was != now:
            key = day.isoformat()
            yield DayDiffers(day, was, now, after.notes.get(key) or before.notes.get(key, ""))
