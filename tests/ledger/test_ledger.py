"""Double entry on the real database."""

import pytest

from promises.kernel.ids import new_id
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.queries import balances, journal, unbalanced_transactions
from tests.flows.ground import World

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


def test_journal_pages_from_the_newest_back(world):
    for amount in (100, 200, 300):
        world.later(seconds=1)
        book(world, owed(amount))
    with world.work(None) as uow:
        newest = journal(uow.session, organisation_id=world.made.id, limit=2)
        older = journal(
            uow.session,
            organisation_id=world.made.id,
            limit=10,
            before=(newest[-1].recorded_at, newest[-1].id),
        )
    assert [row.amount_minor for row in newest] == [300, -300]
    assert [row.amount_minor for row in older] == [200, -200, 100, -100]
