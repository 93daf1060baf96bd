"""Double entry on the real database."""

import datetime as dt

import pytest

from promises.compensation.models import CompensationState
from promises.flows.compensate import end_debts
from promises.flows.keep_books import name_account, set_vat
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.chart import account_history, chart, set_account, used_codes
from promises.ledger.errors import RateWithoutPrice, VatInThePast
from promises.ledger.queries import balances, posted_among, unbalanced_transactions
from promises.ledger.vat import UNDECIDED, TaxTreatment, Vat
from promises.ledger.vat_choices import choose_vat, vat_history
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return World()


def book(world, *postings):
    with world.work(None) as uow:
        return post(
            uow.session, organisation_id=world.made.id, now=uow.now, postings=list(postings)
        )


def owed(amount_minor, reference_id=None, currency="EUR"):
    return Posting(PostingKind.OWED, reference_id or new_id(), amount_minor, currency)


def test_same_fact_is_booked_once_however_often_it_is_posted(world):
    fact = owed(1000)
    assert book(world, fact, owed(500)) == 2
    assert book(world, fact) == 0
    assert world.balances() == {"compensation_expense": 1500, "compensation_owed": -1500}


def test_currencies_never_mix(world):
    assert book(world, owed(1000), owed(900, currency="SEK")) == 2
    with world.work(None) as uow:
        found = balances(uow.session, organisation_id=world.made.id)
        assert unbalanced_transactions(uow.session, organisation_id=world.made.id) == []
    assert {(row.account_code, row.currency, row.balance_minor) for row in found} == {
        ("compensation_expense", "EUR", 1000),
        ("compensation_owed", "EUR", -1000),
        ("compensation_expense", "SEK", 900),
        ("compensation_owed", "SEK", -900),
    }


def test_cancellation_names_the_transaction_that_it_takes_back(world):
    debt = new_id()
    book(world, owed(1000, debt))
    book(world, Posting(PostingKind.CANCELLED, debt, 1000, "EUR"))
    kinds = {row.kind: row for row in world.rows("SELECT * FROM ledger_transactions")}
    assert kinds["cancelled"].reverses_id == kinds["owed"].id
    assert world.balances() == {}


def test_posting_nothing_writes_nothing(world):
    assert book(world) == 0
    assert world.rows("SELECT 1 FROM ledger_transactions") == []


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_posting_without_an_amount_is_no_posting(amount_minor):
    with pytest.raises(ValueError, match="above zero"):
        owed(amount_minor)


def entries(world):
    return [
        (row.account_code, row.amount_minor)
        for row in world.rows(
            "SELECT e.* FROM ledger_entries e JOIN ledger_transactions t"
            " ON t.id = e.transaction_id ORDER BY t.recorded_at, t.id, e.amount_minor DESC"
        )
    ]


def test_price_reduction_is_split_and_taken_back_as_it_was_split(world):
    debt, voucher = new_id(), new_id()
    vat = Vat(TaxTreatment.PRICE_REDUCTION, 2550)
    book(world, Posting(PostingKind.OWED, debt, 1000, "EUR", vat=vat))
    world.later(seconds=1)
    book(world, Posting(PostingKind.VOUCHER_ISSUED, new_id(), 1000, "EUR", debt_id=debt))
    world.later(seconds=1)
    book(world, Posting(PostingKind.VOUCHER_EXPIRED, voucher, 1000, "EUR", debt_id=debt))
    assert entries(world) == [
        ("sales_adjustment", 797), ("vat_payable", 203), ("compensation_owed", -1000),
        ("compensation_owed", 1000), ("vouchers_issued", -1000),
        ("vouchers_issued", 1000), ("vat_payable", -203), ("sales_adjustment", -797),
    ]  # fmt: skip
    rows = world.rows("SELECT * FROM ledger_transactions ORDER BY recorded_at")
    assert [(row.kind, row.vat_treatment, row.vat_rate_bp) for row in rows] == [
        ("owed", "price_reduction", 2550), ("voucher_issued", None, None),
        ("voucher_expired", "price_reduction", 2550),
    ]  # fmt: skip
    assert rows[2].reverses_id == rows[0].id
    assert {row.debt_id for row in rows} == {debt}
    assert world.balances() == {}


def test_vat_of_less_than_half_a_cent_leaves_no_entry_of_nothing(world):
    vat = Vat(TaxTreatment.PRICE_REDUCTION, 2550)
    book(world, Posting(PostingKind.OWED, new_id(), 1, "EUR", vat=vat))
    assert world.balances() == {"sales_adjustment": 1, "compensation_owed": -1}


def test_each_rail_has_accounts_of_its_own(world):
    for rail in ("sepa", "stripe_refund"):
        payout = new_id()
        book(world, owed(500, payout))
        book(world, Posting(PostingKind.PAYOUT_SENT, payout, 500, "EUR", rail))
        book(world, Posting(PostingKind.PAYOUT_ARRIVED, payout, 500, "EUR", rail))
    back = Posting(PostingKind.PAYOUT_CAME_BACK, payout, 500, "EUR", "stripe_refund")
    assert book(world, back) == 1
    assert world.balances() == {
        "compensation_expense": 1000, "compensation_owed": -500, "money_out:sepa": -500,
    }  # fmt: skip


def test_what_was_never_sent_cannot_fail_in_the_books(world):
    payout = new_id()
    failed = Posting(PostingKind.PAYOUT_FAILED, payout, 500, "EUR", "sepa")
    assert book(world, failed) == 0
    book(world, Posting(PostingKind.PAYOUT_SENT, payout, 500, "EUR", "sepa"))
    assert book(world, failed) == 1
    assert book(world, failed) == 0
    assert world.balances() == {}


def choose(world, vat, valid_from, today=None):
    with world.work(Role.ACCOUNTANT) as uow:
        choose_vat(
            uow.session, organisation_id=world.made.id, now=uow.now, set_by=uow.actor.id,
            promise_id=world.published.promise_id, vat=vat, valid_from=valid_from,
            today=today or uow.now.date(),
        )  # fmt: skip


def test_vat_holds_from_its_day_and_the_newest_choice_of_a_day_counts(world):
    today = world.now.date()
    later = today + dt.timedelta(days=3)
    promise = world.published.promise_id
    choose(world, Vat(TaxTreatment.PRICE_REDUCTION, 2550), later)
    world.later(seconds=1)
    choose(world, Vat(TaxTreatment.DAMAGES), later)
    with pytest.raises(VatInThePast):
        choose(world, Vat(TaxTreatment.DAMAGES), today - dt.timedelta(days=1))
    with pytest.raises(RateWithoutPrice):
        choose(world, Vat(TaxTreatment.PRICE_REDUCTION), today)
    with world.work(None) as uow:
        found = vat_history(uow.session, organisation_id=world.made.id, promise_ids=[promise])
    assert found.in_force(promise, today) == UNDECIDED
    assert found.in_force(promise, later) == Vat(TaxTreatment.DAMAGES)
    assert found.in_force(new_id(), later) == UNDECIDED
    assert len(found.chosen[promise]) == 2


def test_broken_promise_is_booked_with_the_vat_of_its_day(world):
    choose(world, Vat(TaxTreatment.PRICE_REDUCTION, 2550), world.now.date())
    world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    assert world.balances() == {
        "sales_adjustment": 797, "vat_payable": 203, "compensation_owed": -1000,
    }  # fmt: skip
    with world.work(Role.ACCOUNTANT) as uow:
        again = Vat(TaxTreatment.PRICE_REDUCTION, 1350)
        set_vat(uow, promise_id=world.published.promise_id, vat=again, valid_from=world.now.date())
    (debt,) = world.compensations()
    with world.work(Role.MANAGER) as uow:
        end_debts(uow, [debt.id], state=CompensationState.REFUSED, reason="Nobody was there")
    assert world.balances() == {}


def test_own_numbers_of_accounts_reach_their_rails(world):
    with world.work(Role.ACCOUNTANT) as uow:
        tenant = {"organisation_id": world.made.id}
        set_account(
            uow.session, now=uow.now, set_by=uow.actor.id, account_code="money_out",
            number="1911", name="Bank", **tenant,
        )  # fmt: skip
        name_account(uow, account_code="bank_fees", number="8600", name="")
        with pytest.raises(NotFound):
            name_account(uow, account_code="petty_cash", number="1", name="")
        own = chart(uow.session, **tenant)
        history = account_history(uow.session, account_code="money_out", **tenant)
        assert "money_out:sepa" not in used_codes(uow.session, **tenant)
    assert (own.of("money_out:sepa").number, own.of("money_out:sepa").name) == ("1911", "Bank")
    assert own.of("payouts_under_way:sepa").own is False
    assert own.of("bank_fees").number == "8600"
    assert own.of("vat_payable").kind == "liability"
    assert [(one.number, one.set_by_name is not None) for one in history] == [("1911", True)]
    book(world, Posting(PostingKind.FEE_CHARGED, new_id(), 25, "EUR", "sepa"))
    with world.work(None) as uow:
        codes = used_codes(uow.session, organisation_id=world.made.id)
    assert codes.index("money_out:sepa") == codes.index("money_out") + 1


def test_only_facts_that_are_in_the_books_are_found_there(world):
    known, unknown = new_id(), new_id()
    book(world, owed(100, known))
    with world.work(None) as uow:
        found = posted_among(
            uow.session, organisation_id=world.made.id, kind="owed", reference_ids=[known, unknown]
        )
        assert found == {known}
        assert not posted_among(
            uow.session, organisation_id=world.made.id, kind="owed", reference_ids=[]
        )
