"""Rows 20 to 25: what the provider tells us, late, twice, out of order or not at all itself."""

import datetime as dt
import json

import pytest

from promises.flows import choose_payout
from promises.kernel.ids import new_id
from promises.payouts.rail_models import EventState, IncidentKind
from tests.fakes.stripe_events import SECRET, Message, signed
from tests.payouts.matrix.ground import CREATE, check

pytestmark = pytest.mark.usefixtures("as_application")


def paid(shop):
    (payout_id,) = shop.debt_to()
    shop.settle()
    assert shop.payout(payout_id).state == "paid"
    return payout_id, shop.payout(payout_id).provider_ref


def came_back(shop, stripe, client):
    payout_id, ref = paid(shop)
    stripe.turn(ref, "failed", "expired_or_canceled_card")
    assert shop.told(client, shop.message(ref, "refund.failed")) == 200
    shop.work_off_messages()
    return payout_id, ref


def events(shop):
    return shop.one("SELECT count(*) AS n FROM provider_events").n


def test_row_20_late_failure_returns_the_money_and_another_way_pays(shop, stripe, client):
    payout_id, _ = came_back(shop, stripe, client)
    check(shop, client, payout_id, "returned", effects=0)
    assert shop.payout(payout_id).trouble == "card_gone"
    debt = shop.debt(payout_id)
    assert debt.holds == ["payment"]
    with shop.work(None) as uow:
        choose_payout.choose(uow, ticket_id=debt.ticket_id, rail="voucher")
    shop.settle()
    live = shop.rows(
        "SELECT state, rail FROM payouts WHERE compensation_id = %(c)s ORDER BY created_at, id",
        c=debt.id,
    )
    assert [(row.rail, row.state) for row in live] == [
        ("stripe_refund", "returned"),
        ("voucher", "submitted"),
    ]
    assert shop.unbalanced() == []


def test_row_21_stale_success_after_a_failure_changes_nothing(shop, stripe, client):
    payout_id, ref = came_back(shop, stripe, client)
    stale = shop.message(ref, "refund.updated", status="succeeded")
    assert shop.told(client, stale) == 200
    shop.work_off_messages()
    check(shop, client, payout_id, "returned", effects=0)


def test_row_22_message_that_overtakes_the_answer_settles_the_payout(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("timeout_after", on=CREATE)
    shop.settle()
    (effect,) = stripe.effects(payout_id)
    assert shop.told(client, shop.message(effect.ref, "refund.created")) == 200
    shop.work_off_messages()
    assert shop.creates(payout_id) == 1
    check(shop, client, payout_id, "paid", effects=1)


def test_row_23_same_message_many_times_is_stored_and_handled_once(shop, stripe, client):
    payout_id, ref = paid(shop)
    before = events(shop)
    message = shop.message(ref)
    assert [shop.told(client, message) for _ in range(5)] == [200] * 5
    assert events(shop) == before + 1
    assert shop.work_off_messages() == 1
    assert shop.told(client, message) == 200
    assert shop.work_off_messages() == 0
    check(shop, client, payout_id, "paid", effects=1)


def forged(shop, ref):
    good = shop.message(ref, "refund.failed", status="failed")
    old = shop.now - dt.timedelta(minutes=6)
    body = json.loads(good.body)
    return {
        "forged": Message(good.body, {**good.headers, "Stripe-Signature": "t=1,v1=00"}),
        "altered by one space": Message(good.body + b" ", good.headers),
        "too old": shop.message(ref, "refund.failed", sent_at=old),
        "without a signature": Message(good.body, {"Content-Type": "application/json"}),
        "not UTF-8": Message(b"\xff" + good.body, good.headers),
        "with another's secret": signed(body, secret="whsec_other", sent_at=shop.now),
        "not an event": signed([1, 2], secret=SECRET, sent_at=shop.now),
    }


def test_row_24_what_is_not_stripes_own_is_refused_and_not_kept(shop, stripe, client):
    payout_id, ref = paid(shop)
    before = events(shop)
    answers = {name: shop.told(client, one) for name, one in forged(shop, ref).items()}
    assert answers == dict.fromkeys(answers, 400)
    assert events(shop) == before
    check(shop, client, payout_id, "paid", effects=1)


def test_row_25_verified_message_about_nothing_of_ours_is_parked_with_an_incident(
    shop, stripe, client
):
    payout_id, ref = paid(shop)
    strange = json.loads(shop.message(ref).body)
    strange["id"] = f"evt_{new_id().hex}"
    strange["data"]["object"] |= {"id": "re_strange", "metadata": {"payout_id": str(new_id())}}
    assert shop.told(client, signed(strange, sent_at=shop.now)) == 200
    shop.work_off_messages()
    assert state_of(shop, strange["id"]) == EventState.PARKED
    incident = shop.incidents()[-1]
    assert (incident.kind, incident.ref) == (IncidentKind.UNKNOWN_EVENT, "re_strange")
    check(shop, client, payout_id, "paid", effects=1)


def test_row_25b_message_of_an_unknown_kind_is_kept_and_ignored(shop, stripe, client):
    payout_id, ref = paid(shop)
    odd = json.loads(shop.message(ref).body) | {"id": "evt_odd", "type": "radar.odd_thing"}
    assert shop.told(client, signed(odd, sent_at=shop.now)) == 200
    shop.work_off_messages()
    assert state_of(shop, "evt_odd") == EventState.IGNORED
    check(shop, client, payout_id, "paid", effects=1)


def test_row_25c_live_message_at_a_test_rail_is_parked_with_an_incident(shop, stripe, client):
    payout_id, ref = paid(shop)
    live = json.loads(shop.message(ref, "refund.failed", status="failed").body)
    live |= {"id": "evt_live", "livemode": True}
    assert shop.told(client, signed(live, sent_at=shop.now)) == 200
    shop.work_off_messages()
    assert state_of(shop, "evt_live") == EventState.PARKED
    assert shop.incidents()[-1].kind == IncidentKind.WRONG_MODE
    check(shop, client, payout_id, "paid", effects=1)


def state_of(shop, event_id):
    return shop.one("SELECT state FROM provider_events WHERE event_id = %(e)s", e=event_id).state
