"""Row 30: clocks that differ, nights in which the clock is turned, and the last second of a day."""

import datetime as dt

import pytest

from promises.compensation.models import Hold
from promises.flows.compensate import lift_and_let_go
from tests.flows.ground import QUARTER, TICK, World
from tests.payouts.matrix.ground import CREATE, check

pytestmark = pytest.mark.usefixtures("as_application")

SUMMER = dt.datetime(2026, 3, 29, 1, 0, tzinfo=dt.UTC)  # 03:00 in Helsinki becomes 04:00
WINTER = dt.datetime(2026, 10, 25, 1, 0, tzinfo=dt.UTC)  # 04:00 in Helsinki becomes 03:00


@pytest.mark.parametrize("turn", [SUMMER, WINTER], ids=["30 summer time", "30b winter time"])
def test_quarter_of_an_hour_across_a_turned_clock_is_one(turn):
    world = World()
    world.now = turn - QUARTER / 2
    ticket = world.take()
    world.now += QUARTER
    world.staff_act()
    assert world.sweep().breached == 0
    world.now += TICK
    assert world.sweep().breached == 1
    world.call()
    world.log(ticket.ticket_id, "service_started")
    assert world.settle() == 1
    assert len(world.vouchers()) == 1


@pytest.mark.parametrize(
    ("second", "months"),
    [
        (dt.datetime(2026, 3, 31, 20, 59, 59, tzinfo=dt.UTC), {"2026-03-01"}),
        (dt.datetime(2026, 3, 31, 21, 0, 0, tzinfo=dt.UTC), {"2026-04-01"}),
    ],
    ids=["30c 23:59:59 on the last day of March", "30d midnight"],
)
def test_budget_of_a_month_ends_with_its_local_last_second(second, months):
    world = World(budget_month_minor=5000)
    world.now = second - dt.timedelta(minutes=30)
    world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    world.now = second
    (debt,) = world.compensations()
    with world.work() as uow:
        assert lift_and_let_go(uow, [debt.id], [Hold.PRESENCE]) == 1
    found = world.rows("SELECT month_on FROM budgets WHERE reserved_minor > 0")
    assert {row.month_on.isoformat() for row in found} == months


@pytest.mark.parametrize(
    ("waited", "state"),
    [
        (dt.timedelta(hours=20) - TICK, "paid"),
        (dt.timedelta(hours=20), "needs_review"),
    ],
    ids=["30e one tick before the key is too old", "30f when it is"],
)
def test_age_of_a_key_is_counted_in_hours_that_passed(shop, stripe, client, waited, state):
    shop.now = max(shop.now, SUMMER - dt.timedelta(hours=3))
    (payout_id,) = shop.debt_to()
    stripe.fail_next("timeout_before", on=CREATE)
    shop.settle()
    shop.now += waited
    shop.settle()
    check(shop, client, payout_id, state, effects=int(state == "paid"))


@pytest.mark.parametrize(
    ("ahead", "status"),
    [(-299, 200), (-301, 400), (240, 200)],
    ids=["30g provider's clock behind", "30h too far behind", "30i ahead"],
)
def test_clock_of_the_provider_may_differ_by_minutes(shop, stripe, client, ahead, status):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("pending", on=CREATE)
    shop.settle()
    ref = shop.payout(payout_id).provider_ref
    stripe.turn(ref, "succeeded")
    sent_at = shop.now.replace(microsecond=0) + dt.timedelta(seconds=ahead)
    assert shop.told(client, shop.message(ref, sent_at=sent_at)) == status
    shop.work_off_messages()
    check(shop, client, payout_id, "paid" if status == 200 else "submitted", effects=1)
