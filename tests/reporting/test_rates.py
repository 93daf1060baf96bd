"""Shares with their counts and their uncertainty."""

from decimal import Decimal
from fractions import Fraction

import pytest

from promises.reporting.rates import KeptRate


@pytest.mark.parametrize(
    ("kept", "broken", "low", "high"),
    [
        # 0 and 10 of 10 and 8 of 10: the textbook values of Wilson's interval at 95 per cent
        (0, 10, "0", "0.2775328"),
        (10, 0, "0.7224672", "1"),
        (8, 2, "0.4901625", "0.9433178"),
        (1, 1, "0.0945312", "0.9054688"),
    ],
)
def test_interval_is_wilsons(kept, broken, low, high):
    rate = KeptRate(kept, broken)
    assert abs(rate.low - Decimal(low)) < Decimal("0.0000001")
    assert abs(rate.high - Decimal(high)) < Decimal("0.0000001")


def test_interval_holds_the_share_and_narrows_with_the_count():
    widths = []
    for n in (10, 100, 1000, 1_000_000):
        rate = KeptRate(9 * n // 10, n // 10)
        assert rate.low < Decimal("0.9") < rate.high
        widths.append(rate.high - rate.low)
    assert widths == sorted(widths, reverse=True)


def test_rate_without_a_case_knows_nothing():
    rate = KeptRate(0, 0)
    assert (rate.cases, rate.share, rate.shown) == (0, None, None)
    assert (rate.low, rate.high) == (Decimal(0), Decimal(1))


@pytest.mark.parametrize(("kept", "shown"), [(28, None), (29, Fraction(29, 30))])
def test_share_is_shown_from_thirty_cases_on(kept, shown):
    rate = KeptRate(kept, 1)
    assert rate.share == Fraction(kept, kept + 1)
    assert rate.shown == shown
