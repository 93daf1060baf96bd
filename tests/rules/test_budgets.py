"""The budgets of a month: cases and money, worked out by hand beside."""

import datetime as dt
from fractions import Fraction

import pytest

from promises.rules.budgets import (
    BudgetDay,
    Custom,
    Pace,
    error_budget,
    expected_cases,
    marks_reached,
    money_budget,
    runs_out,
)

FIRST = dt.date(2026, 3, 2)  # a Monday
DAY = dt.timedelta(days=1)
TWENTIETH = Fraction(1, 20)


def day(n, cases=0, broken=0, expected=0, allowed=TWENTIETH):
    return BudgetDay(FIRST + n * DAY, allowed, cases, broken, Fraction(expected))


def test_error_budget_is_the_allowed_share_cut_to_whole_cases():
    found = error_budget([day(0, 50, 1), day(1, 10, 1, 29), day(2, expected=30)], None)
    assert (found.room, found.whole, found.used, found.left) == (Fraction(119, 20), 5, 2, 3)
    assert found.expected_cases == 119
    assert found.runs_out_on is None


def test_step_of_the_target_counts_from_its_day():
    found = error_budget([day(0, 100, allowed=Fraction(1, 10)), day(1, 100)], None)
    assert found.whole == 15


def test_days_before_the_first_target_do_not_count():
    found = error_budget([day(0, 100, 50, allowed=None), day(1, 100, 2)], None)
    assert (found.whole, found.used) == (5, 2)
    assert error_budget([day(0, 100, 50, allowed=None)], Fraction(1, 2)) is None


def test_overspent_budget_is_negative_and_runs_out_no_more():
    found = error_budget([day(0, 20, 7), day(1, expected=20)], Fraction(1, 2))
    assert (found.left, found.runs_out_on) == (-5, None)


def test_budget_runs_out_on_the_day_that_uses_the_last_of_it():
    days = [day(0, 40, 1, 10), day(1, expected=20), day(2, expected=30)]
    found = error_budget(days, Fraction(1, 5))  # 5 in all, 4 left: 2 more, then 4, then 6
    assert (found.left, found.runs_out_on) == (4, days[1].on)
    assert error_budget(days, Fraction(1, 50)).runs_out_on is None
    assert runs_out(Fraction(0), [(FIRST, Fraction(1))]) is None


def test_money_is_foreseen_from_the_pace():
    coming = [(FIRST, Fraction(10)), (FIRST + DAY, Fraction(20))]
    found = money_budget(
        limit=10_000, spent=7_000, at_risk=2_000, pace=Pace(Fraction(1, 10), Fraction(1000)),
        expected=coming,
    )  # fmt: skip
    assert (found.left, found.forecast, found.at_risk) == (3_000, 10_000, 2_000)
    assert found.runs_out_on == coming[1][0]


def test_money_without_a_pace_foresees_nothing_more():
    found = money_budget(limit=500, spent=700, at_risk=0, pace=None, expected=[])
    assert (found.left, found.forecast, found.runs_out_on) == (-200, 700, None)


def test_expected_cases_follow_weekday_and_open_time():
    custom = {1: Custom(80, 40_000), 2: Custom(0, 40_000), 3: Custom(0, 0)}
    days = [FIRST + n * DAY for n in (0, 1, 2, 7)]
    found = expected_cases(custom, zip(days, (20_000, 20_000, 20_000, 0), strict=True))
    # never open on a Wednesday yet: as busy as the others; closed on the second Monday
    assert list(found.values()) == [40, 0, 20, 0]


def test_without_any_open_time_nothing_is_expected():
    assert expected_cases({1: Custom(5, 0)}, [(FIRST, 3600)]) == {FIRST: 0}


@pytest.mark.parametrize(
    ("used", "of", "marks"),
    [
        (0, 0, ()), (0, 10, ()), (7, 10, ()), (8, 10, (80,)), (9, 10, (80,)), (10, 10, (80, 100)),
        (1, 0, (80, 100)), (4, Fraction(51, 10), ()), (5, Fraction(51, 10), (80,)),
    ],
)  # fmt: skip
def test_marks_are_reached_exactly(used, of, marks):
    assert marks_reached(used, of) == marks
