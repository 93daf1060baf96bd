"""How payouts of a called rail are tried, recorded and booked: each case by its plan."""

import datetime as dt
import json

import pytest

from promises.compensation.models import Hold
from promises.flows import settle_payouts
from promises.flows.compensate import hold_unsent
from promises.flows.payout_results import follow, take_in
from promises.payouts import claiming
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Outcome, RailVerdict
from promises.payouts.recording import record_looks, record_outcomes
from promises.payouts.retries import LEASE, pause_after
from tests.payouts.ground import Crash, crash_before_recording
from tests.payouts.settling import (
    OWED,
    SECONDS_5,
    claim,
    incidents_of,
    kinds,
    planned,
    spoil,
    under_way,
)

pytestmark = pytest.mark.usefixtures("as_application")


def test_accepted_payout_is_under_way_and_looked_at_later(purse):
    payout_id = planned(purse, "accept")
    assert purse.settle() == 1
    row = purse.payout(payout_id)
    ((ref, _effect),) = purse.provider.of(payout_id)
    assert (row.state, row.provider_ref, row.trouble) == ("submitted", ref, None)
    assert row.lease_until is None
    assert row.look_at == purse.now + dt.timedelta(minutes=10)
    assert under_way(purse, payout_id) == {OWED: 1000, "payouts_under_way": -1000}
    assert purse.audited(payout_id) == ["submitted"]
    assert purse.settle() == 0


def test_request_is_frozen_before_the_call_without_what_names_the_customer(purse):
    payout_id = planned(purse)
    purse.settle()
    row = purse.payout(payout_id)
    assert set(row.request) == {
        "amount_minor", "currency", "destination", "fingerprint", "key", "organisation_id",
        "payout_id",
    }  # fmt: skip
    assert "pi_0" not in str(row.request)
    assert row.key == f"payout-{payout_id}"
    assert len(bytes(row.request_hash)) == 32


def test_paid_at_once_leaves_the_account(purse):
    payout_id = planned(purse, "pay")
    purse.settle()
    assert purse.payout(payout_id).state == "paid"
    assert under_way(purse, payout_id) == {OWED: 1000, "money_out": -1000}


def test_refused_payout_reopens_its_debt(purse):
    payout_id = planned(purse, "refuse")
    purse.settle()
    row, debt = purse.payout(payout_id), purse.debt(payout_id)
    assert (row.state, row.trouble) == ("failed", "nothing_to_refund")
    assert (debt.state, debt.holds) == ("owed", ["payment"])
    assert under_way(purse, payout_id) == {}
    assert kinds(purse, payout_id) == ["submit"]


def test_stored_failure_is_left_behind_only_when_it_was_replayed_and_nothing_found(purse):
    payout_id = planned(purse, "broken_before")
    generations = []
    for _ in range(3):
        purse.settle()
        generations.append(purse.payout(payout_id).generation)
        purse.now += dt.timedelta(minutes=1)
    assert generations == [1, 1, 2]
    keys = [key for what, key, _ in purse.provider.calls[payout_id] if what == "submit"]
    assert keys == [f"payout-{payout_id}"] * 2 + [f"payout-{payout_id}-g2"]
    assert purse.payout(payout_id).state == "submitted"
    assert len(purse.provider.of(payout_id)) == 1


def test_empty_account_waits_and_pays_under_a_new_key(purse):
    payout_id = planned(purse, "empty")
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble, row.key_used_at) == ("ready", "no_funds", None)
    assert row.lease_until == purse.now + dt.timedelta(minutes=15)
    assert purse.debt(payout_id).state == "released"
    purse.now += dt.timedelta(minutes=15)
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble, row.generation) == ("submitted", None, 2)


def test_too_many_calls_wait_under_the_same_key(purse):
    payout_id = planned(purse, "too_many", "too_many")
    purse.settle()
    assert purse.payout(payout_id).lease_until == purse.now + dt.timedelta(seconds=2)
    for _ in range(2):
        purse.now += dt.timedelta(seconds=4)
        purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.generation) == ("submitted", 1)


def test_rail_that_raises_is_unknown_and_takes_no_other_with_it(purse):
    first, second, third = purse.owe(3)
    purse.provider.plans[first].append("raise")
    purse.provider.plans[second].append("raise_after")
    assert purse.settle() == 3
    states = [purse.payout(one).state for one in (first, second, third)]
    assert states == ["unknown", "unknown", "submitted"]
    assert purse.attempts(first)[0].detail == "raised RuntimeError"
    purse.now += SECONDS_5
    purse.settle()
    assert [purse.payout(one).state for one in (first, second)] == ["submitted"] * 2
    assert kinds(purse, second) == ["submit", "find"]
    assert kinds(purse, first) == ["submit", "find", "submit"]


def test_wait_for_funds_of_many_days_is_not_too_old(purse):
    payout_id = planned(purse, "empty")
    purse.settle()
    purse.now += dt.timedelta(days=9)
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"


def test_row_that_was_changed_after_its_freeze_is_for_a_person(purse):
    payout_id = planned(purse, "lost_before")
    purse.settle()
    purse.execute("UPDATE payouts SET amount_minor = 99900 WHERE id = ANY(%(ids)s)", [payout_id])
    purse.now += SECONDS_5
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble) == ("needs_review", "other_effect")
    assert kinds(purse, payout_id) == ["submit"]


@pytest.mark.parametrize("amount", [1000, 99900])
def test_what_was_frozen_without_a_destination_counts_as_it_is(purse, amount):
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].append("lost_before")
    purse.execute("UPDATE payouts SET destination_id = NULL WHERE id = ANY(%(ids)s)", [payout_id])
    purse.settle()
    kept = purse.payout(payout_id).request
    old = json.dumps(
        {name: kept[name] for name in kept if name not in ("destination", "fingerprint")},
        sort_keys=True,
        separators=(",", ":"),
    )
    purse.rows(
        "UPDATE payouts SET request_hash = sha256(%(old)s::bytea), amount_minor = %(a)s"
        " WHERE id = %(p)s RETURNING id",
        old=old,
        a=amount,
        p=payout_id,
    )
    purse.now += SECONDS_5
    purse.settle()
    expected = "submitted" if amount == 1000 else "needs_review"
    assert purse.payout(payout_id).state == expected


def test_payout_with_an_unknown_try_is_not_cancelled_though_ready(purse):
    payout_id = planned(purse, "slow", "too_many")
    purse.settle()
    purse.provider.coming, on_the_wire = {}, purse.provider.coming
    purse.now += SECONDS_5
    purse.settle()
    assert purse.payout(payout_id).state == "ready"
    with purse.work() as uow:
        hold_unsent(uow, [purse.payout(payout_id).compensation_id], Hold.PRESENCE)
    assert purse.payout(payout_id).state == "ready"
    purse.provider.coming = on_the_wire
    purse.provider.arrive()
    purse.now += dt.timedelta(minutes=1)
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"
    assert len(purse.provider.of(payout_id)) == 1


def test_payout_proven_without_effect_is_cancelled(purse):
    payout_id = planned(purse, "empty")
    purse.settle()
    with purse.work() as uow:
        hold_unsent(uow, [purse.payout(payout_id).compensation_id], Hold.PRESENCE)
    assert purse.payout(payout_id).state == "cancelled"
    assert purse.debt(payout_id).state == "owed"


def test_details_that_cannot_be_opened_are_for_a_person_and_keep_no_other_back(purse):
    spoilt, fine = purse.owe(2)
    spoil(purse, [spoilt])
    assert purse.settle() == 2
    assert [purse.payout(one).state for one in (spoilt, fine)] == ["needs_review", "submitted"]
    assert kinds(purse, spoilt) == []
    assert purse.payout(spoilt).trouble == "other_effect"
    assert [one.detail for one in purse.attempts(spoilt)] == ["details cannot be opened"]
    assert [one.kind for one in incidents_of(purse, spoilt)] == ["needs_review"]
    assert purse.debt(spoilt).state == "released"


def test_dead_worker_leaves_a_payout_that_is_looked_up_first(purse, monkeypatch):
    payout_id = planned(purse, "accept")
    with crash_before_recording(monkeypatch) as lost, pytest.raises(Crash):
        purse.settle()
    assert purse.payout(payout_id).state == "submitting"
    assert purse.settle() == 0
    purse.now += LEASE
    assert purse.settle() == 1
    assert purse.payout(payout_id).state == "submitted"
    ((record, outcomes, changed_at),) = lost
    with purse.work(None) as uow:
        assert take_in(uow, record, outcomes, changed_at) == []
    assert kinds(purse, payout_id) == ["submit", "find"]
    assert under_way(purse, payout_id) == {OWED: 1000, "payouts_under_way": -1000}


def test_answer_that_comes_after_the_next_try_began_moves_nothing(purse):
    payout_id = planned(purse)
    (first,) = claim(purse)
    purse.now += LEASE
    (second,) = claim(purse)
    assert (first.number, second.number) == (1, 2)
    assert (first.certain, second.certain) == (True, False)
    with purse.work(None) as uow:
        assert take_in(uow, record_outcomes, [(first, Outcome(RailVerdict.REJECTED))], {}) == []
    assert purse.payout(payout_id).state == "submitting"
    assert [row.verdict for row in purse.attempts(payout_id)] == ["rejected"]


@pytest.mark.parametrize(
    ("decided", "books"),
    [
        ("failed", {}),
        ("returned", {}),
        ("paid", {OWED: 1000, "money_out": -1000}),
        ("submitted", {OWED: 1000, "payouts_under_way": -1000}),
    ],
)
@pytest.mark.parametrize("was_under_way", [True, False])
def test_review_leaves_the_books_as_they_would_be_without_one(purse, was_under_way, decided, books):
    payout_id = planned(purse, "accept" if was_under_way else "lost_before")
    purse.settle()
    (one,) = claimed_again(purse, payout_id)
    record = record_looks if was_under_way else record_outcomes
    with purse.work(None) as uow:
        take_in(uow, record, [(one, Outcome(RailVerdict.MISMATCH))], {})
    assert purse.payout(payout_id).state == "needs_review"
    with purse.work(None) as uow:
        (moved,) = record_outcomes(
            uow.session,
            organisation_id=purse.made.id,
            now=uow.now,
            outcomes=[(one, Outcome(VERDICT_OF[decided]))],
        )
        assert moved.before is PayoutState.NEEDS_REVIEW
        follow(uow, [moved])
    assert purse.payout(payout_id).state == decided
    assert under_way(purse, payout_id) == books


VERDICT_OF = {
    "failed": RailVerdict.REJECTED,
    "returned": RailVerdict.RETURNED,
    "paid": RailVerdict.PAID,
    "submitted": RailVerdict.ACCEPTED,
}


def claimed_again(purse, payout_id):
    purse.now += dt.timedelta(days=1)
    if purse.payout(payout_id).state == "unknown":
        return claim(purse)
    with purse.work(None) as uow:
        return claiming.claim_looks(
            uow.session, organisation_id=purse.made.id, now=uow.now, limit=16
        )


def test_calls_that_would_outlive_their_lease_are_not_begun(purse, monkeypatch):
    known = planned(purse, "lost_after")
    purse.settle()
    fresh = planned(purse)
    purse.now += SECONDS_5
    monkeypatch.setattr(settle_payouts, "CALL_WITHIN_S", -1.0)
    purse.settle()
    assert purse.payout(known).state == "unknown"
    row = purse.payout(fresh)
    assert (row.state, row.key_used_at) == ("ready", None)
    assert kinds(purse, fresh) == []
    assert row.lease_until == purse.now + pause_after(RailVerdict.RETRY, 1)


def test_submit_that_would_outlive_its_lease_is_not_begun_after_the_look(purse, monkeypatch):
    payout_id = planned(purse, "lost_before")
    purse.settle()
    ticks = iter([0.0, 0.0, settle_payouts.CALL_WITHIN_S + 1])

    class Clock:
        def monotonic(self):
            return next(ticks, 0.0)

    purse.now += SECONDS_5
    with monkeypatch.context() as patched:
        patched.setattr(settle_payouts, "process_clock", Clock())
        with purse.at(purse.now):
            settle_payouts._submit_all(purse.made.id, purse.rails, purse.rail)
    assert purse.payout(payout_id).state == "unknown"
    assert kinds(purse, payout_id) == ["submit", "find"]
