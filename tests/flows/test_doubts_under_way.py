"""Doubts that come up while money is under way: what they reach once it is proven not to have
moved, and what stays with the customer."""

import datetime as dt

import pytest

from promises.flows import annul_breach, choose_payout, decide_compensation, dispute
from promises.flows.issue_vouchers import good_until
from promises.flows.mind_doubts import ANNULLED
from promises.kernel.actors import Role
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from promises.payouts.rails.voucher import VOUCHER
from tests.flows.choosing import ChoosingWorld

pytestmark = pytest.mark.usefixtures("as_application")

MAIL = "anna@example.fi"
UNDER_WAY = Outcome(RailVerdict.ACCEPTED, provider_ref="re_1")
REFUSED = Outcome(RailVerdict.REJECTED, trouble=Trouble.CARD_GONE)
GONE, ENDED = ("released",), ("cancelled",)


def ask(world):
    (breach,) = world.breaches()
    with world.work(Role.MANAGER) as uow:
        annul_breach.ask(uow, breach_id=breach.id, reason="The clock was wrong")


def decide(world, *, confirm=True):
    (breach,) = world.breaches()
    with world.work(Role.ADMINISTRATOR) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=confirm, reason="Checked")


def states(world):
    return [(row.state, *sorted(row.holds)) for row in world.compensations()]


def under_way(outcome=UNDER_WAY):
    world = ChoosingWorld()
    world.card.outcome = outcome
    ticket = world.vouchered(by_card=True, contact=MAIL)
    assert states(world) == [GONE]
    return world, ticket


def fail(world):
    world.card.outcome = REFUSED
    world.later(hours=2).settle()
    assert world.payouts() == [(STRIPE_REFUND, "failed")]


def a_week_later(world):
    world.later(days=8)
    sent = world.duty(choose_payout.pay_without_choice)
    world.settle()
    return sent


def test_annulled_debt_whose_money_then_fails_is_owed_no_more():
    world, _ = under_way()
    ask(world)
    decide(world)
    assert states(world) == [GONE]
    fail(world)
    assert states(world) == [ENDED]
    assert world.compensations()[0].closing_reason == ANNULLED
    assert world.balances() == {}
    assert ("money_news", "failed") not in world.told()
    assert a_week_later(world) == 0
    assert world.payouts() == [(STRIPE_REFUND, "failed")]


@pytest.mark.parametrize("doubt", ["annulment", "dispute"])
def test_open_doubt_holds_the_debt_whose_money_fails_until_it_is_settled(doubt):
    world, ticket = under_way()
    if doubt == "annulment":
        ask(world)
    else:
        with world.work(None) as uow:
            dispute.dispute(uow, ticket_id=ticket.ticket_id)
    fail(world)
    held = "evidence" if doubt == "annulment" else "dispute"
    assert states(world) == [("owed", *sorted([held, "payment"]))]
    assert a_week_later(world) == 0
    assert ("money_news", "voucher") not in world.told()
    if doubt == "annulment":
        decide(world, confirm=False)
    else:
        with world.work() as uow:
            dispute.resolve(uow, ticket_id=ticket.ticket_id, reason="Nothing wrong")
    assert states(world) == [("owed", "payment")]
    assert a_week_later(world) == 1
    assert world.payouts()[-1] == (VOUCHER, "submitted")


@pytest.mark.parametrize("settled", [True, False])
def test_try_without_effect_is_not_repeated_once_the_breach_is_doubted(settled):
    world = ChoosingWorld()
    world.released(by_card=True, contact=MAIL)

    def meanwhile(request):
        world.card.asked.append(request)
        ask(world)
        if settled:
            decide(world)
        assert states(world) == [GONE]
        return Outcome(RailVerdict.RETRY, trouble=Trouble.RAIL_DOWN)

    world.card.submit = meanwhile
    world.settle()
    assert states(world) == [ENDED if settled else ("owed", "evidence")]
    world.later(hours=2).settle()
    assert world.payouts() == [(STRIPE_REFUND, "cancelled")]
    assert len(world.card.asked) == 1


def test_money_approved_while_the_annulment_waits_ends_if_nobody_has_sent_it():
    world = ChoosingWorld()
    world.released()
    (debt,) = world.compensations()
    ask(world)
    with world.work(Role.ADMINISTRATOR) as uow:
        decide_compensation.approve(uow, compensation_ids=[debt.id])
    assert states(world) == [GONE]
    decide(world)
    assert states(world) == [ENDED]
    world.settle()
    assert world.vouchers() == []
    assert world.balances() == {}


def test_rejected_annulment_leaves_the_hold_of_a_person():
    world = ChoosingWorld()
    world.released()
    (debt,) = world.compensations()
    with world.work(Role.MANAGER) as uow:
        decide_compensation.hold(uow, compensation_ids=[debt.id], reason="Looks odd")
    until = world.compensations()[0].held_until
    ask(world)
    decide(world, confirm=False)
    (held,) = world.compensations()
    assert (held.state, held.holds, held.held_until) == ("owed", ["evidence"], until)
    world.settle()
    assert world.vouchers() == []


def test_what_a_voucher_in_hand_was_exchanged_for_outlives_its_breach():
    world = ChoosingWorld()
    ticket = world.vouchered(contact=MAIL)
    world.give(ticket)
    world.confirm(ticket)
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]
    ask(world)
    assert states(world) == [("owed", "evidence")]
    decide(world)
    assert states(world) == [GONE]
    assert world.payouts()[-1] == (SEPA, "ready")


def test_held_debt_whose_money_failed_is_not_told_a_voucher():
    world = ChoosingWorld()
    world.vouchered(by_card=True, contact=MAIL)
    (debt,) = world.compensations()
    with world.work(Role.MANAGER) as uow:
        decide_compensation.hold(uow, compensation_ids=[debt.id], reason="Looks odd")
    assert a_week_later(world) == 0
    assert states(world) == [("owed", "evidence", "payment")]
    assert ("money_news", "voucher") not in world.told()


@pytest.mark.parametrize(
    ("issued", "zone", "years", "last"),
    [
        # Finland's clocks are turned between the hour of issue and the anniversary
        ((2025, 3, 30, 21, 30), "Europe/Helsinki", 5, (2030, 3, 31, 20, 59)),
        ((2026, 3, 2, 10, 0), "Europe/Helsinki", 3, (2029, 3, 2, 21, 59)),
        ((2028, 2, 29, 10, 0), "Europe/Helsinki", 3, (2031, 2, 28, 21, 59)),
        ((2026, 3, 2, 23, 30), "Asia/Tokyo", 1, (2027, 3, 3, 14, 59)),
        # in Beirut midnight itself is skipped in spring
        ((2026, 3, 27, 10, 0), "Asia/Beirut", 1, (2027, 3, 27, 21, 59)),
    ],
)
def test_voucher_is_good_for_the_whole_of_its_last_day(issued, zone, years, last):
    good = good_until(dt.datetime(*issued, tzinfo=dt.UTC), zone, years)
    assert good == dt.datetime(*last, 59, 999_999, tzinfo=dt.UTC)
