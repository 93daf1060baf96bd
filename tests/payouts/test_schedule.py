"""When payouts are tried and looked at again, and what may follow what: pure."""

import datetime as dt
import uuid

import pytest

from promises.flows.settle_payouts import AT_ONCE, CALL_WITHIN_S, CALLED_BATCH
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Outcome, PayoutRequest, RailVerdict
from promises.payouts.recording import nothing_left, seen_state
from promises.payouts.retries import LEASE, next_look, pause_after
from promises.payouts.states import AFTER, ALLOWED, NO_EFFECT, came_from

SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("verdict", "tries", "pause"),
    [
        (RailVerdict.UNKNOWN, 1, 5 * SECOND),
        (RailVerdict.UNKNOWN, 2, 10 * SECOND),
        (RailVerdict.UNKNOWN, 9, 5 * 256 * SECOND),
        (RailVerdict.UNKNOWN, 10, 30 * MINUTE),
        (RailVerdict.UNKNOWN, 10**6, 30 * MINUTE),
        (RailVerdict.RETRY, 1, 2 * SECOND),
        (RailVerdict.RETRY, 9, 5 * MINUTE),
        (RailVerdict.WAIT_FUNDS, 1, 15 * MINUTE),
        (RailVerdict.WAIT_FUNDS, 6, 6 * HOUR),
        (RailVerdict.CONFIG, 1, 6 * HOUR),
        (RailVerdict.CONFIG, 50, 6 * HOUR),
        (RailVerdict.PAID, 1, None),
        (RailVerdict.REJECTED, 3, None),
    ],
)
def test_pause_after_a_try_doubles_up_to_a_longest(verdict, tries, pause):
    assert pause_after(verdict, tries) == pause


@pytest.mark.parametrize(
    ("state", "looks", "failed", "pause"),
    [
        ("submitted", 0, False, 10 * MINUTE),
        ("submitted", 1, False, HOUR),
        ("submitted", 2, True, 6 * HOUR),
        ("submitted", 3, False, DAY),
        ("submitted", 10**6, True, DAY),
        ("paid", 0, False, DAY),
        ("paid", 1, False, 5 * DAY),
        ("paid", 2, True, 30 * DAY),
        ("paid", 3, False, None),
        ("paid", 3, True, DAY),
        ("paid", 13, True, DAY),
        ("paid", 14, True, None),
        ("needs_review", 0, False, DAY),
        ("needs_review", 99, True, DAY),
        ("failed", 0, True, None),
        ("returned", 0, False, None),
    ],
)
def test_looks_go_on_for_ever_only_while_it_is_under_way(state, looks, failed, pause):
    assert next_look(PayoutState(state), looks, failed=failed) == pause


def test_lease_outlives_every_call_that_may_begin_within_it():

    assert CALLED_BATCH <= 2 * AT_ONCE
    assert CALL_WITHIN_S * SECOND * 2 <= LEASE


@pytest.mark.parametrize(
    ("before", "verdict", "after"),
    [
        ("submitted", "paid", "paid"),
        ("submitted", "rejected", "failed"),
        ("submitted", "returned", "returned"),
        ("submitted", "mismatch", "needs_review"),
        ("submitted", "accepted", None),
        ("submitted", "unknown", None),
        ("submitted", "retry", None),
        ("submitted", "config", None),
        ("needs_review", "paid", "paid"),
        ("needs_review", "rejected", "failed"),
        ("needs_review", "returned", "returned"),
        ("needs_review", "accepted", None),
        ("needs_review", "mismatch", None),
        ("needs_review", "unknown", None),
        ("paid", "rejected", "returned"),
        ("paid", "returned", "returned"),
        ("paid", "paid", None),
        ("paid", "accepted", None),
        ("paid", "mismatch", None),
        ("paid", "unknown", None),
    ],
)
def test_look_moves_only_on_what_it_saw(before, verdict, after):
    seen = seen_state(PayoutState(before), RailVerdict(verdict))
    assert seen == (after and PayoutState(after))


def test_what_nobody_knew_of_is_under_way_once_it_is_found():
    review, accepted = PayoutState.NEEDS_REVIEW, RailVerdict.ACCEPTED
    assert seen_state(review, accepted, known=False) is PayoutState.SUBMITTED
    assert seen_state(review, RailVerdict.UNKNOWN, known=False) is None


def claimed(certain):
    request = PayoutRequest(uuid.uuid4(), uuid.uuid4(), 1000, "EUR", "payout-1")
    return ClaimedPayout(request, "stripe_refund", None, 2, certain=certain)


@pytest.mark.parametrize(
    ("verdict", "certain", "key_spent", "proven"),
    [
        ("retry", True, False, True),
        ("retry", False, False, False),
        ("config", False, False, False),
        ("config", False, True, False),
        ("config", True, True, True),
        ("wait_funds", False, True, True),
        ("wait_funds", True, False, True),
        ("unknown", True, True, False),
        ("rejected", True, True, False),
    ],
)
def test_refused_try_proves_nothing_about_an_unknown_one_before(
    verdict, certain, key_spent, proven
):
    outcome = Outcome(RailVerdict(verdict), key_spent=key_spent)
    assert nothing_left(claimed(certain), outcome) is proven


def test_key_of_the_first_generation_is_the_payouts_own():
    first = PayoutRequest(uuid.uuid4(), uuid.uuid4(), 1000, "EUR", "payout-1")
    third = PayoutRequest(uuid.uuid4(), uuid.uuid4(), 1000, "EUR", "payout-1", 3)
    assert (first.provider_key, third.provider_key) == ("payout-1", "payout-1-g3")


def test_every_verdict_leads_from_submitting_to_an_allowed_state():
    assert set(AFTER) == set(RailVerdict)
    assert set(AFTER.values()) <= ALLOWED[PayoutState.SUBMITTING]
    assert {AFTER[verdict] for verdict in NO_EFFECT} == {PayoutState.READY}


def test_nothing_leads_back_to_ready_once_money_may_have_left():
    assert set(came_from(PayoutState.READY)) == {PayoutState.SUBMITTING, PayoutState.UNKNOWN}
    assert came_from(PayoutState.CANCELLED) == [PayoutState.READY]
