"""Opening hours against an oracle that steps through real time minute by minute."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import pytest

from promises.kernel.calendars import (
    BeyondCalendar,
    CalendarNeverOpens,
    CalendarSpec,
    PreparedCalendar,
)

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ALWAYS = (((0, 1440),),) * 7
OFFICE = (((540, 1020),),) * 5 + ((), ())
SPLIT = (((540, 720), (780, 1050)),) * 5 + (((600, 840),), ())
NIGHT = (((1320, 1800),),) * 7
SUNDAY_NIGHT = ((),) * 6 + (((0, 480), (1200, 1500)),)
INSIDE = (((195, 225),),) * 7  # 03:15 to 03:45
OVER_START = (((150, 210),),) * 7  # 02:30 to 03:30
OVER_END = (((210, 600),),) * 7  # 03:30 to 10:00
SPILL = (((1320, 1650),),) * 7  # 22:00 to 03:30
PIECES = (((170, 185), (190, 200), (215, 245), (1430, 1445)),) * 7
WHOLE_HOUR = (((180, 240),),) * 7
MIDNIGHT = (((0, 30), (1415, 1440)),) * 7

HELSINKI = [("Europe/Helsinki", date(2026, 3, 29)), ("Europe/Helsinki", date(2026, 10, 25))]
CASES = [
    (weekly, zone, day)
    for zone, day in HELSINKI
    for weekly in (ALWAYS, OFFICE, SPLIT, NIGHT, SUNDAY_NIGHT, INSIDE, OVER_START, OVER_END, SPILL,
                   PIECES, WHOLE_HOUR)
] + [
    (PIECES, "Australia/Lord_Howe", date(2026, 4, 5)),
    (OVER_END, "Australia/Lord_Howe", date(2026, 10, 4)),
    (MIDNIGHT, "America/Havana", date(2026, 3, 8)),
    (MIDNIGHT, "America/Havana", date(2026, 11, 1)),
    (PIECES, "America/New_York", date(2026, 11, 1)),
    (NIGHT, "America/St_Johns", date(2010, 11, 7)),
    (MIDNIGHT, "America/Sao_Paulo", date(2018, 2, 18)),
    (SPLIT, "Asia/Kathmandu", date(2026, 1, 1)),
    (ALWAYS, "Pacific/Apia", date(2011, 12, 30)),
]  # fmt: skip
PAIRS_A_CASE = 160


class MinuteOracle:
    """Asks the wall clock of every single minute whether a window holds it."""

    def __init__(self, weekly, exceptions, zone, first, last):
        self.weekly, self.exceptions = weekly, exceptions
        place = ZoneInfo(zone)
        self.start = datetime(first.year, first.month, first.day, tzinfo=UTC) - DAY
        count = (last - first).days * 1440 + 3 * 1440
        self.walls = [
            (self.start + i * MINUTE).astimezone(place).replace(tzinfo=None) for i in range(count)
        ]
        self.held = [self.holders(wall) for wall in self.walls]
        self.open = [bool(days) for days in self.held]
        self.sums = [0, *accumulate(self.open)]

    def windows(self, day):
        return self.exceptions.get(day, self.weekly[day.weekday()])

    def holders(self, wall):
        """The days on which the windows that hold this minute opened."""
        minute = wall.hour * 60 + wall.minute
        today, yesterday = wall.date(), wall.date() - DAY
        found = [today] * any(o <= minute < c for o, c in self.windows(today))
        return found + [yesterday] * any(o <= minute + 1440 < c for o, c in self.windows(yesterday))

    def at(self, index):
        return self.start + index * MINUTE

    def span(self, first, last):
        """The indexes of the local days from first to last."""
        inside = [i for i, wall in enumerate(self.walls) if first <= wall.date() <= last]
        return inside[0], inside[-1] + 1

    def next_opening(self, index):
        return next((i for i in range(index, len(self.open)) if self.open[i]), None)

    def closing(self, day):
        held = [i for i, days in enumerate(self.held) if day in days]
        return held[-1] + 1 if held else None

    def add(self, index, minutes):
        """The first minute by which so many open minutes have gone by."""
        return bisect_left(self.sums, self.sums[index] + minutes)


def compare(calendar, oracle, a, b, high):
    """What the calendar says of the minutes a and b, against what is true."""
    at, minutes = oracle.at, oracle.sums[b] - oracle.sums[a]
    yield calendar.open_seconds_between(at(a), at(b)), minutes * 60
    yield calendar.is_open(at(a)), oracle.open[a]
    opening = oracle.next_opening(a)
    if opening is not None and opening < high:
        yield calendar.next_opening(at(a)), at(opening)
    if b > a and minutes > 0:
        yield calendar.add_open(at(a), minutes * MINUTE), at(oracle.add(a, minutes))


@pytest.mark.parametrize(("weekly", "zone", "day"), CASES)
def test_calendar_equals_the_minute_oracle(weekly, zone, day):
    first, last = day - 4 * DAY, day + 4 * DAY
    exceptions = {day + 2 * DAY: (), day - 2 * DAY: ((0, 60), (600, 660))}
    if any(closes > 1440 for windows in weekly for _, closes in windows):
        exceptions = {day + 2 * DAY: ()}
    calendar = PreparedCalendar(CalendarSpec(weekly, zone, exceptions), first, last)
    oracle = MinuteOracle(weekly, exceptions, zone, first, last)
    low, high = oracle.span(first, last)
    random = Random(f"{zone}{day}{weekly}")
    changes = [i for i in range(low + 1, high) if oracle.open[i] != oracle.open[i - 1]]
    near = [i + d for i in changes for d in (-1, 0, 1) if low <= i + d < high] or [low]
    wrong = []
    for _ in range(PAIRS_A_CASE):
        a, b = (random.choice([random.randrange(low, high), random.choice(near)]) for _ in "ab")
        wrong += [
            (a, b, *both) for both in compare(calendar, oracle, a, b, high) if both[0] != both[1]
        ]
    for number in range(9):
        closing = oracle.closing(first + number * DAY)
        expected = None if closing is None else oracle.at(closing)
        if calendar.closing_of_day(first + number * DAY) != expected:
            wrong.append(("closing", number))
    assert wrong == []


def test_calendar_oracle_compares_enough_pairs():
    assert len(CASES) * PAIRS_A_CASE >= 4500


def helsinki(weekly, first=date(2026, 3, 20), last=date(2026, 4, 10), exceptions=()):
    return PreparedCalendar(CalendarSpec(weekly, "Europe/Helsinki", dict(exceptions)), first, last)


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_calendar_add_open_is_the_exact_inverse_to_the_microsecond():
    calendar = helsinki(SPLIT)
    random = Random(7)
    for _ in range(500):
        start = at(2026, 3, 21) + timedelta(microseconds=random.randrange(10**12))
        span = timedelta(microseconds=random.randrange(1, 10**11))
        landed = calendar.add_open(start, span)
        assert calendar.open_between(start, landed) == span
        assert calendar.open_between(start, landed - timedelta.resolution) < span
        assert calendar.open_between(landed, start) == -span


def test_calendar_add_nothing_stays_and_backwards_is_refused():
    calendar = helsinki(OFFICE)
    closed = at(2026, 3, 21, 12)
    assert calendar.add_open(closed, timedelta(0)) == closed
    with pytest.raises(ValueError, match="forwards"):
        calendar.add_open(closed, -MINUTE)


def test_calendar_add_open_ends_at_the_closing_and_not_at_the_next_opening():
    calendar = helsinki(OFFICE)
    landed = calendar.add_open(at(2026, 3, 23, 7), timedelta(hours=8))
    assert landed == at(2026, 3, 23, 15)
    assert not calendar.is_open(landed)
    assert calendar.next_opening(landed) == at(2026, 3, 24, 7)


def test_calendar_open_between_counts_seconds_and_fractions():
    calendar = helsinki(OFFICE)
    opening = at(2026, 3, 23, 7)
    assert calendar.open_between(opening - MINUTE, opening + timedelta(seconds=1.5)) == timedelta(
        seconds=1.5
    )
    assert calendar.open_seconds_between(opening, opening + timedelta(seconds=1.5)) == 1


def test_calendar_takes_instants_of_any_zone_and_refuses_naive_ones():
    calendar = helsinki(OFFICE)
    local = datetime(2026, 3, 23, 9, tzinfo=ZoneInfo("Europe/Helsinki"))
    assert calendar.is_open(local)
    assert not calendar.is_open(local - timedelta.resolution)
    with pytest.raises(ValueError, match="not an instant"):
        calendar.is_open(datetime(2026, 3, 23, 9))  # noqa: DTZ001  refused


def test_calendar_closing_of_a_window_past_midnight_lies_on_the_next_day():
    calendar = helsinki(NIGHT)
    assert calendar.closing_of_day(date(2026, 3, 27)) == at(2026, 3, 28, 4)
    assert calendar.closing_of_day(date(2026, 3, 28)) == at(2026, 3, 29, 3)


def test_calendar_closing_of_a_closed_day_and_of_a_skipped_window_is_none():
    assert helsinki(OFFICE).closing_of_day(date(2026, 3, 22)) is None
    assert helsinki(WHOLE_HOUR).closing_of_day(date(2026, 3, 29)) is None
    assert helsinki(WHOLE_HOUR).closing_of_day(date(2026, 3, 30)) == at(2026, 3, 30, 1)


def test_calendar_window_in_the_repeated_hour_is_open_twice():
    calendar = helsinki(INSIDE, date(2026, 10, 25), date(2026, 10, 25))
    assert calendar.open_between(at(2026, 10, 25, 0), at(2026, 10, 25, 2)) == timedelta(hours=1)
    assert calendar.closing_of_day(date(2026, 10, 25)) == at(2026, 10, 25, 1, 45)


def test_calendar_that_never_opens_says_so_at_once():
    calendar = helsinki(((),) * 7)
    start = at(2026, 3, 25)
    assert not calendar.is_open(start)
    assert calendar.open_between(start, start + DAY) == timedelta(0)
    with pytest.raises(CalendarNeverOpens):
        calendar.next_opening(start)
    with pytest.raises(CalendarNeverOpens):
        calendar.add_open(start, MINUTE)


def test_calendar_open_on_one_exceptional_day_only():
    calendar = helsinki(((),) * 7, exceptions={date(2026, 3, 25): ((600, 660),)})
    assert calendar.next_opening(at(2026, 3, 21)) == at(2026, 3, 25, 8)
    assert calendar.add_open(at(2026, 3, 21), timedelta(hours=1)) == at(2026, 3, 25, 9)
    with pytest.raises(BeyondCalendar):
        calendar.add_open(at(2026, 3, 21), timedelta(hours=1, microseconds=1))
    with pytest.raises(BeyondCalendar):
        calendar.next_opening(at(2026, 3, 25, 9))


def test_calendar_answers_only_within_its_dates():
    calendar = helsinki(ALWAYS, date(2026, 3, 20), date(2026, 3, 21))
    first, last = at(2026, 3, 19, 22), at(2026, 3, 21, 22)
    assert calendar.is_open(first)
    assert calendar.is_open(last - timedelta.resolution)
    assert calendar.open_between(first, last) == 2 * DAY
    assert calendar.add_open(first, 2 * DAY) == last
    for outside in (
        lambda: calendar.is_open(last),
        lambda: calendar.is_open(first - timedelta.resolution),
        lambda: calendar.next_opening(last),
        lambda: calendar.open_between(first, last + timedelta.resolution),
        lambda: calendar.add_open(first, 2 * DAY + timedelta.resolution),
        lambda: calendar.closing_of_day(date(2026, 3, 19)),
        lambda: calendar.closing_of_day(date(2026, 3, 22)),
    ):
        with pytest.raises(BeyondCalendar) as beyond:
            outside()
        assert beyond.value.params == {"first": date(2026, 3, 20), "last": date(2026, 3, 21)}


@pytest.mark.parametrize("last", [date(2026, 3, 19), date(2068, 1, 1)])
def test_calendar_span_is_one_day_to_forty_years(last):
    with pytest.raises(ValueError, match="forty years"):
        helsinki(OFFICE, date(2026, 3, 20), last)


def test_calendar_of_ten_years_counts_every_office_day():
    calendar = helsinki(OFFICE, date(2020, 1, 1), date(2029, 12, 31))
    days = [date(2020, 1, 1) + n * DAY for n in range(3653)]
    weekdays = sum(day.weekday() < 5 for day in days)
    total = calendar.open_between(at(2019, 12, 31, 22), at(2029, 12, 31, 22))
    assert total == weekdays * timedelta(hours=8)
    starts = [day for day in days if day.weekday() < 5]
    middle = starts[bisect_right(starts, date(2026, 6, 1))]
    assert calendar.closing_of_day(middle) == at(middle.year, middle.month, middle.day, 14)


def test_open_before_is_the_last_instant_with_so_much_open_time_since():
    calendar = helsinki(OFFICE, date(2026, 3, 20), date(2026, 3, 31))
    monday = at(2026, 3, 23, 9)  # eleven on the clocks, the office opened at nine
    assert calendar.open_before(monday, timedelta(hours=1)) == at(2026, 3, 23, 8)
    assert calendar.open_before(monday, timedelta(hours=2)) == at(2026, 3, 23, 7)
    assert calendar.open_before(monday, timedelta(hours=3)) == at(2026, 3, 20, 14)
    assert calendar.open_before(at(2026, 3, 22, 12), timedelta(hours=1)) == at(2026, 3, 20, 14)
    assert calendar.open_before(monday, timedelta(hours=99)) == at(2026, 3, 19, 22)
    end = at(2026, 3, 31, 21)
    assert calendar.open_before(end, timedelta(0)) == end
