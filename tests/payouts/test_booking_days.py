"""The day on which the bank says that it booked a payment stands beside the day of the books."""

import datetime as dt

import pytest

from promises.kernel.actors import Role
from promises.ledger.closing import close_month
from tests.payouts.bank import PAYEE, Payer, bank

pytestmark = pytest.mark.usefixtures("as_application")

BOOKED_ON = dt.date(2026, 3, 3)


@pytest.fixture
def world():
    return Payer()


@pytest.fixture
def their():
    with bank() as there:
        yield there


def statement(world, their):
    """Of the day after a payment was handed in; and the day that it says."""
    _run, content = world.sent(PAYEE)
    their.receive(content)
    their.mail("camt.054")
    their.days(1)
    told = their.mail("camt.054")[-1]
    said = told[told.index("<BookgDt>") :].partition("</BookgDt>")[0]
    return told, said.removeprefix("<BookgDt>")


def booked(world):
    found = world.rows("SELECT kind, posted_on, fact_on FROM ledger_transactions")
    return {row.kind: (row.posted_on, row.fact_on) for row in found if "payout" in row.kind}


def with_day(told, said, day):
    return told.replace(said, f"<Dt>{day}</Dt>")


def test_payment_that_was_booked_days_before_its_statement_came_shows_both_days(world, their):
    told, said = statement(world, their)
    world.later(days=7)
    world.take_file(with_day(told, said, BOOKED_ON))
    today = world.now.date()
    assert world.states() == ["paid"]
    assert booked(world) == {"payout_sent": (today, None), "payout_arrived": (today, BOOKED_ON)}


def test_booking_in_a_closed_month_stands_in_the_next_with_the_banks_day(world, their):
    told, said = statement(world, their)
    world.now = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)
    with world.work(Role.ACCOUNTANT) as uow:
        close_month(
            uow.session,
            organisation_id=world.made.id,
            now=uow.now,
            closed_by=uow.actor.id,
            month_on=dt.date(2026, 3, 1),
            today=uow.now.date(),
        )
    world.take_file(with_day(told, said, BOOKED_ON))
    assert booked(world)["payout_arrived"] == (dt.date(2026, 4, 1), BOOKED_ON)
    assert world.unbalanced() == []


@pytest.mark.parametrize("day", ["2026-03-20", "2026-02-31", "soon", ""])
def test_day_that_has_not_come_or_is_none_is_left_out_and_the_payment_counts(world, their, day):
    told, said = statement(world, their)
    world.take_file(with_day(told, said, day))
    assert world.states() == ["paid"]
    assert booked(world)["payout_arrived"] == (world.now.date(), None)


def test_day_is_read_from_an_instant_as_well(world, their):
    told, said = statement(world, their)
    world.later(days=7)
    world.take_file(told.replace(said, "<DtTm>2026-03-03T23:30:00+02:00</DtTm>"))
    assert booked(world)["payout_arrived"][1] == BOOKED_ON
