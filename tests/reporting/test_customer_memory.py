"""The customer's memory: what the desk sees of somebody it knows."""

import datetime as dt

import psycopg
import pytest

from promises.desk.models import EventSource, TicketKind
from promises.desk.values import NewMatter, Said
from promises.flows.open_matter import open_matter
from promises.identity.actions import known_customer
from promises.kernel.money import Money
from promises.reporting.customer_memory import customer_memory
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return World()


def customer(world, reference="c-1"):
    with world.work() as uow:
        return known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference=reference
        )


def memory(world, customer_id, but=None):
    with world.work() as uow:
        return customer_memory(
            uow.session, organisation_id=world.made.id, customer_id=customer_id, but=but
        )


def matter(world, customer_id, **words):
    request = NewMatter(
        branch_id=world.made.branch_id, service_kind_id=world.made.kind_id,
        kind=TicketKind.COMPLAINT, source=EventSource.DESK, customer_id=customer_id, **words,
    )  # fmt: skip
    with world.work() as uow:
        return open_matter(uow, request=request).ticket_id


def serve(world, ticket):
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.log(ticket.ticket_id, "served")


def test_anonymous_customer_has_no_memory(world):
    assert memory(world, None) is None


def test_customer_seen_for_the_first_time_is_new(world):
    assert memory(world, customer(world)).is_new


def test_memory_counts_promises_and_keeps_the_money_apart(world):
    anna, other = customer(world), customer(world, "c-2")
    kept = world.take(customer_id=anna)
    serve(world, kept)
    late = world.take(customer_id=anna)
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    broken_at = world.now
    owed = memory(world, anna)
    assert (owed.kept, owed.broken, owed.still_open) == (1, 1, 0)
    assert (owed.owed, owed.issued) == ((Money(1000, "EUR"),), ())
    assert owed.last_breach_at == broken_at
    serve(world, late)
    world.settle()
    issued = memory(world, anna)
    assert (issued.owed, issued.issued, issued.given) == ((), (Money(1000, "EUR"),), ())
    assert memory(world, other).is_new


def test_open_matters_are_listed_by_what_is_due_without_the_one_in_hand(world):
    anna = customer(world)
    later = matter(world, anna, promised_at=world.now + dt.timedelta(days=3), subject="Card")
    sooner = matter(world, anna, promised_at=world.now + dt.timedelta(days=1))
    here = matter(world, anna)
    over = matter(world, anna)
    world.log(over, "answered", said=Said(text="Done"))
    found = memory(world, anna, but=here)
    assert [one.ticket_id for one in found.matters] == [sooner, later]
    assert found.matters[1].subject == "Card"
    assert not found.is_new


def test_customer_whose_first_ticket_is_in_hand_is_new_until_it_is_decided(world):
    anna = customer(world)
    here = world.take(customer_id=anna)
    assert memory(world, anna, but=here.ticket_id).is_new
    assert memory(world, anna).still_open == 1
    serve(world, here)
    assert memory(world, anna, but=here.ticket_id).kept == 1


def test_memory_of_nobody_costs_no_statement_and_of_somebody_two(world, monkeypatch):
    anna = customer(world)
    with world.work() as uow:
        sent = []
        execute = psycopg.Cursor.execute

        def counted(self, query, *args, **words):
            sent.append(str(query))
            return execute(self, query, *args, **words)

        monkeypatch.setattr(psycopg.Cursor, "execute", counted)
        common = {"organisation_id": world.made.id}
        customer_memory(uow.session, **common, customer_id=None)
        assert sent == []
        customer_memory(uow.session, **common, customer_id=anna)
        assert len(sent) == 2


def test_last_apology_is_the_last_letter_that_was_sent(world):
    anna = customer(world)
    world.take(customer_id=anna)
    world.now += QUARTER + TICK
    world.sweep()
    breach = world.breaches()[0].id
    assert memory(world, anna).last_apology_at is None
    with world.work() as uow:
        uow.session.connection().exec_driver_sql(
            "INSERT INTO messages (organisation_id, id, kind, channel, member_id, locale, params,"
            " dedupe_key, state, tries, next_try_at, created_at, ended_at)"
            " SELECT organisation_id, gen_random_uuid(), 'promise_broken', 'email', id, 'en', '{}',"
            " %s, 'sent', 1, %s, %s, %s FROM members LIMIT 1",
            (f"broken:{breach}", world.now, world.now, world.now),
        )
    assert memory(world, anna).last_apology_at == world.now
