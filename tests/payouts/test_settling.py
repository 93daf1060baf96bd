"""How payouts of a called rail are tried, looked up, recorded and booked: each case by its plan."""

import datetime as dt
import json

import pytest

from promises.compensation.models import Hold
from promises.flows import money_incidents, settle_payouts
from promises.flows.compensate import hold_unsent
from promises.flows.payout_results import follow, take_in
from promises.identity.models import Role
from promises.payouts import accounts, claiming
from promises.payouts.accounts import turn_rail
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.rails.voucher import VoucherRail
from promises.payouts.recording import record_looks, record_outcomes
from promises.payouts.retries import LEASE, pause_after
from promises.worker.look import LEFT_ALONE, Depth, Errand, look
from tests.payouts.ground import Crash, Purse, crash_before_recording
from tests.payouts.provider import HOURS_20, VERDICTS

pytestmark = pytest.mark.usefixtures("as_application")

SECONDS_5 = dt.timedelta(seconds=5)
HOURS_6 = dt.timedelta(hours=6)
OWED = "compensation_owed"


@pytest.fixture(scope="module")
def shared(bare_apps):
    with bare_apps[0].app_context():
        return Purse()


@pytest.fixture
def purse(shared):
    """The world of this module with nothing left to do."""
    shared.execute(
        "UPDATE payouts SET state = 'cancelled', look_at = NULL WHERE state IN"
        " ('ready', 'submitting', 'unknown', 'submitted', 'paid') AND id <> ALL(%(ids)s)",
        [],
    )
    shared.maker.broken = False
    shared.works_again()
    return shared


def planned(purse, *plans, sights=()):
    """One payout whose calls come to that."""
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].extend(plans)
    purse.provider.sights[payout_id].extend(sights)
    return payout_id


def kinds(purse, payout_id):
    return [what for what, _, _ in purse.provider.calls[payout_id]]


def under_way(purse, payout_id):
    """What the books say of one payout, by account, whatever the rail."""
    found = purse.rows(
        "SELECT e.account_code AS code, sum(e.amount_minor)::bigint AS n FROM ledger_entries e"
        " JOIN ledger_transactions t ON t.id = e.transaction_id WHERE t.reference_id = %(p)s"
        " GROUP BY e.account_code",
        p=payout_id,
    )
    return {row.code.partition(":")[0]: row.n for row in found if row.n}


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


def test_lost_answer_is_found_and_not_tried_again(purse):
    payout_id = planned(purse, "lost_after")
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.lease_until) == ("unknown", purse.now + SECONDS_5)
    assert under_way(purse, payout_id) == {}
    purse.now += SECONDS_5
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"
    assert kinds(purse, payout_id) == ["submit", "find"]


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


def test_refused_key_pauses_the_rail_until_it_works_again(purse):
    first = planned(purse, "no_access")
    purse.settle()
    assert purse.payout(first).state == "ready"
    paused = purse.rail_state()
    assert (paused.in_use, paused.pause_trouble) == (False, Trouble.ACCESS_REFUSED)
    assert [row.kind for row in purse.incidents()][-1] == "rail_paused"
    opened = len(purse.incidents())

    purse.now += HOURS_6
    purse.settle()
    assert (kinds(purse, first), len(purse.attempts(first))) == (["submit"], 1)
    assert purse.payout(first).trouble == "access_refused"
    assert len(purse.incidents()) == opened

    purse.now -= HOURS_6  # before its time came
    purse.works_again()
    assert purse.settle() == 1
    assert purse.payout(first).state == "submitted"


def test_settings_that_do_not_open_pause_the_rail_and_stop_no_voucher(purse):
    waiting = planned(purse)
    ticket = purse.take()
    purse.now += dt.timedelta(minutes=15, microseconds=1)
    purse.staff_act()
    purse.sweep()
    purse.call()
    purse.log(ticket.ticket_id, "service_started")
    purse.save({"changed": "yes"})
    purse.maker.broken = True
    assert purse.settle() == 1
    assert purse.payout(waiting).state == "ready"
    assert purse.rail_state().pause_trouble is Trouble.ACCESS_REFUSED
    assert len(purse.vouchers()) == 1


def test_look_that_is_refused_leaves_the_payout_unknown_and_pauses_the_rail(purse):
    payout_id = planned(purse, "lost_after", sights=["no_access"])
    purse.settle()
    purse.now += SECONDS_5
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble) == ("unknown", "access_refused")
    assert not purse.rail_state().in_use
    purse.now += dt.timedelta(minutes=1)
    purse.settle()
    assert purse.payout(payout_id).state == "unknown"
    purse.works_again()
    purse.now += dt.timedelta(minutes=1)
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"
    assert len(purse.provider.of(payout_id)) == 1


def test_failed_look_waits(purse):
    payout_id = planned(purse, "lost_before", sights=["blind", "see"])
    for state in ("unknown", "unknown", "submitted"):
        purse.settle()
        assert purse.payout(payout_id).state == state
        purse.now += dt.timedelta(seconds=30)
    assert kinds(purse, payout_id) == ["submit", "find", "find", "submit"]


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


def test_look_that_raises_shows_nothing(purse):
    payout_id = planned(purse, "accept", sights=["raise"])
    purse.settle()
    purse.now += dt.timedelta(minutes=10)
    assert purse.settle() == 0
    assert purse.payout(payout_id).state == "submitted"


def test_unknown_for_longer_than_the_key_lives_is_for_a_person(purse):
    payout_id = planned(purse, "lost_before")
    purse.settle()
    purse.now += HOURS_20
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble) == ("needs_review", "too_old")
    assert kinds(purse, payout_id) == ["submit", "find"]
    assert purse.provider.of(payout_id) == []
    incident = purse.incidents()[-1]
    assert (incident.kind, incident.ref) == ("needs_review", str(payout_id))
    assert purse.debt(payout_id).state == "released"


def test_unknown_for_long_is_found_all_the_same(purse):
    payout_id = planned(purse, "lost_after")
    purse.settle()
    purse.now += dt.timedelta(hours=25)
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"
    assert kinds(purse, payout_id) == ["submit", "find"]


def test_wait_for_funds_of_many_days_is_not_too_old(purse):
    payout_id = planned(purse, "empty")
    purse.settle()
    purse.now += dt.timedelta(days=9)
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"


def test_key_that_lives_for_ever_is_never_too_old(purse, monkeypatch):
    monkeypatch.setattr(purse.maker, "key_lives", None)
    payout_id = planned(purse, "lost_before")
    purse.settle()
    purse.now += dt.timedelta(days=90)
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


def test_refusal_after_an_unknown_try_is_looked_into_once_more(purse):
    payout_id = planned(purse, "slow", "see")
    purse.settle()
    provider, key = purse.provider, purse.payout(payout_id).key
    find = provider.find

    def overtaken(request):
        """The first try comes through between the look and the next try."""
        found = find(request)
        provider.arrive()
        provider.stored[key] = provider.stored[key].__class__(
            RailVerdict.REJECTED, trouble=Trouble.NOTHING_TO_REFUND
        )
        return found

    rail = settle_payouts._opened[purse.made.id, purse.rail, False, purse.rail_state().changed_at]
    rail.find = overtaken
    try:
        purse.now += SECONDS_5
        purse.settle()
    finally:
        rail.find = find
    assert purse.payout(payout_id).state == "submitted"
    assert len(provider.of(payout_id)) == 1
    assert kinds(purse, payout_id) == ["submit", "find", "submit", "find"]


def test_refusal_after_an_unknown_try_of_which_nothing_is_found_is_one(purse):
    payout_id = planned(purse, "lost_before", "refuse")
    purse.settle()
    purse.now += SECONDS_5
    purse.settle()
    assert purse.payout(payout_id).state == "failed"
    assert kinds(purse, payout_id) == ["submit", "find", "submit", "find"]


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


def test_look_settles_a_payout_that_needed_two_tries(purse):
    payout_id = planned(purse, "lost_before", "accept")
    purse.settle()
    purse.now += SECONDS_5
    purse.settle()
    assert len(purse.attempts(payout_id)) == 2
    ((_, effect),) = purse.provider.of(payout_id)
    effect.state = "paid"
    purse.now += dt.timedelta(minutes=10)
    assert purse.settle() == 1
    row = purse.payout(payout_id)
    assert (row.state, row.look_at) == ("paid", purse.now + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        ("accept", "failed", "failed"),
        ("accept", "returned", "returned"),
        ("pay", "failed", "returned"),
        ("pay", "returned", "returned"),
    ],
)
def test_late_failure_reopens_the_debt_and_undoes_the_books(purse, first, then, state):
    payout_id = planned(purse, first)
    purse.settle()
    ((_, effect),) = purse.provider.of(payout_id)
    effect.state = then
    purse.now += dt.timedelta(days=1)
    assert purse.settle() == 1
    assert purse.payout(payout_id).state == state
    debt = purse.debt(payout_id)
    assert (debt.state, debt.holds) == ("owed", ["payment"])
    assert under_way(purse, payout_id) == {}
    effect.state = "paid"
    purse.now += dt.timedelta(days=40)
    assert purse.settle() == 0
    assert purse.payout(payout_id).state == state


def test_failed_look_keeps_what_was_known_and_looks_again(purse):
    payout_id = planned(purse, "accept", sights=["blind"])
    purse.settle()
    purse.execute("UPDATE payouts SET trouble = 'no_funds' WHERE id = ANY(%(ids)s)", [payout_id])
    purse.now += dt.timedelta(minutes=10)
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble, row.looks) == ("submitted", "no_funds", 1)
    assert row.look_at == purse.now + dt.timedelta(hours=1)
    purse.now += dt.timedelta(hours=1)
    purse.settle()
    assert purse.payout(payout_id).trouble is None


def spoil(purse, payout_ids):
    """As if where the money goes had been sealed with another key."""
    purse.execute(
        "UPDATE payout_destinations SET details_sealed = 'nothing' WHERE id IN"
        " (SELECT destination_id FROM payouts WHERE id = ANY(%(ids)s))",
        payout_ids,
    )


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


def test_look_without_its_details_leaves_what_arrived_and_asks_about_the_rest(purse):
    arrived, coming = purse.owe(2)
    purse.provider.plans[arrived].append("pay")
    purse.settle()
    spoil(purse, [arrived, coming])
    purse.now += dt.timedelta(days=1)
    purse.settle()
    assert [purse.payout(one).state for one in (arrived, coming)] == ["paid", "needs_review"]
    assert (kinds(purse, arrived), kinds(purse, coming)) == (["submit"], ["submit"])
    assert incidents_of(purse, arrived) == []
    assert [one.kind for one in incidents_of(purse, coming)] == ["needs_review"]


def incidents_of(purse, payout_id):
    return [one for one in purse.incidents() if one.payout_id == payout_id]


def test_paid_payout_that_a_look_finds_otherwise_stays_and_people_are_told_once(purse, monkeypatch):
    monkeypatch.setitem(VERDICTS, "other", RailVerdict.MISMATCH)
    payout_id = planned(purse, "pay")
    purse.settle()
    ((ref, effect),) = purse.provider.of(payout_id)
    effect.state, books = "other", under_way(purse, payout_id)
    look_again_and_stay(purse, payout_id, books)
    (found,) = incidents_of(purse, payout_id)
    assert (found.kind, found.details["provider_ref"]) == ("other_amount", ref)
    with purse.work(Role.MANAGER) as uow:
        money_incidents.close(uow, incident_id=found.id, note="Compared, and settled by hand.")
    look_again_and_stay(purse, payout_id, books)
    assert len(incidents_of(purse, payout_id)) == 1


def look_again_and_stay(purse, payout_id, books):
    looks = kinds(purse, payout_id).count("look")
    purse.now = purse.payout(payout_id).look_at
    assert purse.settle() == 0
    assert kinds(purse, payout_id).count("look") == looks + 1
    assert (purse.payout(payout_id).state, under_way(purse, payout_id)) == ("paid", books)


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


def claim(purse):
    with purse.work(None) as uow:
        return claiming.claim_payouts(
            uow.session, organisation_id=purse.made.id, now=uow.now, rail=purse.rail, limit=16
        )


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


def test_unasked_look_and_no_outcomes_do_nothing(purse):
    with purse.work(None) as uow:
        assert take_in(uow, record_outcomes, [], {}) == []
        assert take_in(uow, record_looks, [], {}) == []


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


def test_late_look_is_left_for_the_next(purse, monkeypatch):
    payout_id = planned(purse, "accept")
    purse.settle()
    purse.now += dt.timedelta(minutes=10)
    monkeypatch.setattr(settle_payouts, "CALL_WITHIN_S", -1.0)
    assert purse.settle() == 0
    assert kinds(purse, payout_id) == ["submit"]


def test_rail_is_opened_once_while_its_settings_stay(purse):
    purse.save({"one": "1"})
    before = len(purse.maker.opened)
    for _ in range(2):
        planned(purse)
        purse.settle()
    assert len(purse.maker.opened) == before + 1
    purse.now += dt.timedelta(seconds=1)
    purse.save({"one": "2"})
    planned(purse)
    purse.settle()
    assert len(purse.maker.opened) == before + 2
    account = purse.maker.opened[-1]
    assert (account.organisation_id, account.settings) == (purse.made.id, {"one": "2"})
    assert account.secrets == {"key": "sk_test_1"}


def test_opened_rails_are_forgotten_before_they_are_too_many(purse, monkeypatch):
    monkeypatch.setattr(settle_payouts, "_MOST_KEPT", 1)
    monkeypatch.setattr(settle_payouts, "_opened", {("other",): object()})
    planned(purse)
    purse.settle()
    assert len(settle_payouts._opened) == 1


def test_payouts_by_file_are_left_to_their_file(purse):
    (payout_id,) = purse.owe()
    purse.execute("UPDATE payouts SET by_run = true WHERE id = ANY(%(ids)s)", [payout_id])
    assert purse.settle() == 0
    assert purse.payout(payout_id).state == "ready"


def test_rail_that_is_not_in_the_registry_is_asked_nothing(purse):
    (payout_id,) = purse.owe()
    with purse.at(purse.now):
        assert settle_payouts.settle(purse.made.id, {"voucher": VoucherRail()}) == 0
    row = purse.payout(payout_id)
    assert (row.state, row.trouble, purse.attempts(payout_id)) == ("ready", None, [])
    assert purse.rail_state().in_use


def turn(purse, *, enabled):
    with purse.work(None) as uow:
        turn_rail(
            uow.session,
            organisation_id=purse.made.id,
            now=uow.now,
            changed_by=None,
            rail=purse.rail,
            enabled=enabled,
        )


def test_payouts_of_a_rail_that_is_not_in_use_cost_nothing_until_it_is(purse, bare_apps):
    payouts = purse.owe(3)
    before = [purse.payout(one) for one in payouts]
    turn(purse, enabled=False)
    for _ in range(2):
        purse.now += HOURS_6
        assert purse.settle() == 0
    assert [purse.payout(one) for one in payouts] == before
    assert [purse.attempts(one) for one in payouts] == [[], [], []]
    assert is_due(purse, bare_apps[1]) is False
    turn(purse, enabled=True)
    assert is_due(purse, bare_apps[1]) is True
    assert purse.settle() == 3
    assert {purse.payout(one).state for one in payouts} == {"submitted"}
    assert is_due(purse, bare_apps[1]) is False


def is_due(purse, worker):
    """Whether the worker, which stands in no organisation, fetches its payouts now."""
    with worker.app_context(), purse.at(purse.now + LEFT_ALONE):
        return (Errand.SETTLE, purse.made.id) in look(Depth.ERRANDS).errands


def test_payout_of_a_dead_worker_is_unknown_without_its_rail_and_given_up_in_time(
    purse, monkeypatch, bare_apps
):
    payout_id = planned(purse, "accept")
    with crash_before_recording(monkeypatch), pytest.raises(Crash):
        purse.settle()
    turn(purse, enabled=False)
    purse.now += LEASE
    assert is_due(purse, bare_apps[1]) is True
    assert purse.settle() == 1
    assert purse.payout(payout_id).state == "unknown"
    purse.now += dt.timedelta(days=6)
    assert (purse.settle(), is_due(purse, bare_apps[1])) == (0, False)
    assert len(purse.attempts(payout_id)) == 1  # of the two that began
    purse.now += dt.timedelta(days=1)
    assert is_due(purse, bare_apps[1]) is True
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble, row.generation) == ("needs_review", "too_old", 1)
    assert kinds(purse, payout_id) == ["submit"]
    turn(purse, enabled=True)


@pytest.mark.parametrize(("most", "woken"), [(1, 1), (1000, 2)])
def test_what_was_put_off_is_woken_by_so_many_at_once(purse, monkeypatch, most, woken):
    monkeypatch.setattr(accounts, "_MOST_WOKEN", most)
    payouts = purse.owe(2)
    for payout_id in payouts:
        purse.provider.plans[payout_id].append("empty")
    purse.settle()
    purse.works_again()
    assert purse.settle() == woken
    states = sorted(purse.payout(one).state for one in payouts)
    assert states == (["ready", "submitted"] if woken == 1 else ["submitted"] * 2)


@pytest.mark.parametrize("seen", ["accepted", "paid"])
def test_message_that_comes_while_it_is_looked_at_makes_a_second_look(purse, seen):
    payout_id = planned(purse, "accept")
    purse.settle()
    ((_, effect),) = purse.provider.of(payout_id)
    effect.state = seen
    purse.now += dt.timedelta(minutes=10)
    rail = settle_payouts._opened[purse.made.id, purse.rail, False, purse.rail_state().changed_at]
    look = rail.look

    def overtaken(request, ref):
        found = look(request, ref)
        effect.state = "failed"
        purse.rows(
            "UPDATE payouts SET look_at = %(at)s WHERE id = %(p)s RETURNING id",
            at=purse.now,
            p=payout_id,
        )
        rail.look = look
        return found

    rail.look = overtaken
    purse.settle()
    assert purse.payout(payout_id).state == ("failed" if seen == "accepted" else "returned")
    assert kinds(purse, payout_id) == ["submit", "look", "look"]


def test_provider_that_is_down_is_not_asked_for_all_that_waits(purse):
    payouts = purse.owe(settle_payouts.CALLED_BATCH + 4)
    for payout_id in payouts:
        purse.provider.plans[payout_id].append("lost_before")
    purse.settle()
    tried = [one for one in payouts if purse.provider.calls[one]]
    assert len(tried) == settle_payouts.CALLED_BATCH
    assert {purse.payout(one).state for one in tried} == {"unknown"}
    purse.settle()
    assert all(purse.provider.calls[one] for one in payouts)


def test_looks_stop_where_the_provider_is_down(purse):
    payouts = purse.owe(settle_payouts.CALLED_BATCH + 1)
    purse.settle()
    for payout_id in payouts:
        purse.provider.sights[payout_id].append("blind")
    purse.now += dt.timedelta(minutes=10)
    purse.settle()
    looked = [one for one in payouts if "look" in kinds(purse, one)]
    assert len(looked) == settle_payouts.CALLED_BATCH


def test_vouchers_alone_ask_no_provider(purse):
    payout_id = planned(purse)
    with purse.at(purse.now):
        assert settle_payouts.settle_own(purse.made.id, purse.rails) == 0
    assert purse.payout(payout_id).state == "ready"


def test_rail_that_is_paused_already_opens_no_second_incident(purse):
    planned(purse)
    (one,) = claim(purse)
    refused = Outcome(RailVerdict.CONFIG, trouble=Trouble.ACCESS_REFUSED)
    opened = len(purse.incidents())
    changed_at = {purse.rail: purse.rail_state().changed_at}
    for _ in range(2):
        with purse.work(None) as uow:
            take_in(uow, record_outcomes, [(one, refused)], changed_at)
    assert not purse.rail_state().in_use
    assert len(purse.incidents()) <= opened + 1
