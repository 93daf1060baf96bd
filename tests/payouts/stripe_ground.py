"""Rails of Stripe opened on the fake, and what is asked of them."""

import contextlib
import uuid

from promises.kernel.ids import new_id
from promises.payouts.rails.base import Destination, PayoutRequest, RailAccount
from promises.payouts.rails.stripe_credit import credit_maker
from promises.payouts.rails.stripe_outbound import outbound_maker
from promises.payouts.rails.stripe_refund import refund_maker
from tests.fakes.stripe_server import TEST_KEY, FakeStripe

PATIENCE_S = (1.0, 0.25)
SOURCE = {"financial_account": "fa_fake"}


@contextlib.contextmanager
def stocked():
    """A Stripe with something to refund, somebody to credit and somebody to pay."""
    with FakeStripe() as running:
        running.pay("pi_1", 5000)
        running.customer("cus_1", currency="eur")
        running.recipient("acct_anna", "pm_anna")
        yield running


def now(fake):
    return fake.clock.now()


def account(*, key=TEST_KEY, live=False, settings=None):
    return RailAccount(new_id(), live, settings or {}, {"key": key})


def opened(maker, **changes):
    maker.timeout_s = PATIENCE_S
    return maker.open(account(**changes))


def refunds(fake, **changes):
    return opened(refund_maker(fake.url), **changes)


def credits(fake, **changes):
    return opened(credit_maker(fake.url), **changes)


def outbound(fake, **changes):
    return opened(outbound_maker(fake.url), **({"settings": SOURCE} | changes))


def asked(details, amount=1000, *, currency="EUR", generation=1, payout_id=None):
    payout_id = payout_id or new_id()
    return PayoutRequest(
        payout_id,
        uuid.UUID(int=1),
        amount,
        currency,
        f"po_{payout_id}",
        generation,
        Destination(new_id(), "ab", details),
    )
