"""Many workers on one payout of a rail that calls a provider, again and again."""

import pytest

from tests.payouts.ground import Purse
from tests.profiles import PROFILE
from tests.races.crowd import crowd

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

WORKERS = 50
RUNS = 100 if PROFILE == "nightly" else 10


def test_fifty_workers_settle_each_payout_once(as_application, app_url):
    """T01."""
    purse = Purse()
    with crowd(app_url, WORKERS) as workers:
        for payout_id in purse.owe(RUNS, hold=True):
            purse.free([payout_id])
            moved = workers.at_once(lambda _: purse.settle())
            assert not [one for one in moved if isinstance(one, Exception)], moved
            assert sum(moved) == 1
            assert [what for what, _, _ in purse.provider.calls[payout_id]] == ["submit"]
            assert len(purse.provider.of(payout_id)) == 1
            assert purse.payout(payout_id).state == "submitted"
            assert len(purse.attempts(payout_id)) == 1
    assert purse.unbalanced() == []
    assert purse.balances() == {
        "compensation_expense": RUNS * 1000,
        "payouts_under_way:stripe_refund": -RUNS * 1000,
    }
