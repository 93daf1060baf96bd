"""A voucher that ends while its exchange has to rest or to be confirmed."""

import datetime as dt

import pytest

from promises.flows import choose_payout
from promises.flows.purge_bank_details import purge_bank_details
from promises.flows.redeem_voucher import codes_of_ticket, expire, redeem
from promises.payouts.errors import VoucherExpired, WayNotOffered
from promises.payouts.rails.names import SEPA
from promises.payouts.rails.voucher import VOUCHER
from tests.flows.choosing import ChoosingWorld

pytestmark = pytest.mark.usefixtures("as_application")
MAIL = "anna@example.fi"


@pytest.fixture
def world():
    return ChoosingWorld()


@pytest.mark.parametrize("contact", [None, MAIL])
def test_voucher_that_was_asked_for_in_time_gives_way_though_it_ends_meanwhile(world, contact):
    ticket = world.vouchered(contact=contact)
    (voucher,) = world.vouchers()
    with world.work() as uow:
        ((_, code),) = codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    world.now = voucher.expires_at - dt.timedelta(hours=1)
    world.give(ticket)
    world.now = voucher.expires_at
    with pytest.raises(VoucherExpired), world.work() as uow:
        redeem(uow, code=code, counter_id=None)
    assert world.duty(expire) == 0
    world.later(hours=24)
    if contact:
        world.confirm(ticket)
    else:
        world.duty(choose_payout.carry_out_due)
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]
    assert world.duty(expire) == 0
    assert world.balances() == {"compensation_expense": 1000, "compensation_owed": -1000}


def test_voucher_ends_where_nobody_confirms_the_other_way_or_it_is_asked_for_too_late(world):
    late, silent = world.vouchered(contact=MAIL), world.vouchered(contact=MAIL)
    ends_at = max(row.expires_at for row in world.vouchers())
    world.now = ends_at - dt.timedelta(hours=1)
    world.give(silent)
    world.now = ends_at
    with pytest.raises(WayNotOffered):
        world.give(late)
    assert world.duty(expire) == 1
    world.later(days=8)
    world.duty(purge_bank_details)
    assert world.duty(expire) == 1
    assert [row.state for row in world.vouchers()] == ["expired", "expired"]
    assert world.balances() == {}
