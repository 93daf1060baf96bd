"""Clearing what waits, page by page: what is chosen is shown, then decided, or nothing is."""

import datetime as dt
import re

import pytest

from promises.flows import decide_compensation
from promises.identity.customers import known_customer
from promises.kernel.actors import Role
from tests.desk.pages import Counter
from tests.flows.ground import QUARTER, TICK, World
from tests.web.staff import csrf_token, sign_in

pytestmark = pytest.mark.usefixtures("as_application")
QUEUE = "approvals/queue"


@pytest.fixture
def manager(client):
    return Counter(client, role=Role.MANAGER, world=World(approval_threshold_minor=1000))


def waiting(world, count, **changes):
    """So many debts of one known customer, whose sum is above the threshold from the second on."""
    tickets = [world.take(**changes) for _ in range(count)]
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    for ticket in tickets:
        world.log(ticket.ticket_id, "service_started")
    return tickets


def customer(world, reference="anna"):
    with world.work(None) as uow:
        return known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference=reference
        )


def send(pages, path, **fields):
    with pages.world.at(pages.world.now):
        token = csrf_token(pages.client, pages.address("approvals/limits"))
        return pages.client.post(pages.address(path), data={"csrf_token": token} | fields)


def chosen(page):
    return re.findall(r'name="chosen" value="([^"]+)"', page.text)


def states(world):
    return sorted(row.state for row in world.compensations())


def test_ten_are_approved_and_the_next_are_shown(manager):
    world = manager.world
    waiting(world, 12, customer_id=customer(world))
    page = manager.get(QUEUE)
    assert states(world) == ["owed"] * 11 + ["released"]
    assert "Above the promise&#39;s own threshold" in page.text and "Next page" in page.text
    marks = chosen(page)
    assert len(marks) == 10 and "10.00" in page.text
    check = send(manager, f"{QUEUE}/check", verb="approve", chosen=marks)
    assert check.status_code == 200 and "Approve 10, " in check.text and "100.00" in check.text
    assert states(world) == ["owed"] * 11 + ["released"]
    done = send(manager, f"{QUEUE}/decide", verb="approve", chosen=chosen(check))
    assert done.status_code == 303
    assert states(world) == ["owed"] + ["released"] * 11
    following = manager.get(QUEUE)
    assert len(chosen(following)) == 1 and "10 compensations go out." in following.text


def test_refusing_needs_a_reason_and_holding_a_day(manager):
    world = manager.world
    waiting(world, 3, customer_id=customer(world))
    one, other = chosen(manager.get(QUEUE))
    bare = send(manager, f"{QUEUE}/decide", verb="refuse", chosen=[one], reason=" ")
    assert bare.status_code == 422 and states(world) == ["owed", "owed", "released"]
    refused = send(manager, f"{QUEUE}/decide", verb="refuse", chosen=[one], reason="Not there")
    assert refused.status_code == 303 and states(world) == ["owed", "refused", "released"]
    check = send(manager, f"{QUEUE}/check", verb="hold", chosen=[other])
    day = (world.now + dt.timedelta(days=14)).date()
    assert f'value="{day.isoformat()}"' in check.text
    late = send(
        manager, f"{QUEUE}/decide", verb="hold", chosen=[other], reason="Why?",
        until_on="2030-01-01",
    )  # fmt: skip
    assert late.status_code == 422 and "within the next three months" in late.text
    until = world.now.date() + dt.timedelta(days=2)
    send(
        manager, f"{QUEUE}/decide", verb="hold", chosen=[other], reason="The clock?",
        until_on=until.isoformat(),
    )  # fmt: skip
    (held,) = world.rows("SELECT * FROM compensations WHERE state = 'owed'")
    end_of_day = dt.datetime.combine(until, dt.time(22), tzinfo=dt.UTC)  # in Helsinki
    assert held.held_until == end_of_day - TICK
    assert "The clock?" in manager.get(QUEUE).text
    world.now = held.held_until
    with world.work(None) as uow:
        assert decide_compensation.let_holds_lapse(uow) == 1
    with world.at(world.now):
        sign_in(manager.client, world.made, Role.MANAGER)
    assert "Overdue" in manager.get(QUEUE).text


def test_what_changed_since_it_was_shown_is_not_decided(manager):
    world = manager.world
    waiting(world, 3, customer_id=customer(world))
    marks = chosen(manager.get(QUEUE))
    with world.work(Role.ADMINISTRATOR) as uow:
        decide_compensation.refuse(
            uow, compensation_ids=[marks[0].split()[0]], reason="Somebody was faster"
        )
    for path in ("check", "decide"):
        answer = send(manager, f"{QUEUE}/{path}", verb="approve", chosen=marks)
        assert answer.status_code == 409 and "The list has changed meanwhile" in answer.text
    assert states(world) == ["owed", "refused", "released"]
    for nothing in ([], ["not-an-id 10"]):
        for path in ("check", "decide"):
            answer = send(manager, f"{QUEUE}/{path}", verb="approve", chosen=nothing)
            assert answer.status_code == 422


def test_own_case_can_be_seen_and_not_chosen(manager):
    world = manager.world
    (ticket, other) = waiting(world, 2, customer_id=customer(world))
    world.log(other.ticket_id, "served", role=Role.MANAGER)
    page = manager.get(QUEUE)
    assert "Yours: somebody else decides" in page.text and " disabled" in page.text
    answer = send(manager, f"{QUEUE}/decide", verb="approve", chosen=chosen(page))
    assert answer.status_code == 403
    assert states(world) == ["owed", "released"]


def test_limits_are_set_on_their_page_and_not_on_an_old_one(manager):
    world = manager.world
    fields = {"window_days": "7", "customer": "50", "branch": "", "device": "", "clerk": "20,50"}
    assert send(manager, "approvals/limits", version="0", **fields).status_code == 303
    page = manager.get("approvals/limits").text
    assert 'value="50' in page and 'name="version" type="hidden" value="1"' in page
    (rule,) = world.rows("SELECT * FROM approval_rules")
    assert (rule.window_days, rule.customer_minor, rule.clerk_minor, rule.branch_minor) == (
        7, 5000, 2050, None,
    )  # fmt: skip
    for wrong in ({"version": "0"}, {"version": "x"}, {"version": "1", "window_days": "0"}):
        answer = send(manager, "approvals/limits", **(fields | wrong))
        assert answer.status_code == 422
    assert world.one("SELECT version FROM approval_rules").version == 1
