"""Twenty debts at once, and money for three: never a unit more goes out, nor less."""

import pytest

from promises.compensation.models import Hold
from promises.flows.compensate import lift_and_let_go
from tests.flows.ground import QUARTER, TICK, World
from tests.profiles import PROFILE
from tests.races.crowd import crowd

pytestmark = pytest.mark.no_cover

ROUNDS = 1_000 if PROFILE == "nightly" else 20
DEBTS = 20
FIT = 3


def again(world, *, new_row):
    """All twenty are owed once more; the month's row is there with nothing reserved, or not yet."""
    world.rows("UPDATE payouts SET state = 'cancelled' WHERE state = 'ready'")
    world.rows(
        "UPDATE compensations SET state = 'owed', holds = '{presence}', released_at = NULL,"
        " counted_on = NULL, counted_as = NULL"
    )
    month = "'1900-01-01'::date + (SELECT count(*) FROM budgets)::int * interval '1 month'"
    world.rows(
        f"UPDATE budgets SET month_on = {month} WHERE month_on > '2026-01-01'"
        if new_row
        else "UPDATE budgets SET reserved_minor = 0 WHERE month_on > '2026-01-01'"
    )


def test_of_twenty_debts_at_once_the_budget_lets_three_go_every_time(as_application, app_url):
    world = World(budget_month_minor=FIT * 1000)
    for _ in range(DEBTS):
        world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    debts = [row.id for row in world.compensations()]
    assert len(debts) == DEBTS
    overspent, unspent, rows_made = 0, 0, 0

    def let_go(number):
        with world.work(None) as uow:
            return lift_and_let_go(uow, [debts[number]], [Hold.PRESENCE])

    with crowd(app_url, DEBTS) as people:
        for number in range(ROUNDS):
            new_row = number % 2 == 0
            again(world, new_row=new_row)
            went = people.at_once(let_go)
            assert not [one for one in went if isinstance(one, Exception)], went
            found = world.one(
                "SELECT (SELECT count(*) FROM compensations WHERE state = 'released') AS released,"
                " (SELECT count(*) FROM compensations WHERE holds = '{budget}') AS waiting,"
                " (SELECT count(*) FROM payouts WHERE state = 'ready') AS payouts,"
                " (SELECT reserved_minor FROM budgets WHERE month_on > '2026-01-01') AS reserved"
            )
            overspent += max(found.released - FIT, 0)
            unspent += max(FIT - found.released, 0)
            rows_made += new_row
            assert sum(went) == found.released == found.payouts == FIT
            assert (found.waiting, found.reserved) == (DEBTS - FIT, FIT * 1000)
    print(
        f"\n{ROUNDS} rounds, {rows_made} with a new row: {overspent} overspent, {unspent} unspent"
    )
    assert (overspent, unspent) == (0, 0)
