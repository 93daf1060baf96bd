"""Intervals: the same ones every time, wide where days differ, None where nothing is known."""

import numpy as np
import pytest

from promises.reporting.backtests.bootstrap import (
    DRAWS,
    day_weights,
    drawn,
    share_bounds,
    sum_bounds,
)


def test_every_draw_takes_as_many_days_as_there_are():
    weights = day_weights(40)
    assert weights.shape == (DRAWS, 40)
    assert set(weights.sum(axis=1)) == {40.0}
    assert weights.mean() == pytest.approx(1)
    day_weights.cache_clear()
    assert (day_weights(40) == weights).all()


def test_days_that_are_alike_leave_no_doubt_and_unequal_days_do():
    cases = np.full((30, 1), 100)
    assert share_bounds(np.full((30, 1), 90), cases) == [(0.9, 0.9)]
    uneven = np.where(np.arange(30) % 2, 80, 100).reshape(-1, 1)
    [(low, high)] = share_bounds(uneven, cases)
    assert 0.85 < low < 0.9 < high < 0.95
    # 3,000 independent tickets would claim half of that range.
    assert high - low > 0.03


def test_bounds_agree_with_drawing_days_one_by_one():
    chance = np.random.default_rng(5)
    kept, broken = chance.integers(0, 50, (60, 1)), chance.integers(0, 9, (60, 1))
    [(low, high)] = share_bounds(kept, kept + broken)
    shares = []
    for _ in range(4_000):
        days = chance.integers(0, 60, 60)
        shares.append(kept[days].sum() / (kept + broken)[days].sum())
    assert (low, high) == pytest.approx(tuple(np.percentile(shares, (2.5, 97.5))), abs=0.004)


def test_sums_are_bounded_column_by_column():
    amounts = np.stack([np.arange(50), np.full(50, 7)], axis=1)
    moving, steady = sum_bounds(amounts)
    assert steady == (350.0, 350.0)
    assert moving[0] < amounts[:, 0].sum() < moving[1]


def test_nothing_is_said_of_a_single_day_or_of_no_case():
    one = np.ones((1, 2))
    assert share_bounds(one, one) == [None, None]
    assert sum_bounds(one) == [None, None]
    none = np.zeros((9, 1))
    assert share_bounds(none, none) == [None]


@pytest.mark.parametrize("shape", [(2, 1), (365, 1), (365, 3), (40, 90), (3_650, 60)])
def test_sums_of_draws_are_those_of_one_product(shape):
    table = np.random.default_rng(5).integers(0, 100_000, shape)
    assert (drawn(table) == day_weights(shape[0]) @ table).all()
