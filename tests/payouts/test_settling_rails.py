"""What a rail that is paused, out of use or down does to the payouts that wait for it."""

import datetime as dt

import pytest

from promises.flows import settle_payouts
from promises.flows.payout_results import take_in
from promises.payouts import accounts
from promises.payouts.accounts import turn_rail
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.rails.voucher import VoucherRail
from promises.payouts.recording import record_outcomes
from promises.payouts.retries import LEASE
from promises.worker.look import LEFT_ALONE, Depth, Errand, look
from tests.payouts.ground import Crash, crash_before_recording
from tests.payouts.settling import claim, kinds, planned

pytestmark = pytest.mark.usefixtures("as_application")

HOURS_6 = dt.timedelta(hours=6)


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
