"""A person's hold has a reason and a day; past it somebody else decides, nothing is forgotten."""

import datetime as dt

import pytest

from promises.compensation.errors import HoldTooLong, ListHasChanged, NotOwed, ReasonMissing
from promises.compensation.holding import LONGEST_HOLD, mark_of
from promises.flows import decide_compensation
from promises.flows.decide_compensation import let_holds_lapse, require_as_shown
from promises.kernel.actors import Role
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        yield World(approval_threshold_minor=500)


def owed(world, *, served=False):
    ticket = world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    if served:
        world.log(ticket.ticket_id, "service_started")
    return world.one("SELECT * FROM compensations WHERE ticket_id = %(t)s", t=ticket.ticket_id)


def now_of(world, one):
    return world.one("SELECT * FROM compensations WHERE id = %(i)s", i=one.id)


def hold(world, one, reason="Was the clock right?", **words):
    with world.work(Role.MANAGER) as uow:
        return decide_compensation.hold(uow, compensation_ids=[one.id], reason=reason, **words)


def round_(world):
    with world.work(None) as uow:
        return let_holds_lapse(uow)


def test_hold_has_a_day_and_then_waits_for_somebody_elses_approval(world):
    one = owed(world)
    assert hold(world, one) == 1
    held = now_of(world, one)
    assert held.held_until == world.now + dt.timedelta(days=14)
    assert set(held.holds) == {"presence", "approval", "evidence"}
    (kept,) = world.rows(
        "SELECT * FROM compensation_decisions WHERE compensation_id = %(i)s", i=one.id
    )
    assert (kept.kind, kept.reason, kept.until_at) == (
        "held", "Was the clock right?", held.held_until,
    )  # fmt: skip
    assert round_(world) == 0
    world.now = held.held_until
    assert round_(world) == 1
    over = now_of(world, one)
    assert (over.state, sorted(over.holds)) == ("owed", ["approval", "presence"])
    assert over.held_until == held.held_until  # it shows as overdue until somebody decides
    assert round_(world) == 0
    with world.work(Role.ADMINISTRATOR) as uow:
        decide_compensation.approve(uow, compensation_ids=[one.id])
    gone = now_of(world, one)
    assert (gone.state, gone.held_until) == ("released", None)


def test_hold_reaches_a_payout_that_nobody_has_begun(world):
    one = owed(world)
    with world.work(Role.MANAGER) as uow:
        assert decide_compensation.approve(uow, compensation_ids=[one.id]) == 1
    until = world.now + dt.timedelta(days=1)
    assert hold(world, one, until=until) == 1
    held = now_of(world, one)
    assert (held.state, held.holds, held.held_until) == ("owed", ["evidence"], until)
    assert held.counted_as is None
    (payout,) = world.rows("SELECT * FROM payouts WHERE compensation_id = %(i)s", i=one.id)
    assert payout.state == "cancelled"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"reason": "  "}, ReasonMissing),
        ({"until": dt.timedelta()}, HoldTooLong),
        ({"until": LONGEST_HOLD + TICK}, HoldTooLong),
    ],
)
def test_hold_without_a_reason_or_for_ever_is_refused(world, words, error):
    one = owed(world)
    if "until" in words:
        words = words | {"until": world.now + words["until"]}
    with pytest.raises(error):
        hold(world, one, **words)
    assert now_of(world, one) == one


def test_what_is_on_its_way_is_not_held(world):
    one = owed(world)
    with world.work(Role.MANAGER) as uow:
        decide_compensation.approve(uow, compensation_ids=[one.id])
    world.settle()
    with pytest.raises(NotOwed):
        hold(world, one)
    assert now_of(world, one).state == "released"


def test_decision_rests_on_what_the_page_showed(world):
    one, other = owed(world), owed(world)
    shown = {row.id: mark_of(row.amount_minor, row.holds) for row in (one, other)}
    with world.work(Role.MANAGER) as uow:
        require_as_shown(uow, shown)
    hold(world, one)
    with world.work(Role.MANAGER) as uow, pytest.raises(ListHasChanged):
        require_as_shown(uow, shown)
    with world.work(Role.MANAGER) as uow:
        decide_compensation.refuse(uow, compensation_ids=[one.id], reason="No")
    with world.work(Role.MANAGER) as uow, pytest.raises(ListHasChanged):
        require_as_shown(uow, shown)
    assert now_of(world, other).state == "owed"


def letters(world):
    return world.rows(
        "SELECT member_id, dedupe_key FROM messages WHERE kind = 'hold_overdue' ORDER BY created_at"
    )


def others_lapse(world):
    world.now += dt.timedelta(days=100)
    round_(world)
    return letters(world)


def test_managers_get_one_letter_for_all_holds_of_a_day_and_none_while_it_goes_on(world):
    before = others_lapse(world)
    first, second, third = owed(world), owed(world), owed(world)
    day = world.now + dt.timedelta(days=2)
    hold(world, first, until=day)
    hold(world, second, until=day)
    hold(world, third, until=day + TICK)
    assert (round_(world), letters(world)) == (0, before)
    world.now = day
    assert round_(world) == 2
    (letter,) = letters(world)[len(before) :]
    assert letter.member_id == world.made.members[Role.MANAGER]
    world.now = day + TICK
    assert round_(world) == 1
    assert len(letters(world)) == len(before) + 2
    world.now += dt.timedelta(days=20)
    assert (round_(world), len(letters(world))) == (0, len(before) + 2)


def test_hold_that_somebody_looked_into_in_time_is_not_written_about(world):
    before = others_lapse(world)
    one = owed(world)
    hold(world, one, until=world.now + dt.timedelta(days=2))
    with world.work(Role.MANAGER) as uow:
        decide_compensation.refuse(uow, compensation_ids=[one.id], reason="No")
    world.now += dt.timedelta(days=3)
    assert (round_(world), letters(world)) == (0, before)
