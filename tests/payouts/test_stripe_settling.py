"""Payouts through Stripe from the debt to the books, on the real database."""

import datetime as dt

import pytest

from promises.flows.reconcile_rails import reconcile_now
from promises.payouts.rails.names import STRIPE_CREDIT, STRIPE_OUTBOUND
from promises.payouts.rails.stripe_credit import credit_maker
from promises.payouts.rails.stripe_outbound import outbound_maker
from promises.payouts.rails.stripe_refund import refund_maker
from tests.fakes.stripe_server import TEST_KEY, FakeStripe
from tests.payouts.ground import Purse
from tests.payouts.stripe_ground import PATIENCE_S, SOURCE

SOON = dt.timedelta(minutes=1)
NIGHT = dt.timedelta(days=1)


@pytest.fixture
def fake():
    with FakeStripe() as running:
        for number in range(4):
            running.pay(f"pi_{number}", 5000)
        running.customer("cus_1")
        running.recipient("acct_anna", "pm_anna")
        yield running


def purse_of(make, fake, **changes):
    maker = make(fake.url)
    maker.timeout_s = PATIENCE_S
    return Purse(maker, rail=maker.name, secrets={"key": TEST_KEY}, **changes)


@pytest.fixture
def purse(app, fake):
    with app.app_context():
        yield purse_of(refund_maker, fake)


def later(purse, span=SOON):
    purse.now += span
    purse.settle()


def told(purse, payout_id):
    row = purse.payout(payout_id)
    return row.state, row.trouble


def test_lost_answer_is_found_and_never_paid_again(purse, fake):
    (payout,) = purse.owe()
    fake.fail_next("timeout_after")
    purse.settle()
    assert told(purse, payout)[0] == "unknown"
    later(purse)
    (effect,) = fake.effects(payout)
    assert (purse.payout(payout).state, purse.payout(payout).provider_ref) == ("paid", effect.ref)
    assert purse.audited(payout) == ["unknown", "paid"]
    assert purse.unbalanced() == []


def test_answer_kept_under_the_key_is_left_behind_with_the_key(purse, fake):
    (payout,) = purse.owe()
    fake.fail_next("500_before")
    purse.settle()
    later(purse)  # the same key brings the same answer
    later(purse)
    assert purse.payout(payout).state == "paid"
    assert [call.replayed for call in fake.calls("POST")] == [False, True, False]
    assert len({call.key for call in fake.calls("POST")}) == 2
    assert len(fake.effects(payout)) == 1


def test_empty_account_waits_for_a_top_up(purse, fake):
    (payout,) = purse.owe()
    fake.set_balance("eur", 0)
    purse.settle()
    assert told(purse, payout) == ("ready", "no_funds")
    fake.set_balance("eur", 1000)
    later(purse, NIGHT)
    assert purse.payout(payout).state == "paid"
    assert len(fake.effects(payout)) == 1


def test_key_forgotten_by_stripe_pays_no_second_time(purse, fake):
    (payout,) = purse.owe()
    fake.fail_next("drop_after")
    purse.settle()
    fake.advance(hours=25)
    later(purse, dt.timedelta(hours=25))
    assert purse.payout(payout).state == "paid"
    assert len(fake.calls("POST")) == len(fake.effects(payout)) == 1


def test_refund_that_fails_late_is_owed_again(purse, fake):
    (payout,) = purse.owe()
    purse.settle()
    fake.turn(fake.effects(payout)[0].ref, "failed", "expired_or_canceled_card")
    later(purse, 2 * NIGHT)
    assert told(purse, payout) == ("returned", "card_gone")
    assert "payment" in purse.debt(payout).holds
    assert [one for one in fake.effects(payout) if one.standing] == []
    assert purse.unbalanced() == []


def test_what_cannot_be_refunded_is_owed_by_another_way(purse, fake):
    (payout,) = purse.owe(details=lambda _: {"payment": "pi_gone"})
    purse.settle()
    assert told(purse, payout) == ("failed", "details_wrong")
    assert "payment" in purse.debt(payout).holds
    assert fake.effects() == []


def test_revoked_key_pauses_the_rail_and_the_payout_stays_ready(purse, fake):
    (payout,) = purse.owe()
    fake.shut(TEST_KEY, 401)
    purse.settle()
    assert told(purse, payout) == ("ready", "access_refused")
    assert purse.rail_state().paused_at is not None
    fake.shut(TEST_KEY, 200)
    purse.works_again()
    later(purse)
    assert purse.payout(payout).state == "paid"
    assert len(fake.effects(payout)) == 1


def test_many_at_once_are_each_paid_once_though_stripe_slows_them_down(purse, fake):
    payouts = purse.owe(4)
    fake.configure(rate=2)
    purse.settle()
    fake.configure()
    later(purse)
    later(purse)
    assert [purse.payout(one).state for one in payouts] == ["paid"] * 4
    assert [len(fake.effects(one)) for one in payouts] == [1] * 4


@pytest.mark.parametrize(
    ("make", "details", "states"),
    [
        (credit_maker, {"customer": "cus_1"}, ["paid"]),
        (outbound_maker, {"recipient": "acct_anna"}, ["submitted"]),
    ],
    ids=[STRIPE_CREDIT, STRIPE_OUTBOUND],
)
def test_other_rails_pay_once_and_agree_with_the_nightly_comparison(
    app, fake, make, details, states
):
    with app.app_context():
        purse = purse_of(make, fake, settings=SOURCE)
        (payout,) = purse.owe(details=lambda _: details)
        fake.put_clock_at(purse.now)
        fake.fail_next("drop_after")
        purse.settle()
        later(purse)
        assert purse.audited(payout) == ["unknown", *states]
        with purse.at(purse.now + NIGHT):
            (run,) = reconcile_now(purse.made.id, purse.rails)
        assert run.finished_at is not None and run.trouble is None
        assert run.differences == 0 and purse.incidents() == []
        assert run.ours == 1
        assert len(fake.effects(payout)) == 1
