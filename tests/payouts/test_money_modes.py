"""What arose in test mode is never paid in real money, and ends once real money moves."""

import threading

import pytest
from psycopg.errors import CheckViolation

from promises.compensation.goodwill_errors import GiftOnlyTried
from promises.compensation.goodwill_models import GoodwillReason, VatTreatment
from promises.compensation.goodwill_rule import Rule
from promises.compensation.models import Hold
from promises.db.session import unit_of_work
from promises.flows import give_goodwill, redeem_voucher, set_rails
from promises.flows.compensate import let_go, lift_and_let_go
from promises.flows.end_tried import end_tried
from promises.flows.housekeep import housekeep
from promises.identity.models import MoneyMode
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.money import Money
from promises.ledger.queries import unbalanced_transactions
from promises.payouts.accounts import is_live
from promises.payouts.errors import MoneyWaiting, OnlyTriedVoucher, StillOwed
from tests.flows.choosing import ChoosingWorld

pytestmark = pytest.mark.usefixtures("as_application")

LIMIT_S = 20
PAY = """
INSERT INTO payouts (organisation_id, id, compensation_id, rail, amount_minor, currency, state,
    key, created_at, changed_at)
SELECT organisation_id, gen_random_uuid(), id, 'stripe_refund', amount_minor, currency, 'ready',
    'payout-by-hand', created_at, created_at
FROM compensations WHERE id = %(debt)s RETURNING id
"""


@pytest.fixture
def world():
    return ChoosingWorld()


def go(world, mode=MoneyMode.LIVE):
    with world.work(None) as uow:
        assert set_rails.change_mode(uow, mode=mode)


def tidy(world):
    with world.work(None) as uow:
        housekeep(uow)


def debt(world, ticket):
    (found,) = [row for row in world.compensations() if row.ticket_id == ticket.ticket_id]
    return found


def money(world):
    with world.work(None) as uow:
        tenant = {"organisation_id": uow.organisation_id}
        assert unbalanced_transactions(uow.session, **tenant) == []
    return {name: value for name, value in world.balances().items() if value}


def code_of(world, ticket):
    with world.work() as uow:
        ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    return code


def redeem(world, code):
    with world.work() as uow:
        return redeem_voucher.redeem(uow, code=code, counter_id=None)


def test_debt_of_test_mode_ends_unpaid_once_real_money_moves(world, client):
    ticket = world.broken(by_card=True)
    assert debt(world, ticket).arose_live is False
    go(world)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    held = debt(world, ticket)
    assert (held.state, held.holds) == ("owed", ["budget"])
    world.settle()
    assert (world.rows("SELECT 1 FROM payouts"), world.card.asked) == ([], [])
    tidy(world)
    over = debt(world, ticket)
    assert (over.state, over.closing_reason, over.amount_minor) == ("cancelled", "only_tried", 1000)
    assert money(world) == {}
    page = client.get(f"/o/{world.made.slug}/t/{ticket.public_code}").text
    assert "Payments were only being tried out here at that time" in page
    with world.work(None) as uow:
        assert end_tried(uow) == 0
    assert debt(world, ticket) == over


def test_debt_that_arises_after_the_change_is_paid(world):
    go(world)
    ticket = world.vouchered()
    assert (debt(world, ticket).arose_live, debt(world, ticket).state) == (True, "released")
    tidy(world)
    assert [row.state for row in world.vouchers()] == ["active"]
    assert redeem(world, code_of(world, ticket)).value == Money(1000, "EUR")


def test_database_refuses_a_real_payout_for_a_debt_of_test_mode(world):
    ticket = world.broken()
    go(world)
    with pytest.raises(CheckViolation, match="the mode in which it arose"):
        world.rows(PAY, debt=debt(world, ticket).id)
    with pytest.raises(CheckViolation, match="keeps the mode"):
        world.rows(
            "UPDATE compensations SET arose_live = true WHERE id = %(d)s RETURNING id",
            d=debt(world, ticket).id,
        )
    assert debt(world, ticket).arose_live is False
    assert world.rows("SELECT 1 FROM payouts") == []


def test_voucher_of_test_mode_is_taken_by_no_till_and_ends(world):
    ticket = world.vouchered()
    code = code_of(world, ticket)
    go(world)
    with pytest.raises(OnlyTriedVoucher):
        redeem(world, code)
    with world.work() as uow, pytest.raises(OnlyTriedVoucher):
        redeem_voucher.show_code(uow, voucher_id=world.vouchers()[0].id)
    (before,) = world.vouchers()
    assert (before.state, before.redeemed_at) == ("active", None)
    tidy(world)
    assert [row.state for row in world.vouchers()] == ["voided"]
    assert [row.state for row in world.rows("SELECT state FROM payouts")] == ["returned"]
    assert debt(world, ticket).closing_reason == "only_tried"
    assert money(world) == {}
    with pytest.raises(OnlyTriedVoucher):
        redeem(world, code)


def test_voucher_used_in_test_mode_stays_used(world):
    ticket = world.vouchered()
    redeem(world, code_of(world, ticket))
    before = world.vouchers(), debt(world, ticket), money(world)
    go(world)
    tidy(world)
    assert (world.vouchers(), debt(world, ticket), money(world)) == before


def test_mode_waits_for_a_voucher_that_is_not_issued_yet(world):
    ticket = world.released()
    with world.work(None) as uow, pytest.raises(MoneyWaiting):
        set_rails.change_mode(uow, mode=MoneyMode.LIVE)
    world.settle()
    go(world)
    assert debt(world, ticket).arose_live is False


def test_real_money_is_not_left_while_it_is_owed(world):
    go(world)
    world.broken()
    with world.work(None) as uow, pytest.raises(StillOwed):
        set_rails.change_mode(uow, mode=MoneyMode.TEST)
    with world.work(None) as uow:
        assert is_live(uow.session, organisation_id=world.made.id)


def test_what_is_owed_anew_for_a_breach_of_test_mode_is_of_test_mode(world):
    ticket = world.broken()
    go(world)
    again = world.one(
        "INSERT INTO compensations (organisation_id, id, breach_id, instalment, promise_id,"
        " version_id, ticket_id, branch_id, amount_minor, currency, outcome, remedy, state, holds,"
        " closing_reason, created_at, is_penalty)"
        " SELECT organisation_id, gen_random_uuid(), breach_id, 2, promise_id, version_id,"
        " ticket_id, branch_id, 100, currency, outcome, remedy, 'owed', '{clearance}', '',"
        " created_at, true FROM compensations WHERE id = %(d)s RETURNING arose_live, id",
        d=debt(world, ticket).id,
    )
    assert again.arose_live is False


def test_gift_of_test_mode_is_refused_afterwards_and_its_voucher_ends(world):
    rule = Rule(
        switched_on=True, purse_minor=2000, most_gift_minor=500, most_customer_minor=2000,
        vat_treatment=VatTreatment.OUTSIDE_SCOPE,
    )  # fmt: skip
    with world.work(Role.MANAGER) as uow:
        give_goodwill.set_rule(uow, rule=rule)
    gifts = []
    for amount in (400, 900):
        ticket = world.take()
        world.call()
        world.log(ticket.ticket_id, "service_started")
        with world.work() as uow:
            gifts.append(
                give_goodwill.give(
                    uow,
                    ticket_id=ticket.ticket_id,
                    amount_minor=amount,
                    reason=GoodwillReason.HARD_DAY,
                    words="",
                )
            )
        world.log(ticket.ticket_id, "served")
    world.later(minutes=11)
    world.settle()
    go(world)
    with world.work(Role.MANAGER) as uow, pytest.raises(GiftOnlyTried):
        give_goodwill.decide(uow, gift_id=gifts[1].gift_id, approve=True)
    assert (
        world.one("SELECT state FROM goodwill_gifts WHERE id = %(g)s", g=gifts[1].gift_id).state
        == "waiting"
    )
    tidy(world)
    assert [row.state for row in world.vouchers()] == ["voided"]
    assert money(world) == {}
    with world.work(Role.MANAGER) as uow:
        give_goodwill.decide(uow, gift_id=gifts[1].gift_id, approve=False, reason="Only tried.")


def test_real_debt_that_comes_back_in_test_mode_waits_for_real_money(world):
    go(world)
    ticket = world.vouchered()
    go(world, MoneyMode.TEST)
    owed = debt(world, ticket)
    world.rows(
        "UPDATE payouts SET state = 'returned' WHERE compensation_id = %(d)s RETURNING id",
        d=owed.id,
    )
    world.rows(
        "UPDATE compensations SET state = 'owed', holds = '{clearance}' WHERE id = %(d)s"
        " RETURNING id",
        d=owed.id,
    )
    with world.work(None) as uow:
        assert let_go(uow, [owed.id]) == 0
    tidy(world)
    assert (debt(world, ticket).state, debt(world, ticket).holds) == ("owed", ["budget"])
    go(world)
    tidy(world)
    assert debt(world, ticket).state == "released"


def test_change_of_mode_waits_for_a_debt_being_released(world, app):
    """Of the two, the debt is there first: it is of test mode, and its payout keeps the mode."""
    ticket = world.broken()
    answers = []

    def change():
        try:
            with app.app_context(), unit_of_work(world.made.id, SYSTEM) as uow:
                set_rails.change_mode(uow, mode=MoneyMode.LIVE)
        except MoneyWaiting as refusal:
            answers.append(type(refusal))
        else:
            answers.append("changed")

    owed = debt(world, ticket)
    with world.work(None) as uow:
        lift_and_let_go(uow, [owed.id], [Hold(name) for name in owed.holds])
        other = threading.Thread(target=change, daemon=True)
        other.start()
        other.join(0.3)
        assert answers == []
    other.join(LIMIT_S)
    assert answers == [MoneyWaiting]
    assert debt(world, ticket).state == "released"
    world.settle()
    change()
    assert answers == [MoneyWaiting, "changed"]
