"""Open days: rolling, counting and the days that an exception closes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from promises.kernel.calendars import (
    BeyondCalendar,
    CalendarNeverOpens,
    CalendarSpec,
    PreparedCalendar,
    prepared,
)

OFFICE = (((540, 1020),),) * 5 + ((), ())
DAY = timedelta(days=1)
FRIDAY, MONDAY = date(2026, 12, 18), date(2026, 12, 21)
CHRISTMAS = {date(2026, 12, 24): (), date(2026, 12, 25): (), date(2026, 12, 26): ()}


def office(exceptions=CHRISTMAS, first=date(2026, 12, 1), last=date(2027, 1, 10), weekly=OFFICE):
    return PreparedCalendar(CalendarSpec(weekly, "Europe/Helsinki", exceptions), first, last)


def test_open_day_is_one_on_which_a_window_opens():
    calendar = office({date(2026, 12, 24): (), date(2026, 12, 19): ((600, 660),)})
    said = [calendar.is_open_day(FRIDAY + n * DAY) for n in range(8)]
    assert said == [True, True, False, True, True, True, False, True]


def test_open_day_whose_only_window_is_skipped_by_the_clocks_is_none():
    in_the_gap = (((180, 240),),) * 7
    calendar = office({}, date(2026, 3, 28), date(2026, 3, 30), in_the_gap)
    assert [calendar.is_open_day(date(2026, 3, day)) for day in (28, 29, 30)] == [True, False, True]
    assert calendar.opening_of_day(date(2026, 3, 29)) is None


def test_opening_of_day_is_the_first_window_and_none_on_a_closed_day():
    calendar = office({date(2026, 12, 22): ((780, 960), (600, 720))})
    assert calendar.opening_of_day(date(2026, 12, 22)) == datetime(2026, 12, 22, 8, tzinfo=UTC)
    assert calendar.opening_of_day(date(2026, 12, 20)) is None


def test_roll_stays_on_an_open_day_and_leaves_closed_ones_both_ways():
    calendar = office()
    assert calendar.roll(FRIDAY) == calendar.roll(FRIDAY, backwards=True) == FRIDAY
    assert calendar.roll(date(2026, 12, 20)) == MONDAY
    assert calendar.roll(date(2026, 12, 20), backwards=True) == FRIDAY
    assert calendar.roll(date(2026, 12, 24)) == date(2026, 12, 28)


def test_add_open_days_leaves_out_the_day_itself_weekends_and_holidays():
    calendar = office()
    assert calendar.add_open_days(FRIDAY, 1) == MONDAY
    assert calendar.add_open_days(FRIDAY, 3) == date(2026, 12, 23)
    assert calendar.add_open_days(FRIDAY, 4) == date(2026, 12, 28)
    assert calendar.add_open_days(date(2026, 12, 20), 1) == MONDAY
    assert calendar.add_open_days(date(2026, 12, 28), -1) == date(2026, 12, 23)
    assert calendar.add_open_days(date(2026, 12, 27), -1) == date(2026, 12, 23)
    assert calendar.add_open_days(date(2026, 12, 20), 0) == date(2026, 12, 20)


def test_open_days_between_counts_the_end_and_not_the_start():
    calendar = office()
    assert calendar.open_days_between(FRIDAY, FRIDAY) == 0
    assert calendar.open_days_between(FRIDAY, MONDAY) == 1
    assert calendar.open_days_between(FRIDAY, date(2026, 12, 28)) == 4
    assert calendar.open_days_between(date(2026, 12, 28), FRIDAY) == -4


def test_closed_days_between_lists_exceptions_that_close_and_no_weekends():
    partial = CHRISTMAS | {date(2026, 12, 23): ((540, 720),)}
    calendar = office(partial)
    thursday, after = date(2026, 12, 24), date(2026, 12, 29)
    assert calendar.closed_days_between(FRIDAY, after) == (thursday, thursday + DAY)
    assert calendar.closed_days_between(after, FRIDAY) == (thursday, thursday + DAY)
    assert calendar.closed_days_between(thursday, after) == (thursday + DAY,)
    assert calendar.closed_days_between(FRIDAY, thursday) == (thursday,)


def test_open_days_are_answered_only_within_the_dates():
    calendar = office()
    first, last = calendar.from_date, calendar.to_date
    for outside in (
        lambda: calendar.is_open_day(first - DAY),
        lambda: calendar.opening_of_day(last + DAY),
        lambda: calendar.roll(last + DAY),
        lambda: calendar.roll(last),
        lambda: calendar.add_open_days(last, 1),
        lambda: calendar.add_open_days(first, -1),
        lambda: calendar.add_open_days(first - DAY, 0),
        lambda: calendar.open_days_between(first - DAY, last),
        lambda: calendar.open_days_between(first, last + DAY),
        lambda: calendar.closed_days_between(first - DAY, last),
    ):
        with pytest.raises(BeyondCalendar):
            outside()
    assert calendar.open_days_between(first, last) == 28 - 2


def test_open_days_of_a_calendar_that_never_opens_say_so_at_once():
    calendar = office({}, weekly=((),) * 7)
    assert not calendar.is_open_day(FRIDAY)
    assert calendar.open_days_between(FRIDAY, MONDAY) == 0
    for asked in (
        lambda: calendar.roll(FRIDAY),
        lambda: calendar.roll(FRIDAY, backwards=True),
        lambda: calendar.add_open_days(FRIDAY, 1),
        lambda: calendar.add_open_days(FRIDAY, -1),
    ):
        with pytest.raises(CalendarNeverOpens):
            asked()


def test_prepared_works_the_same_hours_out_once():
    one, again = (CalendarSpec(OFFICE, "Europe/Helsinki", dict(CHRISTMAS)) for _ in range(2))
    assert hash(one) == hash(again)
    found = prepared(one, FRIDAY, MONDAY)
    assert prepared(again, FRIDAY, MONDAY) is found
    assert prepared(one, FRIDAY, MONDAY + DAY) is not found
    assert prepared(CalendarSpec(OFFICE, "Europe/Oslo", CHRISTMAS), FRIDAY, MONDAY) is not found
