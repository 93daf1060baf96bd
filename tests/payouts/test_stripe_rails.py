"""What the three rails of Stripe have in common, against a Stripe of our own; keys and modes."""

import dataclasses
import datetime as dt
import json

import pytest

from promises.kernel.ids import new_id
from promises.payouts.rails import stripe_common
from promises.payouts.rails.base import RailUnreachable
from promises.payouts.rails.base import RailVerdict as V
from promises.payouts.rails.base import Trouble as T
from promises.payouts.rails.stripe_common import StripeMaker, refused_key
from promises.payouts.rails.stripe_credit import credit_maker
from promises.payouts.rails.stripe_outbound import outbound_maker
from promises.payouts.rails.stripe_refund import refund_maker
from tests.fakes.stripe_server import TEST_KEY
from tests.payouts import stripe_ground
from tests.payouts.stripe_ground import account, asked, now, outbound, refunds, stocked


@pytest.fixture
def fake():
    with stocked() as running:
        yield running


@pytest.fixture(params=["refund", "credit", "outbound"])
def rail_and_request(request, fake):
    if request.param == "refund":
        return refunds(fake), asked({"payment": "pi_1"})
    if request.param == "credit":
        return stripe_ground.credits(fake), asked({"customer": "cus_1"})
    return outbound(fake), asked({"recipient": "acct_anna", "method": "pm_anna"})


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


@pytest.mark.parametrize("right", ["refunds", "payment_intents", "charges"])
def test_key_that_lacks_a_right_of_refunds_does_not_work(fake, right):
    rail = refunds(fake)
    assert rail.test().works
    fake.fail_next("403", on=f"GET /v1/{right}")
    assert rail.test().trouble is T.ACCESS_REFUSED
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
    refused = other.submit(dataclasses.replace(request, payout_id=new_id()))
    assert refused.verdict is (V.CONFIG if rail.name == "stripe_outbound" else V.REJECTED)
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
