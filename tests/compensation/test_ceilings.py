"""Ceilings by period delay what goes above them: at a branch, by a promise, of everything."""

import datetime as dt

import pytest

from promises.compensation.ceilings import CeilingRule, ceiling_at, span_of
from promises.compensation.control_models import CeilingPeriod, CeilingReaction
from promises.compensation.errors import CeilingMoved, CeilingNotFit
from promises.flows import annul_breach, decide_compensation, dispute
from promises.flows.housekeep import housekeep
from promises.flows.set_ceiling import set_ceiling
from promises.identity.actions import BranchSettings, add_branch
from promises.identity.models import ServiceStart
from promises.kernel.actors import Role
from tests.compensation.test_rolling_sums import GONE, WAITS, break_one, states
from tests.factories.catalogue import publish_simple_promise
from tests.flows.ground import NOON, QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")

DAY, WEEK, MONTH = CeilingPeriod
WAIT, APPROVE = CeilingReaction
EMPTY = ("owed", "budget")


def cap(world, limit_minor, period=DAY, **place):
    with world.work(Role.MANAGER) as uow:
        return set_ceiling(uow, wanted=CeilingRule(period=period, limit_minor=limit_minor, **place))


def here(world):
    return {"branch_id": world.made.branch_id}


def keep_house(world):
    with world.work(None) as uow:
        housekeep(uow)


def used(world):
    """By scope, what the sums of all days say went out."""
    found = world.rows(
        "SELECT scope, sum(amount_minor)::bigint AS n FROM released_days"
        " WHERE scope IN ('branch', 'whole_promise', 'organisation') GROUP BY scope"
    )
    return {row.scope: row.n for row in found}


def places(world):
    return [{}, here(world), {"promise_id": world.published.promise_id}]


@pytest.mark.parametrize("place", range(3), ids=["organisation", "branch", "promise"])
def test_what_a_day_has_no_room_for_waits_and_goes_on_the_next(place):
    world = World()
    cap(world, 2000, **places(world)[place])
    for _ in range(3):
        break_one(world)
    assert states(world) == [GONE, GONE, EMPTY]
    keep_house(world)
    assert states(world) == [GONE, GONE, EMPTY]
    world.later(days=1)
    keep_house(world)
    assert states(world) == [GONE, GONE, GONE]


def test_ceiling_itself_is_still_within_it_and_a_unit_less_is_not():
    world = World()
    cap(world, 1999, **here(world))
    break_one(world)
    break_one(world)
    assert states(world) == [GONE, EMPTY]
    cap(world, 2000, **here(world), version=1)
    keep_house(world)
    assert states(world) == [GONE, GONE]


def test_manager_approves_what_is_above_where_that_was_chosen_and_it_counts():
    world = World()
    cap(world, 1000, **here(world), reaction=APPROVE)
    break_one(world)
    break_one(world)
    assert states(world) == [GONE, WAITS]
    with world.work(Role.MANAGER) as uow:
        decide_compensation.approve(uow, compensation_ids=[world.compensations()[1].id])
    assert states(world) == [GONE, GONE]
    assert used(world) == {"branch": 2000}


def test_approval_makes_no_room_where_the_next_period_was_chosen():
    world = World(approval_threshold_minor=500)
    cap(world, 1000)
    for one in range(2):
        break_one(world)
        with world.work(Role.MANAGER) as uow:
            decide_compensation.approve(uow, compensation_ids=[world.compensations()[one].id])
    assert states(world) == [GONE, EMPTY]


def test_debt_larger_than_a_whole_ceiling_comes_before_a_person_and_is_not_left_waiting():
    world = World()
    cap(world, 999)
    break_one(world)
    assert states(world) == [WAITS]
    with world.work(Role.MANAGER) as uow:
        decide_compensation.approve(uow, compensation_ids=[world.compensations()[0].id])
    assert states(world) == [GONE]


def test_full_ceiling_takes_nothing_of_the_others_nor_of_the_budget():
    world = World(budget_month_minor=5000)
    cap(world, 1000, **here(world))
    cap(world, 9000, WEEK)
    cap(world, 9000, promise_id=world.published.promise_id)
    break_one(world)
    break_one(world)
    assert states(world) == [GONE, EMPTY]
    assert used(world) == {"branch": 1000, "whole_promise": 1000, "organisation": 1000}
    assert world.one("SELECT reserved_minor AS n FROM budgets").n == 1000


def test_ceiling_of_one_branch_binds_no_other():
    world = World()
    with world.work(Role.ADMINISTRATOR) as uow:
        elsewhere = add_branch(
            uow.session,
            organisation_id=world.made.id,
            actor=uow.actor,
            now=uow.now,
            settings=BranchSettings(
                name="Elsewhere",
                time_zone="Europe/Helsinki",
                service_start=ServiceStart.TAP,
                no_show_after_s=180,
            ),
        )
    cap(world, 0, branch_id=elsewhere.id)
    break_one(world)
    assert states(world) == [GONE]


def test_empty_budget_takes_nothing_of_a_ceiling():
    world = World(budget_month_minor=1000)
    cap(world, 9000)
    break_one(world)
    break_one(world)
    assert states(world) == [GONE, EMPTY]
    assert used(world) == {"branch": 1000, "organisation": 1000}


def test_ceiling_of_one_promise_binds_no_other():
    world = World()
    with world.at(NOON), world.made.work(Role.MANAGER) as uow:
        other = publish_simple_promise(
            uow.session, organisation_id=world.made.id, now=uow.now, slug="called", to="called"
        )
    cap(world, 1000, promise_id=other.promise_id)
    for _ in range(2):
        break_one(world)
    gone = {
        row.promise_id: row.n
        for row in world.rows(
            "SELECT promise_id, count(*) AS n FROM compensations WHERE state = 'released'"
            " GROUP BY promise_id"
        )
    }
    assert gone == {world.published.promise_id: 2, other.promise_id: 1}


@pytest.mark.parametrize("period", list(CeilingPeriod))
def test_edge_of_a_period_is_local_midnight_on_the_day_when_clocks_change(period):
    world = World()
    last = dt.datetime(2026, 3, 29, 20, 59, 59, 999_999, tzinfo=dt.UTC)  # a Sunday of 23 hours
    if period is MONTH:
        last += dt.timedelta(days=2)
    cap(world, 1000, period)
    for _ in range(2):
        world.now = last - QUARTER - TICK
        break_one(world)
    assert world.now == last
    assert states(world) == [GONE, EMPTY]
    keep_house(world)
    assert states(world) == [GONE, EMPTY]
    world.now = last + TICK
    keep_house(world)
    assert states(world) == [GONE, GONE]


def test_what_is_taken_back_makes_room_in_the_period_it_went_out_in_and_in_no_other():
    world = World()
    for place in places(world):
        cap(world, 1000, **place)
    first = break_one(world)
    world.later(days=1)
    break_one(world)
    assert states(world) == [GONE, GONE]
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=first.ticket_id)
    days = world.rows(
        "SELECT scope, day_on - DATE '2026-03-02' AS day, amount_minor FROM released_days"
        " WHERE scope IN ('branch', 'whole_promise', 'organisation') AND day_on >= '2026-03-02'"
        " ORDER BY day_on, scope"
    )
    assert [(row.scope, row.day, row.amount_minor) for row in days] == [
        ("branch", 0, 0), ("organisation", 0, 0), ("whole_promise", 0, 0),
        ("branch", 1, 1000), ("organisation", 1, 1000), ("whole_promise", 1, 1000),
    ]  # fmt: skip
    break_one(world)
    assert states(world) == [("owed", "dispute"), GONE, EMPTY]


def test_annulled_breach_makes_room_again():
    world = World()
    cap(world, 1000)
    break_one(world)
    break_one(world)
    breach = world.breaches()[0]
    with world.work(Role.MANAGER) as uow:
        annul_breach.ask(uow, breach_id=breach.id, reason="The clock was wrong")
    with world.work(Role.ADMINISTRATOR) as uow:
        annul_breach.decide(uow, breach_id=breach.id, confirm=True, reason="Checked")
    keep_house(world)
    assert states(world) == [("cancelled",), GONE]


@pytest.mark.parametrize("place", range(3), ids=["organisation", "branch", "promise"])
def test_what_went_out_before_the_ceiling_was_set_counts(place):
    world = World()
    first = break_one(world)
    break_one(world)
    cap(world, 2000, WEEK, **places(world)[place])
    break_one(world)
    assert states(world) == [GONE, GONE, EMPTY]
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=first.ticket_id)
    keep_house(world)
    assert states(world)[1:] == [GONE, GONE]


def test_lifted_ceiling_binds_nothing_and_set_anew_knows_what_went_out_meanwhile():
    world = World()
    cap(world, 0)
    break_one(world)
    assert states(world) == [WAITS]
    cap(world, None, version=1)
    break_one(world)
    break_one(world)
    assert states(world) == [WAITS, GONE, GONE]
    cap(world, 3000, version=2)
    break_one(world)
    break_one(world)
    assert states(world)[3:] == [GONE, EMPTY]


def test_ceiling_that_makes_no_sense_or_that_somebody_changed_is_refused_and_changes_nothing():
    world = World()
    cap(world, 1000)
    promise = {"promise_id": world.published.promise_id}
    for error, limit, period, more in (
        (CeilingMoved, 5, DAY, {}),
        (CeilingMoved, 5, DAY, {"version": 2}),
        (CeilingMoved, 5, WEEK, {"version": 1}),
        (CeilingNotFit, -1, WEEK, {}),
        (CeilingNotFit, 5, MONTH, promise),
        (CeilingNotFit, 5, DAY, promise | here(world)),
    ):
        with pytest.raises(error):
            cap(world, limit, period, **more)
    (only,) = world.rows("SELECT * FROM ceilings")
    assert (only.limit_minor, only.version, only.period) == (1000, 1, "day")
    assert len(world.rows("SELECT 1 FROM audit_records WHERE action = 'ceiling_set'")) == 1
    with world.work(None) as uow:
        where = {"organisation_id": world.made.id, "branch_id": None, "promise_id": None}
        assert ceiling_at(uow.session, **where, period=WEEK).limit_minor is None
        assert ceiling_at(uow.session, **where, period=DAY).limit_minor == 1000


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        (DAY, "2026-03-29", "2026-03-29", "2026-03-29"),
        (WEEK, "2026-03-29", "2026-03-23", "2026-03-29"),
        (WEEK, "2026-03-30", "2026-03-30", "2026-04-05"),
        (MONTH, "2028-02-29", "2028-02-01", "2028-02-29"),
        (MONTH, "2026-12-31", "2026-12-01", "2026-12-31"),
    ],
)
def test_periods_are_those_of_the_calendar(period, day, first, last):
    assert [str(one) for one in span_of(period, dt.date.fromisoformat(day))] == [first, last]
