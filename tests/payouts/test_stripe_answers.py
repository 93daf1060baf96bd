"""The table from what Stripe answers to what a try came to: one test a row, over real HTTP."""

import pytest
import stripe

from promises.payouts.rails.base import RailVerdict as V
from promises.payouts.rails.base import Trouble as T
from promises.payouts.rails.stripe_answers import outcome_of
from tests.fakes.stripe_server import FakeStripe
from tests.payouts.stripe_ground import asked, outbound, refunds

INVALID = "invalid_request_error"


@pytest.fixture(scope="module")
def fake():
    with FakeStripe() as running:
        yield running


@pytest.fixture(scope="module")
def v1(fake):
    return refunds(fake)


@pytest.fixture(scope="module")
def v2(fake):
    fake.recipient("acct_anna", "pm_anna")
    return outbound(fake)


def refunded(fake, v1, kind, **answer):
    request = asked({"payment": f"pi_{len(fake.books.things)}"})
    fake.pay(request.destination.details["payment"], 5000)
    fake.fail_next(kind, **answer)
    outcome = v1.submit(request)
    return outcome, len(fake.effects(request.payout_id))


def said(kind, **more):
    return {"error": {"type": kind, "message": "Anna Aalto, 4242", **more}}


V1_ROWS = [
    (429, said(INVALID, code="rate_limit"), V.RETRY, None, False),
    (429, said(INVALID, code="lock_timeout"), V.RETRY, None, False),
    (400, said(INVALID, code="lock_timeout"), V.RETRY, None, False),
    (400, said(INVALID, code="rate_limit"), V.RETRY, None, False),
    (409, said(INVALID, code="idempotency_key_in_use"), V.UNKNOWN, T.RAIL_DOWN, False),
    (400, said(INVALID, code="idempotency_key_in_use"), V.UNKNOWN, None, False),
    (400, said("idempotency_error"), V.UNKNOWN, T.OTHER, False),
    (500, said("api_error"), V.UNKNOWN, T.RAIL_DOWN, False),
    (503, said("api_error"), V.UNKNOWN, T.RAIL_DOWN, False),
    (502, b"<html>Bad gateway</html>", V.UNKNOWN, T.RAIL_DOWN, False),
    (403, b"<html>Blocked by a proxy</html>", V.UNKNOWN, T.RAIL_DOWN, False),
    (400, b"<html>Bad request</html>", V.UNKNOWN, T.RAIL_DOWN, False),
    (200, b"<html>Sign in to this network</html>", V.UNKNOWN, T.RAIL_DOWN, False),
    (200, b"{}", V.UNKNOWN, T.RAIL_DOWN, False),
    (200, b"[]", V.UNKNOWN, T.RAIL_DOWN, False),
    (400, {"error": "a text"}, V.UNKNOWN, T.RAIL_DOWN, False),
    (404, said(INVALID), V.UNKNOWN, T.RAIL_DOWN, False),
    (418, said(INVALID), V.UNKNOWN, T.RAIL_DOWN, False),
    (401, said(INVALID, code="api_key_expired"), V.CONFIG, T.ACCESS_REFUSED, False),
    (403, said(INVALID), V.CONFIG, T.ACCESS_REFUSED, True),
    (400, said(INVALID, code="livemode_mismatch"), V.CONFIG, T.ACCESS_REFUSED, True),
    (400, said(INVALID, code="balance_insufficient"), V.WAIT_FUNDS, T.NO_FUNDS, True),
    (400, said(INVALID, code="charge_already_refunded"), V.REJECTED, T.NOTHING_TO_REFUND, False),
    (400, said(INVALID, param="amount"), V.REJECTED, T.NOTHING_TO_REFUND, False),
    (400, said(INVALID, code="charge_disputed"), V.REJECTED, T.DISPUTED, False),
    (404, said(INVALID, code="resource_missing"), V.REJECTED, T.DETAILS_WRONG, False),
    (402, said("card_error", code="expired_card"), V.REJECTED, T.CARD_GONE, False),
    (402, said("card_error", code="card_declined"), V.REJECTED, T.OTHER, False),
    (400, said(INVALID, code="parameter_unknown"), V.REJECTED, T.OTHER, False),
]


@pytest.mark.parametrize(("status", "body", "verdict", "trouble", "spent"), V1_ROWS)
def test_answer_of_the_first_version_means_one_thing(
    fake, v1, status, body, verdict, trouble, spent
):
    outcome, effects = refunded(fake, v1, "answer", status=status, body=body)
    assert (outcome.verdict, outcome.trouble, outcome.key_spent) == (verdict, trouble, spent)
    assert outcome.http_status in (status, None)
    assert effects == 0


V2_ROWS = [
    (400, "insufficient_funds", V.WAIT_FUNDS, T.NO_FUNDS),
    (400, "invalid_payout_method", V.REJECTED, T.DETAILS_WRONG),
    (400, "invalid_payment_method", V.REJECTED, T.DETAILS_WRONG),
    (400, "recipient_not_notifiable", V.REJECTED, T.DETAILS_WRONG),
    (400, "verification_expired", V.REJECTED, T.DETAILS_WRONG),
    (400, "blocked_by_stripe", V.REJECTED, T.BLOCKED),
    (400, "cannot_proceed", V.REJECTED, T.BLOCKED),
    (400, "feature_not_enabled", V.CONFIG, T.ACCESS_REFUSED),
    (400, "capability_not_enabled", V.CONFIG, T.ACCESS_REFUSED),
    (400, "financial_account_not_open", V.CONFIG, T.ACCESS_REFUSED),
    (429, "rate_limit", V.RETRY, None),
    (400, "quota_exceeded", V.RETRY, None),
    (409, "idempotency_error", V.UNKNOWN, T.OTHER),
    (500, "feature_not_enabled", V.UNKNOWN, T.RAIL_DOWN),
    (500, "api_error", V.UNKNOWN, T.RAIL_DOWN),
]


@pytest.mark.parametrize(("status", "kind", "verdict", "trouble"), V2_ROWS)
def test_answer_of_the_second_version_means_one_thing(fake, v2, status, kind, verdict, trouble):
    request = asked({"recipient": "acct_anna", "method": "pm_anna"})
    fake.fail_next("answer", status=status, body=said(kind))
    outcome = v2.submit(request)
    assert (outcome.verdict, outcome.trouble) == (verdict, trouble)
    assert fake.effects(request.payout_id) == []


SILENT_ROWS = [
    ("drop_before", 0),
    ("drop_after", 1),
    ("timeout_before", 0),
    ("timeout_after", 1),
    ("502_before", 0),
    ("502_after", 1),
    ("cut_after", 1),
    ("500_before", 0),
    ("500_after", 1),
]


@pytest.mark.parametrize(("kind", "expected"), SILENT_ROWS)
def test_silence_is_unknown_whatever_happened(fake, v1, kind, expected):
    outcome, effects = refunded(fake, v1, kind)
    assert (outcome.verdict, outcome.trouble) == (V.UNKNOWN, T.RAIL_DOWN)
    assert not outcome.key_spent
    assert effects == expected


@pytest.mark.parametrize(
    ("kind", "verdict"), [("500_before", V.UNKNOWN), ("balance_insufficient", V.WAIT_FUNDS)]
)
def test_replayed_refusal_has_spent_its_key(fake, v1, kind, verdict):
    request = asked({"payment": "pi_replayed"})
    fake.pay("pi_replayed", 5000)
    fake.fail_next(kind)
    v1.submit(request)
    again = v1.submit(request)
    assert (again.verdict, again.replayed, again.key_spent) == (verdict, True, True)
    assert again.request_id.startswith("req_")
    assert fake.effects(request.payout_id) == []


def test_detail_names_the_kind_and_the_code_and_nobody(fake, v1):
    body = said(INVALID, code="charge_disputed")
    outcome, _ = refunded(fake, v1, "answer", status=400, body=body)
    assert outcome.detail == "InvalidRequestError charge_disputed"
    outcome, _ = refunded(fake, v1, "answer", status=400, body=said(INVALID, code="Anna Aalto!"))
    assert outcome.detail == "InvalidRequestError"


def test_answer_that_sends_us_elsewhere_is_not_followed(fake, v1):
    headers = {"Location": f"{fake.url}/v1/account"}
    outcome, effects = refunded(fake, v1, "answer", status=303, body={}, headers=headers)
    assert (outcome.verdict, effects) == (V.UNKNOWN, 0)
    assert fake.calls("/v1/account") == []


def test_error_that_never_was_an_answer_is_unknown():
    outcome = outcome_of(stripe.StripeError("?"))
    assert (outcome.verdict, outcome.http_status) == (V.UNKNOWN, None)
