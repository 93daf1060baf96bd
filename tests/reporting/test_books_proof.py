"""What maintenance finds where books and rooms differ; each flaw is made past the service."""

import datetime as dt

import pytest

from promises.db.sql import rows
from promises.flows.keep_books import close_books
from promises.flows.payout_results import follow
from promises.kernel.actors import Role
from promises.ledger.errors import MonthNotOver
from promises.payouts.models import PayoutState
from promises.payouts.recording import Moved
from promises.reporting.books_proof import flaws
from tests.flows.ground import QUARTER, TICK, World

APRIL = dt.datetime(2026, 4, 2, 9, tzinfo=dt.UTC)


@pytest.fixture
def world(as_application):
    """One voucher in a hand, one redeemed by nobody yet; March is closed."""
    world = World()
    tickets = [world.take(), world.take()]
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    for ticket in tickets:
        world.call()
        world.log(ticket.ticket_id, "service_started")
    world.settle()
    with world.work(Role.ACCOUNTANT) as uow, pytest.raises(MonthNotOver):
        close_books(uow, month_on=dt.date(2026, 3, 1))
    world.now = APRIL
    with world.work(Role.ACCOUNTANT) as uow:
        close_books(uow, month_on=dt.date(2026, 3, 1))
    return world


def found(world):
    with world.work(None) as uow:
        return [one.text for one in flaws(uow.session, organisation_id=world.made.id)]


def owner(server, database, world, statement):
    with server.connect("lupaus_owner", database.name) as connection:
        connection.execute(f"SET app.organisation_id = '{world.made.id}'")
        assert connection.execute(statement).rowcount > 0


def test_books_that_say_what_the_rooms_say_have_no_flaw(world):
    assert found(world) == []


def test_payout_by_a_rail_is_cleared_on_its_way_and_booked_when_it_arrives(world):
    payout = world.rows("SELECT * FROM payouts ORDER BY id LIMIT 1")[0]
    moved = Moved(
        payout.id, PayoutState.SUBMITTING, PayoutState.SUBMITTED, "sepa", payout.compensation_id,
        None, payout.amount_minor, payout.currency, None,
    )  # fmt: skip
    with world.work(None) as uow:
        rows(uow.session, "UPDATE payouts SET rail = 'sepa' WHERE id = %(id)s", {"id": payout.id})
        rows(
            uow.session, "UPDATE vouchers SET state = 'voided' WHERE payout_id = %(id)s",
            {"id": payout.id},
        )  # fmt: skip
        follow(uow, [moved])
    assert found(world) == [
        "account vouchers_issued holds 2000 minor units of EUR, and 1000 are out"
    ]
    with world.work(None) as uow:
        rows(uow.session, "UPDATE payouts SET state = 'paid' WHERE id = %(id)s", {"id": payout.id})
    assert [text.split(":")[0] for text in found(world)] == [
        "payouts are paid and not in the books", "account payouts_under_way",
        "account vouchers_issued holds 2000 minor units of EUR, and 1000 are out",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "flaw"),
    [
        ("UPDATE ledger_entries SET posted_on = '2026-03-30'", "entries stand on other days"),
        ("UPDATE ledger_entries SET amount_minor = 2 * amount_minor", "the closed month 2026-03"),
        ("UPDATE ledger_closing_balances SET debit_minor = 1", "the closed month 2026-03"),
    ],
)
def test_what_was_changed_past_the_service_is_found(world, server, database, statement, flaw):
    owner(server, database, world, statement)
    assert any(text.startswith(flaw) for text in found(world)), found(world)
