from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from promises.rules.deadlines import due_at, limit_at, time_left
from tests.rules.ground import START, terms

MICROSECOND = timedelta(microseconds=1)


def test_due_at_is_one_microsecond_after_a_limit_that_is_still_kept():
    inclusive, exclusive = terms(), terms(limit__boundary="exclusive")
    quarter = timedelta(minutes=15)
    assert due_at(inclusive, START) == START + quarter + MICROSECOND
    assert due_at(exclusive, START) == START + quarter
    assert limit_at(inclusive, due_at(inclusive, START)) == START + quarter
    assert limit_at(exclusive, due_at(exclusive, START)) == START + quarter


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        # The clocks skip 03:00 to 04:00, so an hour from 02:30 ends at 04:30.
        ((2026, 3, 29, 2, 30), (2026, 3, 29, 4, 30, 0)),
        # They repeat 03:00 to 04:00, so an hour from 03:30 ends at the second 03:30.
        ((2026, 10, 25, 3, 30), (2026, 10, 25, 3, 30, 1)),
    ],
)
def test_due_at_counts_real_time_across_the_change_of_the_clocks(started, expected):
    zone = ZoneInfo("Europe/Helsinki")
    hour = terms(limit={"seconds": 3600, "boundary": "exclusive"})
    *wall, fold = expected
    start = datetime(*started, tzinfo=zone)
    due = due_at(hour, start)
    assert due.tzinfo is UTC
    assert due == datetime(*wall, tzinfo=zone, fold=fold).astimezone(UTC)
    assert due - start.astimezone(UTC) == timedelta(hours=1)


def test_due_at_refuses_a_naive_start():
    with pytest.raises(ValueError, match="not an instant"):
        due_at(terms(), datetime(2026, 1, 1))  # noqa: DTZ001  refused


def test_time_left_is_never_negative():
    assert time_left(START, START - timedelta(minutes=3)) == timedelta(minutes=3)
    assert time_left(START, START + MICROSECOND) == timedelta(0)
