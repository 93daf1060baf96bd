"""Help and call backs on the pages: the counter, the calls for help, the customer's own page."""

import re

import pytest

from promises.flows.decide_proposal import publish
from promises.kernel.actors import Role
from tests.desk.pages import Counter
from tests.factories.catalogue import new_version
from tests.flows.ground import World
from tests.web.staff import csrf_token

pytestmark = pytest.mark.usefixtures("as_application")
PHONE = "+358401234567"


@pytest.fixture
def counter(client):
    return Counter(client)


def words(counter):
    return counter.page().text


def public(counter, ticket, path=""):
    return f"/o/{counter.world.made.slug}/t/{ticket.public_code}{path}"


def answer(counter, ticket, path="", *, page="", **fields):
    """Send a form of the customer's page."""
    world = counter.world
    with world.at(world.now):
        token = csrf_token(counter.client, public(counter, ticket, page))
        return counter.client.post(
            public(counter, ticket, path), data={"csrf_token": token} | fields
        )


def test_call_for_help_goes_round_and_one_colleague_answers(counter, app):
    counter.world.take()
    counter.world.later(minutes=13)
    assert "Ask for help" in words(counter)
    counter.post("counter/help", reason="at_risk")
    mine = words(counter)
    assert "You asked for help: Somebody is about to wait too long" in mine
    assert "I am coming" not in mine
    manager = Counter(app.test_client(), role=Role.MANAGER, world=counter.world)
    seen = manager.get("help").text
    assert "asks for help: Somebody is about to wait too long" in seen
    path = re.search(r'action="[^"]*/staff/(help/[^"]+/take)"', seen)[1]
    with counter.world.at(counter.world.now):
        token = csrf_token(manager.client, manager.address("help"))
    manager.post(path, csrf_token=token)
    assert "comes to help." in words(counter)
    assert counter.world.one("SELECT state FROM help_requests").state == "taken"
    assert "A colleague came" in manager.get("help/cases", list="taken").text


def test_unknown_reason_for_help_is_no_request(counter):
    assert counter.post("counter/help", reason="bored").status_code == 400
    assert counter.world.one("SELECT count(*) AS n FROM help_requests").n == 0


def test_customer_takes_the_offered_call_back_without_scripts(counter):
    ticket = counter.world.take()
    counter.world.later(minutes=13)
    assert "Offer A001 a call back" in words(counter)
    counter.post(f"tickets/{ticket.ticket_id}/callback")
    with counter.world.at(counter.world.now):
        page = counter.client.get(public(counter, ticket)).text
    assert "May we call you instead?" in page and "Your right to the money stays" in page
    refused = answer(counter, ticket, "/callback", page="/callback", place="0")
    assert refused.status_code == 422 and "phone number that we call" in refused.text
    taken = answer(counter, ticket, "/callback", page="/callback", place="0", phone=PHONE)
    assert taken.status_code == 303
    with counter.world.at(counter.world.now):
        page = counter.client.get(public(counter, ticket)).text
    assert "You need not wait here." in page
    assert "Follow your call back" in page
    gone = answer(counter, ticket, "/callback", place="0", phone=PHONE)
    assert gone.status_code == 303
    assert counter.world.one("SELECT count(*) AS n FROM tickets WHERE kind = 'callback'").n == 1
    matter = counter.world.one("SELECT matter_id FROM callback_offers").matter_id
    assert PHONE in counter.get(f"matters/{matter}").text


def test_customer_keeps_waiting_and_the_place(counter):
    ticket = counter.world.take()
    counter.world.later(minutes=13)
    counter.page()
    counter.post(f"tickets/{ticket.ticket_id}/callback")
    assert answer(counter, ticket, "/callback/no").status_code == 303
    row = counter.world.one("SELECT state, queued_at FROM tickets WHERE kind = 'visit'")
    assert row.state == "waiting"
    assert counter.world.one("SELECT state FROM callback_offers").state == "declined"


def test_clerk_notes_the_answer_of_a_customer_without_a_phone(counter):
    ticket = counter.world.take()
    counter.world.later(minutes=13)
    counter.page()
    path = f"tickets/{ticket.ticket_id}/callback"
    counter.post(path)
    assert "Note the answer of A001" in words(counter)
    counter.page(f"{path}/answer")
    counter.post(f"{path}/answer", place="1", phone=PHONE)
    row = counter.world.one("SELECT state, source FROM callback_offers")
    assert (row.state, row.source) == ("accepted", "desk")
    assert counter.get(f"{path}/answer").status_code == 303  # nothing stands any more


def test_other_branch_reaches_neither_help_nor_offer(client, app):
    world = World()
    ours = Counter(client, world=world)
    ticket = world.take()
    ours.page()
    ours.post("counter/help", reason="queue")
    help_id = world.one("SELECT id FROM help_requests").id
    other = Counter(app.test_client(), world=World(), role=Role.CLERK)
    other.page()
    for path in (f"help/{help_id}/take", f"tickets/{ticket.ticket_id}/callback"):
        assert other.post(path).status_code == 404
    assert world.one("SELECT state FROM help_requests").state == "open"
    assert world.one("SELECT count(*) AS n FROM callback_offers").n == 0


def test_closing_gesture_is_shown_when_a_case_ends_and_noted_once(counter):
    world = counter.world
    with world.work(Role.MANAGER) as uow:
        kind = new_version(uow.now, slug="kind", closing_gesture=" A coffee on the house. ")
        version_id = publish(uow, version=kind).version_id
    first, second = world.take(), world.take()
    world.call()
    world.log(first.ticket_id, "service_started")
    assert "Done: A coffee on the house." in words(counter)
    for _ in range(2):
        counter.post("counter/gesture", ticket_id=first.ticket_id, version_id=version_id)
    plain = world.published.version_id
    counter.post("counter/gesture", ticket_id=first.ticket_id, version_id=plain)
    row = world.one("SELECT ticket_id, version_id FROM closing_gestures")
    assert (row.ticket_id, row.version_id) == (first.ticket_id, version_id)
    world.log(first.ticket_id, "served")
    world.log(second.ticket_id, "service_started", counter_id=world.made.counter_id)
    world.log(second.ticket_id, "served")
    page = counter.get("help").text
    assert "of 2 visits that a gesture belongs to" in page
    assert "1 row" in counter.get("help/cases", list="gestures_done").text
    assert "2 rows" in counter.get("help/cases", list="gestures").text
    assert counter.post("counter/gesture", ticket_id="x", version_id="y").status_code == 400
