"""When the branches of an organisation are open, all of them in one read."""

import datetime as dt
import uuid
from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.identity.calendars import frozen_calendar
from promises.kernel.calendars import CalendarNeverOpens, PreparedCalendar
from promises.kernel.zones import resolve_local

_HOURS = """
SELECT b.id AS branch_id, b.time_zone, b.calendar_id, (
    SELECT max(v.number) FROM calendar_versions v
    WHERE v.organisation_id = b.organisation_id AND v.calendar_id = b.calendar_id
) AS number
FROM branches b
WHERE b.organisation_id = %(organisation_id)s AND b.state = 'active'
"""

WEEK = dt.timedelta(days=7)


class BranchHours:
    """The newest opening hours of the open branches, from the year before `now` to the year after.
    A branch that never opens is open for no time."""

    def __init__(self, session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> None:
        self.now = now
        self._calendars: dict[uuid.UUID, PreparedCalendar] = {}
        self._zones: dict[uuid.UUID, str] = {}
        for row in rows(session, _HOURS, {"organisation_id": organisation_id}):
            key = (organisation_id, row.calendar_id, row.number, now.year - 1, now.year + 1)
            self._calendars[row.branch_id] = frozen_calendar(session, key)
            self._zones[row.branch_id] = row.time_zone

    @property
    def branches(self) -> Iterable[uuid.UUID]:
        return self._calendars.keys()

    def seconds_on(self, branch_id: uuid.UUID, day: dt.date) -> int:
        """How long the branch is open on a local day."""
        calendar = self._calendars.get(branch_id)
        return 0 if calendar is None else _day_seconds(calendar, self._zones[branch_id], day)

    def seconds_left(self, branch_id: uuid.UUID, today: dt.date) -> int:
        """How much of that is still to come."""
        calendar = self._calendars.get(branch_id)
        if calendar is None:
            return 0
        end = _start_of(today + dt.timedelta(days=1), self._zones[branch_id])
        return calendar.open_seconds_between(self.now, end) if end > self.now else 0

    def is_open(self, branch_id: uuid.UUID) -> bool:
        calendar = self._calendars.get(branch_id)
        return calendar is not None and calendar.is_open(self.now)

    def opens_at(self, branch_id: uuid.UUID) -> dt.datetime:
        """Now while it is open, else when it opens next; now where it never does."""
        calendar = self._calendars.get(branch_id)
        if calendar is None:
            return self.now
        try:
            return calendar.next_opening(self.now)
        except CalendarNeverOpens:
            return self.now

    def since(self, branch_id: uuid.UUID, hours: int) -> dt.datetime:
        """Since when it has been open for that many hours; at most a week ago."""
        week_ago = self.now - WEEK
        calendar = self._calendars.get(branch_id)
        if calendar is None:
            return week_ago
        return max(week_ago, calendar.open_before(self.now, dt.timedelta(hours=hours)))

    def week_seconds(self, branch_id: uuid.UUID) -> int:
        """How long it was open in the last seven days."""
        calendar = self._calendars.get(branch_id)
        if calendar is None:
            return 0
        return calendar.open_seconds_between(self.now - WEEK, self.now)


@lru_cache(maxsize=100_000)
def _day_seconds(calendar: PreparedCalendar, zone: str, day: dt.date) -> int:
    return calendar.open_seconds_between(
        _start_of(day, zone), _start_of(day + dt.timedelta(days=1), zone)
    )


@lru_cache(maxsize=10_000)
def _start_of(day: dt.date, zone: str) -> dt.datetime:
    return resolve_local(dt.datetime.combine(day, dt.time()), zone).instant
