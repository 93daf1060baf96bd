"""When breaches come too fast: the exact tails, the levels, and the page that tells of them."""

import random
from fractions import Fraction
from pathlib import Path

import pytest

from bench import budgets as bench
from promises.rules.burn import (
    CALM,
    RULES,
    Counts,
    Level,
    Window,
    is_calm,
    is_rarer,
    judge,
    look_limit,
    tail,
)

PAGE = Path(__file__).parents[2] / "docs" / "budgets.md"
WEEK = Fraction(42)
NONE = Counts(0, 0)


def seen(hour=NONE, shift=NONE, week=NONE):
    return {Window.HOUR: hour, Window.SHIFT: shift, Window.WEEK: week}


def test_tail_is_the_chance_of_at_least_so_many():
    half = Fraction(1, 2)
    assert tail(4, 0, half) == 1
    assert tail(4, 3, half) == Fraction(5, 16)
    assert tail(4, 5, half) == 0
    assert tail(3, 1, Fraction(0)) == 0


def test_comparison_agrees_with_the_whole_sum():
    dice = random.Random(4)
    for _ in range(400):
        cases, share = dice.randint(0, 60), Fraction(dice.choice([0, 1, 4, 10, 40]), 200)
        broken = dice.randint(0, cases + 1)
        limit = Fraction(dice.randint(0, 1000), dice.choice([1000, 100_000]))
        exact = tail(cases, broken, share) <= limit
        assert is_rarer(Counts(cases, broken), share, limit) is exact
    assert is_rarer(Counts(20, 7), Fraction(1, 20), tail(20, 7, Fraction(1, 20)))
    assert is_rarer(Counts(5, 5), Fraction(99, 100), Fraction(1))
    assert not is_rarer(Counts(2, 2), Fraction(999, 1000), Fraction(1, 2))


def test_few_cases_never_raise_anything():
    for cases in range(30):
        assert judge(seen(week=Counts(cases, cases)), Fraction(1, 200), WEEK) == {}
    for cases in range(20):
        short = Counts(cases, cases)
        assert judge(seen(short, short, short), Fraction(1, 200), WEEK) == {}


@pytest.mark.parametrize(
    ("counts", "level", "window"),
    [
        (seen(hour=Counts(30, 12)), Level.PAGE, Window.HOUR),
        (seen(shift=Counts(60, 18)), Level.PAGE, Window.SHIFT),
        (seen(shift=Counts(60, 12)), Level.TELL, Window.SHIFT),
        (seen(week=Counts(400, 40)), Level.TELL, Window.WEEK),
        (seen(week=Counts(400, 36)), Level.NOTICE, Window.WEEK),
    ],
)
def test_the_gravest_level_is_raised(counts, level, window):
    found = judge(counts, Fraction(1, 20), WEEK)
    assert list(found) == [level]
    assert found[level].rule.window is window
    assert found[level].counts == counts[window]


def test_promise_on_its_target_raises_nothing():
    counts = seen(Counts(40, 2), Counts(200, 10), Counts(1000, 50))
    assert judge(counts, Fraction(1, 20), WEEK) == {}


def test_branch_that_never_opens_raises_nothing():
    assert judge(seen(week=Counts(100, 100)), Fraction(1, 20), Fraction(0)) == {}


def test_limits_of_a_level_add_up_to_its_share_of_false_months():
    shares = {level: Fraction(0) for level in Level}
    for rule in RULES:
        shares[rule.level] += rule.false_months
    assert shares == {
        Level.PAGE: Fraction(1, 100), Level.TELL: Fraction(1, 20), Level.NOTICE: Fraction(1, 10),
    }  # fmt: skip
    hour, shift = look_limit(RULES[0], WEEK), look_limit(RULES[1], WEEK)
    assert shift == 6 * hour
    assert hour == Fraction(1, 200) / (182 * 16)


def test_alert_is_over_when_its_windows_are_calm():
    allowed = Fraction(1, 20)
    busy, calm = Counts(60, 8), Counts(60, 5)
    assert tail(60, 8, allowed) <= CALM < tail(60, 5, allowed)
    assert not is_calm(seen(hour=busy), allowed, Level.PAGE)
    assert not is_calm(seen(hour=calm, shift=busy), allowed, Level.PAGE)
    assert is_calm(seen(hour=calm, shift=calm, week=busy), allowed, Level.PAGE)
    assert is_calm(seen(), Fraction(0), Level.NOTICE)


def test_tables_of_the_page_are_what_the_simulation_gives():
    found = bench.cell("98", 10)
    page = PAGE.read_text()
    assert bench.ours_line(found) in page
    assert bench.constants_line(found) in page


def test_no_level_errs_more_often_than_the_page_says():
    lines = PAGE.read_text().split("<!-- ours -->")[1].split("<!-- /ours -->")[0].splitlines()
    cells = [line.split("|")[3:6] for line in lines if line.startswith("|") and " % |" in line]
    assert len(cells) == len(bench.TARGETS) * len(bench.RATES)
    for shares in cells:
        page, told, notice = (float(one.strip().removesuffix(" %")) for one in shares)
        assert (page <= 1, told <= 5, notice <= 10) == (True, True, True)


@pytest.mark.parametrize("target", ["80", "95", "99.5"])
def test_simulation_raises_where_the_exact_rule_does(target):
    allowed = bench.allowed_of(target)
    for rule in RULES:
        fewest = bench.critical(rule, allowed, 400)
        limit = look_limit(rule, Fraction(bench.WEEK_HOURS))
        for cases in (rule.least_cases, 57, 150, 400):
            least = int(fewest[cases])
            if least > cases:
                assert not is_rarer(Counts(cases, cases), allowed, limit)
                continue
            assert is_rarer(Counts(cases, least), allowed, limit)
            if least > rule.least_broken:
                assert not is_rarer(Counts(cases, least - 1), allowed, limit)
        assert fewest[rule.least_cases - 1] == bench.HOPELESS
