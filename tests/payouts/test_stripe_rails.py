"""The three rails of Stripe against a Stripe of our own."""

import dataclasses
import datetime as dt
import json

import pytest
import structlog

from promises.kernel.ids import new_id
from promises.payouts.rails import stripe_common
from promises.payouts.rails.base import CannotList, RailUnreachable
from promises.payouts.rails.base import RailVerdict as V
from promises.payouts.rails.base import Trouble as T
from promises.payouts.rails.stripe_common import StripeMaker, refused_key
from promises.payouts.rails.stripe_credit import credit_maker
from promises.payouts.rails.stripe_outbound import outbound_maker
from promises.payouts.rails.stripe_refund import refund_maker
from tests.fakes.stripe_server import LIVE_ACCOUNT, TEST_KEY, FakeStripe
from tests.payouts import stripe_ground
from tests.payouts.stripe_ground import account, asked, outbound, refunds

DAY = dt.timedelta(days=1)


@pytest.fixture
def fake():
    with FakeStripe() as running:
        running.pay("pi_1", 5000)
        running.customer("cus_1", currency="eur")
        running.recipient("acct_anna", "pm_anna")
        yield running


@pytest.fixture(params=["refund", "credit", "outbound"])
def rail_and_request(request, fake):
    if request.param == "refund":
        return refunds(fake), asked({"payment": "pi_1"})
    if request.param == "credit":
        return stripe_ground.credits(fake), asked({"customer": "cus_1"})
    return outbound(fake), asked({"recipient": "acct_anna", "method": "pm_anna"})


def now(fake):
    return fake.clock.now()


# What all have in common


def test_submitted_payout_is_one_effect_that_is_found_looked_at_and_replayed(
    fake, rail_and_request
):
    rail, request = rail_and_request
    assert rail.find(request) is None
    made = rail.submit(request)
    (effect,) = fake.effects(request.payout_id)
    assert (effect.rail, effect.amount, effect.currency) == (rail.name, 1000, "eur")
    assert made.verdict in (V.PAID, V.ACCEPTED)
    assert (made.provider_ref, made.http_status, made.replayed) == (effect.ref, 200, False)
    assert made.request_id.startswith("req_")
    for again in (rail.find(request), rail.look(request, effect.ref)):
        assert (again.verdict, again.provider_ref) == (made.verdict, effect.ref)
    replayed = rail.submit(request)
    assert (replayed.provider_ref, replayed.replayed) == (effect.ref, True)
    assert len(fake.effects()) == 1


def test_lost_answer_is_found_by_our_own_id(fake, rail_and_request):
    rail, request = rail_and_request
    fake.fail_next("timeout_after")
    assert rail.submit(request).verdict is V.UNKNOWN
    found = rail.find(request)
    assert found.provider_ref == fake.effects(request.payout_id)[0].ref


def test_effect_is_found_behind_a_hundred_others(fake, rail_and_request):
    rail, request = rail_and_request
    fake.pay("pi_1", 10**6)
    rail.submit(request)
    for _ in range(101):
        rail.submit(dataclasses.replace(request, payout_id=new_id(), key=str(new_id())))
    assert rail.find(request).provider_ref == fake.effects(request.payout_id)[0].ref


def test_failed_look_proves_nothing(fake, rail_and_request):
    rail, request = rail_and_request
    ref = rail.submit(request).provider_ref
    fake.fail_next("500_passing", on="GET", times=2)
    for seen in (rail.find(request), rail.look(request, ref)):
        assert (seen.verdict, seen.trouble, seen.key_spent) == (V.UNKNOWN, T.RAIL_DOWN, False)
    fake.shut(TEST_KEY, 401)
    for seen in (rail.find(request), rail.look(request, ref)):
        assert (seen.verdict, seen.trouble) == (V.UNKNOWN, T.ACCESS_REFUSED)
    assert rail.submit(request).verdict is V.CONFIG
    assert len(fake.effects()) == 1


def test_odd_answer_proves_nothing(fake, rail_and_request):
    rail, request = rail_and_request
    ref = rail.submit(request).provider_ref
    for odd in (b"[]", b'{"object": "list", "data": [{}]}', b"3"):
        fake.fail_next("answer", on="GET", times=2, body=odd)
        for seen in (rail.find(request), rail.look(request, ref)):
            assert seen is None or seen.verdict is V.UNKNOWN, odd
        assert fake.take_fault("GET", {"answer"}) is None


def test_odd_effect_of_somebody_else_hides_nothing(fake, rail_and_request):
    rail, request = rail_and_request
    theirs = {"id": "x_1", "object": "refund", "status": None, "metadata": {}}
    ours = theirs | {"metadata": {"payout_id": str(request.payout_id)}}
    for listed, seen in ((theirs, None), (ours, V.UNKNOWN)):
        page = {"object": "list", "data": [listed], "has_more": False, "next_page_url": None}
        fake.fail_next("answer", on="GET", body=json.dumps(page).encode())
        found = rail.find(request)
        assert (found and found.verdict) is seen


def test_refused_question_before_the_payment_spends_no_key(fake):
    for rail, request in (
        (refunds(fake), asked({"payment": "pi_1"})),
        (stripe_ground.credits(fake), asked({"customer": "cus_1"})),
    ):
        fake.fail_next("403", on="GET")
        refused = rail.submit(request)
        assert (refused.verdict, refused.key_spent) == (V.CONFIG, False)
    assert fake.effects() == []


def test_effect_unlike_what_was_asked_for_is_not_adopted(fake, rail_and_request):
    rail, request = rail_and_request
    ref = rail.submit(request).provider_ref
    other = dataclasses.replace(request, amount_minor=999)
    for seen in (rail.find(other), rail.look(other, ref)):
        assert (seen.verdict, seen.trouble) == (V.MISMATCH, T.OTHER_EFFECT)
        assert (seen.provider_ref, seen.seen) == (ref, (request.amount_minor, request.currency))
    foreign = rail.look(dataclasses.replace(other, payout_id=new_id()), ref)
    assert (foreign.verdict, foreign.seen) == (V.MISMATCH, None)
    swedish = rail.find(dataclasses.replace(request, currency="SEK"))
    assert (swedish.verdict, swedish.seen) == (V.MISMATCH, (request.amount_minor, "EUR"))


def test_effect_that_went_elsewhere_is_not_adopted(fake):
    fake.pay("pi_2", 5000)
    rail, request = refunds(fake), asked({"payment": "pi_1"})
    ref = rail.submit(request).provider_ref
    elsewhere = dataclasses.replace(request.destination, details={"payment": "pi_2"})
    seen = rail.look(dataclasses.replace(request, destination=elsewhere), ref)
    assert (seen.verdict, seen.trouble, seen.seen) == (V.MISMATCH, T.OTHER_EFFECT, None)


def test_key_that_was_used_for_another_payout_does_nothing(fake, rail_and_request):
    rail, request = rail_and_request
    rail.submit(request)
    other = dataclasses.replace(request, payout_id=new_id(), amount_minor=999, key=request.key)
    refused = rail.submit(other)
    assert refused.verdict is V.UNKNOWN  # the key was used for something else
    assert rail.find(other) is None
    assert len(fake.effects()) == 1


def test_two_effects_of_one_payout_are_for_a_person(fake, rail_and_request):
    rail, request = rail_and_request
    rail.submit(request)
    rail.submit(dataclasses.replace(request, generation=2))
    assert len(fake.effects(request.payout_id)) == 2
    found = rail.find(request)
    assert (found.verdict, found.detail) == (V.MISMATCH, "2 effects")


def test_missing_or_malformed_target_is_refused_without_a_call(fake, rail_and_request):
    rail, request = rail_and_request
    for going in (None, dataclasses.replace(request.destination, details={})):
        bare = dataclasses.replace(request, destination=going)
        refused = rail.submit(bare)
        assert (refused.verdict, refused.trouble) == (V.REJECTED, T.DETAILS_WRONG)
        assert rail.find(bare) is None
        assert rail.look(bare, "re_1").verdict is V.UNKNOWN
    assert fake.calls() == []


def test_currency_that_stripe_counts_in_other_units_is_refused_without_a_call(
    fake, rail_and_request
):
    rail, request = rail_and_request
    refused = rail.submit(dataclasses.replace(request, currency="ISK"))
    assert (refused.verdict, refused.detail) == (V.REJECTED, "currency")
    assert fake.calls() == []


def test_connection_is_tested_without_effect(fake, rail_and_request):
    rail, _ = rail_and_request
    found = rail.test()
    assert (found.works, found.account) == (True, "Shop of acct_fake")
    fake.fail_next("403", on="GET /v1/account")
    assert (rail.test().works, rail.test().account) == (True, "Shop of acct_fake")
    fake.shut(TEST_KEY, 403)
    found = rail.test()
    assert (found.works, found.trouble) == (False, T.ACCESS_REFUSED)
    assert found.detail == "PermissionError"
    assert fake.effects() == []


def test_test_says_what_it_could_not_reach(fake, rail_and_request):
    rail, _ = rail_and_request
    fake.fail_next("drop_before", on="GET")
    assert rail.test().trouble is T.RAIL_DOWN
    fake.fail_next("403", on="GET /v1/account")
    assert rail.test() == stripe_common.Connection(works=True, account="")


def test_organisation_sees_only_what_its_own_key_sees(fake, rail_and_request):
    rail, request = rail_and_request
    rail.submit(request)
    fake.own("sk_test_other", "acct_other")
    changes = {"key": "sk_test_other", "settings": stripe_ground.SOURCE}
    maker = StripeMaker(type(rail), None, address=fake.url)
    other = stripe_ground.opened(maker, **changes)
    assert other.submit(dataclasses.replace(request, payout_id=new_id())).verdict is V.REJECTED
    assert len(fake.effects()) == 1


# Keys and modes


@pytest.mark.parametrize(
    ("key", "live", "address", "why"),
    [
        ("sk_test_1", False, None, None),
        ("rk_test_1", False, None, None),
        ("sk_live_1", True, None, None),
        ("rk_live_1", True, None, None),
        ("sk_test_1", False, "http://127.0.0.1:1", None),
        ("sk_test_1", False, "http://[::1]:1", None),
        ("sk_test_1", True, None, "key of the other mode"),
        ("sk_live_1", False, None, "key of the other mode"),
        ("sk_test_1", True, "http://127.0.0.1:1", "key of the other mode"),
        ("sk_live_1", True, "http://127.0.0.1:1", "live key at a test address"),
        ("sk_test_1", False, "http://stripe.example", "address is not on this machine"),
        ("sk_test_1", False, "https://127.0.0.1:1", "address is not on this machine"),
        ("pk_live_1", True, None, "not a key"),
        ("sk_test_1\n", False, None, "not a key"),
        ("", False, None, "not a key"),
    ],
)
def test_key_is_used_in_its_own_mode_and_at_its_own_address(key, live, address, why):
    assert refused_key(key, live=live, address=address) == why


@pytest.mark.parametrize("make", [refund_maker, credit_maker, outbound_maker])
def test_live_key_makes_a_rail_that_is_shut_at_a_test_address(fake, make):
    rail = make(fake.url).open(account(key="sk_live_1", live=True))
    request = asked({"payment": "pi_1", "customer": "cus_1", "recipient": "acct_anna"})
    refused = rail.submit(request)
    assert (refused.verdict, refused.trouble) == (V.CONFIG, T.ACCESS_REFUSED)
    assert rail.find(request).verdict is V.UNKNOWN
    assert rail.look(request, "re_1").verdict is V.UNKNOWN
    assert rail.test().detail == "live key at a test address"
    with pytest.raises(RailUnreachable):
        rail.listed(now(fake), now(fake))
    assert make(fake.url).open(None).test().detail == "no settings"
    assert fake.calls() == []


def test_real_address_is_reached_by_whoever_has_no_other():
    rail = refund_maker().open(account(key="sk_live_1", live=True))
    assert rail.client._requestor.base_addresses["api"] == "https://api.stripe.com"
    assert rail.client._requestor._options.max_network_retries == 0
    assert sum(stripe_common.TIMEOUT_S) <= 8


def test_password_file_does_not_take_the_place_of_the_key(fake, monkeypatch, tmp_path):
    secret = tmp_path / "netrc"
    secret.write_text("machine 127.0.0.1 login eve password eve\n")
    monkeypatch.setenv("NETRC", str(secret))
    rail = refunds(fake)
    session = rail.client._requestor._client._session
    session.trust_env = True  # as at the real address
    assert rail.test().works
    session.auth = None
    assert not rail.test().works  # what it would come to


def test_makers_say_how_long_their_keys_live_and_what_they_need():
    for make, lives in ((refund_maker, 20), (credit_maker, 20), (outbound_maker, 29 * 24)):
        maker = make()
        assert maker.key_lives == dt.timedelta(hours=lives)
        assert not maker.by_run
        assert [one.name for one in maker.fields if one.secret] == ["key", "webhook_secret"]
    assert [one.name for one in outbound_maker().fields if not one.secret] == ["financial_account"]


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


def test_live_things_are_not_there_for_a_test_key(fake):
    fake.pay("pi_live", 5000, account=LIVE_ACCOUNT)
    refused = refunds(fake).submit(asked({"payment": "pi_live"}))
    assert (refused.verdict, refused.trouble) == (V.REJECTED, T.DETAILS_WRONG)
