"""An approval is given for one account, and much for one account needs an approval."""

import dataclasses
import datetime as dt

import pytest

from promises.compensation.approving import (
    MUCH_TO_ACCOUNT,
    OTHER_ACCOUNT,
    Standing,
    why_look,
)
from promises.compensation.errors import ListHasChanged
from promises.compensation.releasing import Released
from promises.compensation.thresholds import Thresholds
from promises.flows import choose_payout
from promises.flows.compensate import send
from promises.flows.decide_compensation import approve, hold, require_as_shown
from promises.flows.set_thresholds import set_thresholds
from promises.kernel.actors import Role
from promises.kernel.ids import new_ids
from promises.payouts.actions import cancel_ready
from promises.payouts.choices import REST
from promises.payouts.destinations import NewDestination, give_destination
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from promises.payouts.rails.voucher import VOUCHER
from promises.reporting.approval_queue import approval_queue
from tests.desk.pages import Counter
from tests.flows.choosing import IBAN, OTHER_IBAN, ChoosingWorld
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")
MAIL = "anna@example.fi"


@pytest.fixture
def world():
    """Each debt of 10 € is above what goes out without an approval."""
    return ChoosingWorld(approval_threshold_minor=999)


def approved(world):
    """What waits, with whatever bank details are shown."""
    with world.work(Role.MANAGER) as uow:
        (debt,) = world.compensations()
        shown = require_as_shown(uow, {debt.id: mark(uow)})
        return approve(uow, compensation_ids=shown.compensation_ids, details=shown.details)


def mark(uow):
    (one,) = approval_queue(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        today_on=uow.now.date(),
        limit=2,
    )
    return one.mark


def state(world):
    (debt,) = world.compensations()
    return (debt.state, *debt.holds)


def reasons(world):
    found = world.rows("SELECT * FROM compensation_decisions ORDER BY decided_at, id")
    return [(row.kind, row.reason) for row in found]


def test_voucher_that_was_approved_becomes_a_transfer_only_after_another_look(world):
    ticket = world.released(contact=MAIL)
    assert (approved(world), state(world)) == (1, ("released",))
    world.settle()
    world.later(minutes=1)
    world.give(ticket)
    world.confirm(ticket)
    assert world.payouts() == [(VOUCHER, "returned")]
    assert state(world) == ("owed", "approval")
    assert reasons(world) == [("approved", ""), ("held", OTHER_ACCOUNT)]
    world.later(days=8)
    assert world.duty(choose_payout.pay_without_choice) == 0
    assert approved(world) == 1
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]


def test_account_that_stood_at_the_approval_needs_no_second_one_and_another_does(world):
    ticket = world.released(contact=MAIL)
    world.give(ticket)
    world.confirm(ticket)
    assert approved(world) == 1
    assert world.payouts() == [(SEPA, "ready")]
    world.later(minutes=5)
    world.give(ticket, OTHER_IBAN)
    world.confirm(ticket)
    world.now += REST
    world.duty(choose_payout.carry_out_due)
    assert state(world) == ("owed", "approval")
    assert world.payouts() == [(SEPA, "cancelled")]
    world.later(minutes=5)
    world.give(ticket)
    world.confirm(ticket)
    world.now += REST
    world.duty(choose_payout.carry_out_due)
    assert approved(world) == 1
    assert world.payouts() == [(SEPA, "cancelled"), (SEPA, "ready")]
    world.later(minutes=5)
    world.give(ticket, OTHER_IBAN)
    world.later(minutes=5)
    world.give(ticket)  # back to the one that was approved
    world.confirm(ticket)
    world.now += REST
    world.duty(choose_payout.carry_out_due)
    assert state(world) == ("released",)
    assert world.payouts()[-1] == (SEPA, "ready")


def test_money_that_did_not_reach_the_approved_card_is_looked_at_before_an_account(world):
    ticket = world.released(contact=MAIL, by_card=True)
    approved(world)
    world.settle()
    assert world.payouts() == [(STRIPE_REFUND, "failed")]
    world.later(minutes=1)
    world.give(ticket)
    world.confirm(ticket)
    assert state(world) == ("owed", "approval")
    assert reasons(world)[-1] == ("held", OTHER_ACCOUNT)
    assert approved(world) == 1
    assert world.payouts() == [(STRIPE_REFUND, "failed"), (SEPA, "ready")]


def test_account_that_came_after_the_page_is_not_approved_by_it(world):
    ticket = world.released(contact=MAIL)
    (debt,) = world.compensations()
    with world.work(Role.MANAGER) as uow:
        before = mark(uow)
    world.give(ticket)
    for refused in (lambda uow: require_as_shown(uow, {debt.id: before}),
                    lambda uow: approve(uow, compensation_ids=[debt.id])):  # fmt: skip
        with pytest.raises(ListHasChanged), world.work(Role.MANAGER) as uow:
            refused(uow)
    assert state(world) == ("owed", "approval")
    assert reasons(world) == []


def test_what_no_amount_and_no_sum_held_is_free_to_go_elsewhere():
    world = ChoosingWorld()
    ticket = world.broken(contact=MAIL)
    (debt,) = world.compensations()
    with world.work(Role.ADMINISTRATOR) as uow:
        hold(uow, compensation_ids=[debt.id], reason="The clock was wrong")
    world.call()
    world.log(ticket.ticket_id, "service_started")
    assert approved(world) == 1
    world.settle()
    world.give(ticket)
    world.confirm(ticket)
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]


def test_sum_that_an_approval_waived_asks_again_for_another_account():
    world = ChoosingWorld()
    ticket = world.broken(contact=MAIL)
    (debt,) = world.compensations()
    with world.work(Role.ADMINISTRATOR) as uow:
        hold(uow, compensation_ids=[debt.id], reason="The clock was wrong")
    with world.work(Role.MANAGER) as uow:
        set_thresholds(uow, wanted=Thresholds(branch_minor=999))
    world.call()
    world.log(ticket.ticket_id, "service_started")
    assert approved(world) == 1
    (noted,) = world.rows("SELECT holds FROM compensation_decisions WHERE kind = 'approved'")
    assert noted.holds == ["approval", "evidence"]
    world.settle()
    world.give(ticket)
    world.confirm(ticket)
    assert state(world) == ("owed", "approval")


def test_manager_reads_why_and_where_to(world, client):
    ticket = world.released(contact=MAIL)
    approved(world)
    world.settle()
    world.later(minutes=1)
    world.give(ticket)
    world.confirm(ticket)
    manager = Counter(client, role=Role.MANAGER, world=world)
    for page in ("approvals", "approvals/queue"):
        text = manager.get(page).text
        assert "Approved before, but not for the account that it would go to now." in text
        assert "The customer gave the account ending in 0785." in text


def test_rule_on_accounts_adds_up_debts_in_their_order():
    first, second, third = new_ids(3)
    one = Standing(first, 1000, False, frozenset(), 1500, 30)
    debts = [one, dataclasses.replace(one, compensation_id=second)]
    small = dataclasses.replace(one, compensation_id=third, amount_minor=500)
    to_one = dict.fromkeys((first, second, third), b"a")
    much = {second: MUCH_TO_ACCOUNT}
    assert why_look([*debts, small], to_one, {}) == much
    assert why_look([*debts, small], to_one, {b"b": 9000}) == much
    assert why_look(debts, to_one | {second: b"b"}, {}) == {}
    assert why_look([one], to_one, {b"a": 500}) == {}
    assert why_look([one], to_one, {b"a": 501}) == {first: MUCH_TO_ACCOUNT}
    assert why_look([dataclasses.replace(one, limit_minor=None)], to_one, {b"a": 10**9}) == {}
    approved_for = dataclasses.replace(one, asked=True, accounts=frozenset([b"b"]))
    assert why_look([approved_for], to_one, {}) == {first: OTHER_ACCOUNT}
    assert why_look([approved_for], {first: b"b"}, {b"b": 9000}) == {}


def transferred(world, iban=None):
    """Another ticket whose unused voucher is exchanged for a transfer."""
    ticket = world.vouchered(contact=MAIL)
    world.later(minutes=1)
    world.give(ticket, *([iban] if iban else []))
    world.confirm(ticket)
    return ticket


def test_one_account_for_many_tickets_meets_the_threshold_of_the_terms():
    world = ChoosingWorld(approval_threshold_minor=1500)
    transferred(world)
    transferred(world)
    transferred(world, OTHER_IBAN)
    assert [(row.state, *row.holds) for row in world.compensations()] == [
        ("released",),
        ("owed", "approval"),
        ("released",),
    ]
    assert reasons(world) == [("held", MUCH_TO_ACCOUNT)]
    with world.work(Role.MANAGER) as uow:
        debt = next(row for row in world.compensations() if row.state == "owed")
        given = world.rows("SELECT id, ticket_id FROM payout_destinations")
        details = [row.id for row in given if row.ticket_id == debt.ticket_id]
        assert approve(uow, compensation_ids=[debt.id], details=details) == 1
    assert [rail for rail, state in world.payouts() if state == "ready"] == [SEPA] * 3
    world.later(days=31)
    transferred(world)
    assert [row.state for row in world.compensations()] == ["released"] * 4


def test_limit_for_one_customer_is_one_for_an_account_too():
    world = ChoosingWorld()
    with world.work(Role.MANAGER) as uow:
        set_thresholds(uow, wanted=Thresholds(customer_minor=1999, window_days=3))
    transferred(world)
    transferred(world)
    assert [row.holds for row in world.compensations()] == [[], ["approval"]]
    world.now += dt.timedelta(days=3)
    transferred(world)
    assert [row.holds for row in world.compensations()] == [[], ["approval"], []]


@pytest.mark.no_cover
def test_of_many_at_once_to_one_account_no_two_pass_together(app_url):
    people = 3
    world = ChoosingWorld(approval_threshold_minor=1000)
    for _ in range(people):
        ticket = world.released()
        with world.work(None) as uow:
            give_destination(
                uow.session,
                organisation_id=world.made.id,
                actor=uow.actor,
                now=uow.now,
                new=NewDestination(ticket.ticket_id, SEPA, {"iban": IBAN}, True, uow.now),
            )
    debts = [Released(row.id, row.amount_minor, row.currency) for row in world.compensations()]
    with world.work(None) as uow:
        cancel_ready(
            uow.session,
            organisation_id=world.made.id,
            now=uow.now,
            compensation_ids=[debt.compensation_id for debt in debts],
        )

    def pay(number):
        with world.work(None) as uow:
            return send(uow, [debts[number]])

    with crowd(app_url, people) as everybody:
        assert sorted(everybody.at_once(pay)) == [0, 0, 1]
    assert sorted(row.state for row in world.compensations()) == ["owed", "owed", "released"]
    assert [rail for rail, state in world.payouts() if state == "ready"] == [SEPA]
