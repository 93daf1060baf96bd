"""Row 33: tills, retries, the last second, and guessing."""

import datetime as dt
import math
from fractions import Fraction

import pytest

from promises.flows import redeem_voucher
from promises.kernel.actors import Role
from promises.payouts.codes import CODE_LENGTH
from promises.payouts.errors import AlreadyRedeemed, NoSuchVoucher, VoucherExpired
from promises.web import vouchers
from tests.flows.ground import QUARTER, TICK, World
from tests.parts import check_page
from tests.payouts.matrix.ground import check_text
from tests.races.crowd import crowd
from tests.web.test_money_pages import Desk

pytestmark = pytest.mark.usefixtures("as_application")

YEAR = dt.timedelta(days=365)
SYMBOLS = 32
LIVE_CODES, GUESSES_A_SECOND = 10**6, 10


@pytest.fixture(scope="module")
def world(bare_apps):
    with bare_apps[0].app_context():
        return World()


def issued(world):
    """A voucher's code, and its payout."""
    ticket = world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    with world.work() as uow:
        ((row, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    return code, row


def redeem(world, code, form=None, role=Role.CLERK):
    with world.work(role) as uow:
        if form is None:
            return redeem_voucher.redeem(uow, code=code, counter_id=None)
        return redeem_voucher.redeem_at_till(uow, code=code, counter_id=None, form=form)


def redemptions(world, voucher):
    found = world.rows("SELECT 1 FROM voucher_redemptions WHERE voucher_id = %(v)s", v=voucher.id)
    return len(found)


@pytest.mark.no_cover
def test_row_33_sixteen_tills_redeem_one_voucher_once(world, client, app_url):
    code, voucher = issued(world)
    with crowd(app_url, 16) as tills:
        answers = tills.at_once(lambda number: redeem(world, code, f"till-{number}"))
    assert sum(1 for one in answers if isinstance(one, redeem_voucher.Redeemed)) == 1
    assert sum(1 for one in answers if isinstance(one, AlreadyRedeemed)) == 15
    assert redemptions(world, voucher) == 1
    booked = world.one(
        "SELECT count(*) AS n FROM ledger_transactions WHERE reference_id = %(v)s", v=voucher.id
    )
    assert booked.n == 1
    check_text(world, client, voucher.payout_id, "Voucher used")


@pytest.mark.no_cover
def test_row_33b_same_till_gets_the_same_answer_however_often_it_asks(world, app_url):
    code, voucher = issued(world)
    with crowd(app_url, 8) as lost:
        answers = lost.at_once(lambda _: redeem(world, code, "form-1"))
    assert len(set(answers)) == 1
    assert answers[0].value.amount_minor == voucher.amount_minor == 1000
    assert redeem(world, code, "form-1") == answers[0]
    assert redemptions(world, voucher) == 1
    for form, role in (("form-2", Role.CLERK), ("form-1", Role.MANAGER), (None, Role.CLERK)):
        with pytest.raises(AlreadyRedeemed):
            redeem(world, code, form, role)
    assert redemptions(world, voucher) == 1


def test_row_33c_form_of_one_voucher_says_nothing_of_another(world):
    first, _ = issued(world)
    second, other = issued(world)
    assert redeem(world, first, "form-3") != redeem(world, second, "form-3")
    with pytest.raises(NoSuchVoucher):
        redeem(world, "ABCD-EFGH-JKMN-PQRS", "form-4")
    assert redemptions(world, other) == 1


@pytest.mark.parametrize("name", ["TRIES", "TRIES_OF_ADDRESS"])
def test_row_33d_guesses_at_a_till_are_refused_before_they_find_anything(
    client, world, monkeypatch, name
):
    monkeypatch.setattr(vouchers, name, 3)
    code, voucher = issued(world)
    world.now += dt.timedelta(minutes=10)
    desk = Desk(client, world, Role.CLERK)

    def guess(typed):
        with world.at(world.now):
            return desk.post("/vouchers/redeem", page="/vouchers/redeem", code=typed)

    assert [guess("ABCD-EFGH-JKMN-PQRS").status_code for _ in range(3)] == [404] * 3
    if name == "TRIES_OF_ADDRESS":
        desk = Desk(client, world, Role.CLERK)  # another till
    refused = guess(code)
    assert refused.status_code == 429
    check_page(refused)
    assert redemptions(world, voucher) == 0


def test_row_33e_voucher_expires_at_its_second(world, client):
    code, voucher = issued(world)
    other, spent = issued(world)
    world.now = voucher.expires_at
    for form in (None, "form-5"):
        with pytest.raises(VoucherExpired):
            redeem(world, code, form)
    world.now = spent.expires_at - TICK
    assert redeem(world, other).value.amount_minor == 1000
    world.now = voucher.expires_at
    with world.work(None) as uow:
        redeem_voucher.expire(uow)
    assert (redemptions(world, voucher), redemptions(world, spent)) == (0, 1)
    check_text(world, client, voucher.payout_id, "Voucher expired unused")


def test_time_to_guess_a_code_is_beyond_a_million_years(capsys):
    """At ten guesses a second, with a million codes of an organisation alive at once."""
    codes = SYMBOLS**CODE_LENGTH
    guesses = Fraction(codes, LIVE_CODES)
    years = guesses / GUESSES_A_SECOND / int(YEAR.total_seconds())
    with capsys.disabled():
        print(f"\nOf {math.log2(codes):.0f} bits a hit takes {float(years):,.0f} years.")
    assert years > 10**6
