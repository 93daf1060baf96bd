"""Months of the books: closed once and in order, and nothing gets in afterwards."""

import datetime as dt
import hashlib
import threading

import psycopg
import pytest

from promises.db import roles
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.closing import close_month, closings, month_digest, next_to_close
from promises.ledger.errors import MonthNotNext, MonthNotOver, NothingToClose
from promises.ledger.months import first_of, last_of, next_month
from promises.ledger.queries import unbalanced_transactions
from promises.ledger.trial_balance import added_up, kept_balance, totals, trial_balance
from tests.flows.ground import World
from tests.worker.ground import wait_for

pytestmark = pytest.mark.usefixtures("as_application")

WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
MARCH, APRIL, MAY = (dt.date(2026, month, 1) for month in (3, 4, 5))


@pytest.fixture
def world():
    return World()


def book(world, kind=PostingKind.OWED, amount_minor=1000, **more):
    with world.work(None) as uow:
        posting = Posting(kind, more.pop("reference_id", new_id()), amount_minor, "EUR", **more)
        return post(uow.session, organisation_id=world.made.id, now=uow.now, postings=[posting])


def close(world, month_on, today=None):
    with world.work(Role.ACCOUNTANT) as uow:
        return close_month(
            uow.session, organisation_id=world.made.id, now=uow.now, closed_by=uow.actor.id,
            month_on=month_on, today=today or uow.now.date(),
        )  # fmt: skip


def balance(world, month_on, read=trial_balance):
    with world.work(None) as uow:
        return {
            line.account_code: (
                line.opening_minor, line.debit_minor, line.credit_minor, line.closing_minor,
            )
            for line in read(uow.session, organisation_id=world.made.id, month_on=month_on)
        }  # fmt: skip


def days(world):
    return [
        (row.posted_on, row.fact_on)
        for row in world.rows("SELECT * FROM ledger_transactions ORDER BY recorded_at, id")
    ]


@pytest.mark.parametrize(
    ("day", "after"),
    [(dt.date(2026, 12, 31), dt.date(2027, 1, 1)), (dt.date(2028, 2, 1), dt.date(2028, 3, 1))],
)
def test_month_follows_month(day, after):
    assert next_month(day) == after
    assert last_of(day) == after - dt.timedelta(days=1)
    assert first_of(day).day == 1


def test_entries_stand_on_the_local_day(world):
    world.now = dt.datetime(2026, 3, 31, 22, 30, tzinfo=dt.UTC)  # half past one in Helsinki
    book(world, fact_on=dt.date(2026, 3, 31))
    assert days(world) == [(APRIL, dt.date(2026, 3, 31))]


def test_fact_of_the_same_day_needs_no_second_date(world):
    book(world, fact_on=world.now.date())
    assert days(world) == [(world.now.date(), None)]


def test_month_is_closed_once_and_in_order(world):
    book(world)
    world.later(days=40)
    book(world, amount_minor=500)
    with world.work(None) as uow:
        assert next_to_close(uow.session, organisation_id=world.made.id) == MARCH
    for wrong in (MAY, APRIL):
        with pytest.raises(MonthNotOver):
            close(world, wrong)
    world.later(days=30)
    with pytest.raises(MonthNotNext):
        close(world, APRIL)
    closed = close(world, MARCH)
    assert closed.transactions == 1
    with pytest.raises(MonthNotNext):
        close(world, MARCH)
    close(world, APRIL)
    with world.work(None) as uow:
        found = closings(uow.session, organisation_id=world.made.id)
        assert next_to_close(uow.session, organisation_id=world.made.id) == MAY
    assert [one.month_on for one in found] == [APRIL, MARCH]
    assert found[1].digest == closed.digest
    assert found[1].closed_by_name


def test_nothing_to_close_before_the_first_entry(world):
    with pytest.raises(NothingToClose):
        close(world, dt.date(2026, 1, 1))
    with world.work(None) as uow:
        assert next_to_close(uow.session, organisation_id=world.made.id) is None


def test_closed_month_takes_nothing_and_a_late_fact_goes_to_the_next(world):
    book(world)
    close(world, MARCH, today=APRIL)
    assert book(world, fact_on=dt.date(2026, 3, 2)) == 1  # our clock still says March
    assert days(world) == [(dt.date(2026, 3, 2), None), (APRIL, dt.date(2026, 3, 2))]
    assert balance(world, MARCH)["compensation_owed"] == (0, 0, 1000, -1000)
    assert balance(world, APRIL)["compensation_owed"] == (-1000, 0, 1000, -2000)


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_entries"])
def test_database_refuses_what_goes_past_the_books(world, table):
    book(world)
    close(world, MARCH, today=APRIL)
    columns = {
        "ledger_transactions": "organisation_id, id, key, kind, reference_id, recorded_at,"
        " posted_on",
        "ledger_entries": "organisation_id, transaction_id, account_code, currency, amount_minor,"
        " posted_on",
    }[table]
    values = {
        "ledger_transactions": "organisation_id, gen_random_uuid(), 'x', 'owed', id, recorded_at,"
        " '2026-03-31' FROM ledger_transactions",
        "ledger_entries": "organisation_id, transaction_id, code, 'EUR', amount, '2026-03-31'"
        " FROM ledger_transactions JOIN ledger_entries e USING (organisation_id),"
        " (VALUES ('vat_payable', 1), ('sales_adjustment', -1)) AS v (code, amount) LIMIT 2",
    }[table]
    before = world.rows(f"SELECT * FROM {table}")
    with pytest.raises(psycopg.errors.IntegrityError):
        world.rows(f"INSERT INTO {table} ({columns}) SELECT {values}")
    assert world.rows(f"SELECT * FROM {table}") == before


def test_database_refuses_a_transaction_that_is_off_by_a_cent(world):
    book(world)
    with pytest.raises(psycopg.errors.CheckViolation, match="sum to zero"):
        world.rows(
            "WITH made AS (INSERT INTO ledger_transactions (organisation_id, id, key, kind,"
            " reference_id, recorded_at) SELECT organisation_id, gen_random_uuid(), 'x', 'owed',"
            " id, recorded_at FROM ledger_transactions RETURNING organisation_id, id)"
            " INSERT INTO ledger_entries (organisation_id, transaction_id, account_code, currency,"
            " amount_minor) SELECT organisation_id, id, code, 'EUR', amount FROM made,"
            " (VALUES ('compensation_owed', -100), ('compensation_expense', 101)) v (code, amount)"
        )
    with world.work(None) as uow:
        assert unbalanced_transactions(uow.session, organisation_id=world.made.id) == []
    assert len(days(world)) == 1


def test_closing_can_be_neither_changed_nor_skipped(world):
    book(world)
    close(world, MARCH, today=APRIL)
    for statement in (
        "UPDATE ledger_closings SET transactions = 0",
        "DELETE FROM ledger_closings",
        "INSERT INTO ledger_closings SELECT organisation_id, '2026-06-01', month_on, 0, digest,"
        " closed_at, NULL FROM ledger_closings",
        "INSERT INTO ledger_closings SELECT organisation_id, '2026-06-01', NULL, 0, digest,"
        " closed_at, NULL FROM ledger_closings",
    ):
        with pytest.raises(psycopg.errors.Error):
            world.rows(statement)
    with world.work(None) as uow:
        assert len(closings(uow.session, organisation_id=world.made.id)) == 1


def lines(world, month_on):
    found = world.rows(
        "SELECT t.*, e.account_code, e.currency, e.amount_minor FROM ledger_transactions t"
        " JOIN ledger_entries e ON e.transaction_id = t.id"
        " WHERE date_trunc('month', t.posted_on) = %(month_on)s", month_on=month_on,
    )  # fmt: skip
    return sorted(
        f"{r.id};{r.posted_on};{r.kind};{r.reference_id};{r.account_code};{r.currency};"
        f"{r.amount_minor}".encode()
        for r in found
    )


def test_digest_can_be_worked_out_from_the_journal_and_names_the_month_before(world):
    book(world)
    book(world, PostingKind.PAYOUT_SENT, rail="sepa")
    march = close(world, MARCH, today=APRIL)
    book(world, amount_minor=700)
    april = close(world, APRIL, today=MAY)
    sealed = b"".join(hashlib.sha256(line).digest() for line in lines(world, MARCH))
    assert march.digest == hashlib.sha256(sealed).hexdigest()
    sealed = bytes.fromhex(march.digest) + b"".join(
        hashlib.sha256(line).digest() for line in lines(world, APRIL)
    )
    assert april.digest == hashlib.sha256(sealed).hexdigest()
    with world.work(None) as uow:
        for month in (march, april):
            again = month_digest(
                uow.session, organisation_id=world.made.id, month_on=month.month_on
            )
            assert again == month.digest


def test_empty_month_between_is_closed_as_well(world):
    book(world)
    close(world, MARCH, today=APRIL)
    assert close(world, APRIL, today=MAY).transactions == 0
    assert balance(world, APRIL) == {
        "compensation_expense": (1000, 0, 0, 1000),
        "compensation_owed": (-1000, 0, 0, -1000),
    }


def test_what_was_kept_is_what_the_entries_add_up_to(world):
    debt = new_id()
    book(world, reference_id=debt)
    book(world, PostingKind.CANCELLED, reference_id=debt)
    book(world, PostingKind.PAYOUT_SENT, rail="stripe_refund")
    assert balance(world, MARCH, kept_balance) == {}
    close(world, MARCH, today=APRIL)
    assert (
        balance(world, MARCH, kept_balance)
        == balance(world, MARCH, added_up)
        == {
            "compensation_expense": (0, 1000, 1000, 0),
            "compensation_owed": (0, 2000, 1000, 1000),
            "payouts_under_way:stripe_refund": (0, 0, 1000, -1000),
        }
    )
    with world.work(None) as uow:
        found = trial_balance(uow.session, organisation_id=world.made.id, month_on=MARCH)
    (euros,) = totals(found)
    assert (euros.opening_minor, euros.closing_minor) == (0, 0)
    assert euros.debit_minor == euros.credit_minor == 3000
    assert {line.kind.value for line in found} == {"expense", "liability"}
    assert {line.account.value for line in found} >= {"payouts_under_way"}


def test_what_is_posted_while_a_month_is_being_closed_is_in_it(world, bare_apps, database, server):
    """The closing has added the month up, and waits for somebody who posts into it."""
    book(world)
    closed = []

    def closer():
        with bare_apps[0].app_context():
            closed.append(close(world, MARCH, today=APRIL))

    thread = threading.Thread(target=closer)
    with world.work(None) as uow:
        posting = Posting(PostingKind.OWED, new_id(), 700, "EUR")
        post(uow.session, organisation_id=world.made.id, now=uow.now, postings=[posting])
        thread.start()
        with server.connect(roles.OWNER, database.name) as connection:
            wait_for(lambda: connection.execute(WAITING).fetchone())
    thread.join(120)
    assert closed[0].transactions == 2
    assert balance(world, MARCH, kept_balance) == balance(world, MARCH, added_up)
    assert balance(world, MARCH)["compensation_owed"] == (0, 0, 1700, -1700)
    with world.work(None) as uow:
        tenant = {"organisation_id": world.made.id}
        assert month_digest(uow.session, month_on=MARCH, **tenant) == closed[0].digest
