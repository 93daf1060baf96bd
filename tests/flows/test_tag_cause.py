"""Causes of breaches: who says what, and what stands."""

import datetime as dt
import uuid

import pytest

from promises.flows.tag_cause import Together, tag_cause, tag_causes
from promises.improvement.causes import add_cause, retire_cause, revive_cause
from promises.improvement.causes_queries import list_causes, standing_causes, tags_of
from promises.improvement.causes_start import START, start_id
from promises.improvement.errors import CauseKnown, CauseRetired, NoSuchCause
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.errors import Forbidden, NotFound, Refused
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    """Three visits whose promise was broken by the clock."""
    made = World()
    for _ in range(3):
        made.take()
    made.now += QUARTER + TICK
    made.staff_act()
    made.sweep()
    return made


def causes(world, **options):
    with world.work() as uow:
        return list_causes(uow.session, organisation_id=world.made.id, **options)


def cause_id(world, key):
    return start_id(world.made.id, key)


def standing(world):
    ids = [one.id for one in world.breaches()]
    with world.work() as uow:
        found = standing_causes(uow.session, organisation_id=world.made.id, breach_ids=ids)
    return [found[one].cause_id if one in found else None for one in ids]


def tag(world, number, key, role=Role.CLERK, **options):
    with world.work(role) as uow:
        return tag_cause(
            uow,
            breach_id=world.breaches()[number].id,
            cause_id=key and cause_id(world, key),
            **options,
        )


def add(world, **names):
    with world.work(Role.MANAGER) as uow:
        return add_cause(
            uow.session, organisation_id=world.made.id, actor=uow.actor, now=uow.now, names=names
        )


def move(world, verb, cause):
    with world.work(Role.MANAGER) as uow:
        verb(
            uow.session,
            organisation_id=world.made.id,
            actor=uow.actor,
            now=uow.now,
            cause_id=cause,
        )


def test_starting_list_reads_the_same_before_and_after_it_is_stored(world):
    before = causes(world)
    assert [one.key for one in before] == list(START)
    assert world.one("SELECT count(*) AS n FROM causes").n == 0
    assert tag(world, 0, "rush")
    assert causes(world) == before


def test_last_tag_stands_and_every_tag_is_kept_with_its_author(world):
    assert tag(world, 0, "rush")
    assert tag(world, 0, "sick_leave", Role.MANAGER)
    assert standing(world) == [cause_id(world, "sick_leave"), None, None]
    with world.work() as uow:
        history = tags_of(
            uow.session, organisation_id=world.made.id, breach_id=world.breaches()[0].id
        )
    assert [one.cause_id for one in history] == [
        cause_id(world, "sick_leave"), cause_id(world, "rush")
    ]  # fmt: skip
    assert [one.tagged_by for one in history] == [
        world.made.members[Role.MANAGER], world.made.members[Role.CLERK]
    ]  # fmt: skip
    assert history[0].name("fi") == "Sairauspoissaolo"


def test_same_tag_twice_is_one_and_unknown_takes_it_back(world):
    assert tag(world, 0, "rush")
    assert not tag(world, 0, "rush", Role.MANAGER)
    assert not tag(world, 1, None)
    assert world.one("SELECT count(*) AS n FROM breach_causes").n == 1
    assert tag(world, 0, None)
    assert standing(world) == [None, None, None]


def test_tagging_refused_leaves_nothing(world):
    with pytest.raises(NoSuchCause):
        tag(world, 0, "no such key")
    with pytest.raises(NotFound):
        tag(world, 0, "rush", branch_id=uuid.uuid4())
    with pytest.raises(Forbidden), world.made.work(None) as uow:
        assert uow.actor == SYSTEM
        tag_cause(uow, breach_id=world.breaches()[0].id, cause_id=cause_id(world, "rush"))
    assert world.one("SELECT count(*) AS n FROM breach_causes").n == 0


def test_retired_cause_is_offered_no_more_but_keeps_its_breaches(world):
    tag(world, 0, "rush")
    rush = cause_id(world, "rush")
    move(world, retire_cause, rush)
    move(world, retire_cause, rush)
    assert rush not in [one.cause_id for one in causes(world)]
    assert rush in [one.cause_id for one in causes(world, retired=True)]
    assert standing(world)[0] == rush
    with pytest.raises(CauseRetired):
        tag(world, 1, "rush")
    move(world, revive_cause, rush)
    assert tag(world, 1, "rush")
    with pytest.raises(NoSuchCause):
        move(world, retire_cause, uuid.uuid4())


def test_own_cause_comes_last_and_once(world):
    made = add(world, fi="  Kassakone   rikki ", sv="")
    assert causes(world)[-1].cause_id == made
    assert causes(world)[-1].name("sv") == "Kassakone rikki"
    with pytest.raises(CauseKnown):
        add(world, en="kassakone rikki")
    with pytest.raises(Refused):
        add(world, fi="  ")
    with pytest.raises(Refused):
        add(world, fi="x" * 61)
    assert len(causes(world)) == len(START) + 1


def together(world, **changes):
    days = {"from_on": world.now.date(), "to_on": world.now.date()}
    with world.work(Role.MANAGER) as uow:
        return tag_causes(
            uow, which=Together(**(days | changes)), cause_id=cause_id(world, "system_down")
        )


def test_many_at_once_leaves_what_was_said_before(world):
    tag(world, 1, "rush")
    down = cause_id(world, "system_down")
    assert together(world, branch_id=uuid.uuid4()) == 0
    assert together(world, from_on=world.now.date() + dt.timedelta(days=1)) == 0
    assert together(world, window_id=uuid.uuid4()) == 0
    assert together(world) == 2
    assert standing(world) == [down, cause_id(world, "rush"), down]
    assert together(world) == 0
    noted = world.rows("SELECT details FROM audit_records WHERE action = 'causes_tagged_together'")
    assert [row.details for row in noted] == [{"breaches": 2}]
