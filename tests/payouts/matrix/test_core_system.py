"""Beyond the rows: credits by calls to a core system, and payments by hand, from the debt to the
page."""

import pytest

from promises.compensation.errors import OwnEvidence
from promises.flows.pay_by_hand import mark_paid
from promises.kernel.actors import Role
from promises.payouts.rails.account_call import AccountCallMaker
from promises.payouts.rails.manual import MANUAL, ManualMaker
from promises.payouts.rails.names import ACCOUNT_CALL
from promises.payouts.run_errors import NotAPayoutByHand, SecondPersonNeeded
from tests.fakes.core_system import KEY, core_system
from tests.payouts.bank import Payer
from tests.payouts.ground import Purse
from tests.payouts.matrix.ground import BOOKS, ROUNDS, SAYS, books_of, check_text

pytestmark = pytest.mark.usefixtures("as_application")

ABSENT = (404, {"code": "no_such_credit"})
TO_ACCOUNT = "To your account with us"


class Company(Purse):
    """Pays to its customers' accounts with it."""

    def __init__(self, core):
        self.core, url = core
        super().__init__(
            AccountCallMaker(),
            rail=ACCOUNT_CALL,
            settings={"url": url},
            secrets={"signing_key": KEY},
        )

    def debt_to(self, account="100"):
        (payout_id,) = self.owe(1, details=lambda _: {"account": account})
        return payout_id

    def settle_within_schedule(self, payout_id):
        for _ in range(ROUNDS):
            self.settle()
            row = self.payout(payout_id)
            if row.state not in ("ready", "submitting", "unknown"):
                return row
            self.now = max(self.now, row.lease_until or self.now)
        raise AssertionError(f"not settled within {ROUNDS} tries: {row}")

    def look(self, payout_id):
        self.now = self.payout(payout_id).look_at
        self.settle()

    def standing(self, payout_id):
        made = [one for one in self.core.effects() if one.payout_id == str(payout_id)]
        return sum(one.standing for one in made)


@pytest.fixture(scope="module")
def system():
    with core_system() as made:
        yield made


@pytest.fixture(scope="module")
def world(system, bare_apps):
    with bare_apps[0].app_context():
        return Company(system)


@pytest.fixture
def company(world):
    """With nothing left to do, and a core system that does as it should."""
    world.execute(
        "UPDATE payouts SET look_at = NULL WHERE look_at IS NOT NULL AND id <> ALL(%(ids)s)", []
    )
    world.core.faults.clear()
    world.core.slowly = False
    world.works_again()
    return world


def check(world, client, payout_id, state, says=None):
    assert world.payout(payout_id).state == state
    assert world.unbalanced() == []
    assert books_of(world, payout_id) == BOOKS.get(state, {})
    assert world.audited(payout_id)[-1] == state
    owed = state in ("failed", "returned")
    assert world.debt(payout_id).state == ("owed" if owed else "released")
    check_text(world, client, payout_id, says or SAYS[state])


FAULTS = {
    "answer lost": ["drop_after"],
    "request lost": ["drop_before"],
    "answer and looks lost": ["drop_after", "drop_before", (500, {}), (404, {})],
    "error after the effect": ["502_after"],
    "error before it": ["500_before", "500_before"],
    "still being made": ["409", "409"],
    "too many calls": ["429"],
    "no money yet": [(402, {"code": "no_funds"})],
    "good status, another answer": [(200, {"error": "down for repairs"})],
    "look that lags": ["drop_after", ABSENT],
    "look that lags twice": ["drop_after", ABSENT, "drop_after", ABSENT],
    "sent elsewhere": [(302, {}), (307, {})],
    "endless answer": [(200, b" " * (1024 * 1024 + 1))],
    "page of a proxy": [(404, b"<html>Not found</html>"), (403, b"<html>")],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_credit_is_made_once_whatever_goes_wrong(company, client, faults):
    payout_id = company.debt_to()
    company.core.faults += faults
    company.settle_within_schedule(payout_id)
    assert company.core.faults == []
    assert company.standing(payout_id) == 1
    check(company, client, payout_id, "paid", TO_ACCOUNT)


@pytest.mark.parametrize("account", ["200", "300", "404"])
def test_refused_credit_reopens_the_debt(company, client, account):
    payout_id = company.debt_to(account)
    company.settle_within_schedule(payout_id)
    assert company.standing(payout_id) == 0
    check(company, client, payout_id, "failed")


@pytest.mark.parametrize(
    "said", [{"amount_minor": 999}, {"currency": "SEK"}, {"account": "101"}, {"payout_id": "x"}]
)
def test_credit_of_something_else_is_for_a_person(company, client, said):
    payout_id = company.debt_to()
    company.core.faults.append(said)
    company.settle_within_schedule(payout_id)
    check(company, client, payout_id, "needs_review")
    kinds = {one.kind for one in company.incidents() if one.payout_id == payout_id}
    assert kinds - {"other_amount"} == {"needs_review"}


def test_credit_that_was_taken_and_is_gone_after_a_restore_is_for_a_person(company, client):
    """The core system was restored from a backup: it is not told to make the credit again."""
    payout_id = company.debt_to()
    company.core.slowly = True
    company.settle_within_schedule(payout_id)
    check(company, client, payout_id, "submitted")
    company.core.credits.pop(str(payout_id))
    company.look(payout_id)
    assert company.standing(payout_id) == 0
    assert company.payout(payout_id).state == "needs_review"
    assert books_of(company, payout_id) == BOOKS["submitted"]
    check_text(company, client, payout_id, SAYS["needs_review"])


def test_credit_that_is_taken_back_reopens_the_debt(company, client):
    payout_id = company.debt_to()
    company.settle_within_schedule(payout_id)
    company.core.credits[str(payout_id)] |= {"status": "returned", "reason": "blocked"}
    company.look(payout_id)
    check(company, client, payout_id, "returned")


def test_payment_by_hand_counts_once_and_never_by_whoever_had_a_part(bare_apps, client):
    payer = Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})
    (payout_id,) = payer.owe(1, details=lambda _: {})
    check_text(payer, client, payout_id, "It is paid by hand. Somebody here does it.")
    with pytest.raises((SecondPersonNeeded, OwnEvidence)), payer.work(Role.CLERK) as uow:
        mark_paid(uow, payout_id=payout_id, receipt="Receipt 7")
    assert payer.payout(payout_id).state == "ready"
    payer.later(minutes=1)
    with payer.work(Role.ACCOUNTANT) as uow:
        mark_paid(uow, payout_id=payout_id, receipt="Receipt 7")
    with pytest.raises(NotAPayoutByHand), payer.work(Role.MANAGER) as uow:
        mark_paid(uow, payout_id=payout_id, receipt="Receipt 8")
    assert payer.payout(payout_id).provider_ref == "Receipt 7"
    check(payer, client, payout_id, "paid", "Arrived")
