"""An approval is given for one account, and lets money go to no other."""

import pytest

from promises.compensation.errors import ListHasChanged
from promises.compensation.thresholds import Thresholds
from promises.flows import choose_payout
from promises.flows.compensate import OTHER_ACCOUNT
from promises.flows.decide_compensation import approve, hold, require_as_shown
from promises.flows.set_thresholds import set_thresholds
from promises.kernel.actors import Role
from promises.payouts.choices import REST
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from promises.payouts.rails.voucher import VOUCHER
from promises.reporting.approval_queue import approval_queue
from tests.desk.pages import Counter
from tests.flows.choosing import OTHER_IBAN, ChoosingWorld

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
