"""Beyond the rows: what may have become of the payment that is to be refunded."""

import pytest
import stripe as sdk

from promises.kernel.ids import new_id
from tests.fakes.stripe_server import LIVE_ACCOUNT, TEST_KEY
from tests.payouts.matrix.ground import CREATE, check

pytestmark = pytest.mark.usefixtures("as_application")


def owe_for(shop, payment):
    (payout_id,) = shop.owe(details=lambda _: {"payment": payment})
    return payout_id


def by_hand(stripe, payment, amount):
    """In the provider's own pages: it carries no payout."""
    client = sdk.StripeClient(TEST_KEY, base_addresses={"api": stripe.url})
    return client.v1.refunds.create({"payment_intent": payment, "amount": amount}).id


def charge_of(stripe, payment):
    return stripe.books.things["ch_" + payment.removeprefix("pi_")]


def partly_refunded(stripe, payment):
    stripe.pay(payment, 5000)
    by_hand(stripe, payment, 4500)


def wholly_refunded(stripe, payment):
    stripe.pay(payment, 1000)
    by_hand(stripe, payment, 1000)


def disputed(stripe, payment):
    stripe.pay(payment, 5000)
    charge_of(stripe, payment)["disputed"] = True


def only_held(stripe, payment):
    stripe.pay(payment, 5000, captured=False)


def declined(stripe, payment):
    """A PaymentIntent of several tries, none of which went through."""
    only_held(stripe, payment)
    charge_of(stripe, payment).update(status="failed", paid=False)


def never_tried(stripe, payment):
    only_held(stripe, payment)
    stripe.books.things[payment]["latest_charge"] = None


def in_kronor(stripe, payment):
    stripe.pay(payment, 5000, "sek")


def of_another_account(stripe, payment):
    stripe.pay(payment, 5000, account="acct_other")


def of_the_other_mode(stripe, payment):
    stripe.pay(payment, 5000, account=LIVE_ACCOUNT)


REFUSED = [
    (partly_refunded, "nothing_to_refund"),
    (wholly_refunded, "nothing_to_refund"),
    (disputed, "disputed"),
    (only_held, "nothing_to_refund"),
    (declined, "nothing_to_refund"),
    (never_tried, "nothing_to_refund"),
    (in_kronor, "details_wrong"),
    (of_another_account, "details_wrong"),
    (of_the_other_mode, "details_wrong"),
]


@pytest.mark.parametrize(
    ("become", "trouble"), REFUSED, ids=[row[0].__name__.replace("_", " ") for row in REFUSED]
)
def test_payment_that_cannot_be_refunded_reopens_the_debt(shop, stripe, client, become, trouble):
    payment = f"pi_{new_id().hex}"
    become(stripe, payment)
    before = len(stripe.effects())
    payout_id = owe_for(shop, payment)
    shop.settle()
    assert shop.payout(payout_id).trouble == trouble
    assert shop.creates(payout_id) == 0
    assert len(stripe.effects()) == before
    check(shop, client, payout_id, "failed", effects=0)
    assert shop.debt(payout_id).holds == ["payment"]


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("charge_disputed", "disputed"),
        ("charge_already_refunded", "nothing_to_refund"),
        ("charge_not_refundable", "other"),
    ],
)
def test_refusal_that_the_question_did_not_foresee_reopens_the_debt(
    shop, stripe, client, code, trouble
):
    (payout_id,) = shop.debt_to()
    error = {"type": "invalid_request_error", "code": code, "message": "Anna Aalto"}
    stripe.fail_next("answer", on=CREATE, status=400, body={"error": error})
    shop.settle()
    assert shop.payout(payout_id).trouble == trouble
    check(shop, client, payout_id, "failed", effects=0)
    assert "Anna" not in str(shop.attempts(payout_id))


def test_rest_of_a_partly_refunded_payment_is_refunded_by_its_charge(shop, stripe, client):
    payment = f"pi_{new_id().hex}"
    stripe.pay(payment, 5000)
    by_hand(stripe, payment, 4000)
    payout_id = owe_for(shop, charge_of(stripe, payment)["id"])
    shop.settle()
    check(shop, client, payout_id, "paid", effects=1)
    assert charge_of(stripe, payment)["amount_refunded"] == 5000


def test_only_what_was_captured_of_a_payment_is_refunded(shop, stripe, client):
    enough, less = f"pi_{new_id().hex}", f"pi_{new_id().hex}"
    for payment, captured in ((enough, 1000), (less, 999)):
        stripe.pay(payment, 5000)
        charge_of(stripe, payment)["amount_captured"] = captured
    payouts = owe_for(shop, enough), owe_for(shop, less)
    shop.settle()
    check(shop, client, payouts[0], "paid", effects=1)
    check(shop, client, payouts[1], "failed", effects=0)


def test_payment_that_is_refunded_by_hand_between_question_and_call_pays_once(shop, stripe, client):
    """The call is refused under its key; what was made by hand carries no payout of ours."""
    (payout_id,) = shop.debt_to(paid=1500)
    payment = shop.stripe.books.of_kind("payment_intent", "acct_fake")[0]["id"]
    stripe.fail_next("timeout_before", on=CREATE)
    shop.settle()
    by_hand(stripe, payment, 1000)
    shop.now = shop.payout(payout_id).lease_until
    shop.settle()
    check(shop, client, payout_id, "unknown", effects=0)
    row = shop.settle_within_schedule(payout_id)
    assert row.trouble == "nothing_to_refund"
    check(shop, client, payout_id, "failed", effects=0)
