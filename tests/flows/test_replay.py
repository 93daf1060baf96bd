"""Stored decisions judged again: nothing comes out otherwise, and what would is told."""

import pytest

from promises.breaches.replay import replay
from promises.cli.replay import replay_command
from promises.desk.models import TicketKind
from promises.flows.annul_breach import ask, decide
from promises.kernel.actors import Role
from tests.factories.world import FullWorld
from tests.flows.guarantees import (
    ANSWERED_IN_TWO_DAYS,
    GROWING_BY_THE_DAY,
    MISSED_APPOINTMENT,
    TOLD_EVERY_WEEK,
    GeneralWorld,
)

pytestmark = [pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]


def replayed(world):
    judged, found, after = 0, [], None
    while True:
        with world.work(None) as uow:
            batch = replay(
                uow.session, organisation_id=world.made.id, now=uow.now, after=after, limit=7
            )
        if batch.last is None:
            return judged, found
        judged, after = judged + batch.judged, batch.last
        found += batch.differences


def decided(world):
    return world.one("SELECT count(*)::int AS n FROM commitments WHERE state <> 'open'").n


def busy_world():
    """Complaints under three general promises, kept, broken, growing, and one annulled."""
    world = GeneralWorld(
        ANSWERED_IN_TWO_DAYS, TOLD_EVERY_WEEK, GROWING_BY_THE_DAY, MISSED_APPOINTMENT
    )
    kept, silent, _ = (world.open() for _ in range(3))
    missed = world.open(TicketKind.REQUEST)
    world.later(hours=3).log(kept, "answered")
    world.say(missed, "told", attributes={"missed": True})
    for _ in range(9):
        world.later(days=1).staff_act()
        world.sweep_all()
    world.log(silent, "told")
    breach = world.breaches()[0]
    with world.work() as uow:
        ask(uow, breach_id=breach.id, reason="The letter came back.")
    with world.work(Role.ADMINISTRATOR) as uow:
        decide(uow, breach_id=breach.id, confirm=True, reason="So it did.")
    return world


def test_general_decisions_come_out_the_same():
    world = busy_world()
    judged, differences = replayed(world)
    assert differences == []
    assert judged >= decided(world) > 10


def test_decisions_of_a_full_world_come_out_the_same():
    world = FullWorld()
    judged, differences = replayed(world)
    assert differences == []
    assert judged >= decided(world) > 10


def test_answer_that_is_not_the_engine_s_is_told(app):
    world = busy_world()
    changed = world.one(
        "UPDATE commitments SET detail = jsonb_set(detail, '{answer,amount_minor}', '7')"
        " WHERE id = (SELECT id FROM commitments WHERE state = 'broken' ORDER BY id LIMIT 1)"
        " RETURNING id"
    )
    _, (difference,) = replayed(world)
    assert difference.commitment_id == changed.id
    assert difference.stored["amount_minor"] == 7
    told = app.test_cli_runner().invoke(replay_command, ["--organisation", world.made.slug])
    assert told.exit_code == 1
    assert f"commitment {changed.id}" in told.output


def test_wait_that_is_not_what_its_events_say_is_told():
    world = FullWorld()
    changed = world.one(
        "UPDATE commitments SET state = 'kept', reason = 'in_time' WHERE id = (SELECT c.id"
        " FROM commitments c WHERE c.state = 'excluded' AND c.reason LIKE 'left%%'"
        " ORDER BY c.id LIMIT 1) RETURNING id"
    )
    _, differences = replayed(world)
    assert [one.commitment_id for one in differences] == [changed.id]
