"""Who lets money go beside who takes some back, or sets a ceiling: in one order, so that no two
wait for each other."""

import threading

import pytest

from promises.compensation import releasing
from promises.compensation.ceilings import CeilingRule
from promises.compensation.control_models import CeilingPeriod
from promises.compensation.models import Hold
from promises.db.sql import rows
from promises.flows import decide_compensation
from promises.flows.compensate import hold_unsent, lift_and_let_go
from promises.flows.set_ceiling import set_ceiling
from promises.kernel.actors import Role
from tests.flows.ground import QUARTER, TICK, World
from tests.races.crowd import crowd
from tests.worker.ground import wait_for

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("as_application")]

WAITS_FOR_ME = "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"


@pytest.fixture
def world():
    world = World(budget_month_minor=100_000)
    for _ in range(2):
        world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    return world


def meet(app_url, monkeypatch, owner, name, act, beside):
    """`act` comes to `name`; then `beside` goes until it is done or waits; then `act` goes on."""
    there, done = threading.Event(), threading.Event()
    goes_on = getattr(owner, name)

    def stop(*given, **named):
        session = named.get("session") or getattr(given[0], "session", given[0])
        there.set()
        wait_for(lambda: done.is_set() or bool(rows(session, WAITS_FOR_ME, {})), seconds=120)
        return goes_on(*given, **named)

    def one(number):
        if number == 0:
            return act()
        there.wait(120)
        try:
            return beside()
        finally:
            done.set()

    monkeypatch.setattr(owner, name, stop)
    with crowd(app_url, 2) as people:
        answers = people.at_once(one)
    assert not [one for one in answers if isinstance(one, Exception)], answers


def test_debt_that_is_taken_back_waits_for_one_that_goes_before_it_holds_anything(
    app_url, monkeypatch, world
):
    first, second = (row.id for row in world.compensations())
    with world.work(None) as uow:
        lift_and_let_go(uow, [first], [Hold.PRESENCE])

    def release():
        with world.work(None) as uow:
            lift_and_let_go(uow, [second], [Hold.PRESENCE])

    def take_back():
        with world.work(None) as uow:
            hold_unsent(uow, [first], Hold.DISPUTE)

    meet(app_url, monkeypatch, releasing, "reserve", release, take_back)
    assert {row.id: row.state for row in world.compensations()} == {
        first: "owed", second: "released",
    }  # fmt: skip
    found = world.one(
        "SELECT (SELECT sum(amount_minor) FROM released_days WHERE scope = 'branch') AS branch,"
        " (SELECT reserved_minor FROM budgets) AS reserved"
    )
    assert (found.branch, found.reserved) == (1000, 1000)


def test_ceiling_is_set_while_an_approval_is_about_to_let_money_go(app_url, monkeypatch, world):
    first, _ = (row.id for row in world.compensations())
    with world.work(None) as uow:
        hold_unsent(uow, [first], Hold.APPROVAL)

    def approve():
        with world.work(Role.MANAGER) as uow:
            decide_compensation.approve(uow, compensation_ids=[first])

    def cap():
        rule = CeilingRule(period=CeilingPeriod.DAY, limit_minor=5000)
        with world.work(Role.ADMINISTRATOR) as uow:
            set_ceiling(uow, wanted=rule)

    meet(app_url, monkeypatch, decide_compensation, "lift_and_let_go", approve, cap)
    assert world.one("SELECT count(*) AS n FROM ceilings").n == 1
    acts = world.rows("SELECT action FROM audit_records ORDER BY number DESC LIMIT 2")
    assert sorted(row.action for row in acts) == ["ceiling_set", "compensations_approved"]
