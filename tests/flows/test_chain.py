"""From a number taken to a voucher redeemed, through the real flows on the real database."""

import pytest

from promises.breaches.errors import NothingAsked
from promises.compensation.errors import NotOwed, OwnEvidence
from promises.flows import annul_breach, decide_compensation, dispute, redeem_voucher
from promises.flows.record_event import undo
from promises.identity.models import ServiceStart
from promises.kernel.actors import Role
from promises.ledger.queries import unbalanced_transactions
from promises.payouts.errors import AlreadyRedeemed, NoSuchVoucher
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")


def assert_books_balance(world):
    with world.work(None) as uow:
        assert unbalanced_transactions(uow.session, organisation_id=world.made.id) == []
    assert sum(world.balances().values()) == 0


def test_promise_is_kept_when_service_starts_within_the_limit():
    world = World()
    ticket = world.take()
    world.later(minutes=10).call()
    world.log(ticket.ticket_id, "service_started")

    commitment = world.commitment(ticket.ticket_id)
    assert (commitment.state, commitment.reason) == ("kept", "in_time")
    assert commitment.ended_at - commitment.started_at == world.now - ticket.arrived_at
    world.later(hours=1)
    assert world.sweep().breached == 0
    assert world.breaches() == []


def test_limit_itself_is_kept_and_the_next_microsecond_is_too_late():
    world = World()
    first = world.take()
    world.later(minutes=15).call()
    world.log(first.ticket_id, "service_started")
    assert world.commitment(first.ticket_id).state == "kept"

    second = world.take()
    world.now += QUARTER + TICK
    world.call(counter=1)
    world.log(second.ticket_id, "service_started")
    assert world.commitment(second.ticket_id).state == "broken"


def test_passing_deadline_breaks_the_promise_and_owes_the_money():
    world = World()
    ticket = world.take()
    world.later(minutes=15)
    assert world.sweep().breached == 0
    world.now += TICK

    assert world.sweep().breached == 1

    (breach,) = world.breaches()
    assert breach.breached_at == ticket.arrived_at + QUARTER + TICK
    assert (breach.detected_at, breach.found_by) == (world.now, "clock")
    (owed,) = world.compensations()
    assert (owed.amount_minor, owed.state, owed.holds) == (1000, "owed", ["presence"])
    assert world.balances() == {"compensation_expense": 1000, "compensation_owed": -1000}
    assert world.sweep().breached == 0
    assert len(world.breaches()) == 1
    assert_books_balance(world)


def test_debt_becomes_a_voucher_once_the_customer_is_served():
    world = World()
    ticket = world.take()
    world.now += QUARTER + TICK
    world.sweep()
    world.later(minutes=1).call()
    assert world.compensations()[0].state == "owed"
    world.log(ticket.ticket_id, "service_started")

    assert world.compensations()[0].state == "released"
    assert world.settle() == 1
    assert world.settle() == 0
    (voucher,) = world.vouchers()
    assert (voucher.amount_minor, voucher.state) == (1000, "active")
    assert world.balances() == {"compensation_expense": 1000, "vouchers_issued": -1000}

    with world.work() as uow:
        ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
        redeemed = redeem_voucher.redeem(uow, code=code.lower(), counter_id=world.made.counter_id)
    assert redeemed.value.amount_minor == 1000
    with pytest.raises(AlreadyRedeemed), world.work() as uow:
        redeem_voucher.redeem(uow, code=code, counter_id=None)
    assert world.balances() == {"compensation_expense": 1000, "desk_settlement": -1000}
    assert world.rows("SELECT state FROM payouts")[0].state == "paid"
    assert_books_balance(world)


def test_reissued_voucher_voids_the_code_before_it():
    world = World()
    ticket = world.take()
    world.now += QUARTER + TICK
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    with world.work() as uow:
        ((row, old),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
        new = redeem_voucher.reissue(uow, voucher_id=row.id, reason="The customer lost it")

    assert new != old
    with pytest.raises(NoSuchVoucher), world.work() as uow:
        redeem_voucher.redeem(uow, code=old, counter_id=None)
    with world.work() as uow:
        assert redeem_voucher.redeem(uow, code=new, counter_id=None).value.amount_minor == 1000


def test_left_before_the_limit_is_excluded_and_left_after_it_is_owed():
    world = World()
    early, late = world.take(), world.take()
    world.later(minutes=5)
    world.log(early.ticket_id, "left")
    world.later(minutes=10, seconds=1)
    world.sweep()
    world.log(late.ticket_id, "left")

    assert world.commitment(early.ticket_id).state == "excluded"
    after = world.commitment(late.ticket_id)
    assert (after.state, after.reason) == ("broken", "left_after_limit")
    (owed,) = world.compensations()
    assert (owed.state, owed.holds) == ("owed", ["presence"])


def test_left_after_the_limit_ends_the_debt_where_the_terms_owe_nothing():
    world = World(after_limit="not_owed")
    ticket = world.take()
    world.later(minutes=20)
    world.sweep()
    assert world.compensations()[0].state == "owed"

    world.log(ticket.ticket_id, "left")

    (ended,) = world.compensations()
    assert (ended.state, ended.closing_reason) == ("cancelled", "left_after_limit")
    assert world.commitment(ticket.ticket_id).state == "broken"
    assert world.balances() == {}
    assert_books_balance(world)


def test_empty_hall_pays_nobody_however_many_numbers_the_kiosk_gave():
    world = World()
    for _ in range(20):
        world.take()
    world.later(minutes=16)
    assert world.sweep().breached == 20
    world.later(hours=3)
    world.settle()

    assert {row.state for row in world.compensations()} == {"owed"}
    assert world.rows("SELECT 1 FROM payouts") == []
    assert world.vouchers() == []


def test_late_detection_holds_the_money_for_one_decision():
    world = World()
    tickets = [world.take() for _ in range(3)]
    world.later(minutes=30)
    assert world.sweep().breached == 3
    for ticket, counter in zip(tickets, range(3), strict=True):
        world.call(counter)
        world.log(ticket.ticket_id, "service_started")
    assert {tuple(row.holds) for row in world.compensations()} == {("mass_breach",)}
    (window,) = world.rows("SELECT * FROM hold_windows")
    assert (window.cause, window.decided_at) == ("late_detection", None)

    with world.work(Role.MANAGER) as uow:
        decided = decide_compensation.decide_mass_breach(
            uow, window_id=window.id, pay=True, reason="The system was down"
        )
    assert decided == 3
    assert world.settle() == 3
    with pytest.raises(NotOwed), world.work(Role.MANAGER) as uow:
        decide_compensation.decide_mass_breach(uow, window_id=window.id, pay=False, reason="No")
    assert len(world.vouchers()) == 3


def test_approval_threshold_needs_somebody_who_took_no_part():
    world = World(approval_threshold_minor=500)
    ticket = world.take()
    world.later(minutes=15, seconds=1)
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started", role=Role.MANAGER)
    (owed,) = world.compensations()
    assert owed.holds == ["approval"]

    with pytest.raises(OwnEvidence), world.work(Role.MANAGER) as uow:
        decide_compensation.approve(uow, compensation_ids=[owed.id])
    assert world.compensations()[0].holds == ["approval"]
    with world.work(Role.ADMINISTRATOR) as uow:
        assert decide_compensation.approve(uow, compensation_ids=[owed.id]) == 1
    assert world.settle() == 1


def test_refusal_tells_its_reason_and_leaves_the_books_even():
    world = World()
    world.take()
    world.later(minutes=15, seconds=1)
    world.sweep()
    (owed,) = world.compensations()
    with world.work(Role.MANAGER) as uow:
        decide_compensation.refuse(uow, compensation_ids=[owed.id], reason="Nobody was there")
    (refused,) = world.compensations()
    assert (refused.state, refused.closing_reason) == ("refused", "Nobody was there")
    assert world.balances() == {}
    assert_books_balance(world)


def test_budget_delays_and_the_next_month_pays():
    world = World(budget_month_minor=1500)
    tickets = [world.take(), world.take()]
    world.later(minutes=15, seconds=1)
    world.sweep()
    for counter, ticket in enumerate(tickets):
        world.call(counter)
        world.log(ticket.ticket_id, "service_started")
    assert sorted(row.state for row in world.compensations()) == ["owed", "released"]
    waiting = next(row for row in world.compensations() if row.state == "owed")
    assert waiting.holds == ["budget"]

    from promises.flows.housekeep import housekeep

    with world.work(None) as uow:
        housekeep(uow)
    assert sorted(row.state for row in world.compensations()) == ["owed", "released"]
    world.later(days=31)
    with world.work(None) as uow:
        housekeep(uow)
    assert {row.state for row in world.compensations()} == {"released"}


def test_undo_of_a_recorded_breach_waits_for_a_second_person():
    world = World()
    ticket = world.take()
    world.later(minutes=14)
    world.call()
    started = world.log(ticket.ticket_id, "service_started")
    with world.work() as uow:
        undo(uow, ticket_id=ticket.ticket_id, event_id=started.event_id)
    assert world.commitment(ticket.ticket_id).state == "open"
    world.later(minutes=2)
    world.sweep()
    (breach,) = world.breaches()
    world.log(
        ticket.ticket_id,
        "service_started",
        occurred_at=ticket.arrived_at + QUARTER - TICK,
    )

    assert world.commitment(ticket.ticket_id).state == "broken"
    (owed,) = world.compensations()
    assert (owed.state, "evidence" in owed.holds) == ("owed", True)
    with world.work(Role.MANAGER) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=True, reason="Seen on the camera")
    assert world.commitment(ticket.ticket_id).state == "kept"
    (ended,) = world.compensations()
    assert (ended.state, ended.closing_reason) == ("cancelled", "annulled")
    assert len(world.breaches()) == 1
    assert_books_balance(world)
    with pytest.raises(NothingAsked), world.work(Role.MANAGER) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=True, reason="Sent a second time")


def test_dispute_holds_the_money_until_it_is_resolved():
    world = World()
    ticket = world.take()
    world.later(minutes=15, seconds=1)
    world.sweep()
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=ticket.ticket_id)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    assert world.compensations()[0].holds == ["dispute"]

    with world.work(Role.MANAGER) as uow:
        dispute.resolve(uow, ticket_id=ticket.ticket_id, reason="All is well")
    assert world.compensations()[0].state == "released"


def test_customer_who_is_still_waiting_gets_the_promise_judged_anew():
    world = World()
    ticket = world.take()
    world.later(minutes=5).call()
    untrue = world.log(ticket.ticket_id, "service_started")
    world.later(minutes=2)
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=ticket.ticket_id)
    world.later(minutes=30)
    with world.work(Role.MANAGER) as uow:
        dispute.resolve(
            uow,
            ticket_id=ticket.ticket_id,
            reason="The mark was untrue",
            untrue_event_id=untrue.event_id,
        )
    assert world.commitment(ticket.ticket_id).state == "broken"
    (owed,) = world.compensations()
    assert owed.state == "owed"


def test_device_cap_ends_the_awards_of_a_kiosk_for_the_day():
    world = World(caps={"per_branch_day_anonymous": 2})
    for _ in range(4):
        world.take()
    world.later(minutes=16)
    world.sweep()
    outcomes = sorted((row.outcome, row.state) for row in world.compensations())
    assert outcomes == [("full", "owed")] * 2 + [("limit_reached", "nothing_owed")] * 2
    assert world.balances()["compensation_expense"] == 2000


def test_transfer_keeps_the_promise_made_at_arrival():
    world = World()
    other = world.made.kind_ids[1]
    ticket = world.take()
    world.later(minutes=5)
    world.log(ticket.ticket_id, "transferred", service_kind_id=other)
    world.later(minutes=5).call()
    world.log(ticket.ticket_id, "service_started")
    assert world.commitment(ticket.ticket_id).state == "kept"


def test_silent_branch_holds_what_breaks_all_at_once():
    world = World()
    for _ in range(6):
        world.take()
    world.later(minutes=15, seconds=1)
    world.sweep()
    assert {tuple(row.holds) for row in world.compensations()} == {("presence", "mass_breach")}
    (window,) = world.rows("SELECT * FROM hold_windows")
    assert window.cause == "silent_branch"


def test_branch_at_work_is_not_taken_for_silent():
    world = World()
    for _ in range(6):
        world.take()
    world.later(minutes=15, seconds=1).staff_act()
    world.sweep()
    assert {tuple(row.holds) for row in world.compensations()} == {("presence",)}


def test_call_that_starts_service_by_itself_shows_no_customer():
    world = World(service_start=ServiceStart.CALL)
    ghost, guest = world.take(), world.take()
    world.later(minutes=15, seconds=1)
    world.sweep()
    world.call()
    world.later(minutes=1).call()
    assert {row.state for row in world.compensations()} == {"owed"}
    assert world.settle() == 0

    world.later(minutes=1)
    world.log(guest.ticket_id, "served")

    states = {row.ticket_id: row.state for row in world.compensations()}
    assert states == {ghost.ticket_id: "owed", guest.ticket_id: "released"}
