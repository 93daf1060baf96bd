"""Causes of breaches that keep coming back arrive on the board by themselves, once."""

import pytest

from promises.catalogue.problem_queries import BoardFilter, list_cases, problem_board
from promises.feedback.settings import Asking, change_asking
from promises.flows.merge_problems import close
from promises.flows.raise_problems import look_at_causes, raise_problems
from promises.flows.tag_cause import tag_cause
from promises.improvement.causes_queries import list_causes
from promises.kernel.actors import Role
from tests.flows.ground import QUARTER, TICK, World
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    made = World()
    with made.work() as uow:
        change_asking(
            uow.session, organisation_id=uow.organisation_id, now=uow.now,
            asking=Asking(recurring_breaches=3, recurring_days=30),
        )  # fmt: skip
    return made


def break_and_tag(world, count, cause=0):
    before = {one.id for one in world.breaches()}
    for _ in range(count):
        world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    with world.work() as uow:
        cause_id = list_causes(uow.session, organisation_id=world.made.id)[cause].cause_id
        for one in world.breaches():
            if one.id not in before:
                tag_cause(uow, breach_id=one.id, cause_id=cause_id)


def duty(world):
    with world.work(None) as uow:
        return raise_problems(uow)


def board(world):
    with world.work() as uow:
        common = {"organisation_id": uow.organisation_id, "now": uow.now}
        return problem_board(uow.session, only=BoardFilter(), **common)


def test_a_cause_becomes_one_problem_when_it_recurs_and_counts_each_breach_once(world):
    break_and_tag(world, 2)
    assert (duty(world), board(world)) == (0, [])
    break_and_tag(world, 1)
    break_and_tag(world, 2, cause=1)
    assert duty(world) == 3
    assert duty(world) == 0
    (card,) = board(world)
    assert (card.source, card.cases, card.branch_ids) == ("breaches", 3, (world.made.branch_id,))
    with world.work() as uow:
        found = list_cases(uow.session, organisation_id=world.made.id, problem_id=card.problem_id)
    breached = {one.ticket_id for one in world.breaches()}
    assert len(found) == 3
    assert {one.ticket_id for one in found} < breached
    break_and_tag(world, 1)
    assert duty(world) == 1
    assert board(world)[0].cases == 4


def test_a_closed_problem_opens_again_only_by_a_newer_breach(world):
    break_and_tag(world, 3)
    duty(world)
    (card,) = board(world)
    with world.work(Role.MANAGER) as uow:
        close(uow, problem_id=card.problem_id, reason="A second counter opens at noon.")
    assert (duty(world), board(world)) == (0, [])
    world.later(minutes=1)
    break_and_tag(world, 1)
    assert duty(world) == 1
    assert board(world)[0].cases == 4


def test_old_breaches_do_not_recur_and_an_idle_house_is_not_searched(world):
    break_and_tag(world, 2)
    world.later(days=31)
    break_and_tag(world, 1)
    with world.work(None) as uow:
        assert look_at_causes(uow) == 0
    world.later(minutes=20 if world.now.minute < 35 else 40)
    assert duty(world) == 0


def test_two_workers_at_once_raise_one_problem(world, app_url):
    break_and_tag(world, 5)
    with crowd(app_url, 4) as people:
        found = people.at_once(lambda _number: duty(world))
    assert sum(found) == 5
    (card,) = board(world)
    assert card.cases == 5
