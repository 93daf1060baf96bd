"""Many tills, one voucher; many workers, one payout."""

import contextlib
import threading

import pytest

from promises.flows import redeem_voucher
from promises.kernel.errors import DomainError
from promises.payouts.errors import AlreadyRedeemed
from tests.flows.ground import QUARTER, TICK, World
from tests.races.crowd import crowd as crowd_of

pytestmark = pytest.mark.no_cover


def crowd(url, act, size):
    """`act(number)` by so many at once; the answers, none of which may be an error."""
    with crowd_of(url, size) as people:
        answers = people.at_once(act)
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    return answers


ROUNDS = 100
TILLS = 32


def issued(world, count):
    """Tickets whose promise was broken, each with a voucher; the codes."""
    tickets = [world.take() for _ in range(count)]
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    for ticket in tickets:
        world.call()
        world.log(ticket.ticket_id, "service_started")
    world.settle()
    codes = []
    for ticket in tickets:
        with world.work() as uow:
            codes += [
                code for _, code in redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
            ]
    return codes


def test_code_shown_to_one_person_many_times_at_once_is_on_record_once(as_application, app_url):
    world = World()
    issued(world, 1)
    (voucher,) = world.vouchers()

    def browser(_number):
        with world.work() as uow:
            return redeem_voucher.show_code(uow, voucher_id=voucher.id)

    codes = crowd(app_url, browser, 8)
    assert len(set(codes)) == 1
    assert world.one("SELECT count(*) AS n FROM voucher_showings").n == 1
    audited = "SELECT count(*) AS n FROM audit_records WHERE action = 'voucher_shown'"
    assert world.one(audited).n == 1


def test_code_shown_while_it_is_redeemed_is_known_or_not_shown(as_application, app_url):
    """To the same person, at two tills at once."""
    world = World()
    codes = issued(world, 10)
    with world.work() as uow:
        by_code = {code: redeem_voucher.look_up(uow, code=code).id for code in codes}
    seen = set()

    def till(number):
        for code, voucher_id in by_code.items():
            with contextlib.suppress(AlreadyRedeemed), world.work() as uow:
                if number:
                    redeem_voucher.redeem_at_till(uow, code=code, counter_id=None, form="1")
                else:
                    redeem_voucher.show_code(uow, voucher_id=voucher_id)
                    seen.add(voucher_id)

    crowd(app_url, till, 2)
    found = world.rows("SELECT voucher_id, shown_before FROM voucher_redemptions")
    assert len(found) == len(codes)
    assert {row.voucher_id for row in found if row.shown_before} == seen
    assert {row.voucher_id for row in world.rows("SELECT * FROM voucher_showings")} == seen


def test_one_of_many_tills_redeems_a_voucher_every_time(as_application, app_url):
    world = World()
    codes = issued(world, ROUNDS)
    assert len(codes) == ROUNDS
    outcomes = [[] for _ in codes]
    barrier = threading.Barrier(TILLS)

    def till(_number):
        for place, code in enumerate(codes):
            barrier.wait(120)
            try:
                with world.made.work() as uow:
                    redeem_voucher.redeem(uow, code=code, counter_id=None)
                outcomes[place].append("redeemed")
            except AlreadyRedeemed:
                outcomes[place].append("refused")

    crowd(app_url, till, TILLS)

    assert all(sorted(one) == ["redeemed"] + ["refused"] * (TILLS - 1) for one in outcomes)
    assert world.one("SELECT count(*) AS n FROM voucher_redemptions").n == ROUNDS
    assert world.balances() == {
        "compensation_expense": ROUNDS * 1000,
        "desk_settlement": -ROUNDS * 1000,
    }


@pytest.mark.slow
def test_many_workers_settle_each_payout_once(as_application, app_url):
    world = World()
    tickets = [world.take() for _ in range(60)]
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    for ticket in tickets:
        world.call()
        world.log(ticket.ticket_id, "service_started")

    settled = crowd(app_url, lambda _number: world.settle(), 16)

    assert sum(settled) == 60
    assert world.one("SELECT count(*) AS n FROM vouchers").n == 60
    assert world.one("SELECT count(*) AS n FROM payouts WHERE state = 'submitted'").n == 60
    assert world.balances() == {"compensation_expense": 60_000, "vouchers_issued": -60_000}


def test_many_sweeps_at_once_break_each_commitment_once(as_application, app_url):
    world = World()
    tickets = [world.take() for _ in range(120)]
    world.now += QUARTER + TICK

    def sweeper(_number):
        broken = 0
        while (result := world.sweep()).breached:
            broken += result.breached
        return broken

    assert sum(crowd(app_url, sweeper, 8)) == len(tickets)
    assert len(world.breaches()) == len(tickets)
    assert len(world.compensations()) == len(tickets)
    assert world.balances() == {"compensation_expense": 120_000, "compensation_owed": -120_000}


def test_sweep_and_desk_at_once_agree_on_every_ticket(as_application, app_url):
    world = World()
    tickets = [world.take() for _ in range(60)]
    world.now += QUARTER + TICK

    def worker(number):
        if number < 2:
            while world.sweep().breached:
                pass
            return
        for ticket in tickets[number - 2 :: 3]:
            try:
                world.call(number - 2)
                world.log(ticket.ticket_id, "service_started")
            except DomainError:
                continue

    crowd(app_url, worker, 5)
    while world.sweep().breached:
        pass

    assert len(world.breaches()) == len(tickets)
    assert len(world.compensations()) == len(tickets)
    assert {row.state for row in world.rows("SELECT state FROM commitments")} == {"broken"}
