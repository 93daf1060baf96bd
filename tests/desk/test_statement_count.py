"""How many SQL statements a served visit costs.

Counted at the driver, so nothing is missed: the statement that opens each unit of work too, BEGIN
and COMMIT not.
"""

import contextlib
import datetime as dt

import psycopg
import pytest

from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")

MOST_A_VISIT = 25


@contextlib.contextmanager
def statements(monkeypatch):
    """The texts of all statements that psycopg sends meanwhile."""
    sent = []
    execute = psycopg.Cursor.execute

    def counted(self, query, *args, **words):
        sent.append(str(query))
        return execute(self, query, *args, **words)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        yield sent


@pytest.fixture
def world():
    """A branch where a visit has been before: plans and caches are warm."""
    made = World()
    visit(made)
    return made


def visit(world):
    """Take a number, be called, be served, and make room for the next."""
    ticket = world.take()
    world.later(minutes=3).call()
    world.later(seconds=20).log(ticket.ticket_id, "service_started")
    world.later(minutes=4).call()
    return ticket


def test_served_visit_costs_at_most_twenty_five_statements(world, monkeypatch):
    world.later(minutes=1)
    with statements(monkeypatch) as sent:
        ticket = visit(world)
    kinds = [event.kind for event in world.rows(
        "SELECT kind FROM service_events WHERE ticket_id = %(t)s ORDER BY ticket_version, id",
        t=ticket.ticket_id,
    )]  # fmt: skip
    assert kinds == ["arrived", "called", "service_started", "served"]
    assert world.commitment(ticket.ticket_id).state == "kept"
    assert len(sent) <= MOST_A_VISIT, "\n".join(" ".join(text.split())[:90] for text in sent)


def test_cost_of_a_call_does_not_grow_with_the_queue(world, monkeypatch):
    def cost():
        world.later(minutes=1)
        with statements(monkeypatch) as sent:
            change = world.call().called
        world.log(change.ticket_id, "service_started")
        return len(sent)

    for _ in range(3):
        world.take()
    few = cost()
    for _ in range(40):
        world.take()
    assert cost() == few
    assert world.now < dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def test_visit_with_a_broken_promise_stays_within_twice_that(world, monkeypatch):
    world.take()
    world.later(minutes=16).sweep()  # the first debt of an organisation opens its books
    world.call(counter=1)
    world.later(minutes=1)
    with statements(monkeypatch) as sent:
        ticket = world.take()
        world.later(minutes=14).staff_act()
        world.now += QUARTER - dt.timedelta(minutes=14) + TICK
        world.sweep()
        world.call()
        world.log(ticket.ticket_id, "service_started")
        world.later(minutes=4).call()
    assert world.commitment(ticket.ticket_id).state == "broken"
    assert len(sent) <= 2 * MOST_A_VISIT
