"""Each compensation is in one stage, whatever its payout and voucher are."""

from itertools import product

import pytest

from promises.compensation.models import CompensationState
from promises.payouts.models import PayoutState, VoucherState
from promises.payouts.rails.names import ALL
from promises.payouts.rails.voucher import VOUCHER
from promises.reporting.money import GROUPS, STAGE, STAGE_IS, MoneyGroup, MoneyStage
from tests.flows.ground import World

pytestmark = pytest.mark.usefixtures("as_application")

LIVE = [one for one in PayoutState if one not in ("failed", "cancelled", "returned")]
PAYOUTS = [(None, None, None)]
PAYOUTS += [(state, rail, None) for state, rail in product(LIVE, ALL)]
PAYOUTS += [
    (state, VOUCHER, voucher) for state, voucher in product(("submitted", "paid"), VoucherState)
]
CASES = list(product(CompensationState, PAYOUTS))


@pytest.fixture(scope="module")
def stages(bare_apps):
    """What the conditions say of every combination."""
    values = ", ".join(
        "({})".format(", ".join("NULL" if one is None else f"'{one}'" for one in (debt, *payout)))
        for debt, payout in CASES
    )
    conditions = ", ".join(f"{condition} AS {stage}" for stage, condition in STAGE_IS.items())
    groups = ", ".join(f"{condition} AS {group}" for group, condition in GROUPS.items())
    with bare_apps[0].app_context():
        found = World().rows(
            f"SELECT k.state AS debt, y.state, y.rail, v.state AS voucher, {STAGE} AS in_stage,"
            f" {conditions}, {groups}"
            f" FROM (VALUES {values}) AS c (debt, state, rail, voucher),"
            " LATERAL (SELECT c.debt::text AS state) k,"
            " LATERAL (SELECT c.state::text AS state, c.rail::text AS rail) y,"
            " LATERAL (SELECT c.voucher::text AS state) v"
        )
    assert len(found) == len(CASES)
    return found


def test_one_condition_holds_always(stages):
    for row in stages:
        held = [stage for stage in MoneyStage if getattr(row, stage)]
        assert held == [row.in_stage], row


def test_money_by_other_rails_is_under_way_then_paid(stages):
    seen = {
        (row.state, row.rail): row.in_stage
        for row in stages
        if row.debt == "released" and row.voucher is None
    }
    for rail in ALL:
        own = rail == VOUCHER
        assert seen["submitted", rail] == (MoneyStage.ISSUED if own else MoneyStage.UNDER_WAY)
        assert seen["paid", rail] == (MoneyStage.REDEEMED if own else MoneyStage.PAID)
        for state in ("ready", "submitting", "unknown", "needs_review"):
            assert seen[state, rail] == MoneyStage.OWED


def test_groups_take_whole_stages_together(stages):
    members = {
        MoneyGroup.DUE: {MoneyStage.OWED, MoneyStage.UNDER_WAY},
        MoneyGroup.GIVEN: {MoneyStage.REDEEMED, MoneyStage.PAID},
    }
    for row in stages:
        for group, own in members.items():
            assert bool(getattr(row, group)) == (row.in_stage in own), row
        if row.voucher != "expired":
            spent = {MoneyStage.ISSUED, *members[MoneyGroup.DUE], *members[MoneyGroup.GIVEN]}
            assert bool(row.spent) == (row.in_stage in spent), row
