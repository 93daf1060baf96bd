"""Shapes of charts: what is drawn says the same as the figures."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.http.charts import (
    DAY_HEIGHT,
    Day,
    burn_line,
    daily_bars,
    histogram,
    horizontal_bars,
    sparkline,
)

START = date(2026, 9, 1)
counts = st.integers(0, 10**6)


def days(*pairs):
    return [Day(START + timedelta(i), kept, broken) for i, (kept, broken) in enumerate(pairs)]


def levels(bar):
    return [part.level for part in bar.parts]


def test_daily_bar_of_a_day_without_a_case_is_a_stub_and_not_green():
    bars = daily_bars([Day(START, 0, 0), Day(START, 5, 1, paused=True), Day(START, 0, 0, 7)]).bars
    assert [levels(bar) for bar in bars] == [["none"], ["none"], ["none"]]
    assert all(bar.parts[0].height < DAY_HEIGHT / 4 for bar in bars)


def test_daily_bar_shows_one_breach_among_a_thousand():
    (bar,) = daily_bars(days((999, 1))).bars
    assert levels(bar) == ["bad", "good"]
    assert bar.parts[0].height >= 5


def test_daily_bar_shows_one_kept_case_among_a_thousand_broken():
    (bar,) = daily_bars(days((1, 999))).bars
    assert levels(bar) == ["bad", "good"]
    assert bar.parts[1].height >= 5


def test_daily_bar_of_a_clean_day_is_whole_and_green_and_of_a_lost_day_whole_and_red():
    clean, lost = daily_bars(days((4, 0), (0, 4))).bars
    assert (levels(clean), levels(lost)) == (["good"], ["bad"])
    assert clean.parts[0].height == lost.parts[0].height == DAY_HEIGHT


def test_daily_bars_count_and_know_the_days_since_a_breach():
    chart = daily_bars(days((5, 0), (3, 2), (4, 0), (0, 0), (6, 0)))
    assert (chart.kept, chart.broken, chart.excluded) == (18, 2, 0)
    assert chart.clean_days == 2


def test_daily_bars_of_no_days_are_empty():
    chart = daily_bars([])
    assert (chart.bars, chart.kept, chart.clean_days) == ((), 0, 0)
    assert chart.width > 0


@given(st.lists(st.tuples(counts, counts), max_size=120))
def test_daily_bars_stay_inside_and_do_not_overlap(pairs):
    chart = daily_bars(days(*pairs))
    right = 0.0
    for bar in chart.bars:
        assert bar.parts[0].x >= right
        right = bar.parts[0].x + bar.parts[0].width
        assert right <= chart.width + 1e-9
        floor = 0.0
        for part in bar.parts:
            assert part.y >= floor and part.height > 0
            floor = part.y + part.height
        assert floor <= DAY_HEIGHT + 0.02


def test_sparkline_breaks_at_missing_values_and_ends_at_the_last_known():
    line = sparkline([1, None, 3, 2, None], width=46, height=26)
    assert line.path.count("M") == 2
    assert line.path.count("L") == 1
    assert line.last == (33.0, 13.0)


def test_sparkline_of_equal_values_runs_in_the_middle():
    assert sparkline([7, 7, 7], width=120, height=28).path == "M3 14L60 14L117 14"


def test_sparkline_without_values_draws_nothing():
    assert sparkline([None, None]).path == ""
    assert sparkline([]).last is None


def test_sparkline_draws_more_higher():
    first, second = sparkline([1, 2]).path.removeprefix("M").split("L")
    assert float(first.split()[1]) > float(second.split()[1])


def test_horizontal_bars_are_as_long_as_their_values():
    rows = horizontal_bars([("a", 40, "40 cases", "/a"), ("b", 10, "10 cases"), ("c", 0, "none")])
    assert [row.length for row in rows] == [100.0, 25.0, 0.0]
    assert [row.share for row in rows] == [Fraction(4, 5), Fraction(1, 5), 0]
    assert [row.href for row in rows] == ["/a", None, None]


def test_horizontal_bars_never_hide_a_small_value():
    assert horizontal_bars([("a", 10**6, ""), ("b", 1, "")])[1].length > 0


def test_horizontal_bars_of_nothing():
    assert horizontal_bars([]) == ()
    assert horizontal_bars([("a", 0, "0")])[0].length == 0


def test_histogram_colours_by_the_limit_and_marks_a_bin_that_it_cuts():
    chart = histogram([5, 5, 5, 5], 60, 150)
    assert [item.rect.level for item in chart.bins] == ["good", "good", "risk", "bad"]
    assert chart.limit_x == 250.0


def test_histogram_with_the_limit_on_an_edge_keeps_the_bin_before_it():
    chart = histogram([5, 5, 5], 60, 120)
    assert [item.rect.level for item in chart.bins] == ["good", "good", "bad"]


def test_histogram_does_not_call_an_open_ended_bin_kept():
    open_ended = histogram([5, 5], 60, 900)
    assert open_ended.bins[-1].to_seconds is None
    assert open_ended.bins[-1].rect.level == "risk"
    assert open_ended.limit_x is None
    closed = histogram([5, 5], 60, 900, open_ended=False)
    assert closed.bins[-1].rect.level == "good"


@given(st.lists(counts, min_size=1, max_size=60), st.integers(1, 3600), st.integers(1, 90_000))
def test_histogram_adds_up_and_stays_inside(cases, width, limit):
    chart = histogram(cases, width, limit)
    assert chart.total == sum(item.cases for item in chart.bins) == sum(cases)
    for item in chart.bins:
        assert (item.rect.height > 0) == (item.cases > 0)
        assert item.rect.x >= 0
        assert item.rect.x + item.rect.width <= chart.width
        assert abs(item.rect.y + item.rect.height - chart.height) < 0.02
    seconds = [tick[1] for tick in chart.ticks]
    assert seconds == sorted(set(seconds))
    assert seconds[0] == 0
    assert all(0 <= tick[0] <= chart.width for tick in chart.ticks)


def test_histogram_marks_round_times():
    assert [tick[1] for tick in histogram([1] * 15, 90, 900).ticks] == [0, 300, 600, 900, 1200]


@pytest.mark.parametrize(("cases", "width"), [([], 60), ([1], 0), ([1], -5)])
def test_histogram_without_bins_is_refused(cases, width):
    with pytest.raises(ValueError, match="bin"):
        histogram(cases, width, 900)


def test_burn_line_at_the_even_pace_has_rate_one():
    burn = burn_line([100, 200, 300], 1000, 10)
    assert burn.rate == 1
    assert burn.left_minor == 700
    assert burn.empty_day is None
    assert burn.line == "M0 0L40 14L80 28L120 42"
    assert burn.even == "M0 0L400 140"


def test_burn_line_beyond_the_budget_goes_below_zero_and_names_the_day():
    burn = burn_line([500, 1000, 2000], 1000, 30)
    assert burn.left_minor == -1000
    assert burn.empty_day == 2
    assert burn.rate == Fraction(20)
    assert burn.zero_y == 70.0
    assert burn.last == (40.0, 140.0)


def test_burn_line_before_the_first_day_is_whole():
    burn = burn_line([], 1000, 30)
    assert (burn.left_minor, burn.rate, burn.last) == (1000, None, (0.0, 0.0))


@pytest.mark.parametrize(
    ("spent", "budget", "length"),
    [([], 0, 30), ([1], -1, 30), ([], 10, 0), ([1, 2], 10, 1), ([5, 4], 10, 30)],
)
def test_burn_line_refuses_figures_that_cannot_be(spent, budget, length):
    with pytest.raises(ValueError, match="budget|fall"):
        burn_line(spent, budget, length)
