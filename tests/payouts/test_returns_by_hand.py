"""A payment by hand that came back: entered once, and the debt is open again."""

import datetime as dt

import pytest

from promises.compensation.errors import OwnEvidence
from promises.flows.choose_payout import choose
from promises.flows.decide_compensation import approve
from promises.flows.pay_by_hand import LONGEST_PROOF, CameBack, enter_return, mark_paid
from promises.kernel.actors import Role
from promises.kernel.errors import Forbidden
from promises.kernel.ids import new_id
from promises.payouts.rails.manual import MANUAL, ManualMaker
from promises.payouts.run_errors import (
    NotPaidByHand,
    ReturnDayWrong,
    ReturnProofMissing,
    SecondPersonNeeded,
)
from tests.payouts.bank import Payer
from tests.payouts.matrix.ground import BOOKS, books_of, check_text
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})


def owe(world):
    (payout_id,) = world.owe(1, details=lambda n: {})
    return payout_id


def pay(world, payout_id):
    with world.work(Role.MANAGER) as uow:
        mark_paid(uow, payout_id=payout_id, receipt="K-1")


def back(world, payout_id, *, role=Role.ACCOUNTANT, why=CameBack.CLOSED, days=0, proof="B 17"):
    """It came back so many days after the present one."""
    day = world.now.date() + dt.timedelta(days=days)
    with world.work(role) as uow:
        enter_return(uow, payout_id=payout_id, returned_on=day, why=why, proof=proof)


def test_return_reopens_the_debt_reverses_the_books_and_tells_the_customer(world, client):
    payout_id = owe(world)
    pay(world, payout_id)
    world.later(days=3)
    back(world, payout_id, days=-1, proof=" B\n17 " + "x" * LONGEST_PROOF)
    assert world.states() == [("returned", "account_closed")]
    assert (world.unbalanced(), books_of(world, payout_id)) == ([], BOOKS.get("returned", {}))
    assert world.balances() == {"compensation_expense": 1000, "compensation_owed": -1000}
    debt = world.debt(payout_id)
    assert (debt.state, sorted(debt.holds)) == ("owed", ["approval", "payment"])
    check_text(world, client, payout_id, "The money did not arrive.")
    check_text(world, client, payout_id, "The bank says that this account is closed.")
    posted = world.one("SELECT * FROM ledger_transactions WHERE kind = 'payout_came_back'")
    assert (posted.fact_on, posted.posted_on) == (
        world.now.date() - dt.timedelta(days=1),
        world.now.date(),
    )
    assert world.audited(payout_id) == ["paid", "returned"]
    noted = world.one("SELECT details FROM audit_records WHERE action = 'payout_returned_by_hand'")
    assert noted.details == {"trouble": "account_closed", "returned_on": posted.fact_on.isoformat()}
    said = world.one("SELECT * FROM payout_decisions WHERE payout_id = %(p)s", p=payout_id)
    assert (said.was_paid, said.evidence) == (
        False,
        ("B 17 " + "x" * LONGEST_PROOF)[:LONGEST_PROOF],
    )


def test_debt_goes_another_way_once_somebody_else_has_approved_it(world):
    payout_id = owe(world)
    pay(world, payout_id)
    back(world, payout_id)
    debt = world.debt(payout_id)
    with pytest.raises(OwnEvidence), world.work(Role.ACCOUNTANT) as uow:
        approve(uow, compensation_ids=[debt.id])
    assert sorted(world.debt(payout_id).holds) == ["approval", "payment"]
    with world.work(Role.MANAGER) as uow:
        approve(uow, compensation_ids=[debt.id])
    with world.work(None) as uow:
        choose(uow, ticket_id=debt.ticket_id, rail="voucher")
    found = world.rows("SELECT rail, state FROM payouts ORDER BY created_at, id")
    assert [(row.rail, row.state) for row in found] == [
        (MANUAL, "returned"),
        ("voucher", "ready"),
    ]


def test_return_is_refused_and_changes_nothing(world):
    payout_id = owe(world)
    with pytest.raises(NotPaidByHand):
        back(world, payout_id)
    pay(world, payout_id)
    for day in (-1, 1):
        with pytest.raises(ReturnDayWrong):
            back(world, payout_id, days=day)
    with pytest.raises(ReturnProofMissing):
        back(world, payout_id, proof=" \n")
    with pytest.raises(SecondPersonNeeded):
        back(world, payout_id, role=Role.CLERK)
    with pytest.raises(Forbidden):
        back(world, payout_id, role=None)
    with pytest.raises(NotPaidByHand):
        back(world, new_id())
    assert world.states() == ["paid"]
    assert world.balances() == {"compensation_expense": 1000, f"money_out:{MANUAL}": -1000}
    assert world.rows("SELECT 1 FROM payout_decisions") == []
    assert world.debt(payout_id).state == "released"


def test_return_is_entered_once_by_many_at_once_and_never_again(world, app_url):
    payout_id = owe(world)
    pay(world, payout_id)
    roles = [Role.ACCOUNTANT, Role.MANAGER] * 2
    with crowd(app_url, 4) as people:
        told = people.at_once(lambda n: back(world, payout_id, role=roles[n]))
    assert sorted(map(type, told), key=str) == sorted([NotPaidByHand] * 3 + [type(None)], key=str)
    with pytest.raises(NotPaidByHand):
        back(world, payout_id, why=CameBack.WRONG)
    assert world.states() == [("returned", "account_closed")]
    assert world.balances() == {"compensation_expense": 1000, "compensation_owed": -1000}
    assert len(world.rows("SELECT 1 FROM payout_decisions")) == 1
