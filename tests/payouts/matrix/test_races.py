"""Rows 19 and 27 to 29: several at once."""

import pytest

from promises.compensation.models import Hold
from promises.flows.compensate import hold_unsent, lift_and_let_go
from tests.flows.ground import QUARTER, TICK, World
from tests.payouts.matrix.ground import check
from tests.races.crowd import crowd

pytestmark = [pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]


def at_once(url, size, act):
    with crowd(url, size) as people:
        answers = people.at_once(act)
    assert not [one for one in answers if isinstance(one, Exception)], answers
    return answers


def test_row_19_many_workers_settle_one_payout_once(shop, stripe, client, app_url):
    (payout_id,) = shop.debt_to()
    moved = at_once(app_url, 8, lambda _: shop.settle())
    assert sum(moved) == 1
    assert shop.creates(payout_id) == 1
    check(shop, client, payout_id, "paid", effects=1)


def test_row_27_twenty_breaches_and_a_budget_for_three_release_three(app_url):
    world = World(budget_month_minor=3000)
    for _ in range(20):
        world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    debts = [one.id for one in world.compensations()]

    def let_one_go(number):
        with world.work() as uow:
            lift_and_let_go(uow, [debts[number]], [Hold.PRESENCE])

    at_once(app_url, 20, let_one_go)
    world.settle()
    states = [one.state for one in world.compensations()]
    assert (states.count("released"), states.count("owed")) == (3, 17)
    assert world.one("SELECT count(*) AS n FROM payouts").n == 3
    assert world.one("SELECT reserved_minor AS n FROM budgets").n == 3000
    assert {tuple(one.holds) for one in world.compensations() if one.state == "owed"} == {
        ("budget",)
    }


def test_row_28_deadline_passed_seen_by_many_at_once_is_one_debt(app_url):
    world = World()
    ticket = world.take()
    world.now += QUARTER + TICK
    world.call()

    def act(number):
        if number % 2:
            world.sweep()
        elif number == 0:
            world.log(ticket.ticket_id, "service_started")

    at_once(app_url, 8, act)
    world.sweep()
    assert len(world.breaches()) == len(world.compensations()) == 1
    assert world.one("SELECT count(*) AS n FROM payouts").n == 1
    assert world.settle() == 1
    assert len(world.vouchers()) == 1


def test_row_29_cancelled_or_paid_and_never_both(shop, stripe, client, app_url):
    payouts = shop.debt_to(count=20)
    debts = [shop.payout(one).compensation_id for one in payouts]

    def act(number):
        if number < 2:
            return shop.settle()
        for debt in debts[number - 2 :: 2]:
            with shop.work() as uow:
                hold_unsent(uow, [debt], Hold.PRESENCE)
        return 0

    at_once(app_url, 4, act)
    ends = [shop.payout(one).state for one in payouts]
    assert set(ends) <= {"paid", "cancelled"}
    for payout_id, state in zip(payouts, ends, strict=True):
        standing = len(stripe.effects(payout_id))
        assert standing == (1 if state == "paid" else 0)
        debt = shop.debt(payout_id).state
        assert debt == ("released" if state == "paid" else "owed")
    assert shop.unbalanced() == []
