"""Showing to be there by the code on the display."""

import datetime as dt

import pytest

from promises.identity.presence import presence_code
from tests.flows.ground import QUARTER, TICK, World
from tests.parts import check_page, form_fields

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return World()


def get(client, world, path):
    with world.at(world.now):
        return client.get(f"/o/{world.made.slug}{path}")


def scan(client, world, code=None, at=None):
    branch = world.made.branch
    code = code or presence_code(branch.presence_token, at or world.now)
    path = f"/here/{branch.slug}/{code}"
    page = get(client, world, path)
    if page.status_code != 200:
        return page
    fields = form_fields(check_page(page) and page.text, f"/o/{world.made.slug}{path}")
    with world.at(world.now):
        return client.post(f"/o/{world.made.slug}{path}", data=fields)


def test_customer_who_scans_the_code_is_paid_at_the_deadline(client, world):
    ticket = world.take()
    get(client, world, f"/t/{ticket.public_code}")
    assert scan(client, world).status_code == 303
    assert scan(client, world).status_code == 303
    world.now += QUARTER + TICK
    world.sweep()
    assert world.compensations()[0].state == "released"
    events = world.rows("SELECT source FROM service_events WHERE kind = 'presence_shown'")
    assert [row.source for row in events] == ["customer"]


def test_scan_after_the_deadline_lets_the_money_go(client, world):
    ticket = world.take()
    get(client, world, f"/t/{ticket.public_code}")
    world.now += QUARTER + TICK
    world.sweep()
    assert world.compensations()[0].holds == ["presence"]
    assert scan(client, world).status_code == 303
    assert world.settle() == 1


def test_old_code_shows_nothing(client, world):
    ticket = world.take()
    get(client, world, f"/t/{ticket.public_code}")
    old = scan(client, world, at=world.now - dt.timedelta(minutes=4))
    assert old.status_code == 410
    assert scan(client, world, code="ABCDABCDABCDABCD").status_code == 410
    assert world.rows("SELECT 1 FROM service_events WHERE kind = 'presence_shown'") == []


def test_phone_without_a_ticket_is_told_what_to_do(client, world):
    answer = scan(client, world)
    assert answer.status_code == 404
    assert "Open the page of your number" in check_page(answer).text


def test_code_of_another_branch_does_not_count(client, world):
    ticket = world.take()
    get(client, world, f"/t/{ticket.public_code}")
    other = World()
    code = presence_code(other.made.branch.presence_token, world.now)
    assert scan(client, world, code=code).status_code == 410
