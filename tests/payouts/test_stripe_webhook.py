"""Which messages are believed to be of Stripe, and what is read of them."""

import dataclasses
import datetime as dt
import json

import pytest
import stripe

from promises.kernel.ids import new_id
from promises.payouts.rails.stripe_webhook import SIGNATURE_HEADER, Forged, read_message
from tests.fakes.stripe_events import signed
from tests.fakes.stripe_server import FakeStripe

SECRET, OTHER_SECRET = "whsec_ours", "whsec_theirs"
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
PAYOUT = new_id()


@pytest.fixture(scope="module")
def fake():
    with FakeStripe() as running:
        running.pay("pi_1", 5000)
        running.recipient("acct_anna", "pm_anna")
        refund = {"payment_intent": "pi_1", "metadata": {"payout_id": str(PAYOUT)}}
        running.books.refund(refund, "acct_fake")
        going = {
            "amount": {"value": 1, "currency": "eur"},
            "from": {"financial_account": "fa_fake", "currency": "eur"},
            "to": {"recipient": "acct_anna"},
        }
        running.books.outbound(going, "acct_fake", False)
        yield running


def snapshot(fake, kind="refund.failed", **changes):
    return fake.message("re_00000001", kind, secret=SECRET, sent_at=NOW, **changes)


def thin(fake):
    kind = "v2.money_management.outbound_payment.returned"
    return fake.message("obp_00000002", kind, secret=SECRET, sent_at=NOW)


def read(message, *, secret=SECRET, live=False, now=NOW):
    return read_message(message.body, message.headers, secret=secret, live=live, now=now)


def test_snapshot_and_thin_message_come_to_the_same_address(fake):
    told = read(snapshot(fake))
    assert (told.kind, told.object_ref, told.payout_id) == ("refund.failed", "re_00000001", PAYOUT)
    assert (told.live, told.wrong_mode, told.about_payout) == (False, False, True)
    told = read(thin(fake))
    assert (told.object_ref, told.payout_id, told.about_payout) == ("obp_00000002", None, True)
    assert told.event_id.startswith("evt_")


def test_header_is_found_however_it_is_written(fake):
    message = snapshot(fake)
    lower = {name.lower(): value for name, value in message.headers.items()}
    assert read(dataclasses.replace(message, headers=lower)).payout_id == PAYOUT


def test_either_of_two_signatures_serves_while_a_secret_is_replaced(fake):
    message = snapshot(fake)
    other = signed(message.body, secret=OTHER_SECRET, sent_at=NOW).headers[SIGNATURE_HEADER]
    both = f"{other},{message.headers[SIGNATURE_HEADER].split(',')[1]}"
    headers = {SIGNATURE_HEADER: both}
    assert read(dataclasses.replace(message, headers=headers)).payout_id == PAYOUT


def test_message_is_read_up_to_five_minutes_to_either_side(fake):
    message = snapshot(fake)
    for away in (dt.timedelta(), 5 * MINUTE, -5 * MINUTE):
        assert read(message, now=NOW + away).payout_id == PAYOUT
    for away in (5 * MINUTE, -5 * MINUTE):
        with pytest.raises(Forged, match="too old or too new"):
            read(message, now=NOW + away + away / 300)


def test_message_of_the_other_mode_says_so(fake):
    assert read(snapshot(fake), live=True).wrong_mode
    assert read(snapshot(fake, livemode=True), live=False).wrong_mode
    assert not read(snapshot(fake, livemode=True), live=True).wrong_mode


def test_message_about_something_else_is_genuine_and_says_so(fake):
    assert not read(snapshot(fake, "customer.created")).about_payout


@pytest.mark.parametrize(
    "metadata", [{}, None, [], {"payout_id": "nonsense"}, {"payout_id": 7}, {"payout_id": None}]
)
def test_payout_id_that_is_none_is_not_taken_for_one(fake, metadata):
    assert read(snapshot(fake, metadata=metadata)).payout_id is None


# Hostile ones. Each is refused, whoever made it.


def resigned(message, body):
    return signed(body, secret=SECRET, sent_at=NOW)


def altered(message, change):
    return dataclasses.replace(message, body=change(message.body))


def header(message, value):
    return dataclasses.replace(message, headers={SIGNATURE_HEADER: value})


def without(message, name):
    body = json.loads(message.body)
    del body[name]
    return resigned(message, body)


def changed(message, **changes):
    return resigned(message, json.loads(message.body) | changes)


def utf8_broken(message):
    body = b'{"id": "evt_\xff"}'
    stamp = int(NOW.timestamp())
    text = f"{stamp}.".encode() + body
    mac = stripe._webhook.hmac.new(SECRET.encode(), text, "sha256").hexdigest()
    return dataclasses.replace(header(message, f"t={stamp},v1={mac}"), body=body)


def only_v0(message):
    return header(message, message.headers[SIGNATURE_HEADER].replace("v1=", "v0="))


def restamped(message):
    later = int((NOW + MINUTE).timestamp())
    return header(message, f"t={later},{message.headers[SIGNATURE_HEADER].split(',')[1]}")


MUTATIONS = {
    "signed with another organisation's secret": lambda m: signed(
        m.body, secret=OTHER_SECRET, sent_at=NOW
    ),
    "signed with nothing": lambda m: signed(m.body, secret="", sent_at=NOW),
    "one more space": lambda m: altered(m, lambda body: body + b" "),
    "one figure altered": lambda m: altered(m, lambda body: body.replace(b"5000", b"9000")),
    "cut short": lambda m: altered(m, lambda body: body[:-1]),
    "empty": lambda m: altered(m, lambda body: b""),
    "no header": lambda m: dataclasses.replace(m, headers={}),
    "two headers": lambda m: dataclasses.replace(
        m, headers=m.headers | {SIGNATURE_HEADER.lower(): m.headers[SIGNATURE_HEADER]}
    ),
    "empty header": lambda m: header(m, ""),
    "no time": lambda m: header(m, m.headers[SIGNATURE_HEADER].split(",")[1]),
    "another time": restamped,
    "time in words": lambda m: header(m, "t=noon,v1=00"),
    "only an old scheme": only_v0,
    "signature in letters of no alphabet": lambda m: header(m, "t=1,v1=ä"),
    "time beyond all calendars": lambda m: signed_at(m, "9" * 30),
    "time with a comment": lambda m: signed_at(m, f"{int(NOW.timestamp())}=1"),
    "not UTF-8": utf8_broken,
    "not JSON": lambda m: resigned(m, b"id=evt_1"),
    "deeper than any object": lambda m: resigned(m, b"[" * 200_000),
    "a list": lambda m: resigned(m, b"[]"),
    "an envelope of somebody else": lambda m: resigned(m, {"detail": json.loads(m.body)}),
    "neither snapshot nor thin": lambda m: changed(m, object="charge"),
    "about nothing": lambda m: changed(m, data=None),
    "about a text": lambda m: changed(m, data={"object": "re_1"}),
    "thin without an object": lambda m: changed(m, object="v2.core.event"),
    "no mode": lambda m: without(m, "livemode"),
    "mode in words": lambda m: changed(m, livemode="false"),
    "no id": lambda m: without(m, "id"),
    "id with a zero byte": lambda m: changed(m, id="evt_\x00"),
    "id without end": lambda m: changed(m, id="e" * 256),
    "kind as a number": lambda m: changed(m, type=7),
    "object without an id": lambda m: changed(m, data={"object": {}}),
}


def signed_at(message, stamp):
    mac = stripe.WebhookSignature._compute_signature(
        f"{int(stamp.partition('=')[0])}.{message.body.decode()}", SECRET
    )
    return header(message, f"t={stamp},v1={mac}")


@pytest.mark.parametrize("name", MUTATIONS)
def test_hostile_message_is_refused(fake, name):
    message = snapshot(fake)
    assert read(message).payout_id == PAYOUT
    with pytest.raises(Forged) as refused:
        read(MUTATIONS[name](message))
    assert "re_0" not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "  ", OTHER_SECRET])
def test_nothing_is_believed_without_the_right_secret(fake, secret):
    with pytest.raises(Forged):
        read(snapshot(fake), secret=secret)
