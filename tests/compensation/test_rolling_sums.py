"""Sums over the last days hold what goes above them, however it is split, and however many act."""

import pytest

from promises.compensation.errors import LimitsNotFit, OwnEvidence, RuleMoved
from promises.compensation.rolling import sums_of
from promises.compensation.thresholds import Thresholds, thresholds_of
from promises.flows import decide_compensation, dispute
from promises.flows.set_thresholds import set_thresholds
from promises.identity.access import add_device
from promises.identity.customers import known_customer
from promises.identity.models import DeviceKind
from promises.kernel.actors import Role
from tests.flows.ground import QUARTER, TICK, World
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")


def limit(world, version=0, **limits):
    with world.work(Role.MANAGER) as uow:
        return set_thresholds(uow, wanted=Thresholds(**limits, version=version))


def customer(world, reference):
    with world.work(None) as uow:
        return known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference=reference
        )


def break_one(world, **changes):
    """A number that waits too long, and its customer is then served."""
    ticket = world.take(**changes)
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    world.log(ticket.ticket_id, "service_started")
    return ticket


def states(world):
    return [(row.state, *row.holds) for row in world.compensations()]


GONE, WAITS = ("released",), ("owed", "approval")


def test_customer_who_gets_small_sums_often_comes_before_a_manager():
    world = World()
    limit(world, customer_minor=2000, window_days=10)
    anna, ville = customer(world, "anna"), customer(world, "ville")
    for who in (anna, anna, anna, ville):
        break_one(world, customer_id=who)
    assert states(world) == [GONE, GONE, WAITS, GONE]
    world.later(days=10)
    break_one(world, customer_id=anna)
    assert states(world)[-1] == GONE  # what went out ten days ago lies outside of the ten days


def test_limit_itself_is_still_within_it_and_a_unit_more_is_not():
    world = World()
    limit(world, branch_minor=1999)
    break_one(world)
    break_one(world)
    assert states(world) == [GONE, WAITS]
    limit(world, version=1, branch_minor=2000)
    break_one(world)
    assert states(world)[-1] == GONE


@pytest.mark.parametrize("name", ["device_minor", "clerk_minor", "branch_minor"])
def test_each_kind_of_sum_holds_for_itself(name):
    world = World()
    with world.work(Role.ADMINISTRATOR) as uow:
        device, _ = add_device(
            uow.session, organisation_id=world.made.id, actor=uow.actor, now=uow.now,
            branch_id=world.made.branch_id, kind=DeviceKind.KIOSK, name="Door",
        )  # fmt: skip
    limit(world, **{name: 1000})
    break_one(world, device_id=device)
    break_one(world, device_id=device)
    assert states(world) == [GONE, WAITS]


def test_threshold_of_the_terms_is_for_the_sum_of_a_known_customer():
    world = World(approval_threshold_minor=1500)
    anna = customer(world, "anna")
    break_one(world, customer_id=anna)
    break_one(world, customer_id=anna)
    break_one(world)
    assert states(world) == [GONE, WAITS, GONE]


def test_approval_lets_it_go_counts_it_and_needs_a_person_without_part():
    world = World()
    limit(world, branch_minor=1000)
    break_one(world)
    break_one(world)
    waiting = world.compensations()[1]
    with world.work(Role.CLERK) as uow, pytest.raises(OwnEvidence):
        decide_compensation.approve(uow, compensation_ids=[waiting.id])
    assert states(world) == [GONE, WAITS]
    with world.work(Role.MANAGER) as uow:
        assert decide_compensation.approve(uow, compensation_ids=[waiting.id]) == 1
    assert states(world) == [GONE, GONE]
    key = ("branch", str(world.made.branch_id))
    with world.work(None) as uow:
        found = sums_of(
            uow.session, organisation_id=world.made.id, today_on=world.now.date(), keys=[key]
        )
    assert (found[key].amount_minor, found[key].limit_minor) == (2000, 1000)


def test_what_is_taken_back_from_its_payout_is_not_counted():
    world = World()
    limit(world, branch_minor=1000)
    first = break_one(world)
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=first.ticket_id)
    assert {row.amount_minor for row in world.rows("SELECT * FROM released_days")} == {0}
    assert world.compensations()[0].counted_as is None
    break_one(world)
    assert states(world)[1] == GONE
    with world.work(Role.MANAGER) as uow:
        dispute.resolve(uow, ticket_id=first.ticket_id, reason="All is well")
    assert states(world)[0] == WAITS


def test_budget_that_does_not_reach_counts_nothing():
    world = World(budget_month_minor=500)
    break_one(world)
    assert states(world) == [("owed", "budget")]
    assert world.rows("SELECT * FROM released_days") == []


def test_rule_is_changed_by_whoever_saw_it_and_within_its_bounds():
    world = World()
    assert limit(world, customer_minor=5000) == 1
    for refused, error in (
        ({"customer_minor": 1}, RuleMoved),
        ({"version": 2}, RuleMoved),
        ({"version": 1, "window_days": 367}, LimitsNotFit),
        ({"version": 1, "branch_minor": -1}, LimitsNotFit),
    ):
        with pytest.raises(error):
            limit(world, **refused)
    with world.work(None) as uow:
        kept = thresholds_of(uow.session, organisation_id=world.made.id)
    assert (kept.customer_minor, kept.window_days, kept.version) == (5000, 30, 1)
    (noted,) = world.rows("SELECT * FROM audit_records WHERE action = 'approval_rule_set'")
    assert noted.details["after"]["customer_minor"] == 5000


def test_first_rule_is_not_set_on_a_version_that_never_was():
    world = World()
    with pytest.raises(RuleMoved):
        limit(world, version=3, customer_minor=5000)
    with world.work(None) as uow:
        assert thresholds_of(uow.session, organisation_id=world.made.id) == Thresholds()


@pytest.mark.no_cover
def test_of_many_at_once_for_one_customer_no_two_pass_together(app_url):
    """Six debts of 10 € at six desks in one moment, also while the sum has no row yet."""
    people = 6
    with crowd(app_url, people) as everybody:
        for _ in range(5):
            world = World()
            limit(world, customer_minor=3000)
            anna = customer(world, "anna")
            tickets = [world.take(customer_id=anna) for _ in range(people)]
            world.now += QUARTER + TICK
            world.staff_act()
            world.sweep()

            def serve(number, world=world, tickets=tickets):
                return world.log(tickets[number].ticket_id, "service_started")

            errors = [one for one in everybody.at_once(serve) if isinstance(one, Exception)]
            assert errors == []
            assert sorted(states(world)) == [WAITS] * 3 + [GONE] * 3
