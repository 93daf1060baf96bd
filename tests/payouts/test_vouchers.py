"""Vouchers and payouts on the real database."""

import datetime as dt

import psycopg
import pytest

from promises.flows import redeem_voucher
from promises.flows.settle_payouts import settle
from promises.kernel.ids import new_id
from promises.payouts.actions import PayoutOrder, prepare_payouts
from promises.payouts.claiming import claim_payouts
from promises.payouts.errors import (
    AlreadyRedeemed,
    NoSuchVoucher,
    ReissueReasonMissing,
    VoucherExpired,
    VoucherNotActive,
)
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Outcome, RailVerdict
from promises.payouts.rails.voucher import VOUCHER, VoucherRail
from promises.payouts.recording import record_outcomes
from promises.payouts.retries import LEASE, pause_after
from promises.payouts.states import ALLOWED, came_from
from promises.payouts.vouchers import issue_vouchers
from tests.flows.ground import QUARTER, RAILS, TICK, World
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return World()


def released(world):
    ticket = world.take()
    world.now += QUARTER + TICK
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    return ticket


def code_of(world, ticket):
    with world.work() as uow:
        ((_row, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    return code


def redeem(world, code):
    with world.work() as uow:
        return redeem_voucher.redeem(uow, code=code, counter_id=None)


def test_expired_voucher_is_refused_and_leaves_the_debts(world):
    ticket = released(world)
    world.settle()
    code = code_of(world, ticket)
    world.later(days=3 * 366)
    with pytest.raises(VoucherExpired):
        redeem(world, code)
    with world.work(None) as uow:
        assert redeem_voucher.expire(uow) == 1
    with world.work(None) as uow:
        assert redeem_voucher.expire(uow) == 0
    with pytest.raises(VoucherExpired):
        redeem(world, code)
    assert world.balances() == {}
    assert world.vouchers()[0].state == "expired"


def test_voucher_of_a_leap_day_expires_on_the_last_of_february(world):
    world.now = dt.datetime(2028, 2, 29, 10, 0, tzinfo=dt.UTC)
    released(world)
    world.settle()
    end = dt.datetime(2031, 2, 28, 22, 0, tzinfo=dt.UTC)  # midnight in Helsinki
    assert world.vouchers()[0].expires_at == end - dt.timedelta.resolution


def test_voided_voucher_is_refused(world, owner_url):
    ticket = released(world)
    world.settle()
    code = code_of(world, ticket)
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(f"SET app.organisation_id = '{world.made.id}'")
        owner.execute("UPDATE vouchers SET state = 'voided'")
    with pytest.raises(VoucherNotActive):
        redeem(world, code)
    assert world.rows("SELECT 1 FROM voucher_redemptions") == []


def test_reissue_needs_a_reason_and_an_active_voucher(world):
    ticket = released(world)
    world.settle()
    (voucher,) = world.vouchers()
    with pytest.raises(ReissueReasonMissing), world.work() as uow:
        redeem_voucher.reissue(uow, voucher_id=voucher.id, reason=" ")
    with pytest.raises(NoSuchVoucher), world.work() as uow:
        redeem_voucher.reissue(uow, voucher_id=new_id(), reason="Lost")
    redeem(world, code_of(world, ticket))
    with pytest.raises(AlreadyRedeemed), world.work() as uow:
        redeem_voucher.reissue(uow, voucher_id=voucher.id, reason="Lost")
    assert world.vouchers()[0].generation == 1


def test_reissues_at_once_come_one_after_the_other(world, app_url):
    released(world)
    world.settle()
    (voucher,) = world.vouchers()

    def till(_number):
        with world.work() as uow:
            return redeem_voucher.reissue(uow, voucher_id=voucher.id, reason="Lost")

    with crowd(app_url, 4) as tills:
        codes = tills.at_once(till)

    assert len(set(codes)) == 4
    assert world.vouchers()[0].generation == 5
    noted = world.rows("SELECT generation FROM voucher_reissues ORDER BY generation")
    assert [row.generation for row in noted] == [2, 3, 4, 5]


def test_payout_of_a_dead_worker_is_taken_up_when_its_lease_ends(world):
    released(world)
    with world.work(None) as uow:
        (claimed,) = claim_payouts(
            uow.session, organisation_id=world.made.id, now=uow.now, rail=VOUCHER, limit=10
        )
    assert (claimed.number, claimed.tried_before) == (1, False)
    assert world.settle() == 0
    world.now += LEASE
    assert world.settle() == 1
    tries = world.rows("SELECT number, step, verdict FROM payout_attempts ORDER BY number, step")
    assert [(row.number, row.step) for row in tries] == [(1, "begun"), (2, "begun"), (2, "ended")]
    assert len(world.vouchers()) == 1


def test_late_answer_of_a_try_does_not_move_a_payout_back(world):
    released(world)
    with world.work(None) as uow:
        (claimed,) = claim_payouts(
            uow.session, organisation_id=world.made.id, now=uow.now, rail=VOUCHER, limit=10
        )
    world.now += LEASE
    world.settle()
    with world.work(None) as uow:
        moved = record_outcomes(
            uow.session,
            organisation_id=world.made.id,
            now=uow.now,
            outcomes=[(claimed, Outcome(RailVerdict.REJECTED))],
        )
    assert moved == []
    assert [row.state for row in world.rows("SELECT state FROM payouts")] == ["submitted"]


def test_unknown_rail_leaves_the_payout_ready_for_later_and_makes_nothing(world):
    released(world)
    with world.at(world.now):
        assert settle(world.made.id, {}) == 0
    (payout,) = world.rows("SELECT state, lease_until, key_used_at FROM payouts")
    pause = pause_after(RailVerdict.CONFIG, 1)
    assert (payout.state, payout.lease_until) == ("ready", world.now + pause)
    assert payout.key_used_at is None
    assert world.vouchers() == []
    world.now += pause
    with world.at(world.now):
        assert settle(world.made.id, RAILS) == 1


def test_debt_has_one_live_payout(world):
    released(world)
    (payout,) = world.rows("SELECT * FROM payouts")
    with world.work(None) as uow:
        again = prepare_payouts(
            uow.session,
            organisation_id=world.made.id,
            now=uow.now,
            orders=[PayoutOrder(payout.compensation_id, 1000, "EUR")],
        )
        none = prepare_payouts(uow.session, organisation_id=world.made.id, now=uow.now, orders=[])
    assert (again, none) == (0, 0)


def test_no_orders_issue_no_vouchers(world):
    with world.work(None) as uow:
        issued = issue_vouchers(
            uow.session,
            organisation_id=world.made.id,
            now=uow.now,
            key=b"k" * 32,
            expires_at=uow.now + dt.timedelta(days=1),
            orders=[],
        )
    assert issued == []


def test_voucher_rail_has_no_provider_to_ask(world):
    rail = VoucherRail()
    assert rail.open(None) is rail
    assert rail.find(None) is None
    assert rail.look(None, "ref") == Outcome(RailVerdict.ACCEPTED, provider_ref="ref")
    assert list(rail.listed(world.now, world.now)) == []
    assert rail.test().works


def test_every_state_can_be_reached_and_final_ones_are_final():
    reached = {after for following in ALLOWED.values() for after in following}
    assert reached | {PayoutState.READY} == set(PayoutState)
    assert {state for state, following in ALLOWED.items() if not following} == {
        PayoutState.FAILED,
        PayoutState.RETURNED,
        PayoutState.CANCELLED,
    }
    assert set(came_from(PayoutState.SUBMITTED)) == {
        PayoutState.SUBMITTING,
        PayoutState.UNKNOWN,
        PayoutState.NEEDS_REVIEW,
    }
