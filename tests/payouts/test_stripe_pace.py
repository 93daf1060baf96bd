"""How fast Stripe is asked."""

import math
import time

import pytest
import requests
import stripe

from promises.payouts.rails import stripe_pace, stripe_wire
from promises.payouts.rails.base import RailVerdict as V
from promises.payouts.rails.stripe_pace import (
    BURST,
    LEAST,
    LONGEST_WAIT_S,
    PER_SECOND,
    Pace,
    PacedClient,
    endpoint_of,
)
from promises.payouts.rails.stripe_refund import refund_maker
from promises.payouts.rails.stripe_wire import NotedAdapter
from tests.fakes.stripe_server import TEST_KEY, FakeStripe
from tests.payouts.stripe_ground import account, asked, refunds


def waits(pace, count, now_s=0.0):
    return [pace.wait_s(now_s) for _ in range(count)]


def test_burst_passes_and_the_rest_follows_at_the_rate():
    found = waits(Pace(), BURST + 3)
    assert found[:BURST] == pytest.approx([0.0] * BURST)
    assert found[BURST:] == pytest.approx([1 / PER_SECOND, 2 / PER_SECOND, 3 / PER_SECOND])


def test_quiet_second_earns_no_more_than_a_burst():
    pace = Pace()
    waits(pace, BURST)
    expected = [0.0] * BURST + [1 / PER_SECOND]
    assert waits(pace, BURST + 1, 100.0) == pytest.approx(expected)


def test_nobody_waits_longer_than_the_longest():
    pace = Pace()
    found = waits(pace, 500)
    assert max(found) == LONGEST_WAIT_S
    assert pace.wait_s(LONGEST_WAIT_S) <= LONGEST_WAIT_S


def test_refusals_that_come_together_halve_the_rate_once_and_quiet_raises_it_slowly():
    pace = Pace()
    for _ in range(10):
        pace.slow_down(0.0)
    assert pace.rate == PER_SECOND / 2
    pace.slow_down(0.6)
    assert pace.rate == PER_SECOND / 4
    pace.wait_s(1.5)
    assert pace.rate == PER_SECOND / 4  # not before a second has passed
    pace.wait_s(4.6)
    assert pace.rate == PER_SECOND / 4 + 2
    pace.wait_s(10_000.0)
    assert pace.rate == PER_SECOND


def test_rate_falls_to_the_least_and_no_further():
    pace = Pace()
    for second in range(20):
        pace.slow_down(float(second))
    assert pace.rate == LEAST


def test_rate_that_nobody_knows_is_taken_for_the_usual_after_the_first_refusal():
    pace = Pace(math.inf)
    assert waits(pace, 1000) == [0.0] * 1000
    pace.slow_down(1.0)
    assert pace.rate == PER_SECOND
    assert pace.wait_s(1.0) == 0.0


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://api.stripe.com/v1/refunds", "post refunds"),
        ("https://api.stripe.com/v1/refunds/re_3Q?expand=x", "post refunds/*"),
        ("https://api.stripe.com/v1/customers/cus_R1/balance_transactions",
         "post customers/*/balance_transactions"),
        ("https://api.stripe.com/v2/money_management/outbound_payments",
         "post money_management/outbound_payments"),
    ],
)  # fmt: skip
def test_ids_do_not_make_an_endpoint(url, endpoint):
    assert endpoint_of("post", url) == endpoint


def test_refused_request_slows_its_endpoint_and_no_other():
    with FakeStripe() as fake:
        fake.pay("pi_1A", 5000)
        rail = refunds(fake)
        fake.fail_next("429")
        assert rail.submit(asked({"payment": "pi_1A"})).verdict is V.RETRY
        paces = rail.client._requestor._client._paces
        assert {name: pace.rate for name, pace in paces.items()} == {
            "get payment_intents/*": math.inf,
            "post refunds": PER_SECOND,
        }


@pytest.mark.parametrize("kind", ["drip_after", "drip_head_after"])
def test_answer_that_comes_drop_by_drop_is_not_waited_for(kind):
    with FakeStripe() as fake:
        fake.pay("pi_1", 5000)
        maker = refund_maker(fake.url)
        maker.timeout_s = (0.2, 0.2)
        rail, request = maker.open(account()), asked({"payment": "pi_1"})
        fake.fail_next(kind)
        begun = time.monotonic()
        assert rail.submit(request).verdict is V.UNKNOWN
        assert time.monotonic() - begun < 2
        assert rail.find(request).verdict is V.PAID  # others go by the same client
        assert len(fake.effects(request.payout_id)) == 1


def test_call_that_is_late_before_it_is_sent_is_not_sent():
    with FakeStripe() as fake:
        client = stripe.StripeClient(
            TEST_KEY,
            base_addresses={"api": fake.url},
            max_network_retries=0,
            http_client=PacedClient(timeout=1, session=LateSession()),
        )
        with pytest.raises(stripe.APIConnectionError):
            client.v1.balance.retrieve()
        assert fake.calls() == []
        unbounded = requests.Session()
        unbounded.mount("http://", NotedAdapter())
        assert unbounded.get(f"{fake.url}/v1/balance", timeout=1).status_code == 401


class LateSession(requests.Session):
    """Its connections take so long to be made that the call's time is over."""

    def __init__(self):
        super().__init__()
        self.mount("http://", NotedAdapter())

    def send(self, *args, **kwargs):
        stripe_wire._call.now.hang_up()
        return super().send(*args, **kwargs)


def test_request_waits_for_its_place(monkeypatch):
    monkeypatch.setattr(stripe_pace, "BURST", 1)
    with FakeStripe() as fake:
        client = stripe.StripeClient(
            TEST_KEY, base_addresses={"api": fake.url}, http_client=PacedClient(timeout=1)
        )
        begun = time.monotonic()
        for _ in range(4):
            client.v1.balance.retrieve()
        assert time.monotonic() - begun >= 3 / PER_SECOND
