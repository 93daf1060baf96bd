"""Setting ceilings on their pages, and seeing what is behind them."""

import re

import pytest

from promises.kernel.actors import Role
from tests.compensation.test_rolling_sums import states
from tests.desk.pages import Counter
from tests.flows.ground import World
from tests.web.staff import csrf_token, sign_in
from tests.web.test_approval_queue import waiting

pytestmark = pytest.mark.usefixtures("as_application")
WAIT = {"reaction": "wait"}
_BY_DAY = "SELECT id, ticket_id FROM compensations ORDER BY counted_on, id"


@pytest.fixture
def manager(client):
    return Counter(client, role=Role.MANAGER, world=World())


def send(pages, path, **fields):
    with pages.world.at(pages.world.now):
        token = csrf_token(pages.client, pages.address("ceilings/new"))
        return pages.client.post(pages.address(path), data={"csrf_token": token} | fields)


def rules(world):
    found = world.rows("SELECT * FROM ceilings ORDER BY id")
    return [(row.period, row.limit_minor, row.reaction, row.version) for row in found]


def test_ceiling_is_set_shown_with_what_is_behind_it_and_lifted(manager):
    world = manager.world
    assert "No payment ceiling is set." in manager.page("ceilings").text
    branch = f"branch:{world.made.branch_id}"
    assert send(manager, "ceilings/new", place=branch, period="week", limit="25", **WAIT).location
    waiting(world, 3)
    assert sorted(states(world)) == [("owed", "budget"), ("released",), ("released",)]
    manager.page("ceilings")
    page = manager.get("ceilings").text
    link = re.search(r'href="[^"]*/staff/(ceilings/[^"?]+)\?on=([^"]+)" data-minor="2000"', page)
    manager.page(link[1], on=link[2])
    shown = manager.get(link[1], on=link[2]).text
    assert 'data-total="2" data-total-minor="2000"' in shown
    assert "It waits for the next period" in shown and "chart" in shown
    change = f"{link[1]}/change"
    assert 'value="25"' in manager.get(change).text
    assert send(manager, change, version="1", limit="", **WAIT).status_code == 303
    assert rules(world) == [("week", None, "wait", 2)]
    assert "No payment ceiling is set." in manager.page("ceilings").text
    assert manager.get(link[1]).status_code == 404
    again = {"place": branch, "period": "week", "limit": "0", "reaction": "approve"}
    assert send(manager, "ceilings/new", **again).status_code == 303
    assert rules(world) == [("week", 0, "approve", 3)]
    assert "Used up" in manager.page(link[1]).text


def test_what_does_not_fit_is_refused_on_the_page_and_changes_nothing(manager):
    world = manager.world
    good = {"place": "", "period": "day", "limit": "10"} | WAIT
    assert send(manager, "ceilings/new", **good).status_code == 303
    (made,) = world.rows("SELECT id FROM ceilings")
    promise = f"promise:{world.published.promise_id}"
    for path, wrong in (
        ("new", good),
        ("new", good | {"place": "branch:x", "period": "week"}),
        ("new", good | {"place": promise, "period": "month"}),
        ("new", good | {"period": "week", "limit": ""}),
        ("new", good | {"period": "year"}),
        (f"{made.id}/change", good | {"version": "0"}),
        (f"{made.id}/change", good | {"version": "x"}),
        (f"{made.id}/change", good | {"version": "1", "limit": "-1"}),
    ):
        assert send(manager, f"ceilings/{path}", **wrong).status_code == 422
    assert rules(world) == [("day", 1000, "wait", 1)]
    assert manager.get(f"ceilings/{world.made.id}/change").status_code == 404
    assert manager.get(f"ceilings/{made.id}", on="x", after="x").status_code == 200
    assert manager.get(f"ceilings/{made.id}", on="0001-01-01").status_code == 200


def test_debts_of_a_period_are_listed_page_by_page_and_no_other(manager):
    world = manager.world
    place = f"promise:{world.published.promise_id}"
    send(manager, "ceilings/new", place=place, period="day", limit="30", **WAIT)
    waiting(world, 1)
    world.later(days=1)
    waiting(world, 3)
    with world.at(world.now):
        sign_in(manager.client, world.made, Role.MANAGER)
    (made,) = world.rows("SELECT id FROM ceilings")
    first = manager.get(f"ceilings/{made.id}").text
    assert 'data-total="3" data-total-minor="3000"' in first
    one, two, last = [row.ticket_id for row in world.rows(_BY_DAY)][1:]
    seen = world.rows(_BY_DAY)[2].id
    rest = manager.get(f"ceilings/{made.id}", after=seen).text
    assert [f"tickets/{ticket}" in rest for ticket in (one, two, last)] == [False, False, True]
    before = manager.get(f"ceilings/{made.id}", on="2026-03-02").text
    assert 'data-total="1" data-total-minor="1000"' in before


def test_clerk_neither_sees_nor_sets_ceilings(client):
    clerk = Counter(client, world=World())
    answer = clerk.post("ceilings/new", place="", period="day", limit="1", **WAIT)
    assert (clerk.get("ceilings").status_code, answer.status_code) == (403, 403)
    assert rules(clerk.world) == []
