"""What the fake Stripe promises to those who test against it."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe

from tests.fakes.stripe_server import SECRET, TEST_KEY, FakeStripe, StripeProcess


@pytest.fixture
def fake():
    with FakeStripe() as running:
        running.pay("pi_1", 5000)
        running.customer("cus_1")
        running.recipient("acct_anna", "pm_anna")
        yield running


def client_of(fake, key=TEST_KEY):
    return stripe.StripeClient(
        key,
        base_addresses={"api": fake.url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=0.3),
    )


@pytest.fixture
def client(fake):
    return client_of(fake)


def refund(client, key, amount=1000, **more):
    params = {"payment_intent": "pi_1", "amount": amount, **more}
    return client.v1.refunds.create(params, {"idempotency_key": key})


def send(client, key, value=1000, **more):
    params = {
        "amount": {"value": value, "currency": "eur"},
        "from": {"financial_account": "fa_fake", "currency": "eur"},
        "to": {"recipient": "acct_anna"},
        **more,
    }
    payments = client.v2.money_management.outbound_payments
    return payments.create(params, {"idempotency_key": key})


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"bogus": 1}, "bogus"),
        ({"amount": "ten"}, "amount"),
        ({"amount": True}, "amount"),
        ({"metadata": {"a": "b" * 501}}, "metadata"),
        ({"metadata": {"a" * 41: "b"}}, "metadata"),
        ({"metadata": "a"}, "metadata"),
        ({"expand": {"a": 1}, "origin": "elsewhere"}, "origin"),
        ({"refund_application_fee": "perhaps"}, "refund_application_fee"),
    ],
)
def test_unknown_and_mistyped_parameters_are_refused_and_keep_no_key(fake, client, params, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(client, "k", **params)
    assert refused.value.param == param
    assert refund(client, "k").status == "succeeded"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"amount": {"value": "1", "currency": "eur"}}, "amount[value]"),
        ({"amount": {"value": 1}}, "amount[currency]"),
        ({"to": {"recipient": "acct_anna", "x": 1}}, "to[x]"),
        ({"to": "acct_anna"}, "to"),
        ({"bogus": 1}, "bogus"),
    ],
)
def test_nested_parameters_are_held_against_the_types_as_well(client, params, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        send(client, "k", **params)
    assert refused.value.param == param


def test_missing_parameter_is_refused(client):
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        client.v1.customers.balance_transactions.create("cus_1", {"amount": -1})


def test_keys_of_the_first_version_live_a_day_and_of_the_second_thirty(fake, client):
    assert refund(client, "k").id == refund(client, "k").id
    assert send(client, "k").id == send(client, "k").id
    with pytest.raises(stripe.IdempotencyError):
        refund(client, "k", 999)
    with pytest.raises(stripe.IdempotencyError):
        send(client, "k", 999)
    fake.advance(hours=24)
    refund(client, "k")
    send(client, "k")
    assert Counter(one.rail for one in fake.effects()) == {"stripe_refund": 2, "stripe_outbound": 1}
    fake.advance(days=29)
    send(client, "k")
    assert len(fake.effects()) == 4


def test_no_more_is_refunded_than_was_paid(fake, client):
    refund(client, "k1", 4000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(client, "k2", 1001)
    assert (refused.value.param, refused.value.code) == ("amount", None)
    made = refund(client, "k3", 1000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(client, "k4", 1)
    assert refused.value.code == "charge_already_refunded"
    fake.turn(made.id, "failed", "lost_or_stolen_card")
    assert refund(client, "k5", 1000).status == "succeeded"
    assert sum(one.amount for one in fake.effects() if one.standing) == 5000


def test_requests_beyond_the_rate_are_refused(fake, client):
    fake.configure(rate=5)
    answered = Counter()
    for _ in range(15):
        try:
            client.v1.payment_intents.retrieve("pi_1")
            answered[200] += 1
        except stripe.RateLimitError:
            answered[429] += 1
    assert 5 <= answered[200] <= 7
    assert answered[429] == 15 - answered[200]


@pytest.fixture
def post_box():
    """An address that keeps what is posted to it."""
    came = []

    class Box(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((body, self.headers["Stripe-Signature"]))
            self.send_response(200 if len(came) < 4 else 400)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Box)
    threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()
    server.server_close()


def test_messages_are_signed_and_delivered_twice_and_out_of_order(fake, client, post_box):
    url, came = post_box
    made, sent = refund(client, "k"), send(client, "k")
    fake.turn(made.id, "failed", "declined")
    created, thin, failed = fake.messages()
    assert fake.deliver(url, [failed, thin, created], copies=2) == [200] * 3 + [400] * 3
    read = [client.construct_event(*came[at], SECRET) for at in (0, 1, 4)]
    assert [event.type for event in read] == ["refund.failed", "refund.failed", "refund.created"]
    assert read[0].id == read[1].id
    assert client.parse_event_notification(*came[2], SECRET).related_object.id == sent.id
    assert sorted(fake.deliver(url, [created], copies=3, parallel=True)) == [400] * 3
    stale = fake.message(made.id, "refund.updated", status="succeeded")
    assert client.construct_event(
        stale.body, stale.headers["Stripe-Signature"], SECRET
    ).data.object.status == "succeeded"  # fmt: skip


def test_process_of_its_own_does_the_same(monkeypatch):
    with StripeProcess() as fake:
        fake.pay("pi_1", 5000)
        fake.fail_next("drop_after")
        client = client_of(fake)
        with pytest.raises(stripe.APIConnectionError):
            refund(client, "k", metadata={"payout_id": "7"})
        (effect,) = fake.effects("7")
        assert refund(client, "k", metadata={"payout_id": "7"}).id == effect.ref
        assert [call.replayed for call in fake.calls("POST")] == [False, True]
        (message,) = fake.messages()
        assert client.construct_event(
            message.body, message.headers["Stripe-Signature"], SECRET
        ).type == "refund.created"  # fmt: skip
        with pytest.raises(AttributeError):
            _ = fake.books
