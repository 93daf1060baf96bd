"""What must not happen to money and verdicts, found by reading the flows against the principles."""

import datetime as dt

import pytest

from promises.breaches.errors import SecondPersonNeeded
from promises.compensation.queries import held_by_budget
from promises.flows import annul_breach, dispute
from promises.flows.housekeep import housekeep
from promises.flows.record_event import undo
from promises.kernel.actors import Role
from promises.ledger.queries import unbalanced_transactions
from promises.worker.service import sweep_batch
from tests.factories.catalogue import publish_simple_promise
from tests.flows.ground import NOON, QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")

JUST_BEFORE_MONTH_END = dt.datetime(2026, 3, 31, 20, 30, tzinfo=dt.UTC)  # 23:30 in Helsinki


def publish(world, *, promise_id=None, **term_changes):
    from tests.factories.catalogue import new_version, simple_terms

    with world.work(Role.MANAGER) as uow:
        if promise_id is None:
            return publish_simple_promise(
                uow.session, organisation_id=world.made.id, now=uow.now, **term_changes
            )
        from promises.catalogue.actions import publish_version

        return publish_version(
            uow.session,
            organisation_id=world.made.id,
            actor=uow.actor,
            now=uow.now,
            version=new_version(uow.now, terms=simple_terms(**term_changes), promise_id=promise_id),
        )


def break_promise(world):
    """A ticket whose promise the clock has broken a second ago."""
    ticket = world.take()
    world.now += QUARTER + TICK
    world.sweep()
    return ticket


def serve(world, ticket, counter=0):
    world.call(counter)
    return world.log(ticket.ticket_id, "service_started")


def states(world):
    return [(row.state, row.holds) for row in world.compensations()]


def assert_books_balance(world):
    with world.work(None) as uow:
        assert unbalanced_transactions(uow.session, organisation_id=world.made.id) == []
    assert sum(world.balances().values()) == 0


def test_event_that_read_the_clock_before_the_sweep_asks_for_no_annulment():
    world = World()
    break_promise(world)
    world.now = NOON + QUARTER - TICK
    world.call()

    assert world.rows("SELECT 1 FROM annulments") == []
    assert states(world) == [("owed", ["presence"])]


def test_case_cap_binds_two_promises_that_break_in_one_sweep():
    caps = {"per_case_minor": 1500}
    world = World(caps=caps)
    publish(world, caps=caps)
    break_promise(world)

    assert sorted(row.amount_minor for row in world.compensations()) == [500, 1000]
    assert world.balances()["compensation_owed"] == -1500


def contradict(world, ticket):
    world.later(seconds=20)
    world.log(ticket.ticket_id, "service_started", occurred_at=ticket.arrived_at + QUARTER - TICK)


@pytest.mark.parametrize("confirm", [True, False])
def test_whoever_made_the_evidence_decides_no_annulment(confirm):
    world = World()
    ticket = break_promise(world)
    contradict(world, ticket)
    (breach,) = world.breaches()

    with pytest.raises(SecondPersonNeeded), world.work(Role.CLERK) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=confirm, reason="I was there")

    assert world.commitment(ticket.ticket_id).state == "broken"
    assert states(world) == [("owed", ["evidence"])]
    with world.work(Role.MANAGER) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=False, reason="Seen otherwise")
    assert states(world) == [("released", [])]


def test_annulment_holds_the_money_of_its_own_breach_only():
    world = World()
    second = publish(world, amount_minor=700)
    break_promise(world)
    breach = next(row for row in world.breaches() if row.promise_id != second.promise_id)
    with world.work(Role.MANAGER) as uow:
        annul_breach.ask(uow, breach_id=breach.id, reason="The clock was wrong")

    holds = {row.breach_id: row.holds for row in world.compensations()}
    assert sorted(holds.pop(breach.id)) == ["evidence", "presence"]
    assert list(holds.values()) == [["presence"]]


def test_contradiction_holds_the_money_of_its_own_breach_only():
    world = World()
    publish(world, seconds=870, amount_minor=700)
    ticket = world.take()
    world.later(seconds=871).sweep()
    world.now = NOON + QUARTER + TICK
    world.sweep()
    contradict(world, ticket)

    by_amount = {row.amount_minor: (row.state, row.holds) for row in world.compensations()}
    assert by_amount == {700: ("released", []), 1000: ("owed", ["evidence"])}


@pytest.mark.parametrize("facts_say", ["kept", "excluded"])
def test_annulled_breach_is_not_broken_again_by_the_next_event(facts_say):
    world = World()
    ticket = break_promise(world)
    if facts_say == "kept":
        contradict(world, ticket)
    else:
        world.later(seconds=20)
        serve(world, ticket)
    (breach,) = world.breaches()
    if facts_say == "excluded":
        with world.work(Role.MANAGER) as uow:
            annul_breach.ask(uow, breach_id=breach.id, reason="A fire drill")
    with world.work(Role.ADMINISTRATOR) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=True, reason="Right")
    assert world.commitment(ticket.ticket_id).state == facts_say

    world.later(minutes=5)
    world.log(ticket.ticket_id, "served")

    assert world.commitment(ticket.ticket_id).state == facts_say
    assert len(world.breaches()) == 1
    assert len(world.rows("SELECT 1 FROM annulments")) == 1


def test_service_recorded_in_time_stays_kept_though_its_claimed_time_is_not_believed():
    world = World()
    ticket = world.take()
    world.later(minutes=14)
    world.log(
        ticket.ticket_id, "service_started", occurred_at=ticket.arrived_at + dt.timedelta(minutes=5)
    )
    assert world.commitment(ticket.ticket_id).state == "kept"

    world.later(minutes=16)
    world.log(ticket.ticket_id, "served")

    assert world.commitment(ticket.ticket_id).state == "kept"
    assert world.breaches() == []


def test_larger_budget_of_a_new_version_pays_what_the_old_one_could_not():
    world = World(budget_month_minor=1)
    serve(world, break_promise(world))
    assert states(world) == [("owed", ["budget"])]
    publish(world, promise_id=world.published.promise_id, budget_month_minor=5000)
    with world.work(None) as uow:
        housekeep(uow)

    assert states(world) == [("released", [])]


def test_smaller_budget_of_a_new_version_binds_debts_of_the_old_one():
    world = World(budget_month_minor=5000)
    ticket = break_promise(world)
    publish(world, promise_id=world.published.promise_id, budget_month_minor=500)
    serve(world, ticket)

    assert states(world) == [("owed", ["budget"])]


def test_backlog_of_one_promise_keeps_no_other_waiting():
    world = World(budget_month_minor=1)
    publish(world, budget_month_minor=1, amount_minor=700)
    for ticket in (break_promise(world), break_promise(world)):
        serve(world, ticket)
        world.log(ticket.ticket_id, "served")
    with world.work(None) as uow:
        waiting = held_by_budget(uow.session, organisation_id=world.made.id, limit=1)
    oldest = [row for row in world.compensations() if row.id in waiting]

    assert sorted(row.amount_minor for row in oldest) == [700, 1000]


def test_reopened_debt_gives_its_money_back_to_the_month_it_came_from():
    world = World(budget_month_minor=1000)
    world.now = JUST_BEFORE_MONTH_END
    first = break_promise(world)
    serve(world, first)
    world.later(hours=1)
    second = break_promise(world)
    serve(world, second, counter=1)
    assert states(world) == [("released", []), ("released", [])]
    with world.work(Role.CLERK) as uow:
        dispute.dispute(uow, ticket_id=first.ticket_id)

    reserved = world.rows("SELECT month_on, reserved_minor FROM budgets ORDER BY month_on")
    assert [(row.month_on.month, row.reserved_minor) for row in reserved] == [(3, 0), (4, 1000)]


def test_debt_that_ended_without_a_fault_gives_its_place_under_the_caps_back():
    world = World(caps={"per_branch_day_anonymous": 1}, after_limit="not_owed")
    gone = break_promise(world)
    world.log(gone.ticket_id, "left")
    break_promise(world)

    assert [(row.state, row.outcome) for row in world.compensations()] == [
        ("cancelled", "full"),
        ("owed", "full"),
    ]


@pytest.mark.parametrize("broken_by", ["clock", "event"])
def test_undone_departure_owes_again(broken_by):
    world = World(after_limit="not_owed")
    ticket = world.take()
    world.now += QUARTER + TICK
    if broken_by == "clock":
        world.sweep()
    left = world.log(ticket.ticket_id, "left")
    assert [row.state for row in world.compensations()] == [
        "cancelled" if broken_by == "clock" else "nothing_owed"
    ]
    world.later(seconds=5)
    with world.work() as uow:
        undo(uow, ticket_id=ticket.ticket_id, event_id=left.event_id)
    assert world.compensations()[-1].holds == ["presence"]
    serve(world, ticket)
    world.settle()

    assert [row.amount_minor for row in world.vouchers()] == [1000]
    assert world.balances() == {"compensation_expense": 1000, "vouchers_issued": -1000}
    assert len(world.breaches()) == 1
    assert_books_balance(world)


def test_undone_service_takes_the_payout_back_that_nobody_has_begun():
    world = World()
    started = serve(world, break_promise(world))
    assert states(world) == [("released", [])]
    with world.work() as uow:
        undo(uow, ticket_id=started.ticket.ticket_id, event_id=started.event_id)

    assert states(world) == [("owed", ["presence"])]
    assert world.settle() == 0
    world.log(started.ticket.ticket_id, "service_started")
    assert world.settle() == 1
    assert_books_balance(world)


def test_asked_annulment_stops_the_payout_that_nobody_has_begun():
    world = World()
    serve(world, break_promise(world))
    (breach,) = world.breaches()
    with world.work(Role.MANAGER) as uow:
        annul_breach.ask(uow, breach_id=breach.id, reason="The clock was wrong")

    assert states(world) == [("owed", ["evidence"])]
    assert world.settle() == 0


def test_undone_service_does_not_reach_a_voucher():
    world = World()
    started = serve(world, break_promise(world))
    world.settle()
    with world.work() as uow:
        undo(uow, ticket_id=started.ticket.ticket_id, event_id=started.event_id)

    assert states(world) == [("released", [])]
    assert [row.state for row in world.vouchers()] == ["active"]


def test_debt_that_the_new_month_pays_changes_its_customers_page():
    world = World(budget_month_minor=1)
    serve(world, break_promise(world))
    before = world.one("SELECT version FROM tickets").version
    publish(world, promise_id=world.published.promise_id, budget_month_minor=5000)
    with world.work(None) as uow:
        housekeep(uow)

    assert world.one("SELECT version FROM tickets").version > before


@pytest.mark.parametrize("late", [QUARTER + TICK, dt.timedelta(hours=2)])
def test_closing_time_before_the_deadline_ends_the_ticket_however_late_both_are_noticed(late):
    closes_at_ten_past_noon = (((540, 730),),) * 7
    world = World(weekly=closes_at_ten_past_noon)
    ticket = world.take()
    world.now += late
    with world.at(world.now):
        assert sweep_batch(world.made.id) == 0

    ended = world.commitment(ticket.ticket_id)
    assert (ended.state, ended.reason) == ("excluded", "closed_before_limit")
    assert world.breaches() == []
    assert world.rows("SELECT 1 FROM annulments") == []


def test_promise_broken_before_closing_time_stays_broken_when_noticed_after_it():
    world = World(weekly=(((540, 740),),) * 7)
    ticket = world.take()
    world.later(hours=2)
    with world.at(world.now):
        assert sweep_batch(world.made.id) == 1

    ended = world.commitment(ticket.ticket_id)
    assert (ended.state, ended.reason) == ("broken", "deadline_passed")
    assert [row.holds for row in world.compensations()] == [["presence", "mass_breach"]]
