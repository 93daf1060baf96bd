"""Until when management decides on a proposal.

Within N working days: the day of the proposal is not counted, and the whole Nth day is still in
time, so `decide_before` is the midnight after it. Working days are the open days of the calendar
that the organisation chose; without one, the weekdays that are no public holiday of its country.
While a question to the proposer is open the time rests: every working day that passes is added.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.identity.calendars import prepared_calendar
from promises.identity.models import Calendar
from promises.identity.public_holidays import country_of, public_holidays
from promises.identity.queries import organisation_row
from promises.kernel.calendars import PreparedCalendar, prepared
from promises.kernel.errors import DomainError
from promises.kernel.hours import CalendarSpec
from promises.kernel.zones import local_date, resolve_local

_DAY = dt.timedelta(days=1)
_YEARS = 2
_MOST_DAYS = 60
_WHOLE_DAY = ((0, 1440),)
_OFFICE_WEEK = (*((_WHOLE_DAY,) * 5), (), ())
_MORNING = dt.time(8)


@dataclass(frozen=True, slots=True)
class DecisionTime:
    """How an organisation counts: `days` working days of `calendar`."""

    days: int
    calendar: PreparedCalendar

    def starting(self, at: dt.datetime) -> dt.datetime:
        """The first instant that is too late for what was proposed at `at`."""
        return self._after(self.calendar.add_open_days(self._day(at), self.days))

    def rested(
        self, decide_before: dt.datetime, asked_at: dt.datetime, now: dt.datetime
    ) -> dt.datetime:
        """The deadline after a question that was open from `asked_at` to `now`. What was late when
        it was asked stays late."""
        added = self.calendar.open_days_between(self._day(asked_at), self._day(now))
        if asked_at >= decide_before or added <= 0:
            return decide_before
        return self._after(self.calendar.add_open_days(self.last_day(decide_before), added))

    def reminder(self, decide_before: dt.datetime, now: dt.datetime) -> dt.datetime:
        """When managers are reminded next: on the morning of the last day, then on that of the
        first working day after it."""
        before = self._morning(self.last_day(decide_before))
        if now < before:
            return before
        return self._morning(self.calendar.roll(self._day(decide_before)))

    def last_day(self, decide_before: dt.datetime) -> dt.date:
        """The last day that is in time."""
        return self._day(decide_before - dt.timedelta.resolution)

    def days_left(self, decide_before: dt.datetime, now: dt.datetime) -> int:
        """Working days after today until the last one; negative once it has passed."""
        return self.calendar.open_days_between(self._day(now), self.last_day(decide_before))

    def _day(self, at: dt.datetime) -> dt.date:
        """What lies years back counts from where the calendar begins."""
        return max(local_date(at, self.calendar.spec.zone), self.calendar.from_date)

    def _after(self, day: dt.date) -> dt.datetime:
        midnight = dt.datetime.combine(day + _DAY, dt.time.min)
        return resolve_local(midnight, self.calendar.spec.zone).instant

    def _morning(self, day: dt.date) -> dt.datetime:
        return resolve_local(dt.datetime.combine(day, _MORNING), self.calendar.spec.zone).instant


def decision_time(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> DecisionTime:
    """How the organisation counts today."""
    organisation = organisation_row(session, organisation_id=organisation_id)
    chosen = None
    if organisation.decision_calendar is not None:
        chosen = _chosen(session, organisation_id, organisation.decision_calendar, now)
    return DecisionTime(
        organisation.decide_within_days, chosen or _weekdays(organisation.time_zone, now.year)
    )


def _chosen(
    session: Session, organisation_id: uuid.UUID, slug: str, now: dt.datetime
) -> PreparedCalendar | None:
    """None where the calendar is gone, or opens too seldom to count by."""
    query = select(Calendar.id).where(
        Calendar.organisation_id == organisation_id, Calendar.slug == slug
    )
    calendar_id = session.scalar(query)
    if calendar_id is None:
        return None
    found = prepared_calendar(
        session, organisation_id=organisation_id, calendar_id=calendar_id, now=now
    )
    try:
        found.add_open_days(local_date(now, found.spec.zone), _MOST_DAYS)
    except DomainError:
        return None
    return found


@lru_cache(maxsize=128)
def _weekdays(zone: str, year: int) -> PreparedCalendar:
    years = range(year - _YEARS, year + _YEARS + 1)
    country = country_of(zone)
    closed = public_holidays(country, years) if country else {}
    spec = CalendarSpec(_OFFICE_WEEK, zone, dict.fromkeys(closed, ()))
    return prepared(spec, dt.date(years[0], 1, 1), dt.date(years[-1], 12, 31))
