"""Until when somebody can be served."""

import datetime as dt

import pytest

from promises.desk.hours import closing_after, end_of_day
from promises.kernel.calendars import PreparedCalendar
from promises.kernel.hours import CalendarSpec

DAY = 1440
SPAN = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))


def calendar(*week, zone="UTC", **exceptions):
    """One list of windows for every day, or seven."""
    weekly = week if len(week) == 7 else tuple(week) * 7
    days = {dt.date.fromisoformat(day): windows for day, windows in exceptions.items()}
    return PreparedCalendar(CalendarSpec(weekly, zone, days), *SPAN)


def at(day, hour, minute=0):
    """An instant of March 2026 in UTC."""
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC)


OFFICE = calendar(((540, 720), (780, 960)))
NIGHT = calendar(((1320, DAY + 120),))
ROUND_THE_CLOCK = calendar(((0, DAY),))


@pytest.mark.parametrize(
    ("hours", "arrived", "closes"),
    [
        (OFFICE, at(2, 9), at(2, 16)),
        (OFFICE, at(2, 12, 30), at(2, 16)),
        (OFFICE, at(2, 15, 59), at(2, 16)),
        (OFFICE, at(2, 16), at(3, 0)),
        (OFFICE, at(2, 8), at(2, 16)),
        (NIGHT, at(2, 23), at(3, 2)),
        (NIGHT, at(3, 1), at(3, 2)),
        (NIGHT, at(3, 2), at(4, 2)),
        (ROUND_THE_CLOCK, at(2, 10), at(4, 0)),
        (ROUND_THE_CLOCK, at(2, 23, 59), at(4, 0)),
        (calendar((), (), (), (), (), (), ()), at(2, 10), at(3, 0)),
    ],
)
def test_closing_after(hours, arrived, closes):
    assert closing_after(hours, arrived) == closes


def test_closing_outside_the_prepared_dates_is_midnight():
    long_ago = dt.datetime(2020, 5, 5, 10, tzinfo=dt.UTC)
    assert closing_after(OFFICE, long_ago) == dt.datetime(2020, 5, 6, tzinfo=dt.UTC)


def test_end_of_day_is_the_first_instant_of_the_next_local_day():
    assert end_of_day(dt.date(2026, 3, 29), "Europe/Helsinki") == dt.datetime(
        2026, 3, 29, 21, tzinfo=dt.UTC
    )
