"""Payouts for which nobody comes with a file or a hand are told, once, until somebody does."""

import datetime as dt

import pytest

from promises.flows.money_incidents import close, tell_incidents
from promises.flows.pay_by_hand import mark_paid
from promises.flows.watch_hands import TELL_AGAIN, watch_hands
from promises.kernel.actors import Role
from promises.payouts.bank_days import bank_days_before, bank_days_later
from promises.payouts.rails.account_file import AccountFileMaker
from promises.payouts.rails.manual import MANUAL, ManualMaker
from promises.payouts.rails.names import ACCOUNT_FILE
from tests.payouts.bank import PAYEE, Payer

pytestmark = pytest.mark.usefixtures("as_application")


def look(world):
    with world.work(None) as uow:
        return watch_hands(uow)


def late(world):
    """Six bank days on: whatever was ready is late."""
    days = bank_days_later(world.now.date(), 6) - world.now.date()
    world.now += days


def test_payouts_by_hand_are_told_after_five_bank_days_and_closed_when_they_are_paid():
    world = Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})
    first, second = world.owe(2, details=lambda n: {})
    ready_on = world.now.date()
    world.now = world.now.replace(hour=12) + (bank_days_later(ready_on, 5) - ready_on)
    assert (look(world), world.incidents()) == (0, [])
    world.now += dt.timedelta(days=1)
    assert look(world) == 1
    assert world.incidents() == [("hands_late", 2000, True)]
    with world.work(None) as uow:
        assert tell_incidents(uow) > 0
    assert look(world) == 0
    for payout_id, receipt in ((first, "K-1"), (second, "K-2")):
        assert world.incidents() == [("hands_late", 2000, True)]
        with world.work(Role.MANAGER) as uow:
            mark_paid(uow, payout_id=payout_id, receipt=receipt)
        assert look(world) == 0
    assert world.incidents() == [("hands_late", 2000, False)]


def test_what_somebody_looked_into_rests_for_a_month():
    world = Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})
    world.owe(1, details=lambda n: {})
    late(world)
    assert look(world) == 1
    opened_at = world.now
    (found,) = world.rows("SELECT id FROM money_incidents")
    with world.work(Role.MANAGER) as uow:
        close(uow, incident_id=found.id, note="The payer is back on Monday.")
    world.now += dt.timedelta(days=2)
    assert look(world) == 0
    world.now = opened_at + TELL_AGAIN
    assert look(world) == 1
    assert world.incidents() == [("hands_late", 1000, False), ("hands_late", 1000, True)]


def test_files_that_nobody_fetches_are_told_and_fetched_ones_are_the_banks():
    world = Payer()
    world.pay_to(PAYEE)
    run_id = world.prepare()
    late(world)
    assert look(world) == 1
    world.cancel(run_id)
    assert look(world) == 0
    assert world.incidents() == [("hands_late", 1000, True)]
    run_id = world.prepare()
    world.release(run_id)
    world.fetch(run_id)
    assert look(world) == 0
    assert world.incidents() == [("hands_late", 1000, False)]
    late(world)
    assert look(world) == 0
    world.round()
    assert [one[0] for one in world.incidents() if one[2]] == ["bank_silent", "needs_review"]


def test_core_system_that_answers_no_file_is_told_and_paid_to_no_other_way():
    secrets = {"signing_key": "a-key-of-sixteen-or-more"}
    world = Payer(AccountFileMaker(), rail=ACCOUNT_FILE, settings={}, secrets=secrets)
    world.owe(1, details=lambda n: {"account": "100"})
    run_id = world.prepare()
    world.release(run_id)
    world.fetch(run_id)
    late(world)
    assert look(world) == 0
    world.round()
    world.round()
    assert world.states() == [("needs_review", "silent")]
    assert world.incidents() == [("bank_silent", 1000, True), ("needs_review", 1000, True)]


def test_bank_days_are_counted_backwards_over_weekends_and_holidays():
    assert bank_days_before(dt.date(2026, 4, 7), 1) == dt.date(2026, 4, 2)
    assert bank_days_before(dt.date(2026, 4, 7), 0) == dt.date(2026, 4, 7)
    assert bank_days_before(dt.date(2026, 3, 9), 5) == dt.date(2026, 3, 2)
