"""Twenty clerks press *call next* in the same moment."""

import threading
import time

import pytest

from promises.desk import errors
from promises.desk.actions import call_next
from promises.desk.models import TicketState
from promises.desk.values import Seen
from promises.flows.call_next import call_next as call_next_flow
from promises.identity.models import ServiceStart
from tests.factories.catalogue import publish_simple_promise
from tests.factories.desk import Desk
from tests.factories.identity import make_organisation
from tests.races.crowd import crowd

pytestmark = pytest.mark.no_cover

CLERKS = 20
ROUNDS = 100


def fill(made, count):
    """`count` people take a number; their ids in the order of arrival."""
    desk = Desk(made)
    return [desk.take().ticket_id for _ in range(count)]


def press(made, number, **words):
    with made.work() as uow:
        return call_next(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            counter_id=made.counter_ids[number], **words,
        )  # fmt: skip


@pytest.mark.slow
def test_twenty_clerks_always_get_the_twenty_first_in_line(database):
    with crowd(database.app_url, CLERKS) as clerks:
        made = make_organisation(counters=CLERKS, service_start=ServiceStart.CALL)
        tickets = fill(made, CLERKS * ROUNDS)
        before = set()
        for number in range(ROUNDS):
            results = clerks.at_once(lambda clerk: press(made, clerk))
            called = [result.called.ticket_id for result in results]
            closed = {result.closed.ticket_id for result in results if result.closed}
            assert len(set(called)) == CLERKS
            assert set(called) == set(tickets[number * CLERKS : (number + 1) * CLERKS])
            assert closed == before
            before = set(called)
        assert clerks.at_once(lambda clerk: press(made, clerk).called) == [None] * CLERKS


def test_clerks_through_the_whole_flow_share_the_queue(database):
    with crowd(database.app_url, CLERKS) as clerks:
        made = make_organisation(counters=CLERKS, service_start=ServiceStart.CALL)
        with made.work() as uow:
            publish_simple_promise(uow.session, organisation_id=made.id, now=uow.now)
        tickets = fill(made, CLERKS * 5)

        def flow(number):
            with made.work() as uow:
                return call_next_flow(uow, counter_id=made.counter_ids[number]).called.ticket_id

        called = [one for _ in range(5) for one in clerks.at_once(flow)]
        assert sorted(called) == sorted(tickets)


def test_last_three_customers_go_to_three_of_the_clerks(database):
    with crowd(database.app_url, CLERKS) as clerks:
        made = make_organisation(counters=CLERKS)
        tickets = fill(made, 3)
        results = clerks.at_once(lambda clerk: press(made, clerk).called)
        called = [change.ticket_id for change in results if change is not None]
        assert sorted(called) == sorted(tickets)


def test_twenty_presses_at_one_counter_call_one_customer(database):
    """And it is the first in line: no press may hold that one while another takes the second."""
    with crowd(database.app_url, CLERKS) as clerks:
        for _ in range(10):
            made = make_organisation(service_start=ServiceStart.CALL)
            tickets = fill(made, CLERKS)
            seen = Seen(None)
            results = clerks.at_once(lambda _, made=made, seen=seen: press(made, 0, seen=seen))
            called = [r.called.ticket_id for r in results if not isinstance(r, Exception)]
            refused = [r for r in results if isinstance(r, Exception)]
            assert called == [tickets[0]]
            assert {type(r) for r in refused} == {errors.CounterMoved}
            desk = Desk(made)
            states = [desk.state(ticket_id) for ticket_id in tickets]
            assert states == [TicketState.IN_SERVICE] + [TicketState.WAITING] * (CLERKS - 1)


def test_press_that_breaks_off_costs_the_first_in_line_nothing(database):
    """The second press waits for the counter, not past the customer whom the first one holds."""
    with crowd(database.app_url, 2) as clerks:
        made = make_organisation(service_start=ServiceStart.CALL)
        tickets = fill(made, 2)
        held = threading.Event()

        def act(number):
            if number:
                assert held.wait(120)
                return press(made, 0)
            with made.work() as uow:
                call_next(
                    uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
                    counter_id=made.counter_ids[0],
                )  # fmt: skip
                held.set()
                time.sleep(0.5)
                raise ConnectionError("the clerk's browser went away")

        broken, called = clerks.at_once(act)
        assert isinstance(broken, ConnectionError)
        assert called.called.ticket_id == tickets[0]


def test_customer_who_leaves_while_called_ends_in_one_way(database):
    """Whoever is first decides; the other finds out, and nobody is lost or served twice."""
    with crowd(database.app_url, 2) as people:
        made = make_organisation()
        desk = Desk(made)
        for _ in range(15):
            ticket_id = desk.take().ticket_id

            def act(number, ticket_id=ticket_id):
                if number:
                    return desk.log(ticket_id, "left")
                return press(made, 0).called

            called, left = people.at_once(act)
            assert not isinstance(left, Exception)
            assert desk.state(ticket_id) is TicketState.LEFT
            if called is not None:
                assert desk.kinds(ticket_id) == ["arrived", "called", "left"]
            else:
                assert desk.kinds(ticket_id) == ["arrived", "left"]


def test_two_who_mark_the_same_ticket_are_told_apart(database):
    with crowd(database.app_url, 2) as people:
        made = make_organisation()
        desk = Desk(made)
        for _ in range(10):
            ticket_id = desk.take().ticket_id
            results = people.at_once(
                lambda number, ticket_id=ticket_id: desk.log(
                    ticket_id, "service_started", counter_id=made.counter_ids[number]
                )
            )
            refused = [r for r in results if isinstance(r, Exception)]
            assert [type(r) for r in refused] == [errors.TicketNotWaiting]
            assert desk.kinds(ticket_id) == ["arrived", "service_started"]
            desk.log(ticket_id, "served")
