"""How payouts whose end is not known are looked up, and what a look changes."""

import datetime as dt

import pytest

from promises.flows import money_incidents, settle_payouts
from promises.flows.payout_results import take_in
from promises.identity.models import Role
from promises.payouts.rails.base import RailVerdict, Trouble
from promises.payouts.recording import record_looks, record_outcomes
from promises.payouts.retries import LEASE
from tests.payouts.provider import HOURS_20, VERDICTS
from tests.payouts.settling import SECONDS_5, incidents_of, kinds, planned, spoil, under_way

pytestmark = pytest.mark.usefixtures("as_application")


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


def test_key_that_lives_for_ever_is_never_too_old(purse, monkeypatch):
    monkeypatch.setattr(purse.maker, "key_lives", None)
    payout_id = planned(purse, "lost_before")
    purse.settle()
    purse.now += dt.timedelta(days=90)
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"


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


def test_refusal_that_overtakes_a_try_on_its_way_reopens_no_debt(purse):
    payout_id = planned(purse, "slow", "refuse_first")
    purse.settle()
    purse.now += SECONDS_5
    purse.settle()
    row = purse.payout(payout_id)
    assert (row.state, row.trouble) == ("unknown", "nothing_to_refund")
    assert kinds(purse, payout_id) == ["submit", "find", "submit", "find"]
    assert purse.debt(payout_id).state == "released"
    purse.provider.arrive()
    purse.now += LEASE
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"
    assert len(purse.provider.of(payout_id)) == 1


def test_refusal_counts_once_nothing_is_on_its_way_any_more(purse):
    payout_id = planned(purse, "lost_before", "refuse_first", "refuse_first")
    purse.settle()
    for pause, state in ((SECONDS_5, "unknown"), (LEASE, "failed")):
        purse.now += pause
        purse.settle()
        assert purse.payout(payout_id).state == state
    assert purse.debt(payout_id).state == "owed"


def test_refusal_after_an_unknown_try_of_which_nothing_is_found_is_one(purse):
    payout_id = planned(purse, "lost_before", "refuse")
    purse.settle()
    purse.now += SECONDS_5
    purse.settle()
    assert purse.payout(payout_id).state == "failed"
    assert kinds(purse, payout_id) == ["submit", "find", "submit", "find"]


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


def test_unasked_look_and_no_outcomes_do_nothing(purse):
    with purse.work(None) as uow:
        assert take_in(uow, record_outcomes, [], {}) == []
        assert take_in(uow, record_looks, [], {}) == []


def test_late_look_is_left_for_the_next(purse, monkeypatch):
    payout_id = planned(purse, "accept")
    purse.settle()
    purse.now += dt.timedelta(minutes=10)
    monkeypatch.setattr(settle_payouts, "CALL_WITHIN_S", -1.0)
    assert purse.settle() == 0
    assert kinds(purse, payout_id) == ["submit"]


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


def test_looks_stop_where_the_provider_is_down(purse):
    payouts = purse.owe(settle_payouts.CALLED_BATCH + 1)
    purse.settle()
    for payout_id in payouts:
        purse.provider.sights[payout_id].append("blind")
    purse.now += dt.timedelta(minutes=10)
    purse.settle()
    looked = [one for one in payouts if "look" in kinds(purse, one)]
    assert len(looked) == settle_payouts.CALLED_BATCH
