"""Rows 5 to 18 and 26: what the provider and the wire do to a call."""

import datetime as dt

import pytest

from promises.payouts.rail_models import IncidentKind
from tests.fakes.stripe_server import TEST_KEY
from tests.payouts.matrix.ground import CREATE, check, check_text

pytestmark = pytest.mark.usefixtures("as_application")

SETTLED = [
    # row, what happens to the calls, requests to refund, generation of the key at the end
    ("5 timeout, it was done", ["timeout_after"], 1, 1),
    ("6 timeout, it was not done", ["timeout_before"], 2, 1),
    ("7 socket dropped, it was done", ["drop_after"], 1, 1),
    ("8 socket dropped, it was not done", ["drop_before"], 2, 1),
    ("9 five timeouts in a row", ["timeout_before"] * 5, 6, 1),
    ("10 500 after the effect, kept", ["500_after"], 1, 1),
    ("11 500 before the effect, kept", ["500_before"], 3, 2),
    ("11b 500 before the effect, not kept", ["500_passing"], 2, 1),
    ("11c bad gateway after the effect", ["502_after"], 1, 1),
    ("11d bad gateway before the effect", ["502_before"], 2, 1),
    ("12 too many requests", ["429"], 2, 1),
    ("12b too many requests, again and again", ["429"] * 4, 5, 1),
    ("13 key in use", ["409"], 2, 1),
    ("13b timeout, then a stored 500, then a drop", ["timeout_before", "500_before", "drop_after"],
     4, 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("faults", "creates", "generation"),
    [row[1:] for row in SETTLED],
    ids=[row[0] for row in SETTLED],
)
def test_ends_paid_with_one_effect(shop, stripe, client, faults, creates, generation):
    (payout_id,) = shop.debt_to()
    for fault in faults:
        stripe.fail_next(fault, on=CREATE)
    row = shop.settle_within_schedule(payout_id)
    assert row.generation == generation
    assert shop.creates(payout_id) == creates
    check(shop, client, payout_id, "paid", effects=1)


def test_row_13c_a_late_effect_under_a_key_in_use_is_adopted(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("late", on=CREATE)
    shop.settle()
    shop.now += dt.timedelta(seconds=5)
    shop.settle()
    check(shop, client, payout_id, "unknown", effects=0)
    stripe.release()
    shop.settle_within_schedule(payout_id)
    check(shop, client, payout_id, "paid", effects=1)


def test_row_14_answer_lost_and_key_forgotten_after_a_day(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("timeout_after", on=CREATE)
    shop.settle()
    check(shop, client, payout_id, "unknown", effects=1)
    shop.now += dt.timedelta(hours=25)
    stripe.advance(hours=25)
    stripe.forget_keys()
    shop.settle()
    assert shop.creates(payout_id) == 1
    check(shop, client, payout_id, "paid", effects=1)


def test_row_14b_nothing_was_done_and_the_key_is_too_old_to_try_again(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("timeout_before", on=CREATE)
    shop.settle()
    shop.now += dt.timedelta(hours=20)
    shop.settle()
    assert shop.creates(payout_id) == 1
    check(shop, client, payout_id, "needs_review", effects=0)
    assert shop.incidents()[-1].kind == IncidentKind.NEEDS_REVIEW


def test_row_15_empty_account_is_filled_up(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    stripe.set_balance("eur", 999)
    try:
        shop.settle()
        assert shop.payout(payout_id).trouble == "no_funds"
        check(shop, client, payout_id, "ready", effects=0)
        stripe.set_balance("eur", 1000)
        row = shop.settle_within_schedule(payout_id)
    finally:
        stripe.set_balance("eur", 10**9)
    assert row.generation == 2
    check(shop, client, payout_id, "paid", effects=1)


def test_row_16_pending_refund_is_under_way_until_a_message_comes(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("pending", on=CREATE)
    shop.settle()
    check(shop, client, payout_id, "submitted", effects=1)
    ref = shop.payout(payout_id).provider_ref
    stripe.turn(ref, "succeeded")
    shop.settle()
    assert shop.payout(payout_id).state == "submitted"
    assert shop.told(client, shop.message(ref)) == 200
    shop.work_off_messages()
    check(shop, client, payout_id, "paid", effects=1)


def test_row_17_more_than_was_paid_cannot_be_refunded(shop, stripe, client):
    (payout_id,) = shop.debt_to(paid=999)
    shop.settle()
    check(shop, client, payout_id, "failed", effects=0)
    assert shop.debt(payout_id).holds == ["payment"]


def test_row_17b_what_was_refunded_already_cannot_be_refunded_again(shop, stripe, client):
    stripe.pay("pi_twice", 1500)
    first, second = shop.owe(2, details=lambda _: {"payment": "pi_twice"})
    shop.settle()
    states = sorted(shop.payout(one).state for one in (first, second))
    for _ in range(4):
        shop.now += dt.timedelta(seconds=5)
        shop.settle()
    states = {shop.payout(one).state: one for one in (first, second)}
    assert set(states) == {"paid", "failed"}
    check(shop, client, states["paid"], "paid", effects=1)
    check(shop, client, states["failed"], "failed", effects=0)


@pytest.mark.parametrize(
    "change",
    ["row", "amount", "currency"],
    ids=[
        "18 the row was changed after it was frozen",
        "18b what was done is another amount",
        "18c what was done is in another currency",
    ],
)
def test_row_18_what_differs_from_what_was_frozen_is_for_a_person(shop, stripe, client, change):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("timeout_after", on=CREATE)
    shop.settle()
    (effect,) = stripe.effects(payout_id)
    if change == "row":
        shop.execute("UPDATE payouts SET amount_minor = 1001 WHERE id = ANY(%(ids)s)", [payout_id])
    if change == "amount":
        stripe.books.things[effect.ref]["amount"] = 999
    if change == "currency":
        stripe.books.things[effect.ref]["currency"] = "sek"
    shop.now += dt.timedelta(seconds=5)
    shop.settle()
    assert shop.creates(payout_id) == 1
    check(shop, client, payout_id, "needs_review", effects=1)
    assert shop.payout(payout_id).trouble == "other_effect"


@pytest.mark.parametrize("status", [401, 403])
def test_row_26_revoked_key_pauses_the_rail_and_a_new_one_pays(shop, stripe, client, status):
    payouts = shop.debt_to(count=3)
    key = f"sk_test_{status}"
    shop.now += dt.timedelta(seconds=1)
    shop.save(secrets={"key": key, "webhook_secret": "whsec_fake"})
    stripe.shut(key, status)
    shop.settle()
    for payout_id in payouts:
        check(shop, client, payout_id, "ready", effects=0)
    assert not shop.rail_state().in_use
    assert shop.incidents()[-1].kind == IncidentKind.RAIL_PAUSED
    calls = len(stripe.calls())
    shop.now += dt.timedelta(hours=6)
    shop.settle()
    assert len(stripe.calls()) == calls
    check_text(shop, client, payouts[0], "It has not gone out yet.")
    shop.save(secrets={"key": TEST_KEY, "webhook_secret": "whsec_fake"})
    shop.settle()
    for payout_id in payouts:
        check(shop, client, payout_id, "paid", effects=1)
