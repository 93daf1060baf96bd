"""Beyond the rows: what stands between us and Stripe, and what Stripe says of trying again."""

import pytest

from promises.payouts.rail_models import IncidentKind
from tests.fakes.stripe_server import TEST_KEY
from tests.payouts.matrix.ground import CREATE, PATIENCE_S, check

pytestmark = pytest.mark.usefixtures("as_application")

INVALID = "invalid_request_error"


def said(code, kind=INVALID):
    return {"error": {"type": kind, "code": code, "message": "Anna Aalto, 4242"}}


AGAIN = {"Stripe-Should-Retry": "true"}
NEVER = {"Stripe-Should-Retry": "false"}

ANSWERS = {
    # name: status, body, headers of the first answer to the call
    "an empty answer": (200, b"", {}),
    "half an object": (200, b'{"id": "re_1", "object": "ref', {}),
    "a list": (200, b"[]", {}),
    "an object of another kind": (200, {"id": "ch_1", "object": "charge"}, {}),
    "the page of a hotel": (200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
    "a proxy that forbids it": (403, b"<html>Blocked</html>", {}),
    "a proxy that is busy": (429, b"<html>Slow down</html>", {}),
    "elsewhere": (302, b"", {"Location": "http://127.0.0.1:9/v1/refunds"}),
    "elsewhere with the request": (307, b"", {"Location": "http://127.0.0.1:9/v1/refunds"}),
    "not gzip though it says so": (200, b"{}", {"Content-Encoding": "gzip"}),
    "500, do not try again": (500, said("x", "api_error"), NEVER),
    "500, try again": (500, said("x", "api_error"), AGAIN),
    "503": (503, said("x", "api_error"), {}),
    "424": (424, said("x"), {}),
    "409 lock timeout": (409, said("lock_timeout"), AGAIN),
    "429 lock timeout": (429, said("lock_timeout"), AGAIN),
    "429, do not try again": (429, said("rate_limit"), NEVER),
    "key used for something else": (400, said(None, "idempotency_error"), {}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_that_is_none_is_asked_again_under_the_same_key(shop, stripe, client, name):
    status, body, headers = ANSWERS[name]
    (payout_id,) = shop.debt_to()
    stripe.fail_next("answer", on=CREATE, status=status, body=body, headers=headers)
    shop.settle()
    assert shop.creates(payout_id) == 1  # by our schedule, not by the SDK's
    refused = status == 429 and isinstance(body, dict)  # not by something between
    assert shop.payout(payout_id).state == ("ready" if refused else "unknown")
    assert stripe.effects(payout_id) == []
    row = shop.settle_within_schedule(payout_id)
    assert (row.generation, shop.creates(payout_id)) == (1, 2)
    assert "Anna" not in str(shop.attempts(payout_id))
    check(shop, client, payout_id, "paid", effects=1)


@pytest.mark.parametrize("kind", ["cut_after", "drip_after", "drip_head_after"])
def test_answer_that_never_ends_is_looked_up(shop, stripe, client, kind):
    (payout_id,) = shop.debt_to()
    shop.maker.timeout_s = (0.1, 0.2)
    shop.now = shop.later(seconds=1).now
    shop.save(secrets={"key": TEST_KEY, "webhook_secret": "whsec_fake"})
    stripe.fail_next(kind, on=CREATE)
    shop.settle()
    check(shop, client, payout_id, "unknown", effects=1)
    row = shop.settle_within_schedule(payout_id)
    assert (row.generation, shop.creates(payout_id)) == (1, 1)
    check(shop, client, payout_id, "paid", effects=1)
    shop.maker.timeout_s = PATIENCE_S


def test_card_that_was_declined_reopens_the_debt(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    answer = said("card_declined", "card_error")
    stripe.fail_next("answer", on=CREATE, status=402, body=answer)
    shop.settle()
    check(shop, client, payout_id, "failed", effects=0)


def test_key_for_another_request_is_for_a_person_once_it_is_old(shop, stripe, client):
    """Such as of a version that asks otherwise: never under another key by itself."""
    (payout_id,) = shop.debt_to()
    answer = said(None, "idempotency_error")
    stripe.fail_next("answer", on=CREATE, status=400, body=answer, times=99)
    shop.settle()
    for _ in range(3):
        shop.now = shop.payout(payout_id).lease_until
        shop.settle()
    check(shop, client, payout_id, "unknown", effects=0)
    stripe.take_fault("POST /v1/refunds", {"answer"}).times = 0
    shop.later(hours=21)
    shop.settle()
    assert shop.payout(payout_id).generation == 1
    check(shop, client, payout_id, "needs_review", effects=0)
    assert shop.incidents()[-1].kind == IncidentKind.NEEDS_REVIEW


# Keys of the organisation


def use(shop, key):
    shop.later(seconds=1)
    shop.save(secrets={"key": key, "webhook_secret": "whsec_fake"})


def test_key_that_was_rolled_while_a_try_was_in_the_air_pays_once(shop, stripe, client):
    use(shop, "sk_test_old")
    (payout_id,) = shop.debt_to()
    stripe.fail_next("timeout_after", on=CREATE)
    shop.settle()
    stripe.shut("sk_test_old", 401)
    shop.later(minutes=1)
    shop.settle()
    check(shop, client, payout_id, "unknown", effects=1)
    assert not shop.rail_state().in_use
    use(shop, TEST_KEY)
    row = shop.settle_within_schedule(payout_id)
    assert (row.generation, shop.creates(payout_id)) == (1, 1)
    check(shop, client, payout_id, "paid", effects=1)


def test_refused_permission_says_nothing_of_a_try_that_is_still_on_its_way(shop, stripe, client):
    """The refusal comes before the key is looked at, so the next try keeps that key."""
    (payout_id,) = shop.debt_to()
    stripe.fail_next("late", on=CREATE)
    shop.settle()
    stripe.fail_next("403", on=CREATE)
    stripe.released.clear()
    shop.now = shop.payout(payout_id).lease_until
    shop.settle()
    row = shop.payout(payout_id)
    assert (row.state, row.key_spent) == ("ready", False)
    assert row.key_used_at is not None  # so that nobody may cancel it
    check(shop, client, payout_id, "ready", effects=0)
    stripe.release()
    use(shop, TEST_KEY)
    row = shop.settle_within_schedule(payout_id)
    assert row.generation == 1
    check(shop, client, payout_id, "paid", effects=1)


def test_key_of_another_account_after_an_unknown_try_is_for_a_person(shop, stripe, client):
    (payout_id,) = shop.debt_to()
    stripe.fail_next("timeout_after", on=CREATE)
    shop.settle()
    stripe.own("sk_test_elsewhere", "acct_elsewhere")
    use(shop, "sk_test_elsewhere")
    shop.later(minutes=1)
    shop.settle()
    use(shop, TEST_KEY)
    check(shop, client, payout_id, "needs_review", effects=1)
    assert shop.creates(payout_id) == 1


def test_key_that_may_write_and_not_look_pauses_the_rail_and_what_was_paid_stays(
    shop, stripe, client
):
    (payout_id,) = shop.debt_to()
    shop.settle()
    check(shop, client, payout_id, "paid", effects=1)
    stripe.fail_next("403", on="GET /v1/refunds")
    shop.later(days=2)
    shop.settle()
    check(shop, client, payout_id, "paid", effects=1)
    assert not shop.rail_state().in_use
    open_ones = {one.kind for one in shop.incidents() if one.closed_at is None}
    assert IncidentKind.RAIL_PAUSED in open_ones
    shop.works_again()
