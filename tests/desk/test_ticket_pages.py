"""The staff's list of tickets, and one ticket with its evidence."""

import uuid

import pytest

from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim
from promises.flows.record_event import record_events
from promises.identity import actions
from promises.identity.models import Member
from promises.kernel.actors import Role
from tests.desk.pages import Counter
from tests.factories.desk import seconds
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def clerk(client):
    return Counter(client)


@pytest.fixture
def manager(client):
    return Counter(client, role=Role.MANAGER)


def labels(page, world):
    """Which numbers the list shows, in its order."""
    found = world.rows("SELECT letter, number FROM tickets ORDER BY number")
    names = [f"{row.letter}{row.number:03d}" for row in found]
    return sorted((name for name in names if name in page.text), key=page.text.index)


def test_list_shows_the_day_latest_first(clerk):
    for _ in range(3):
        clerk.world.later(minutes=1).take()
    page = clerk.page("tickets")
    assert labels(page, clerk.world) == ["A003", "A002", "A001"]


def test_list_of_another_day_is_empty_and_says_so(clerk):
    clerk.world.take()
    page = clerk.page("tickets", day_on="2026-01-01")
    assert labels(page, clerk.world) == []
    assert "No ticket here" in page.text


def test_list_pages_on_without_gap(clerk):
    for _ in range(55):
        clerk.world.later(seconds=1).take()
    html = clerk.get("tickets").text
    first = labels(clerk.page("tickets"), clerk.world)
    following = html.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    query = dict(part.split("=", 1) for part in following.split("?")[1].split("&"))
    second = labels(clerk.page("tickets", **query), clerk.world)
    assert len(first) == 50
    assert first + second == [f"A{number:03d}" for number in range(55, 0, -1)]


def test_search_finds_a_number_and_a_code(clerk):
    tickets = [clerk.world.take() for _ in range(3)]
    assert labels(clerk.page("tickets", text="a2"), clerk.world) == ["A002"]
    page = clerk.page("tickets", text=tickets[2].public_code, day_on="2026-01-01")
    assert labels(page, clerk.world) == ["A003"]


def test_list_by_state(clerk):
    clerk.world.take()
    clerk.world.take()
    clerk.world.call()
    assert labels(clerk.page("tickets", state="called"), clerk.world) == ["A001"]


@pytest.mark.parametrize(
    "query",
    [
        {"day_on": "yesterday"},
        {"branch_id": "x"},
        {"branch_id": str(uuid.uuid4())},
        {"state": "dancing"},
        {"after": "nowhere"},
        {"text": "'; DROP TABLE tickets; --"},
        {"text": "x" * 3000},
        {"day_on": "9999-12-31"},
    ],
)
def test_what_the_list_cannot_read_is_left_out(clerk, query):
    clerk.world.take()
    assert clerk.get("tickets", **query).status_code == 200


def test_detail_shows_both_times_source_and_who_took_it_back(clerk):
    world = clerk.world
    ticket = world.take()
    clerk.press("counter/next")
    page = clerk.press("counter/mark", what="started")
    clerk.press("counter/undo", page=page)
    shown = clerk.page(f"tickets/{ticket.ticket_id}")
    for words in ("Took a number", "At the desk", "12:00:00", "Counter 1", "Taken back",
                  "An earlier step was taken back"):  # fmt: skip
        assert words in shown.text, words


def test_detail_marks_late_claims(clerk):
    world = clerk.world
    ticket = world.take()
    world.later(minutes=5)
    with world.work() as uow:
        record_events(
            uow,
            claims=[
                EventClaim(
                    ticket_id=ticket.ticket_id, kind=EventKind.CALLED, source=EventSource.API,
                    occurred_at=world.now - seconds(180),
                )
            ],
        )  # fmt: skip
    shown = clerk.page(f"tickets/{ticket.ticket_id}")
    assert "Unverified" in shown.text
    assert "12:02:00" in shown.text
    assert "recorded 12:05:00" in shown.text


def test_detail_names_the_clerk_to_managers_only(client):
    clerk = Counter(client)
    world = clerk.world
    ticket = world.take()
    clerk.press("counter/next")
    with world.work(None) as uow:
        member = uow.session.get(Member, (world.made.id, world.made.members[Role.CLERK]))
        name = member.name
    timeline = clerk.get(f"tickets/{ticket.ticket_id}").text.split('class="timeline"')[1]
    assert name not in timeline
    manager = Counter(client, role=Role.MANAGER, world=world)
    assert name in manager.page(f"tickets/{ticket.ticket_id}").text


def test_detail_explains_a_broken_promise_down_to_the_money(manager):
    world = manager.world
    ticket = world.take()
    world.staff_act()
    world.now += QUARTER + TICK
    world.sweep()
    shown = manager.page(f"tickets/{ticket.ticket_id}")
    for words in (
        "You are served within 15 minutes",
        "Broken at 12:15:00",
        "by the clock",
        "€10.00",
        "Paid as soon as the customer is known to have been there.",
    ):
        assert words in shown.text, words


def test_dispute_from_the_desk_holds_and_is_settled_by_a_manager(client):
    clerk = Counter(client)
    world = clerk.world
    ticket = world.take()
    clerk.press("counter/next")
    clerk.press("counter/mark", what="started")
    path = f"tickets/{ticket.ticket_id}"
    clerk.press(f"{path}/dispute", page=clerk.page(path))
    assert world.rows("SELECT disputed_at FROM tickets")[0].disputed_at is not None
    assert "Disputed" in clerk.page(path).text
    assert "Settle the dispute" not in clerk.page(path).text
    manager = Counter(client, role=Role.MANAGER, world=world)
    page = manager.page(path)
    assert "The customer is right. This did not happen: Service started" in page.text
    started = world.rows("SELECT id FROM service_events WHERE kind = 'service_started'")[0].id
    world.later(minutes=1)
    manager.press(
        f"approvals/disputes/{ticket.ticket_id}",
        page=page, untrue_event_id=str(started), reason="The camera shows an empty counter.",
    )  # fmt: skip
    [row] = world.rows("SELECT state, disputed_at FROM tickets")
    assert (row.state, row.disputed_at) == ("called", None)


def test_second_dispute_is_told_apart(clerk):
    ticket = clerk.world.take()
    path = f"tickets/{ticket.ticket_id}"
    page = clerk.page(path)
    clerk.press(f"{path}/dispute", page=page)
    again = clerk.press(f"{path}/dispute", page=page)
    assert "disputed already" in again.text


def test_ticket_of_another_organisation_is_not_there(clerk):
    foreign = World().take()
    for path in ("", "/paper"):
        assert clerk.get(f"tickets/{foreign.ticket_id}{path}").status_code == 404
    assert clerk.post(f"tickets/{foreign.ticket_id}/dispute").status_code == 404
    assert clerk.get(f"tickets/{uuid.uuid4()}").status_code == 404


def test_clerk_bound_to_a_branch_sees_no_other(client):
    world = World()
    other = _second_branch(world)
    with world.work(None) as uow:
        member = uow.session.get(Member, (world.made.id, world.made.members[Role.CLERK]))
        member.branch_id = world.made.branch_id
    clerk = Counter(client, world=world)
    mine, foreign = world.take(), world.take(branch_id=other)
    assert clerk.get(f"tickets/{mine.ticket_id}").status_code == 200
    assert clerk.get(f"tickets/{foreign.ticket_id}").status_code == 404
    assert clerk.post(f"tickets/{foreign.ticket_id}/dispute").status_code == 404
    page = clerk.page("tickets", branch_id=other)
    assert "Branch 2" not in page.text


def _second_branch(world):
    with world.work(None) as uow:
        common = {"organisation_id": world.made.id, "actor": uow.actor, "now": uow.now}
        settings = actions.BranchSettings(name="Branch 2", time_zone="Europe/Helsinki")
        branch = actions.add_branch(uow.session, **common, settings=settings)
        actions.set_branch_services(
            uow.session, **common, branch_id=branch.id, service_kind_ids=world.made.kind_ids
        )
        return branch.id


def test_paper_is_for_the_desk(manager):
    ticket = manager.world.take()
    assert manager.get(f"tickets/{ticket.ticket_id}/paper").status_code == 403


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_pages_render_in_every_language(clerk, lang):
    ticket = clerk.world.take()
    for path in ("tickets", f"tickets/{ticket.ticket_id}", f"tickets/{ticket.ticket_id}/paper"):
        assert clerk.page(path, lang=lang).lang == lang
