"""When a branch is open, and until when a ticket can be served."""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.identity.calendars import prepared_calendar
from promises.kernel.calendars import BeyondCalendar, CalendarNeverOpens, PreparedCalendar
from promises.kernel.zones import local_date, resolve_local

_DAY = dt.timedelta(days=1)


def opening_after(
    session: Session, *, organisation_id: uuid.UUID, calendar_id: uuid.UUID, at: dt.datetime
) -> dt.datetime | None:
    """None while the branch is open; otherwise when it opens next."""
    calendar = prepared_calendar(
        session, organisation_id=organisation_id, calendar_id=calendar_id, now=at
    )
    return None if calendar.is_open(at) else calendar.next_opening(at)


def closing_after(calendar: PreparedCalendar, at: dt.datetime) -> dt.datetime:
    """When somebody who arrived at `at` can no longer be served: the closing time of the day's
    last window, which may lie after midnight. A pause at noon closes nothing.

    Who came while the branch was closed has until midnight. Where it never closes, the end of the
    next day is the limit.
    """
    zone = calendar.spec.zone
    day = local_date(at, zone)
    try:
        known = (calendar.closing_of_day(day - _DAY), calendar.closing_of_day(day))
        closing = next((one for one in known if one is not None and at < one), None)
        if closing is None:
            return end_of_day(day, zone)
        if calendar.is_open(closing):
            closing = max(closing, calendar.closing_of_day(day + _DAY) or closing)
    except (BeyondCalendar, CalendarNeverOpens):
        return end_of_day(day, zone)
    return min(closing, end_of_day(day + _DAY, zone))


def end_of_day(day: dt.date, zone: str) -> dt.datetime:
    """The first instant of the next local day."""
    return resolve_local(dt.datetime.combine(day + _DAY, dt.time.min), zone).instant
