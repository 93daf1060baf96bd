"""Shapes of the trade-off and of the week: on the scale, in their places, nothing invented."""

import pytest

from promises.http.curves import CELL_WIDTH, HEIGHT, WIDTH, Hour, TradePoint, heat_map, trade_off


def point(seconds, share, cost, *, bounds=None, costs=None):
    return TradePoint(seconds, share, bounds, cost, costs)


def test_trade_off_puts_each_limit_on_both_scales():
    chart = trade_off(
        [
            point(300, 0.8, 40_000, bounds=(0.72, 0.85), costs=(30_000, 60_000)),
            point(600, 0.95, 10_000, bounds=(0.9, 0.97), costs=(5_000, 20_000)),
        ],
        600,
    )
    assert chart.limit_x == WIDTH
    assert chart.kept.marks[0][0] == WIDTH / 2
    floor, middle, top = chart.kept.ticks
    assert [float(value) for _, value in (floor, middle, top)] == [0.7, 0.85, 1.0]
    assert (floor[0], top[0]) == (HEIGHT, 0)
    assert chart.kept.marks[0][1] == pytest.approx(HEIGHT * 2 / 3, abs=0.01)
    assert chart.kept.chosen == chart.kept.marks[1]
    assert [float(value) for _, value in chart.cost.ticks] == [0, 50_000, 100_000]
    assert chart.cost.band.startswith("M200 ")
    assert chart.cost.band.endswith("Z")
    assert chart.ticks[0] == (0, 0)
    assert {seconds % 120 for _, seconds in chart.ticks} == {0}


def test_trade_off_leaves_out_what_is_not_known():
    chart = trade_off([point(1, None, 0), point(2, None, 0), point(3, 0.99, 7)], 2)
    assert len(chart.kept.marks) == 1
    assert chart.kept.chosen is None
    assert chart.kept.band == chart.cost.band == ""
    assert len(chart.cost.marks) == 3
    assert float(chart.kept.ticks[0][1]) == 0.9
    unknown = trade_off([point(1, None, 0), point(2, None, 0)], 9)
    assert unknown.kept.line == ""
    assert unknown.cost.chosen is None
    assert float(unknown.cost.ticks[-1][1]) == 1


def test_trade_off_needs_two_limits():
    with pytest.raises(ValueError, match="two limits"):
        trade_off([point(60, 0.9, 1)], 60)


@pytest.mark.parametrize("longest", [3, 60, 1_800, 86_400, 31_622_400])
def test_ticks_are_few_and_round(longest):
    ticks = trade_off([point(1, 0.9, 1), point(longest, 0.9, 1)], 1).ticks
    assert 2 <= len(ticks) <= 9


def test_heat_map_has_a_cell_for_each_hour_with_cases():
    chart = heat_map(
        [
            Hour(0, 9, 99, 1),
            Hour(0, 10, 90, 10),
            Hour(4, 9, 5, 25),
            Hour(4, 12, 9, 1),
            Hour(6, 3, 0, 0),
        ],
        30,
    )
    assert [cell.rect.level for cell in chart.cells] == ["good", "risk", "bad", "none"]
    assert chart.cells[-1].share is None
    assert chart.cells[-1].rect.x == 3 * CELL_WIDTH
    assert [hour for _, hour in chart.hours] == [9, 10, 11, 12]
    assert [day for _, day in chart.days] == [0, 4]


def test_heat_map_of_nothing_is_empty():
    chart = heat_map([], 30)
    assert (chart.cells, chart.width, chart.height) == ((), 0, 0)
