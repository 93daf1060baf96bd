"""Managers learn that a ceiling is full; what it sent to them comes back when it is raised."""

import pytest

from promises.flows import decide_compensation
from promises.flows.mind_ceilings import CEILING_RAISED, tell_full_ceilings, try_after_raise
from promises.kernel.actors import Role
from tests.compensation.test_ceilings import (
    APPROVE,
    DAY,
    EMPTY,
    GONE,
    WAITS,
    WEEK,
    cap,
    here,
    keep_house,
)
from tests.compensation.test_rolling_sums import break_one, limit, states
from tests.flows.ground import World

pytestmark = pytest.mark.usefixtures("as_application")


def tell(world):
    with world.work(None) as uow:
        return tell_full_ceilings(uow)


def try_again(world):
    with world.work(None) as uow:
        return try_after_raise(uow)


def letters(world):
    return [
        row.params
        for row in world.rows(
            "SELECT params FROM messages WHERE kind = 'ceiling_full' ORDER BY created_at, id"
        )
    ]


def people(world):
    return world.one(
        "SELECT count(*) AS n FROM members WHERE role = 'manager' AND state = 'active'"
    ).n


def decisions(world):
    return [
        (row.kind, row.reason)
        for row in world.rows("SELECT kind, reason FROM compensation_decisions ORDER BY id")
    ]


def test_managers_learn_once_a_period_that_a_ceiling_is_full_and_what_waits():
    world = World()
    cap(world, 1000, WEEK, **here(world))
    break_one(world)
    assert tell(world) == 0
    break_one(world)
    break_one(world)
    assert tell(world) == people(world) > 0
    branch = world.one("SELECT name FROM branches").name
    assert letters(world)[0] == {
        "where": branch, "period": "week", "reaction": "wait", "waiting_minor": 2000,
        "currency": "EUR", "next_on": "2026-03-09",
    }  # fmt: skip
    break_one(world)
    assert tell(world) == 0
    world.later(days=1)
    keep_house(world)
    assert tell(world) == 0
    world.later(days=7)
    keep_house(world)
    assert states(world) == [GONE, GONE, EMPTY, EMPTY]
    assert tell(world) == people(world)
    assert tell(world) == 0
    assert letters(world)[-1]["next_on"] == "2026-03-16"


def test_letter_of_a_promise_says_what_waits_for_a_manager_in_the_language_of_each():
    world = World()
    cap(world, 1000, promise_id=world.published.promise_id, reaction=APPROVE)
    break_one(world)
    break_one(world)
    assert tell(world) == people(world)
    found = letters(world)[0]
    assert (found["reaction"], found["waiting_minor"]) == ("approve", 1000)
    assert found["where"]
    assert decisions(world) == [("held", "above_ceiling")]


def test_no_letter_is_written_of_what_waits_no_more_nor_of_what_would_never_fit():
    world = World()
    cap(world, 1000)
    break_one(world)
    break_one(world)
    cap(world, 2000, version=1)
    keep_house(world)
    assert states(world) == [GONE, GONE]
    assert tell(world) == 0
    cap(world, 999, version=2)
    break_one(world)
    assert states(world)[2] == WAITS
    assert tell(world) == 0
    assert letters(world) == []


def test_raised_ceiling_calls_back_what_it_alone_had_sent_to_a_manager_as_far_as_there_is_room():
    world = World()
    cap(world, 1000, reaction=APPROVE)
    for _ in range(3):
        break_one(world)
    cap(world, 1000, WEEK, **here(world), reaction=APPROVE)
    break_one(world)
    assert states(world) == [GONE, WAITS, WAITS, WAITS]
    assert try_again(world) == 0
    cap(world, 2000, version=1, reaction=APPROVE)
    assert try_again(world) == 0
    assert states(world) == [GONE, WAITS, WAITS, WAITS]
    cap(world, 3000, WEEK, **here(world), version=1, reaction=APPROVE)
    assert try_again(world) == 1
    assert states(world) == [GONE, GONE, WAITS, WAITS]
    assert decisions(world)[-1] == ("lifted", CEILING_RAISED)
    assert try_again(world) == 0
    cap(world, None, version=2)
    assert try_again(world) == 1
    assert states(world) == [GONE, GONE, GONE, WAITS]
    assert world.rows("SELECT 1 FROM ceilings WHERE recall_from IS NOT NULL") == []


def test_lifted_ceiling_calls_back_what_was_larger_than_it_and_lowered_one_nothing():
    world = World()
    cap(world, 999)
    break_one(world)
    cap(world, 500, version=1)
    assert try_again(world) == 0
    assert states(world) == [WAITS]
    cap(world, None, version=2)
    assert try_again(world) == 1
    assert states(world) == [GONE]


def test_what_something_else_asks_a_person_for_stays_there():
    world = World()
    limit(world, branch_minor=1500)
    cap(world, 1000, reaction=APPROVE)
    break_one(world)
    break_one(world)  # the sum of the branch asks as well
    assert decisions(world) == []
    limit(world, version=1)
    break_one(world)
    break_one(world)
    with world.work(Role.MANAGER) as uow:
        ids = [row.id for row in world.compensations()]
        decide_compensation.hold(uow, compensation_ids=[ids[2]], reason="To be looked into")
    cap(world, None, version=1)
    assert try_again(world) == 1
    assert states(world) == [GONE, WAITS, ("owed", "approval", "evidence"), GONE]


def test_many_are_called_back_a_part_at_a_time(monkeypatch):
    monkeypatch.setattr("promises.flows.mind_ceilings.AT_ONCE", 2)
    world = World()
    cap(world, 0, DAY)
    for _ in range(3):
        break_one(world)
    cap(world, 2000, version=1)
    assert [try_again(world) for _ in range(3)] == [2, 1, 0]
    assert states(world) == [GONE, GONE, EMPTY]
