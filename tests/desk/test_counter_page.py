"""The clerk's counter, pressed button by button."""

import re
import uuid

import pytest

from promises.desk.models import EventKind, TicketState
from promises.desk.queries import ticket_by_id, ticket_timeline
from promises.identity.models import ServiceStart
from promises.kernel.actors import Role
from promises.web.counter import MARKS
from promises.web.counter_board import TOLD
from tests.desk.pages import Counter
from tests.factories.desk import seconds
from tests.flows.ground import QUARTER, TICK, World
from tests.web.staff import sign_in

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def counter(client):
    return Counter(client)


def stored(counter, ticket_id):
    world = counter.world
    with world.work(None) as uow:
        return ticket_by_id(uow.session, organisation_id=world.made.id, ticket_id=ticket_id)


def events(counter, ticket_id):
    world = counter.world
    with world.work(None) as uow:
        found = ticket_timeline(uow.session, organisation_id=world.made.id, ticket_id=ticket_id)
    return [event.kind.value for event in found if not event.undone]


def state_of(html, label):
    """What the row of a number says about its promise."""
    return re.search(rf'id="ticket-{label}"\s+data-state="([a-z_]+)"', html)[1]


def test_clerk_without_a_counter_is_asked_for_one(client):
    world = World()
    counter = Counter(client, world=world)
    with world.at(world.now):
        sign_in(client, world.made, Role.CLERK)
    answer = counter.get()
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/staff/counter/pick")
    page = counter.page("counter/pick")
    assert page.text.count("Counter 1") == 1
    counter.post("counter/pick", counter_id=world.made.counter_ids[2])
    assert counter.page().h1 == ["Counter 3, Branch 1"]


def test_counter_elsewhere_cannot_be_picked(counter):
    other = World()
    answer = counter.post("counter/pick", counter_id=other.made.counter_id)
    assert answer.status_code == 404
    assert counter.page().h1 == ["Counter 1, Branch 1"]


def test_empty_queue_says_so(counter):
    page = counter.page()
    assert "Nobody is waiting" in page.text
    assert "Nobody is here." in page.text


def test_queue_shows_number_service_and_state_in_words(counter):
    first = counter.world.take()
    counter.world.later(minutes=13)
    second = counter.world.take()
    page = counter.page()
    assert page.text.index(first.label) < page.text.index(second.label)
    assert "Kind A" in page.text
    html = counter.get().text
    assert [state_of(html, one.label) for one in (first, second)] == ["at_risk", "open"]
    assert "2:01" in page.text


def test_broken_promise_stays_broken_in_the_queue(counter):
    ticket = counter.world.take()
    counter.world.now += QUARTER + TICK
    counter.world.sweep()
    assert state_of(counter.get().text, ticket.label) == "broken"


def test_whole_visit_from_call_to_served(counter):
    ticket = counter.world.take()
    page = counter.press("counter/next")
    assert f"{ticket.label} was called." in page.text
    assert stored(counter, ticket.ticket_id).state is TicketState.CALLED
    counter.press("counter/mark", what="started")
    assert stored(counter, ticket.ticket_id).state is TicketState.IN_SERVICE
    page = counter.press("counter/mark", what="served")
    assert stored(counter, ticket.ticket_id).state is TicketState.SERVED
    assert "Nobody is here." in page.text
    assert "1 promise kept today" in page.text


def test_next_ends_the_visit_before(counter):
    first, second = counter.world.take(), counter.world.take()
    counter.press("counter/next")
    counter.press("counter/mark", what="started")
    page = counter.press("counter/next")
    assert f"{first.label} was served. {second.label} was called." in page.text
    assert stored(counter, first.ticket_id).state is TicketState.SERVED


def test_next_with_nobody_waiting_says_so(counter):
    assert "Nobody is waiting." in counter.press("counter/next").text


def test_double_click_calls_one(client):
    """Both clicks carry what the same page showed."""
    counter = Counter(client)
    with counter.world.work(None) as uow:
        uow.session.connection().exec_driver_sql("UPDATE branches SET service_start = 'call'")
    first, second = counter.world.take(), counter.world.take()
    shown = counter.page()
    counter.press("counter/next", page=shown)
    page = counter.press("counter/next", page=shown)
    assert "another customer meanwhile" in page.text
    assert stored(counter, first.ticket_id).state is TicketState.IN_SERVICE
    assert stored(counter, second.ticket_id).state is TicketState.WAITING


def test_call_next_is_barred_while_the_called_one_has_not_come(counter):
    counter.world.take()
    waiting = counter.world.take()
    counter.press("counter/next")
    html = counter.get().text
    button = html[html.index('id="call-next"') - 60 : html.index('id="call-next"') + 200]
    assert "disabled" in button
    page = counter.press("counter/next")
    assert "has not come yet" in page.text
    assert stored(counter, waiting.ticket_id).state is TicketState.WAITING


def test_no_show_too_early_tells_how_long_to_wait(counter):
    ticket = counter.world.take()
    counter.press("counter/next")
    counter.world.now += seconds(30)
    page = counter.press("counter/mark", what="no-show")
    assert "Wait another 1\u00a0min 30\u00a0s" in page.text
    counter.world.now += seconds(90)
    counter.press("counter/mark", what="no-show")
    assert stored(counter, ticket.ticket_id).state is TicketState.NO_SHOW


def test_recall_is_logged(counter):
    ticket = counter.world.take()
    counter.press("counter/next")
    counter.press("counter/mark", what="recall")
    assert events(counter, ticket.ticket_id) == ["arrived", "called", "recalled"]


def test_transfer_puts_the_customer_back_with_the_first_arrival(counter):
    ticket = counter.world.take()
    counter.press("counter/next")
    page = counter.press("counter/mark", what="transfer")
    after = stored(counter, ticket.ticket_id)
    assert (after.state, after.service_kind_id) == ("waiting", counter.world.made.kind_ids[1])
    assert after.arrived_at == ticket.arrived_at
    assert "waits for another service" in page.text


def test_walk_in_is_served_and_ends_the_visit_before(counter):
    first = counter.world.take()
    counter.press("counter/next")
    counter.press("counter/mark", what="started")
    page = counter.press("counter/walk-in")
    assert stored(counter, first.ticket_id).state is TicketState.SERVED
    assert "no promise applies" in page.text
    assert counter.world.rows("SELECT 1 FROM commitments WHERE state <> 'kept'") == []


def test_new_number_is_issued_and_can_be_printed(counter):
    page = counter.press("counter/new")
    assert "Number A001 was issued." in page.text
    [row] = counter.world.rows("SELECT id, source FROM tickets")
    assert row.source == "desk"
    paper = counter.page(f"tickets/{row.id}/paper")
    assert "A001" in paper.text
    assert "15\u00a0min" in paper.text


def test_undo_takes_a_call_back(counter):
    ticket = counter.world.take()
    page = counter.press("counter/next")
    page = counter.press("counter/undo", page=page)
    assert "Taken back." in page.text
    assert stored(counter, ticket.ticket_id).state is TicketState.WAITING
    assert events(counter, ticket.ticket_id) == ["arrived", "undone"]


def test_undo_of_next_also_reopens_the_visit_before(counter):
    first, second = counter.world.take(), counter.world.take()
    counter.press("counter/next")
    counter.press("counter/mark", what="started")
    page = counter.press("counter/next")
    counter.press("counter/undo", page=page)
    assert stored(counter, first.ticket_id).state is TicketState.IN_SERVICE
    assert stored(counter, second.ticket_id).state is TicketState.WAITING


def test_undo_of_a_walk_in_reopens_the_visit_before(counter):
    first = counter.world.take()
    counter.press("counter/next")
    counter.press("counter/mark", what="started")
    page = counter.press("counter/walk-in")
    counter.press("counter/undo", page=page)
    assert stored(counter, first.ticket_id).state is TicketState.IN_SERVICE
    [gone] = counter.world.rows("SELECT state FROM tickets WHERE arrived_at IS NULL")
    assert gone.state == "withdrawn"


def test_undo_goes_after_ten_seconds(counter):
    ticket = counter.world.take()
    page = counter.press("counter/next")
    counter.world.now += seconds(11)
    late = counter.press("counter/undo", page=page)
    assert "for ten seconds only" in late.text
    assert stored(counter, ticket.ticket_id).state is TicketState.CALLED


def test_toast_is_not_offered_later_or_twice(counter):
    counter.world.take()
    page = counter.press("counter/next")
    acts = next(hidden["acts"] for _, action, hidden in page.forms if action.endswith("undo"))
    assert "Undo" in counter.page(done=acts).text
    counter.world.now += seconds(10)
    assert "Undo" not in counter.page(done=acts).text
    counter.world.now -= seconds(5)
    counter.press("counter/undo", page=page)
    assert "Undo" not in counter.page(done=acts).text


def test_foreign_and_unknown_ids_change_nothing(counter, client):
    other = World()
    foreign = other.take()
    before = other.rows("SELECT id, state, version FROM tickets")
    for path, fields in (
        ("counter/mark", {"what": "started", "ticket_id": foreign.ticket_id}),
        ("counter/undo", {"acts": foreign.event_id}),
        ("counter/undo", {"acts": uuid.uuid4()}),
        ("counter/undo", {"acts": ""}),
    ):
        assert counter.post(path, **fields).status_code == 404
    assert other.rows("SELECT id, state, version FROM tickets") == before


@pytest.mark.parametrize(
    "fields",
    [
        {"what": "dance", "ticket_id": uuid.uuid4()},
        {"what": "started", "ticket_id": "42"},
        {"what": "started"},
        {"what": "transfer", "ticket_id": uuid.uuid4(), "service_kind_id": "x"},
    ],
)
def test_what_no_page_sends_is_a_bad_request(counter, fields):
    assert counter.post("counter/mark", **fields).status_code == 400


def test_poll_costs_no_page_until_something_happens(counter):
    counter.world.take()
    answer = counter.live()
    assert answer.status_code == 200
    assert answer.headers["X-Now"] == str(int(counter.world.now.timestamp() * 1000))
    again = counter.live(answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    counter.world.take()
    changed = counter.live(answer.headers["ETag"])
    assert changed.status_code == 200
    assert "A002" in changed.text


def test_first_poll_of_a_page_is_answered_by_its_own_tag(counter):
    """The page is not drawn twice: it carries the tag of the fragment in it."""
    counter.world.take()
    page = counter.press("counter/next")
    assert page.text
    html = counter.get().text
    etag = html.split('data-live-etag="')[1].split('"')[0]
    assert counter.live(f'"{etag}"').status_code == 304


def test_poll_after_sign_out_is_refused(counter):
    answer = counter.live()
    with counter.world.work(None) as uow:
        uow.session.connection().exec_driver_sql("UPDATE staff_sessions SET ended_at = now()")
    assert counter.live(answer.headers["ETag"]).status_code == 401


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ACCOUNTANT, Role.ADMINISTRATOR])
def test_only_clerks_are_at_the_desk(client, role):
    counter = Counter(client, role=role)
    ticket = counter.world.take()
    assert counter.get().status_code == 403
    for path in ("next", "mark", "walk-in", "new", "undo", "pick"):
        assert counter.client.post(counter.address(f"counter/{path}")).status_code in (400, 403)
    assert stored(counter, ticket.ticket_id).state is TicketState.WAITING


def test_call_starts_service_where_the_branch_says_so(client):
    counter = Counter(client)
    with counter.world.work(None) as uow:
        uow.session.connection().exec_driver_sql(
            "UPDATE branches SET service_start = %s", (ServiceStart.CALL.value,)
        )
    ticket = counter.world.take()
    page = counter.press("counter/next")
    assert stored(counter, ticket.ticket_id).state is TicketState.IN_SERVICE
    assert "Service started" not in page.text
    counter.press("counter/undo", page=page)
    assert events(counter, ticket.ticket_id) == ["arrived", "undone", "undone"]


def test_broken_promise_tells_the_clerk_what_to_say(counter):
    counter.world.take()
    counter.world.now += QUARTER + TICK
    counter.world.sweep()
    counter.world.staff_act()
    page = counter.press("counter/next")
    assert "Say that we are sorry" in page.text
    assert "€10.00 becomes theirs by itself once the service has started." in page.text


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_every_state_of_the_counter_renders_in_every_language(counter, lang):
    counter.page(lang=lang)
    counter.world.take()
    counter.world.take()
    counter.press("counter/next", page=counter.page(lang=lang))
    counter.press("counter/mark", what="started")
    counter.page("counter/pick", lang=lang)
    assert counter.page().lang == lang


def test_kinds_of_marks_are_all_told():
    assert set(MARKS.values()) | {EventKind.CALLED} == set(TOLD)
