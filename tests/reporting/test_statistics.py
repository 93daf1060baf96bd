"""What figures can and cannot tell: limits, comparisons, and waits that pile up at a limit."""

import math

import numpy as np
import pytest

from promises.reporting.statistics import (
    Change,
    Share,
    Signal,
    compare,
    control_chart,
    pareto,
    spike_at,
)

LIMIT = 900


def days(generator, share, cases, count):
    return [Share(int(generator.binomial(cases, share)), cases) for _ in range(count)]


@pytest.mark.parametrize(("share", "cases"), [(0.95, 12), (0.95, 200), (0.7, 40), (0.99, 60)])
def test_steady_days_rarely_raise_a_signal(share, cases):
    """Points beyond the band: less than one in a hundred, also where breaches are few."""
    generator = np.random.default_rng(1)
    charts = [control_chart(days(generator, share, cases, 40)) for _ in range(120)]
    beyond = [
        limits
        for chart in charts
        for limits in chart.limits
        if limits and limits.signal in (Signal.BELOW, Signal.ABOVE)
    ]
    assert len(beyond) <= 0.01 * 40 * 120


def test_bad_day_and_change_for_the_better_are_seen():
    steady = [Share(90, 100), Share(92, 100), Share(88, 100), Share(91, 100), Share(89, 100)] * 4
    better = [Share(97, 100)] * 9
    chart = control_chart([*steady, Share(60, 100), *better], baseline=20)
    assert chart.centre == 0.9
    assert chart.limits[20].signal is Signal.BELOW
    assert chart.limits[-1].signal is Signal.RUN_ABOVE
    assert [one.signal for one in chart.limits[:20]] == [None] * 20
    assert chart.signals == 2


def test_days_that_differ_more_than_by_chance_get_wider_limits():
    generator = np.random.default_rng(2)
    wild = [
        Share(int(generator.binomial(400, min(max(generator.normal(0.9, 0.05), 0), 1))), 400)
        for _ in range(60)
    ]
    chart = control_chart(wild)
    assert chart.spread > 2
    assert chart.signals <= 1


def test_too_few_points_say_nothing():
    chart = control_chart([Share(9, 10)] * 11)
    assert chart.centre is None
    assert chart.signals == 0


def test_days_without_a_case_have_no_limits_and_break_no_run():
    chart = control_chart([Share(9, 10)] * 12 + [Share(0, 0)])
    assert chart.limits[-1] is None
    assert chart.points[-1].value is None


def test_always_kept_has_no_room_for_chance():
    chart = control_chart([Share(10, 10)] * 12 + [Share(9, 10)], baseline=12)
    assert chart.limits[-1].signal is Signal.BELOW


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (Share(12, 240), Share(3, 251), Change.FEWER),
        (Share(3, 251), Share(12, 240), Change.MORE),
        (Share(12, 240), Share(10, 251), Change.CHANCE),
        (Share(12, 240), Share(0, 12), Change.TOO_EARLY),
        (Share(0, 100), Share(0, 100), Change.CHANCE),
        (Share(0, 0), Share(1, 3), Change.TOO_EARLY),
    ],
)
def test_two_periods_are_compared_in_words(before, after, change):
    assert compare(before, after).change is change


def test_chance_between_periods_is_that_of_the_exact_test():
    """Against a plain sum over all tables with the same margins."""
    one, other = Share(7, 20), Share(1, 25)
    hits, cases = 8, 45

    def chance(k):
        return math.comb(20, k) * math.comb(25, hits - k) / math.comb(cases, hits)

    expected = sum(chance(k) for k in range(hits + 1) if chance(k) <= chance(7) * (1 + 1e-9))
    assert compare(one, other).chance == pytest.approx(expected, rel=1e-6)


def test_pareto_adds_up_from_the_greatest():
    found = pareto([("rush", 2), ("ill", 5), (None, 3)])
    assert [(one.key, one.count, one.together) for one in found] == [
        ("ill", 5, 0.5), (None, 3, 0.8), ("rush", 2, 1.0)
    ]  # fmt: skip
    assert pareto([]) == ()


def counts(waits):
    values, numbers = np.unique(np.ceil(waits).astype(int), return_counts=True)
    return list(zip(values.tolist(), numbers.tolist(), strict=True))


def honest(generator, cases):
    return np.exp(math.log(480) + 0.645 * generator.standard_normal(cases))


def gamed(generator, cases, share):
    """`share` of the late waits are written down as ending in the last minute and a half."""
    waits = honest(generator, cases)
    moved = (waits > LIMIT) & (generator.random(cases) < share)
    waits[moved] = LIMIT - 90 * generator.random(int(moved.sum()))
    return waits


def test_honest_waits_are_suspected_in_two_of_a_hundred_at_most():
    generator = np.random.default_rng(3)
    shapes = [
        lambda: honest(generator, 1000),
        lambda: generator.gamma(2.2, 240, 1000),
        lambda: generator.exponential(500, 1000),
    ]
    for shape in shapes:
        found = [spike_at(counts(shape()), LIMIT).suspect for _ in range(100)]
        assert sum(found) <= 2


def test_third_of_late_waits_moved_is_found():
    """1,000 waits, 30 of 100 late ones moved: found in 95 of 100 at least."""
    generator = np.random.default_rng(4)
    found = [spike_at(counts(gamed(generator, 1000, 0.3)), LIMIT).suspect for _ in range(100)]
    assert sum(found) >= 95


def test_few_waits_around_the_limit_say_nothing():
    assert spike_at([(800, 99)], LIMIT) is None
    assert spike_at([(800, 5000)], LIMIT) is None
    assert spike_at([], LIMIT) is None


def test_wait_of_exactly_the_limit_lies_below_it():
    generator = np.random.default_rng(5)
    base = counts(honest(generator, 2000))
    plain = spike_at(base, LIMIT)
    more = spike_at([*base, (LIMIT, 40)], LIMIT)
    over = spike_at([*base, (LIMIT + 1, 40)], LIMIT)
    assert more.just_below == plain.just_below + 40
    assert over.just_below == plain.just_below
