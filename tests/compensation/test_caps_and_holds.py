"""What caps grant, what holds keep back, on the real database."""

import datetime as dt

import pytest

from promises.compensation.awarding import award_breaches
from promises.compensation.errors import NotOwed, ReasonMissing
from promises.compensation.models import CompensationState, Hold
from promises.compensation.releasing import close, lift_holds, place_hold, release
from promises.compensation.reopening import reopen
from promises.flows import annul_breach, decide_compensation, dispute
from promises.flows.compensate import end_debts
from promises.identity.customers import known_customer
from promises.kernel.actors import Role
from tests.factories.catalogue import publish_simple_promise
from tests.flows.ground import NOON, QUARTER, TICK, World
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")


def customer(world, reference):
    with world.work(None) as uow:
        return known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference=reference
        )


def break_promises(world, count, **changes):
    tickets = [world.take(**changes) for _ in range(count)]
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    return tickets


def outcomes(world):
    return [(row.outcome, row.amount_minor) for row in world.compensations()]


def test_known_customer_is_capped_in_the_period_and_no_other():
    world = World(caps={"per_customer": {"count": 1, "period": "day"}})
    anna, ville = customer(world, "anna"), customer(world, "ville")
    break_promises(world, 2, customer_id=anna)
    break_promises(world, 1, customer_id=ville)
    assert sorted(outcomes(world)) == [("full", 1000), ("full", 1000), ("limit_reached", 0)]
    world.later(days=1)
    break_promises(world, 1, customer_id=anna)
    assert outcomes(world)[-1] == ("full", 1000)


def test_all_promises_together_owe_no_more_than_the_case_is_worth():
    world = World(caps={"per_case_minor": 1500})
    with world.at(NOON), world.made.work(Role.MANAGER) as uow:
        publish_simple_promise(
            uow.session,
            organisation_id=world.made.id,
            now=uow.now,
            slug="called-soon",
            to="called",
            caps={"per_case_minor": 1500, "per_branch_day_anonymous": 50},
        )
    break_promises(world, 1)
    assert sorted(outcomes(world)) == [("capped", 500), ("full", 1000)]


def test_cap_is_counted_on_over_batches():
    world = World(caps={"per_branch_day_anonymous": 2})
    for _ in range(3):
        break_promises(world, 1)
    assert outcomes(world) == [("full", 1000), ("full", 1000), ("limit_reached", 0)]


def test_leaver_without_a_claim_uses_up_no_cap():
    world = World(after_limit="not_owed", caps={"per_branch_day_anonymous": 1})
    ticket = world.take()
    world.later(minutes=15, seconds=1)
    world.log(ticket.ticket_id, "left")
    assert outcomes(world) == [("none", 0)]
    break_promises(world, 1)
    assert outcomes(world)[-1] == ("full", 1000)


def test_annulled_award_gives_its_cap_back():
    world = World(caps={"per_branch_day_anonymous": 1, "per_case_minor": 5000})
    break_promises(world, 1)
    (breach,) = world.breaches()
    with world.work(Role.MANAGER) as uow:
        annul_breach.ask(uow, breach_id=breach.id, reason="The clock was wrong")
    with world.work(Role.ADMINISTRATOR) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=True, reason="Checked")
    break_promises(world, 1)
    assert outcomes(world)[-1] == ("full", 1000)


def test_nothing_to_award_asks_the_database_nothing():
    world = World()
    with world.work(None) as uow:
        assert (
            award_breaches(uow.session, organisation_id=world.made.id, now=uow.now, breaches=[])
            == []
        )


def test_verbs_on_no_debts_change_nothing():
    world = World()
    with world.work(None) as uow:
        tenant = {"organisation_id": world.made.id, "compensation_ids": []}
        assert lift_holds(uow.session, holds=[Hold.PRESENCE], **tenant) == []
        assert place_hold(uow.session, hold=Hold.DISPUTE, **tenant) == []
        assert release(uow.session, now=uow.now, today_on=NOON.date(), **tenant) == []


def test_what_is_held_is_not_released_and_what_is_not_released_not_taken_back():
    world = World()
    break_promises(world, 1)
    (owed,) = world.compensations()
    with world.work(None) as uow:
        tenant = {"organisation_id": world.made.id, "compensation_ids": [owed.id]}
        assert release(uow.session, now=uow.now, today_on=NOON.date(), **tenant) == []
        assert reopen(uow.session, zone="Europe/Helsinki", hold=Hold.DISPUTE, **tenant) == 0
    assert world.compensations() == [owed]
    assert world.rows("SELECT * FROM released_days") == []


def test_debt_ends_only_as_refused_or_cancelled_and_with_a_reason():
    world = World()
    break_promises(world, 1)
    (owed,) = world.compensations()
    for state, reason, error in (
        (CompensationState.RELEASED, "why", ValueError),
        (CompensationState.REFUSED, "  ", ReasonMissing),
    ):
        with pytest.raises(error), world.work(None) as uow:
            close(
                uow.session,
                organisation_id=world.made.id,
                now=uow.now,
                compensation_ids=[owed.id],
                state=state,
                reason=reason,
            )
    assert world.compensations()[0].state == "owed"
    with world.work(None) as uow:
        assert end_debts(uow, [], state=CompensationState.CANCELLED, reason="none") == []


def test_dispute_takes_a_payout_back_that_nobody_has_begun():
    world = World(budget_month_minor=1000)
    (ticket,) = break_promises(world, 1)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    assert world.compensations()[0].state == "released"
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=ticket.ticket_id)
    (held,) = world.compensations()
    assert (held.state, held.holds, held.released_at) == ("owed", ["dispute"], None)
    assert world.one("SELECT reserved_minor FROM budgets").reserved_minor == 0
    assert world.settle() == 0
    assert [row.state for row in world.rows("SELECT state FROM payouts")] == ["cancelled"]
    with world.work(Role.MANAGER) as uow:
        dispute.resolve(uow, ticket_id=ticket.ticket_id, reason="All is well")
    assert world.settle() == 1


def test_voucher_in_hand_outlives_a_dispute():
    world = World()
    (ticket,) = break_promises(world, 1)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=ticket.ticket_id)
    assert world.compensations()[0].state == "released"
    assert world.vouchers()[0].state == "active"


def test_window_is_not_decided_without_a_reason():
    world = World()
    world.take()
    world.later(minutes=40)
    world.sweep()
    (window,) = world.rows("SELECT id FROM hold_windows")
    with pytest.raises(ReasonMissing), world.work(Role.MANAGER) as uow:
        decide_compensation.decide_mass_breach(uow, window_id=window.id, pay=True, reason=" ")
    assert world.rows("SELECT 1 FROM hold_windows WHERE decided_at IS NOT NULL") == []


def test_debt_that_was_approved_alone_outlives_the_refusal_of_its_window():
    world = World()
    tickets = [world.take(), world.take()]
    world.later(minutes=40)
    world.sweep()
    first = next(row for row in world.compensations() if row.ticket_id == tickets[0].ticket_id)
    with world.work(Role.MANAGER) as uow:
        decide_compensation.approve(uow, compensation_ids=[first.id])
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=tickets[0].ticket_id)
    (window,) = world.rows("SELECT id FROM hold_windows")
    with world.work(Role.MANAGER) as uow:
        assert (
            decide_compensation.decide_mass_breach(
                uow, window_id=window.id, pay=False, reason="Nobody was there"
            )
            == 1
        )
    by_ticket = {row.ticket_id: (row.state, row.holds) for row in world.compensations()}
    assert by_ticket == {
        tickets[0].ticket_id: ("owed", ["dispute"]),
        tickets[1].ticket_id: ("refused", []),
    }


def test_of_two_who_decide_at_once_one_decides_and_the_other_is_told(app_url):
    world = World(approval_threshold_minor=500)
    roles = (Role.MANAGER, Role.ADMINISTRATOR)
    tickets = [world.take() for _ in range(6)]
    world.now += dt.timedelta(minutes=15, seconds=1)
    world.staff_act()
    world.sweep()
    for ticket in tickets:
        world.call()
        world.log(ticket.ticket_id, "service_started")

    def act(number, debt):
        with world.work(roles[number]) as uow:
            if number == 0:
                decide_compensation.approve(uow, compensation_ids=[debt.id])
            else:
                decide_compensation.refuse(uow, compensation_ids=[debt.id], reason="No")

    debts = world.compensations()
    with crowd(app_url, 2) as people:
        answers = [people.at_once(lambda number, debt=debt: act(number, debt)) for debt in debts]
    decided = {row.compensation_id: row.kind for row in world.rows(
        "SELECT compensation_id, kind FROM compensation_decisions"
    )}  # fmt: skip
    assert len(world.rows("SELECT 1 FROM compensation_decisions")) == len(debts) == 6
    ended = {"approved": "released", "refused": "refused"}
    for row, (approved, refused) in zip(world.compensations(), answers, strict=True):
        assert row.state == ended[decided[row.id]]
        late = refused if decided[row.id] == "approved" else approved
        assert isinstance(late, NotOwed) and None in (approved, refused)
