"""A promise that is paused is made to nobody new, says so first, and keeps what it owes."""

import datetime as dt

import pytest

from promises.catalogue.errors import AlreadyPaused, DraftRefused, NoSuchPause, PauseOver
from promises.catalogue.pause_queries import (
    PauseState,
    paused_here,
    paused_now,
    paused_time,
    pauses_of_promise,
)
from promises.desk.imports.actions import Upload
from promises.flows import run_import
from promises.flows.decide_proposal import publish
from promises.flows.pause_promise import pause_promise, resume_promise, tell_screens_of_pauses
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from promises.rules.terms import parse_terms
from tests.desk.imports.ground import SIMPLE
from tests.factories.catalogue import new_version
from tests.flows.ground import NOON, TICK, World
from tests.flows.guarantees import general

REASONS = {"fi": "Kassajärjestelmä vaihtuu.", "en": "The till system is changed."}
HOUR = dt.timedelta(hours=1)
OFFICE = (((8 * 60, 16 * 60),),) * 7


pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return World(seconds=900, amount_minor=1000)


def pause(world, *, starts_in=dt.timedelta(), hours=1, everywhere=True, **changes):
    ends_at = None if hours is None else world.now + starts_in + hours * HOUR
    wanted = {
        "promise_id": world.published.promise_id,
        "branch_id": None if everywhere else world.made.branch_id,
        "starts_at": world.now + starts_in,
        "ends_at": ends_at,
        "reasons": REASONS,
    } | changes
    with world.work(Role.MANAGER) as uow:
        return pause_promise(uow, **wanted)


def resume(world, pause_id):
    with world.work(Role.MANAGER) as uow:
        return resume_promise(uow, pause_id=pause_id)


def known(world):
    with world.work() as uow:
        return pauses_of_promise(
            uow.session, organisation_id=world.made.id, promise_id=world.published.promise_id
        )


def commitments(world):
    return world.rows("SELECT ticket_id, state FROM commitments ORDER BY started_at")


def test_pause_promises_nothing_from_its_first_instant_until_before_its_last(world):
    pause(world, starts_in=HOUR, hours=2)
    before = world.later(hours=1, microseconds=-1).take()
    world.later(microseconds=1).take()
    world.later(hours=2, microseconds=-1).take()
    after = world.later(microseconds=1).take()
    assert [row.ticket_id for row in commitments(world)] == [before.ticket_id, after.ticket_id]


def test_who_came_before_the_pause_is_still_paid(world):
    before = world.take()
    pause(world, hours=None)
    world.staff_act()
    world.later(minutes=20)
    world.sweep()
    assert world.commitment(before.ticket_id).state == "broken"
    assert [row.amount_minor for row in world.compensations()] == [1000]


def test_pause_of_one_branch_leaves_the_promise_elsewhere(world):
    pause(world, everywhere=False)
    with world.work() as uow:
        asked = {
            "organisation_id": world.made.id,
            "at": world.now,
            "service_kind_id": world.made.kind_id,
            "ticket_kind": "visit",
        }
        here = paused_here(uow.session, **asked, branch_id=world.made.branch_id)
        elsewhere = paused_here(uow.session, **asked, branch_id=new_id())
    assert ([one.reason("fi") for one in here], elsewhere) == ([REASONS["fi"]], [])
    world.take()
    assert commitments(world) == []


def test_resuming_makes_the_promise_again_from_that_instant(world):
    made = pause(world, hours=None)
    world.later(minutes=30).take()
    assert resume(world, made) == world.now
    promised = world.take()
    assert [row.ticket_id for row in commitments(world)] == [promised.ticket_id]
    with pytest.raises(PauseOver):
        resume(world, made)
    assert [one.state(world.now) for one in known(world)] == [PauseState.OVER]


def test_pause_called_off_before_it_begins_stays_in_sight_and_never_holds(world):
    made = pause(world, starts_in=HOUR)
    assert resume(world, made) == world.now + HOUR
    (one,) = known(world)
    assert one.state(world.now) is PauseState.CALLED_OFF
    world.later(minutes=70).take()
    assert len(commitments(world)) == 1
    with world.work() as uow:
        assert paused_now(uow.session, organisation_id=world.made.id, at=uow.now) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_at": NOON - TICK}, "starts_at"),
        ({"ends_at": NOON}, "ends_at"),
        ({"reasons": {"fi": "  "}}, "reasons"),
        ({"reasons": {"fi": "x" * 301}}, "reasons.fi"),
        ({"reasons": {"de": "Umbau"}}, "reasons"),
    ],
)
def test_pause_that_reaches_back_or_says_nothing_is_refused(world, changes, field):
    with pytest.raises(DraftRefused) as refused:
        pause(world, **changes)
    assert [one.field for one in refused.value.problems] == [field]
    assert known(world) == []


def test_pause_at_an_unknown_branch_or_of_nothing_is_refused(world):
    with pytest.raises(NotFound):
        pause(world, branch_id=new_id())
    with pytest.raises(NoSuchPause):
        resume(world, new_id())
    assert known(world) == []


@pytest.mark.parametrize("everywhere", [True, False])
def test_pauses_that_meet_at_a_branch_are_refused(world, everywhere):
    pause(world, starts_in=HOUR, everywhere=not everywhere)
    for starts_in, hours in ((0, 2), (1.5, None), (1, 1)):
        with pytest.raises(AlreadyPaused):
            pause(world, starts_in=starts_in * HOUR, hours=hours, everywhere=everywhere)
    pause(world, hours=1, everywhere=everywhere)
    pause(world, starts_in=2 * HOUR, hours=None, everywhere=everywhere)
    assert len(known(world)) == 3


def test_paused_time_counts_opening_hours_alone():
    world = World(weekly=OFFICE)  # open 8 to 16 in Helsinki; now it is noon there
    pause(world, hours=24)
    world.later(days=2)
    with world.work() as uow:
        found = paused_time(
            uow.session,
            organisation_id=world.made.id,
            promise_id=world.published.promise_id,
            since=NOON - HOUR,
            until=world.now,
        )
    assert (found.paused_seconds, found.open_seconds) == (8 * 3600, 17 * 3600)


def test_paused_time_ends_with_what_is_asked_and_starts_with_the_promise(world):
    pause(world, hours=None)
    world.later(hours=3)
    with world.work() as uow:
        found = paused_time(
            uow.session,
            organisation_id=world.made.id,
            promise_id=world.published.promise_id,
            since=NOON - 30 * HOUR,
            until=world.now,
        )
    assert (found.paused_seconds, found.open_seconds) == (3 * 3600, 4 * 3600)


def test_pause_is_audited_with_who_and_when(world):
    made = pause(world)
    resume(world, made)
    found = world.rows("SELECT action, details FROM audit_records WHERE action ~ 'promise_(p|r)'")
    told = {row.action: row.details["pause_id"] for row in found}
    assert told["promise_paused"] == told["promise_resumed"] == str(made)


def test_screens_are_drawn_anew_when_a_pause_begins_or_ends_by_the_clock(world):
    pause(world, starts_in=HOUR)

    def version_after(**later):
        world.later(**later)
        with world.work(None) as uow:
            tell_screens_of_pauses(uow)
        return world.one("SELECT version FROM branch_states").version

    announced = version_after(minutes=59)
    begun = version_after(minutes=1)
    running = version_after(minutes=30)
    over = version_after(minutes=30)
    assert announced < begun == running < over


def test_imported_tickets_of_a_pause_are_promised_nothing_by_either_form_of_terms(world):
    with world.work(Role.MANAGER) as uow:
        terms = general(
            scope={"ticket_kinds": ["visit"]},
            facts={"arrived_at": "instant", "service_started_at": "instant"},
            deadlines={"start_before": {"from": "arrived_at", "add": 15, "unit": "minute"}},
            broken_when={"late": {"event": "service_started_at", "deadline": "start_before"}},
        )
        publish(uow, version=new_version(uow.now, terms=parse_terms(terms), slug="in-general"))
    pause(world)
    both = world.rows("SELECT id FROM promises WHERE slug = 'in-general'")
    pause(world, promise_id=both[0].id)
    world.later(hours=3)
    clocks = ("12:00:00", "12:59:59", "13:00:00")
    lines = [f"{at},2026-03-02 {at},2026-03-02 13:10:00" for at in clocks]
    content = "\n".join(["id,arrived,started", *lines]).encode()
    with world.work(Role.MANAGER) as uow:
        upload = Upload("calls.csv", content, world.made.branch_id)
        import_id = run_import.stage_upload(uow, upload=upload, document=SIMPLE)
    with world.at(world.now):
        run_import.run(world.made.id, import_id)
    found = world.rows(
        "SELECT t.external_ref, c.by_engine FROM commitments c JOIN tickets t ON t.id = c.ticket_id"
        " ORDER BY c.by_engine"
    )
    assert [tuple(row) for row in found] == [("13:00:00", False), ("13:00:00", True)]
