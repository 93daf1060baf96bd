"""Beyond the rows: credit with Stripe and outbound payments, from the debt to the page."""

import pytest

from promises.kernel.ids import new_id
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.names import STRIPE_CREDIT
from promises.payouts.rails.stripe_credit import credit_maker
from promises.payouts.rails.stripe_outbound import outbound_maker
from tests.fakes.stripe_events import SECRET
from tests.fakes.stripe_server import FakeStripe
from tests.payouts.ground import Purse
from tests.payouts.matrix.ground import PATIENCE_S, Shop, check
from tests.payouts.stripe_ground import SOURCE

pytestmark = pytest.mark.usefixtures("as_application")

OFF_INVOICE = "Off your next invoice"
ARRIVED = {"paid": "Payment through Stripe"}
POST = "POST"


class OtherShop(Shop):
    """As a shop that refunds, by another rail of the same fake."""

    def __init__(self, stripe, make):
        self.stripe = stripe
        maker = make(stripe.url)
        maker.timeout_s = PATIENCE_S
        self.key = f"sk_test_{new_id().hex}"
        self.account = f"acct_{new_id().hex}"
        stripe.own(self.key, self.account)
        secrets = {"key": self.key, "webhook_secret": SECRET}
        Purse.__init__(self, maker, rail=maker.name, settings=SOURCE, secrets=secrets)

    def debt_to(self, *, count=1):
        if self.rail == STRIPE_CREDIT:
            self.whom = f"cus_{new_id().hex}"
            self.stripe.customer(self.whom, account=self.account)
            return self.owe(count, details=lambda _: {"customer": self.whom})
        self.whom = f"acct_{new_id().hex}"
        self.stripe.recipient(self.whom, "pm_1", account=self.account)
        return self.owe(count, details=lambda _: {"recipient": self.whom, "method": "pm_1"})

    def creates(self, payout_id):
        key = f"payout-{payout_id}"
        return sum(1 for call in self.stripe.calls(POST) if call.key.startswith(key))

    def use(self, key):
        self.later(seconds=1)
        self.save(settings=SOURCE, secrets={"key": key, "webhook_secret": SECRET})


@pytest.fixture(scope="module")
def stripe():
    with FakeStripe() as fake:
        yield fake


@pytest.fixture(scope="module")
def credit(stripe, bare_apps):
    with bare_apps[0].app_context():
        return OtherShop(stripe, credit_maker)


@pytest.fixture(scope="module")
def outbound(stripe, bare_apps):
    with bare_apps[0].app_context():
        return OtherShop(stripe, outbound_maker)


FAULTS = [
    # what happens to the calls; requests and generation of the key by API v1, and by v2
    (["timeout_after"], (1, 1), (1, 1)),
    (["timeout_before"], (2, 1), (2, 1)),
    (["drop_after"], (1, 1), (1, 1)),
    (["500_after"], (1, 1), (1, 1)),
    (["500_before"], (3, 2), (2, 1)),
    (["429", "409"], (3, 1), (3, 1)),
    (["balance_insufficient"], (2, 2), (2, 2)),
]


@pytest.mark.parametrize(("faults", "v1", "v2"), FAULTS, ids=[" ".join(row[0]) for row in FAULTS])
def test_each_is_paid_once(credit, outbound, stripe, client, faults, v1, v2):
    for shop, expected, state, says in (
        (credit, v1, "paid", OFF_INVOICE),
        (outbound, v2, "submitted", None),
    ):
        (payout_id,) = shop.debt_to()
        for fault in faults:
            stripe.fail_next(fault, on=POST)
        row = shop.settle_within_schedule(payout_id)
        assert (shop.creates(payout_id), row.generation) == expected
        check(shop, client, payout_id, state, effects=1, says=says)


# Credit


@pytest.mark.parametrize(
    ("change", "trouble"),
    [({"deleted": True}, "account_closed"), ({"currency": "sek"}, "details_wrong")],
    ids=["deleted", "in another currency"],
)
def test_customer_who_changed_since_the_debt_is_owed_by_another_way(
    credit, stripe, client, change, trouble
):
    (payout_id,) = credit.debt_to()
    stripe.customer(credit.whom, account=credit.account, **change)
    credit.settle()
    assert credit.payout(payout_id).trouble == trouble
    assert credit.creates(payout_id) == 0
    check(credit, client, payout_id, "failed", effects=0)


def test_customer_who_is_deleted_between_question_and_call_is_owed_by_another_way(
    credit, stripe, client
):
    (payout_id,) = credit.debt_to()
    error = {"type": "invalid_request_error", "code": "resource_missing", "param": "customer"}
    stripe.fail_next("answer", on=POST, status=404, body={"error": error})
    credit.settle()
    assert credit.payout(payout_id).trouble == "details_wrong"
    check(credit, client, payout_id, "failed", effects=0)


def test_customer_who_is_deleted_after_an_unknown_try_is_for_a_person(credit, stripe, client):
    (payout_id,) = credit.debt_to()
    stripe.fail_next("timeout_after", on=POST)
    credit.settle()
    del stripe.books.things[credit.whom]
    credit.later(minutes=1)
    credit.settle()
    assert credit.creates(payout_id) == 1
    check(credit, client, payout_id, "needs_review", effects=1)


# Outbound payments


def turned(shop, stripe, client, payout_id, status, reason=None):
    """Stripe goes on with it, and tells of it by name only."""
    ref = shop.payout(payout_id).provider_ref
    stripe.turn(ref, status, reason)
    kind = f"v2.money_management.outbound_payment.{status}"
    assert shop.told(client, shop.message(ref, kind)) == 200
    shop.work_off_messages()


@pytest.mark.parametrize(
    ("course", "state", "trouble", "effects"),
    [
        (["posted"], "paid", None, 1),
        (["posted", "returned"], "returned", "account_closed", 0),
        (["returned"], "returned", "account_closed", 0),
        (["failed"], "failed", "account_closed", 0),
        (["canceled"], "failed", "other", 0),
    ],
    ids=["posted", "posted and returned", "returned", "failed", "cancelled"],
)
def test_outbound_payment_goes_on(outbound, stripe, client, course, state, trouble, effects):
    (payout_id,) = outbound.debt_to()
    outbound.settle()
    check(outbound, client, payout_id, "submitted", effects=1)
    for status in course:
        reason = None if status == "canceled" else "payout_method_closed"
        turned(outbound, stripe, client, payout_id, status, reason)
    assert outbound.payout(payout_id).trouble == trouble
    check(outbound, client, payout_id, state, effects=effects, says=ARRIVED.get(state))


def test_outbound_payment_that_stays_under_review_for_weeks_settles_by_itself(
    outbound, stripe, client
):
    (payout_id,) = outbound.debt_to()
    outbound.settle()
    for _ in range(8):
        outbound.later(days=1)
        outbound.settle()
    assert outbound.payout(payout_id).state == "needs_review"
    turned(outbound, stripe, client, payout_id, "posted")
    check(outbound, client, payout_id, "paid", effects=1, says=ARRIVED["paid"])


@pytest.mark.parametrize("done", ["timeout_after", "timeout_before"])
def test_key_of_another_account_after_an_unknown_try_is_for_a_person(
    outbound, stripe, client, done
):
    """The other account has a financial account of its own, and knows nobody of this name: that
    says nothing of what the first one did."""
    (payout_id,) = outbound.debt_to()
    stripe.fail_next(done, on=POST)
    outbound.settle()
    stripe.own("sk_test_elsewhere", "acct_elsewhere")
    stripe.recipient("acct_nobody", "pm_2", financial_account="fa_fake", account="acct_elsewhere")
    outbound.use("sk_test_elsewhere")
    outbound.later(minutes=2)
    outbound.settle()
    stripe.books.things["fa_fake"]["_account"] = outbound.account
    outbound.use(outbound.key)
    check(outbound, client, payout_id, "needs_review", effects=int(done == "timeout_after"))
    assert outbound.payout(payout_id).trouble == "details_wrong"


def test_financial_account_that_is_gone_is_no_fault_of_the_customer(outbound, stripe, client):
    (payout_id,) = outbound.debt_to()
    outbound.later(seconds=1)
    outbound.save(settings={"financial_account": "fa_gone"})
    outbound.settle()
    check(outbound, client, payout_id, "ready", effects=0)
    assert not outbound.rail_state().in_use
    kinds = {one.kind for one in outbound.incidents() if one.closed_at is None}
    assert IncidentKind.RAIL_PAUSED in kinds
    outbound.use(outbound.key)
    outbound.settle()
    check(outbound, client, payout_id, "submitted", effects=1)
