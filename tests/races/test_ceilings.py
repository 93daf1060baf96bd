"""Twenty debts at once below the ceiling of a branch that has room for three, whoever sets or takes
back beside them."""

import pytest

from promises.compensation.ceilings import CeilingRule
from promises.compensation.control_models import CeilingPeriod
from promises.compensation.models import Hold
from promises.flows import decide_compensation
from promises.flows.compensate import hold_unsent, let_go, lift_and_let_go
from promises.flows.mind_ceilings import tell_full_ceilings, try_after_raise
from promises.flows.set_ceiling import set_ceiling
from promises.kernel.actors import Role
from tests.flows.ground import QUARTER, TICK, World
from tests.profiles import PROFILE
from tests.races.crowd import crowd

pytestmark = pytest.mark.no_cover

ROUNDS = 500 if PROFILE == "nightly" else 10
DEBTS = 20
FIT = 3


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        world = World()
        for _ in range(DEBTS):
            world.take()
        world.now += QUARTER + TICK
        world.staff_act()
        world.sweep()
        return world


def cap(world, fit, **place):
    limit = None if fit is None else fit * 1000
    version = world.rows(
        "SELECT version FROM ceilings WHERE branch_id IS NOT DISTINCT FROM %(branch_id)s",
        **({"branch_id": None} | place),
    )
    with world.work(Role.MANAGER) as uow:
        rule = CeilingRule(
            period=CeilingPeriod.DAY,
            limit_minor=limit,
            version=version[0].version if version else 0,
            **place,
        )
        return set_ceiling(uow, wanted=rule)


def again(world):
    world.rows("UPDATE payouts SET state = 'cancelled' WHERE state = 'ready'")
    world.rows(
        "UPDATE compensations SET state = 'owed', holds = '{presence}', released_at = NULL,"
        " amount_minor = 1000, counted_on = NULL, counted_as = NULL"
    )
    world.rows("UPDATE released_days SET amount_minor = 0")
    return [row.id for row in world.compensations()]


def out(world):
    """Debts that went, and what the sums of the organisation and the branch say of it."""
    return world.one(
        "SELECT (SELECT count(*) FROM compensations WHERE state = 'released') AS released,"
        " (SELECT coalesce(sum(amount_minor), 0) FROM released_days WHERE scope = 'branch')"
        " AS branch, (SELECT coalesce(sum(amount_minor), 0) FROM released_days"
        " WHERE scope = 'organisation') AS whole"
    )


def test_of_twenty_at_once_a_branch_with_room_for_three_lets_three_go(
    as_application, app_url, world
):
    cap(world, FIT, branch_id=world.made.branch_id)
    cap(world, DEBTS)

    def let_go(number):
        with world.work(None) as uow:
            return lift_and_let_go(uow, [debts[number]], [Hold.PRESENCE])

    with crowd(app_url, DEBTS) as people:
        for _ in range(ROUNDS):
            debts = again(world)
            went = people.at_once(let_go)
            assert not [one for one in went if isinstance(one, Exception)], went
            assert sum(went) == FIT
            found = out(world)
            assert (found.released, found.branch, found.whole) == (FIT, FIT * 1000, FIT * 1000)


def test_ceiling_set_while_debts_go_and_come_back_knows_of_each(as_application, app_url, world):
    cap(world, None, branch_id=world.made.branch_id)

    def act(number):
        if number == DEBTS - 1:
            return cap(world, DEBTS)
        with world.work(None) as uow:
            if number < FIT:
                return hold_unsent(uow, [debts[number]], Hold.DISPUTE)
            return lift_and_let_go(uow, [debts[number]], [Hold.PRESENCE])

    with crowd(app_url, DEBTS) as people:
        for _ in range(ROUNDS):
            cap(world, None)
            debts = again(world)
            with world.work(None) as uow:
                lift_and_let_go(uow, debts[:FIT], [Hold.PRESENCE])
            answers = people.at_once(act)
            assert not [one for one in answers if isinstance(one, Exception)], answers
            found = out(world)
            assert found.released == DEBTS - FIT - 1
            assert found.branch == found.whole == found.released * 1000


def test_debt_that_waited_before_goes_though_nineteen_younger_ones_would_take_its_room(
    as_application, app_url, world
):
    branch = {"branch_id": world.made.branch_id}
    cap(world, None)
    cap(world, FIT, **branch)
    oldest, *young = [row.id for row in world.compensations()]
    world.rows(
        "UPDATE compensations SET created_at = created_at - interval '1 day' WHERE id = %(id)s",
        id=oldest,
    )

    def act(number):
        with world.work(None) as uow:
            if number == 0:
                return let_go(uow, [oldest])
            return lift_and_let_go(uow, [young[number - 1]], [Hold.PRESENCE])

    with crowd(app_url, DEBTS) as people:
        for _ in range(ROUNDS):
            again(world)
            world.rows(
                "UPDATE compensations SET amount_minor = %(large)s, holds = '{budget}'"
                " WHERE id = %(id)s",
                large=FIT * 1000,
                id=oldest,
            )
            world.rows(
                "UPDATE ceilings SET first_id = %(id)s, first_from_on = DATE '2026-01-01'"
                " WHERE branch_id IS NOT NULL",
                id=oldest,
            )
            went = people.at_once(act)
            assert went == [1] + [0] * (DEBTS - 1)
            assert out(world).branch == FIT * 1000


def test_one_letter_a_manager_though_all_look_while_debts_begin_to_wait(
    as_application, app_url, world
):
    cap(world, None, branch_id=world.made.branch_id)
    cap(world, 1)
    managers = world.one("SELECT count(*) AS n FROM members WHERE role = 'manager'").n

    def act(number):
        with world.work(None) as uow:
            if number % 2:
                return tell_full_ceilings(uow)
            return lift_and_let_go(uow, [debts[number]], [Hold.PRESENCE])

    with crowd(app_url, DEBTS) as people:
        for round_number in range(ROUNDS):
            world.later(days=1)
            debts = again(world)
            answers = people.at_once(act)
            assert not [one for one in answers if isinstance(one, Exception)], answers
            with world.work(None) as uow:
                tell_full_ceilings(uow)
            letters = world.one("SELECT count(*) AS n FROM messages WHERE kind = 'ceiling_full'")
            assert letters.n == managers * (round_number + 1) > 0


def test_raised_ceiling_lets_each_debt_go_once_while_managers_hold_half_of_them(
    as_application, app_url, world
):
    cap(world, None, branch_id=world.made.branch_id)

    def act(number):
        if number % 2:
            with world.work(None) as uow:
                try_after_raise(uow)
        else:
            with world.work(Role.MANAGER) as uow:
                decide_compensation.hold(uow, compensation_ids=[debts[number]], reason="Unclear")

    with crowd(app_url, DEBTS) as people:
        for _ in range(ROUNDS):
            cap(world, 0)
            debts = again(world)
            with world.work(None) as uow:
                assert lift_and_let_go(uow, debts, [Hold.PRESENCE]) == 0
            cap(world, DEBTS)
            answers = people.at_once(act)
            assert not any(answers), answers
            found = out(world)
            assert (found.released, found.branch) == (DEBTS // 2, DEBTS // 2 * 1000)
            assert {row.id for row in world.compensations() if "evidence" in row.holds} == set(
                debts[::2]
            )
