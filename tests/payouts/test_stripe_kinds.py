"""What is particular to refunds, credits and outbound payments, against a Stripe of our own."""

import dataclasses
import datetime as dt
import json

import pytest
import structlog

from promises.payouts.rails.base import CannotList, RailUnreachable
from promises.payouts.rails.base import RailVerdict as V
from promises.payouts.rails.base import Trouble as T
from tests.fakes.stripe_server import LIVE_ACCOUNT
from tests.payouts import stripe_ground
from tests.payouts.stripe_ground import asked, now, outbound, refunds, stocked

DAY = dt.timedelta(days=1)


@pytest.fixture
def fake():
    with stocked() as running:
        yield running


# Refunds


def test_refund_of_a_charge_is_found_by_the_charge(fake):
    rail, request = refunds(fake), asked({"payment": "ch_1"})
    made = rail.submit(request)
    assert made.verdict is V.PAID
    assert rail.find(request).provider_ref == made.provider_ref


@pytest.mark.parametrize(
    ("status", "reason", "verdict", "trouble"),
    [
        ("pending", None, V.ACCEPTED, None),
        ("requires_action", None, V.ACCEPTED, None),
        ("succeeded", None, V.PAID, None),
        ("canceled", None, V.REJECTED, T.OTHER),
        ("failed", "lost_or_stolen_card", V.REJECTED, T.CARD_GONE),
        ("failed", "expired_or_canceled_card", V.REJECTED, T.CARD_GONE),
        ("failed", "insufficient_funds", V.REJECTED, T.NO_FUNDS),
        ("failed", "charge_for_pending_refund_disputed", V.REJECTED, T.DISPUTED),
        ("failed", "declined", V.REJECTED, T.BLOCKED),
        ("failed", "merchant_request", V.REJECTED, T.OTHER),
        ("failed", "unknown", V.REJECTED, T.OTHER),
        ("a new one", None, V.UNKNOWN, T.RAIL_DOWN),
    ],
)
def test_present_state_of_a_refund_is_what_counts(fake, status, reason, verdict, trouble):
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    ref = rail.submit(request).provider_ref
    fake.turn(ref, status, reason)
    seen = rail.look(request, ref)
    assert (seen.verdict, seen.trouble) == (verdict, trouble)


def test_refund_waits_for_funds_where_stripe_takes_it_on(fake):
    fake.set_balance("eur", 0, when_empty="accept")
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    made = rail.submit(request)
    assert (made.verdict, made.trouble) == (V.ACCEPTED, T.NO_FUNDS)
    fake.pay("pi_2", 5000, method="ideal")
    made = rail.submit(asked({"payment": "pi_2"}))
    assert (made.verdict, made.trouble) == (V.REJECTED, T.NO_FUNDS)


def test_refund_without_funds_goes_out_under_a_new_key_after_a_top_up(fake):
    fake.set_balance("eur", 0)
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    refused = rail.submit(request)
    assert (refused.verdict, refused.key_spent) == (V.WAIT_FUNDS, True)
    fake.set_balance("eur", 1000)
    assert rail.submit(request).verdict is V.WAIT_FUNDS  # the old key says the same for ever
    assert rail.submit(dataclasses.replace(request, generation=2)).verdict is V.PAID
    assert len(fake.effects(request.payout_id)) == 1


def test_what_cannot_be_refunded_is_refused_before_anything_is_sent(fake):
    rail = refunds(fake)
    fake.pay("pi_sek", 5000, "sek")
    fake.pay("pi_disputed", 5000)
    fake.dispute("ch_disputed")
    fake.pay("pi_unpaid", 5000, captured=False)
    refusals = [
        ("pi_sek", 1000, T.DETAILS_WRONG, "another currency"),
        ("pi_disputed", 1000, T.DISPUTED, "disputed"),
        ("pi_1", 5001, T.NOTHING_TO_REFUND, "less is left"),
        ("pi_unpaid", 1000, T.NOTHING_TO_REFUND, "less is left"),
        ("pi_none", 1000, T.DETAILS_WRONG, "InvalidRequestError resource_missing"),
        ("ch_none", 1000, T.DETAILS_WRONG, "InvalidRequestError resource_missing"),
    ]
    for payment, amount, trouble, detail in refusals:
        refused = rail.submit(asked({"payment": payment}, amount))
        assert (refused.verdict, refused.trouble, refused.detail) == (V.REJECTED, trouble, detail)
    fake.books.things["pi_unpaid"]["latest_charge"] = None
    fake.fail_next("answer", on="GET", body={"id": "pi_1", "latest_charge": None})
    assert rail.submit(asked({"payment": "pi_1"})).detail == "not paid"
    assert fake.calls("POST") == []


def test_question_before_the_refund_that_fails_has_sent_nothing(fake):
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    for kind in ("drop_before", "500_passing", "timeout_before"):
        fake.fail_next(kind, on="GET /v1/payment_intents")
        refused = rail.submit(request)
        assert (refused.verdict, refused.trouble) == (V.RETRY, T.RAIL_DOWN)
    fake.fail_next("answer", on="GET", body=b"[]")
    assert rail.submit(request).verdict is V.RETRY
    fake.fail_next("401", on="GET")
    assert rail.submit(request).verdict is V.CONFIG
    assert fake.calls("POST") == []


def test_payment_that_another_account_knows_is_for_a_person_on_a_second_look(fake):
    rail, request = refunds(fake), asked({"payment": "pi_none"})
    found = rail.find(request)
    assert (found.verdict, found.trouble) == (V.MISMATCH, T.DETAILS_WRONG)
    assert rail.look(request, "re_none").verdict is V.UNKNOWN


def test_effect_that_comes_late_keeps_its_key_in_use(fake):
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    fake.fail_next("late")
    assert rail.submit(request).verdict is V.UNKNOWN
    assert rail.find(request) is None
    assert rail.submit(request).http_status == 409
    fake.release()
    assert rail.find(request).verdict is V.PAID
    assert len(fake.effects(request.payout_id)) == 1


def test_refunds_of_a_span_are_listed_with_those_of_others(fake):
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    since = now(fake)
    ref = rail.submit(request).provider_ref
    foreign = {"payment_intent": "pi_1", "amount": 7, "metadata": {"payout_id": "not ours"}}
    rail.client.v1.refunds.create(foreign)
    rail.client.v1.refunds.create({"payment_intent": "pi_1", "amount": 8})
    fake.advance(days=1)
    rail.submit(asked({"payment": "pi_1"}, 9))
    found = list(rail.listed(since, since + DAY / 2))
    assert [(one.amount_minor, one.payout_id) for one in found] == [
        (8, None),
        (7, None),
        (1000, request.payout_id),
    ]
    assert (found[2].provider_ref, found[2].currency, found[2].verdict) == (ref, "EUR", V.PAID)
    assert abs(found[2].created_at - since) < dt.timedelta(seconds=5)


def test_odd_refund_of_others_is_passed_over_and_counted_and_ours_is_not(fake):
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    ref = rail.submit(request).provider_ref
    fine = fake.books.things[ref]
    theirs = {"id": "re_odd", "object": "refund", "status": "new", "metadata": {}}
    ours = theirs | {"metadata": {"payout_id": str(request.payout_id)}}
    span = now(fake) - DAY, now(fake) + DAY
    answer_with(fake, theirs, fine)
    with structlog.testing.capture_logs() as logs:
        assert [one.provider_ref for one in rail.listed(*span)] == [ref]
    assert [(one["event"], one["count"]) for one in logs] == [("foreign_effects_not_read", 1)]
    answer_with(fake, ours, fine)
    with pytest.raises(RailUnreachable):
        list(rail.listed(*span))


def answer_with(fake, *things):
    page = {"object": "list", "data": things, "has_more": False}
    fake.fail_next("answer", on="GET", body=json.dumps(page).encode())


def test_spans_that_meet_list_each_refund_once(fake):
    rail = refunds(fake)
    ref = rail.submit(asked({"payment": "pi_1"}, 5000)).provider_ref  # all that was paid
    second = dt.timedelta(seconds=1)
    at = dt.datetime.fromtimestamp(fake.books.things[ref]["created"], dt.UTC)
    assert list(rail.listed(at - second, at)) == []
    assert [one.provider_ref for one in rail.listed(at, at + second)] == [ref]
    assert list(rail.listed(at + second, at + 2 * second)) == []


def test_list_that_breaks_off_is_not_taken_for_whole(fake):
    rail = refunds(fake)
    fake.pay("pi_1", 10**6)
    for _ in range(101):
        rail.submit(asked({"payment": "pi_1"}))
    listed = rail.listed(now(fake) - DAY, now(fake) + DAY)
    assert len([next(listed) for _ in range(100)]) == 100
    fake.fail_next("drop_before", on="GET")
    with pytest.raises(RailUnreachable):
        next(listed)


# Credits


def test_credit_lowers_what_the_customer_owes(fake):
    rail = stripe_ground.credits(fake)
    assert rail.submit(asked({"customer": "cus_1"})).verdict is V.PAID
    assert fake.books.things["cus_1"]["balance"] == -1000


def test_customer_who_cannot_be_credited_is_refused_before_anything_is_sent(fake):
    rail = stripe_ground.credits(fake)
    fake.customer("cus_gone", deleted=True)
    fake.customer("cus_sek", currency="sek")
    fake.customer("cus_new")
    for customer, trouble in (("cus_gone", T.ACCOUNT_CLOSED), ("cus_sek", T.DETAILS_WRONG)):
        refused = rail.submit(asked({"customer": customer}))
        assert (refused.verdict, refused.trouble) == (V.REJECTED, trouble)
    assert fake.calls("POST") == []
    assert rail.submit(asked({"customer": "cus_new"})).verdict is V.PAID


def test_credits_have_no_list_of_all(fake):
    with pytest.raises(CannotList):
        next(stripe_ground.credits(fake).listed(now(fake), now(fake)))


# Outbound payments


@pytest.mark.parametrize(
    ("status", "reason", "verdict", "trouble"),
    [
        ("processing", "under_review", V.ACCEPTED, None),
        ("posted", None, V.PAID, None),
        ("canceled", None, V.REJECTED, T.OTHER),
        ("failed", "payout_method_declined", V.REJECTED, T.BLOCKED),
        ("failed", "payout_method_does_not_exist", V.REJECTED, T.DETAILS_WRONG),
        ("returned", "payout_method_closed", V.RETURNED, T.ACCOUNT_CLOSED),
        ("returned", "recalled", V.RETURNED, T.OTHER),
        ("a new one", None, V.UNKNOWN, T.RAIL_DOWN),
    ],
)
def test_present_state_of_an_outbound_payment_is_what_counts(
    fake, status, reason, verdict, trouble
):
    rail, request = outbound(fake), asked({"recipient": "acct_anna"})
    ref = rail.submit(request).provider_ref
    fake.turn(ref, status, reason)
    seen = rail.look(request, ref)
    assert (seen.verdict, seen.trouble) == (verdict, trouble)


def test_outbound_payment_keeps_its_key_through_a_refusal(fake):
    rail, request = outbound(fake), asked({"recipient": "acct_anna"})
    fake.set_balance("eur", 0)
    assert rail.submit(request).verdict is V.WAIT_FUNDS
    fake.set_balance("eur", 1000)
    assert rail.submit(request).verdict is V.ACCEPTED
    fake.fail_next("500_after")
    other = asked({"recipient": "acct_anna"}, 7)
    fake.set_balance("eur", 1000)
    assert rail.submit(other).verdict is V.UNKNOWN
    assert rail.submit(other).replayed
    assert len(fake.effects()) == 2


def test_outbound_payments_of_a_span_are_listed(fake):
    rail, request = outbound(fake), asked({"recipient": "acct_anna"})
    since = now(fake)
    rail.submit(request)
    rail.submit(asked({"recipient": "acct_anna"}))
    found = list(rail.listed(since, since + DAY))
    assert request.payout_id in [one.payout_id for one in found]
    assert len(found) == 2
    assert list(rail.listed(since - DAY, since)) == []


def test_outbound_payment_without_its_source_is_not_sent(fake):
    rail = outbound(fake, settings={})
    refused = rail.submit(asked({"recipient": "acct_anna"}))
    assert (refused.verdict, refused.detail) == (V.CONFIG, "no financial account")
    assert fake.calls() == []
    assert not rail.test().works
    elsewhere = outbound(fake, settings={"financial_account": "fa_none"})
    refused = elsewhere.submit(asked({"recipient": "acct_anna"}))
    assert (refused.verdict, refused.detail) == (V.CONFIG, "no such financial account")
    fake.books.things["fa_fake"]["status"] = "closed"
    refused = outbound(fake).submit(asked({"recipient": "acct_anna"}))
    assert (refused.verdict, refused.detail) == (V.CONFIG, "financial account not open")
    fake.fail_next("answer", on="GET", status=400, body={"error": {"type": "other"}})
    assert outbound(fake).submit(asked({"recipient": "acct_anna"})).verdict is V.REJECTED
    assert fake.calls("POST") == []


def test_live_things_are_not_there_for_a_test_key(fake):
    fake.pay("pi_live", 5000, account=LIVE_ACCOUNT)
    refused = refunds(fake).submit(asked({"payment": "pi_live"}))
    assert (refused.verdict, refused.trouble) == (V.REJECTED, T.DETAILS_WRONG)
