"""Beyond the rows: what becomes of a refund after it was made, and who tells us of it."""

import datetime as dt
import gzip
import json

import pytest
import stripe as sdk

from promises.flows.money_incidents import review
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from promises.payouts.rail_models import EventState, IncidentKind
from tests.fakes.stripe_events import Message, signed
from tests.fakes.stripe_server import TEST_KEY
from tests.payouts.matrix.ground import ARRIVED, BOOKS, CREATE, PERSON, books_of, check, check_text

pytestmark = pytest.mark.usefixtures("as_application")


def sent(shop, stripe, status="pending"):
    (payout_id,) = shop.debt_to()
    if status != "succeeded":
        stripe.fail_next(status, on=CREATE)
    shop.settle()
    return payout_id, shop.payout(payout_id).provider_ref


def tell(shop, client, message):
    assert shop.told(client, message) == 200
    shop.work_off_messages()


def days_pass(shop, days):
    for _ in range(days):
        shop.later(days=1)
        shop.settle()


def open_kinds(shop, payout_id):
    return {
        one.kind for one in shop.incidents() if one.closed_at is None and one.payout_id == payout_id
    }


def check_waits_for_a_person(shop, client, payout_id):
    """It may still be carried out: the books have it under way, and one effect stands."""
    row = shop.payout(payout_id)
    assert (row.state, row.trouble) == ("needs_review", "silent")
    assert books_of(shop, payout_id) == BOOKS["submitted"]
    assert len([one for one in shop.stripe.effects(payout_id) if one.standing]) == 1
    assert open_kinds(shop, payout_id) == {IncidentKind.NEEDS_REVIEW}
    check_text(shop, client, payout_id, PERSON)


def test_refund_that_waits_for_the_customer_and_fails_after_a_month_is_owed_again(
    shop, stripe, client
):
    payout_id, ref = sent(shop, stripe)
    stripe.turn(ref, "requires_action")
    tell(shop, client, shop.message(ref))
    check(shop, client, payout_id, "submitted", effects=1)
    days_pass(shop, 8)
    check_waits_for_a_person(shop, client, payout_id)
    days_pass(shop, 3)
    check_waits_for_a_person(shop, client, payout_id)
    shop.later(days=20)
    stripe.turn(ref, "failed", "expired_or_canceled_card")
    tell(shop, client, shop.message(ref, "refund.failed"))
    check(shop, client, payout_id, "failed", effects=0)
    assert shop.audited(payout_id) == ["submitted", "needs_review", "failed"]
    assert shop.debt(payout_id).holds == ["payment"]
    assert open_kinds(shop, payout_id) == set()


def test_refund_that_is_made_after_all_needs_no_person_any_more(shop, stripe, client):
    """Without a message: what waits for a person is looked at each day."""
    payout_id, ref = sent(shop, stripe)
    days_pass(shop, 8)
    check_waits_for_a_person(shop, client, payout_id)
    stripe.fail_next("500_passing", on=f"GET /v1/refunds/{ref}")
    days_pass(shop, 1)
    check_waits_for_a_person(shop, client, payout_id)
    stripe.turn(ref, "succeeded")
    days_pass(shop, 1)
    check(shop, client, payout_id, "paid", effects=1)
    assert open_kinds(shop, payout_id) == set()
    (closed,) = [one for one in shop.incidents() if one.payout_id == payout_id]
    assert (closed.closed_by, closed.closing_note) == (None, "")


def test_what_a_person_decided_is_decided(shop, stripe, client):
    payout_id, ref = sent(shop, stripe)
    days_pass(shop, 8)
    with shop.work(Role.ACCOUNTANT) as uow:
        review(uow, payout_id=payout_id, was_paid=True, evidence="It says so on the page.")
    stripe.turn(ref, "succeeded")
    tell(shop, client, shop.message(ref))
    check(shop, client, payout_id, "paid", effects=1)
    assert shop.audited(payout_id) == ["submitted", "needs_review", "paid"]


def test_silent_refund_that_turns_out_otherwise_stays_with_the_person(shop, stripe, client):
    payout_id, ref = sent(shop, stripe)
    days_pass(shop, 8)
    stripe.books.things[ref]["amount"] = 999
    days_pass(shop, 1)
    row = shop.payout(payout_id)
    assert (row.state, row.trouble) == ("needs_review", "other_effect")
    kinds = {IncidentKind.NEEDS_REVIEW, IncidentKind.OTHER_AMOUNT}
    assert open_kinds(shop, payout_id) == kinds
    stripe.books.things[ref]["amount"] = 1000
    stripe.turn(ref, "succeeded")
    days_pass(shop, 3)
    assert shop.payout(payout_id).state == "needs_review"


def unheard(shop, stripe, fault):
    """A payout of whose only try nobody could learn anything for a day."""
    (payout_id,) = shop.debt_to()
    stripe.fail_next(fault, on=CREATE)
    shop.settle()
    stripe.fail_next("500_passing", on="GET /v1/refunds", times=999)
    for _ in range(2):
        shop.later(hours=12)
        shop.settle()
    stripe.take_fault("GET /v1/refunds", {"500_passing"}).times = 0
    row = shop.payout(payout_id)
    assert (row.state, row.trouble) == ("needs_review", "too_old")
    return payout_id


def test_refund_that_is_found_after_stripe_was_away_for_a_day_needs_no_person(shop, stripe, client):
    payout_id = unheard(shop, stripe, "timeout_after")
    check(shop, client, payout_id, "needs_review", effects=1)
    days_pass(shop, 1)
    check(shop, client, payout_id, "paid", effects=1)
    assert shop.audited(payout_id) == ["unknown", "unknown", "needs_review", "paid"]
    assert (shop.creates(payout_id), open_kinds(shop, payout_id)) == (1, set())


@pytest.mark.parametrize(("status", "state"), [("pending", "submitted"), ("failed", "failed")])
def test_message_that_comes_when_stripe_is_back_is_looked_into(shop, stripe, client, status, state):
    payout_id = unheard(shop, stripe, "timeout_after")
    (effect,) = stripe.effects(payout_id)
    stripe.turn(effect.ref, status, "declined" if status == "failed" else None)
    tell(shop, client, shop.message(effect.ref, "refund.created"))
    check(shop, client, payout_id, state, effects=int(state == "submitted"))
    assert (shop.creates(payout_id), open_kinds(shop, payout_id)) == (1, set())


def test_refund_of_which_nothing_is_found_stays_with_the_person(shop, stripe, client):
    payout_id = unheard(shop, stripe, "timeout_before")
    days_pass(shop, 3)
    assert shop.creates(payout_id) == 1
    check(shop, client, payout_id, "needs_review", effects=0)
    assert shop.payout(payout_id).trouble == "too_old"


@pytest.mark.parametrize(("before", "state"), [("pending", "failed"), ("succeeded", "returned")])
def test_refund_that_is_cancelled_at_stripe_is_owed_again(shop, stripe, client, before, state):
    payout_id, ref = sent(shop, stripe, before)
    stripe.turn(ref, "canceled")
    tell(shop, client, shop.message(ref))
    check(shop, client, payout_id, state, effects=0)
    assert shop.debt(payout_id).holds == ["payment"]


def test_refund_that_fails_after_forty_days_is_owed_again(shop, stripe, client):
    payout_id, ref = sent(shop, stripe, "succeeded")
    days_pass(shop, 37)
    shop.later(days=3)
    stripe.turn(ref, "failed", "lost_or_stolen_card")
    tell(shop, client, shop.message(ref, "refund.failed"))
    check(shop, client, payout_id, "returned", effects=0)
    assert shop.payout(payout_id).trouble == "card_gone"


# What somebody changes at the provider


def test_metadata_that_is_taken_off_a_paid_refund_is_an_incident_once(shop, stripe, client):
    payout_id, ref = sent(shop, stripe, "succeeded")
    stripe.books.things[ref]["metadata"] = {}
    days_pass(shop, 9)
    assert shop.payout(payout_id).state == "paid"
    assert books_of(shop, payout_id) == BOOKS["paid"]
    assert open_kinds(shop, payout_id) == {IncidentKind.OTHER_AMOUNT}
    check_text(shop, client, payout_id, ARRIVED)


def test_metadata_that_is_lost_before_the_refund_was_found_pays_no_second_time(
    shop, stripe, client
):
    (payout_id,) = shop.debt_to(paid=5000)
    stripe.fail_next("timeout_after", on=CREATE)
    shop.settle()
    (effect,) = stripe.effects(payout_id)
    stripe.books.things[effect.ref]["metadata"] = {"note": "seen"}
    row = shop.settle_within_schedule(payout_id)
    assert (row.state, row.provider_ref, row.generation) == ("paid", effect.ref, 1)
    assert [one.ref for one in stripe.effects() if one.target == effect.target] == [effect.ref]
    assert books_of(shop, payout_id) == BOOKS["paid"]


# Messages


def thin(kind, ref):
    return {
        "id": f"evt_{new_id().hex}", "object": "v2.core.event", "livemode": False, "type": kind,
        "related_object": {"id": ref, "type": "refund", "url": f"/v1/refunds/{ref}"},
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["v1.refund.failed", "v1.charge.refund.updated"])
def test_thin_message_of_the_first_version_makes_us_look(shop, stripe, client, kind):
    payout_id, ref = sent(shop, stripe, "succeeded")
    stripe.turn(ref, "failed", "declined")
    tell(shop, client, signed(thin(kind, ref), sent_at=shop.now))
    check(shop, client, payout_id, "returned", effects=0)


def test_message_of_another_version_and_of_a_connected_account_makes_us_look(shop, stripe, client):
    payout_id, ref = sent(shop, stripe)
    stripe.turn(ref, "succeeded")
    old = {
        "id": f"evt_{new_id().hex}", "object": "event", "type": "charge.refund.updated",
        "api_version": "2015-10-16", "livemode": False, "user_id": "acct_1", "account": "acct_1",
        "data": {"object": {"id": ref}},
    }  # fmt: skip
    tell(shop, client, signed(old, sent_at=shop.now))
    check(shop, client, payout_id, "paid", effects=1)


def test_endpoint_that_tells_of_charges_only_leaves_it_to_the_looks(shop, stripe, client):
    payout_id, ref = sent(shop, stripe)
    stripe.turn(ref, "succeeded")
    charge = {"id": stripe.books.things[ref]["charge"], "object": "charge", "refunds": None}
    body = json.loads(shop.message(ref).body) | {"id": "evt_charge", "type": "charge.refunded"}
    tell(shop, client, signed(body | {"data": {"object": charge}}, sent_at=shop.now))
    assert shop.one("SELECT state FROM provider_events WHERE event_id = 'evt_charge'").state == (
        EventState.IGNORED
    )
    check(shop, client, payout_id, "submitted", effects=1)
    days_pass(shop, 1)
    check(shop, client, payout_id, "paid", effects=1)


def test_packed_or_late_message_is_refused_and_the_looks_find_what_it_told(shop, stripe, client):
    payout_id, ref = sent(shop, stripe)
    stripe.turn(ref, "succeeded")
    good = shop.message(ref)
    packed = Message(gzip.compress(good.body), good.headers | {"Content-Encoding": "gzip"})
    slow = shop.message(ref, sent_at=shop.now - dt.timedelta(minutes=7))  # or our clock is fast
    assert [shop.told(client, one) for one in (packed, slow)] == [400, 400]
    check(shop, client, payout_id, "submitted", effects=1)
    days_pass(shop, 1)
    check(shop, client, payout_id, "paid", effects=1)


def test_refund_that_a_person_made_on_the_same_payment_touches_no_payout(shop, stripe, client):
    (payout_id,) = shop.debt_to(paid=5000)
    shop.settle()
    payment = stripe.effects(payout_id)[0].target
    api = sdk.StripeClient(TEST_KEY, base_addresses={"api": stripe.url})
    ref = api.v1.refunds.create({"payment_intent": payment, "amount": 700}).id
    message = shop.message(ref, "refund.created")
    tell(shop, client, message)
    shop.later(minutes=3)
    shop.work_off_messages()
    state = "SELECT state FROM provider_events WHERE event_id = %(e)s"
    assert shop.one(state, e=message.event_id).state == EventState.PARKED
    incident = shop.incidents()[-1]
    assert (incident.kind, incident.ref) == (IncidentKind.UNKNOWN_EVENT, "others")
    check(shop, client, payout_id, "paid", effects=1)
