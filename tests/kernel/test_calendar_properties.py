"""Opening hours against the slow oracle: any week, any exceptions, days when the clocks change."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.kernel.calendars import (
    BeyondCalendar,
    CalendarNeverOpens,
    CalendarSpec,
    PreparedCalendar,
)
from tests.kernel.oracle_time import DAY, SlowCalendar
from tests.profiles import FACTORS, examples

pytestmark = pytest.mark.no_cover

EXAMPLES = {"time": 700, "days": 800, "edges": 550}
"""How many each test tries in the ordinary profile."""

PLACES = (
    ("Europe/Helsinki", date(2026, 3, 29)),
    ("Europe/Helsinki", date(2026, 10, 25)),
    ("Europe/Helsinki", date(2026, 6, 17)),
    ("Europe/London", date(2026, 3, 29)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Asia/Kathmandu", date(2026, 1, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
)
NEAR = 1  # a day on both sides of the change
EDGES = (0, 1, 30, 60, 119, 120, 150, 179, 180, 181, 195, 210, 239, 240, 241, 540, 690, 720, 780,
         1020, 1380, 1410, 1439, 1440)  # fmt: skip


@st.composite
def windows(draw):
    """Windows within one day: lunch breaks, edges in the gap and the fold, 24:00."""
    minutes = st.one_of(st.sampled_from(EDGES), st.integers(0, 1440))
    cuts = sorted(draw(st.lists(minutes, max_size=6, unique=True)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def calendars(draw):
    """A week with some exceptions around a day on which clocks change, and some windows that go on
    after midnight as far as nothing else opens."""
    zone, pivot = draw(st.sampled_from(PLACES))
    weekly = [draw(windows()) for _ in range(draw(st.sampled_from((1, 2, 7))))]
    weekly = [weekly[index % len(weekly)] for index in range(7)]
    if draw(st.booleans()):
        weekly[5] = weekly[6] = ()
    offsets = st.integers(-NEAR, NEAR)
    closed_or_other = st.one_of(st.just(()), windows())
    exceptions = {
        pivot + number * DAY: draw(closed_or_other) for number in draw(st.sets(offsets, max_size=3))
    }
    every = [*weekly, *exceptions.values()]
    earliest = min((one[0][0] for one in every if one), default=1440)
    if earliest and draw(st.booleans()):
        past = 1440 + draw(st.integers(1, min(earliest, 720)))
        opens = draw(st.sampled_from((1200, 1380, 1439)))
        weekly = [_into_the_night(one, opens, past) for one in weekly]
    return tuple(weekly), exceptions, zone, pivot - NEAR * DAY, pivot + NEAR * DAY


def _into_the_night(day, opens, past):
    return day if day and day[-1][1] > opens else (*day, (opens, past))


def both(drawn):
    weekly, exceptions, zone, first, last = drawn
    quick = PreparedCalendar(CalendarSpec(weekly, zone, exceptions), first, last)
    return quick, SlowCalendar(weekly, exceptions, zone, first, last)


def instant(draw, slow, edges):
    """One within the span, often at an edge of the hours or a little beside it."""
    begins, ends = slow.begins, slow.ends
    near = st.sampled_from(edges or [begins])
    tiny = st.sampled_from((0, 0, 1, -1, 30_000_000, -60_000_000)).map(
        lambda number: timedelta(microseconds=number)
    )
    anywhere = st.integers(0, (ends - begins) // timedelta(seconds=1)).map(
        lambda seconds: begins + timedelta(seconds=seconds)
    )
    at = draw(near) + draw(tiny) if draw(st.booleans()) else draw(anywhere)
    return min(max(at, begins), ends)


def edges_of(slow):
    """Where the hours open or close, and midnights."""
    return [
        edge
        for index in range(1, len(slow.holders))
        if slow.holders[index] != slow.holders[index - 1] or slow.walls[index][1] == 0
        if slow.begins <= (edge := slow.start + index * timedelta(minutes=1)) <= slow.ends
    ]


def expect(found, ask):
    """The oracle knows no answer within the dates: neither does the calendar, and says so."""
    if found is None:
        with pytest.raises((BeyondCalendar, CalendarNeverOpens)):
            ask()
    else:
        assert ask() == found


@examples(EXAMPLES["time"])
@given(st.data())
def test_time_is_counted_added_and_waited_for_as_the_oracle_walks_it(data):
    quick, slow = both(data.draw(calendars()))
    edges = edges_of(slow)
    start, end = (instant(data.draw, slow, edges) for _ in range(2))
    between = slow.open_between(start, end)
    assert quick.open_between(start, end) == between
    span = data.draw(st.integers(0, 2 * 86_400).map(lambda seconds: timedelta(seconds=seconds)))
    for one in (span, max(between, timedelta(0))):
        expect(slow.add_open(start, one), lambda one=one: quick.add_open(start, one))
    expect(slow.next_opening(start), lambda: quick.next_opening(start))
    if start < slow.ends:
        assert quick.is_open(start) == slow.is_open(start)


@examples(EXAMPLES["days"])
@given(st.data())
def test_days_are_counted_and_rolled_as_the_oracle_walks_them(data):
    quick, slow = both(data.draw(calendars()))
    span = st.integers(0, 2 * NEAR).map(lambda number: slow.first + number * DAY)
    day, other = data.draw(span), data.draw(span)
    count = data.draw(st.integers(-6, 6))
    assert quick.is_open_day(day) == slow.is_open_day(day)
    assert quick.opening_of_day(day) == slow.opening_of_day(day)
    assert quick.closing_of_day(day) == slow.closing_of_day(day)
    assert quick.open_days_between(day, other) == slow.open_days_between(day, other)
    assert quick.closed_days_between(day, other) == slow.closed_days_between(day, other)
    expect(slow.roll(day), lambda: quick.roll(day))
    expect(slow.roll(day, True), lambda: quick.roll(day, backwards=True))
    expect(slow.add_open_days(day, count), lambda: quick.add_open_days(day, count))


@examples(EXAMPLES["edges"])
@given(
    st.sampled_from(PLACES[:2]),
    st.integers(150, 270),
    st.integers(1, 120),
    st.integers(-7200, 14_400),
    st.integers(-7200, 14_400),
)
def test_edges_in_the_gap_and_the_fold_hold_to_the_second(place, opens, length, before, after):
    """One short window around three o'clock, asked in the hours around the change."""
    zone, pivot = place
    drawn = ((((opens, opens + length),),) * 7, {}, zone, pivot - DAY, pivot + DAY)
    quick, slow = both(drawn)
    change = datetime.fromisoformat(f"{pivot}T01:00:00+00:00")
    start, end = (change + timedelta(seconds=number) for number in (before, after))
    between = slow.open_between(start, end)
    assert quick.open_between(start, end) == between
    if between > timedelta(0):
        landed = quick.add_open(start, between)
        assert landed == slow.add_open(start, between)
        assert quick.open_between(start, landed) == between
    expect(slow.next_opening(start), lambda: quick.next_opening(start))


def test_properties_try_enough_examples_in_both_profiles():
    assert sum(EXAMPLES.values()) >= 2_000
    assert sum(EXAMPLES.values()) * FACTORS["nightly"] >= 20_000
