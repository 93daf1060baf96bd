"""Repeating days, beside dateutil's."""

import datetime as dt
import warnings

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from promises.identity.recurrence import (
    Budget,
    RuleNotUnderstood,
    TooMuchToRepeat,
    days,
    parse_rule,
)
from tests.profiles import examples

pytestmark = pytest.mark.no_cover

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = dt.timedelta(days=1)


def lists(values, most=4):
    return st.lists(values, min_size=1, max_size=most, unique=True).map(
        lambda found: ",".join(map(str, found))
    )


def signed(most):
    return st.integers(-most, most).filter(bool)


@st.composite
def rules(draw):
    frequency = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 9))}"]
    if draw(st.booleans()):
        parts.append(f"BYMONTH={draw(lists(st.integers(1, 12)))}")
    if frequency != "WEEKLY" and draw(st.booleans()):
        parts.append(f"BYMONTHDAY={draw(lists(signed(31)))}")
    if frequency == "YEARLY" and draw(st.booleans()):
        parts.append(f"BYYEARDAY={draw(lists(signed(366), 40))}")
    if draw(st.booleans()):
        nth = ""
        if frequency in ("MONTHLY", "YEARLY") and draw(st.booleans()):
            nth = draw(signed(5))
        parts.append(f"BYDAY={draw(lists(st.sampled_from(WEEKDAYS).map(lambda d: f'{nth}{d}')))}")
    by_day = frequency in ("MONTHLY", "YEARLY") and any("BYDAY" in part for part in parts)
    if by_day and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(lists(signed(4)))}")
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 60))}")
    if frequency == "WEEKLY":
        parts.append(f"WKST={draw(st.sampled_from(WEEKDAYS))}")
    return ";".join(parts)


def theirs_of(text, begun, bound):
    """Bounded also where the days are counted: a rule that never comes true would be followed to
    the year 9999."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # not both, says the standard of files
        return rrulestr(f"{text};UNTIL={bound:%Y%m%dT%H%M%S}", dtstart=begun)


@examples(120)
@given(
    rules(),
    st.dates(dt.date(2015, 1, 1), dt.date(2025, 12, 31)),
    st.dates(dt.date(2014, 1, 1), dt.date(2027, 12, 31)),
)
def test_days_of_a_rule_are_those_of_dateutil(text, start, since):
    last = dt.date(2029, 12, 31)
    ours = list(days(parse_rule(text), start, since, last, Budget()))
    begun = dt.datetime(start.year, start.month, start.day)  # noqa: DTZ001  days only
    bound = dt.datetime(last.year, last.month, last.day)  # noqa: DTZ001  days only
    theirs = [at.date() for at in theirs_of(text, begun, bound)]
    assert ours == [day for day in theirs if since <= day <= last]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("FREQ=HOURLY", "FREQ=HOURLY"),
        ("INTERVAL=2", "FREQ="),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "COUNT, UNTIL"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "COUNT=3"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
        ("FREQ=MONTHLY;BYDAY=60MO", "BYDAY=60"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH=13"),
        ("FREQ=YEARLY;BYMONTHDAY=²", "BYMONTHDAY=²"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO=20"),
        ("FREQ=YEARLY;", None),
        ("FREQ=YEARLY;BYDAY", "BYDAY"),
        ("", ""),
    ],
)
def test_a_rule_that_is_not_understood_is_told_by_its_part(text, part):
    if part is None:
        assert parse_rule(text).frequency == "YEARLY"
        return
    with pytest.raises(RuleNotUnderstood) as refusal:
        parse_rule(text)
    assert refusal.value.args == (part,)


def test_a_rule_that_never_comes_true_ends_at_the_end():
    never = parse_rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    found = days(never, dt.date(2020, 1, 1), dt.date(2026, 1, 1), dt.date(2030, 1, 1), Budget())
    assert list(found) == []


def test_rules_that_ask_for_too_much_are_stopped():
    budget = Budget()
    every = parse_rule("FREQ=DAILY")
    first, last = dt.date(1000, 1, 1), dt.date(3000, 1, 1)
    with pytest.raises(TooMuchToRepeat):
        list(days(every, first, first, last, budget))
