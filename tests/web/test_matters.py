"""The pages of matters: the work list, one matter, many applications, partners, the memory."""

import datetime as dt
import re

import pytest

from promises.db.session import unit_of_work
from promises.desk.actions import add_partner
from promises.desk.models import EventSource, TicketKind
from promises.desk.values import NewMatter
from promises.flows.open_matter import open_matter
from promises.identity.actions import known_customer
from promises.kernel.actors import SYSTEM, Role
from tests.flows.ground import World
from tests.web.staff import post, sign_in

DAY = dt.timedelta(days=1)


@pytest.fixture
def world(app):
    """Complaints are taken up within two days; the time is now."""
    with app.app_context():
        made = World(ticket_kinds=("complaint",), seconds=2 * 86_400)
        with unit_of_work(made.made.id, SYSTEM) as uow:
            made.now = uow.now
        return made


@pytest.fixture
def clerk(client, world):
    sign_in(client, world.made, Role.CLERK)
    return client


def page(world, path=""):
    return f"/o/{world.made.slug}/staff{path}"


def opened(app, world, kind=TicketKind.COMPLAINT, **words):
    request = NewMatter(
        branch_id=world.made.branch_id, service_kind_id=world.made.kind_id, kind=kind,
        source=EventSource.DESK, **words,
    )  # fmt: skip
    with app.app_context(), unit_of_work(world.made.id, world.made.actor(Role.CLERK)) as uow:
        return open_matter(uow, request=request).ticket_id


def rows(app, world, statement, **params):
    with app.app_context():
        return world.rows(statement, **params)


def kinds(app, world, ticket_id):
    found = rows(
        app, world,
        "SELECT e.kind FROM service_events e WHERE e.ticket_id = %(t)s AND e.kind <> 'undone'"
        " AND NOT EXISTS (SELECT 1 FROM service_events u WHERE u.corrects_id = e.id)"
        " ORDER BY e.ticket_version, e.id", t=ticket_id,
    )  # fmt: skip
    return [row.kind for row in found]


def test_clerk_opens_a_matter_and_finds_it_on_the_work_list(app, clerk, world):
    answer = post(
        clerk, page(world, "/matters/new"),
        {
            "kind": "complaint", "branch_id": world.made.branch_id, "language": "fi",
            "service_kind_id": world.made.kind_id, "subject": "The card was eaten",
            "customer_reference": "c-1", "address": "anna@example.fi",
            "promised_on": (world.now + 3 * DAY).date().isoformat(), "promised_time": "12:00",
        },
        follow_redirects=True,
    )  # fmt: skip
    assert "The card was eaten" in answer.text
    (matter,) = rows(app, world, "SELECT * FROM matters")
    assert matter.owner_id == world.made.members[Role.CLERK]
    assert matter.promised_at is not None
    (ticket,) = rows(app, world, "SELECT * FROM tickets")
    assert ticket.customer_id is not None
    assert ticket.contact_id is not None
    assert "The card was eaten" in clerk.get(page(world, "/work")).text
    assert "The card was eaten" not in clerk.get(page(world, "/counter/pick")).text


def test_matter_that_is_wrong_is_said_at_its_field_and_nothing_is_opened(app, clerk, world):
    form = {
        "kind": "request", "branch_id": world.made.branch_id, "language": "en",
        "service_kind_id": world.made.kind_id, "address": "nobody", "customer_reference": "c-9",
    }  # fmt: skip
    answer = post(clerk, page(world, "/matters/new"), form)
    assert answer.status_code == 422
    assert rows(app, world, "SELECT 1 FROM matters UNION ALL SELECT 1 FROM customers") == []
    past = post(clerk, page(world, "/matters/new"), form | {"promised_on": "2026-01-05"})
    assert past.status_code == 422


def test_one_tap_logs_what_happened_and_can_be_taken_back(app, clerk, world):
    ticket_id = opened(app, world)
    at = page(world, f"/matters/{ticket_id}")
    told = post(clerk, f"{at}/log", {"what": "told"}, page=at, follow_redirects=True)
    assert kinds(app, world, ticket_id) == ["arrived", "told"]
    event = re.search(r'name="event_id" value="([^"]+)"', told.text)[1]
    assert "data-undo-until" in told.text
    post(clerk, f"{at}/undo", {"event_id": event}, page=at)
    assert kinds(app, world, ticket_id) == ["arrived"]


def test_every_step_of_a_matter_works_from_its_page(app, clerk, world):
    ticket_id = opened(app, world)
    at = page(world, f"/matters/{ticket_id}")
    with app.app_context(), unit_of_work(world.made.id, SYSTEM) as uow:
        partner = add_partner(
            uow.session, organisation_id=world.made.id, actor=SYSTEM, now=uow.now,
            name="Debt Office",
        )  # fmt: skip
    tomorrow = (world.now + DAY).date().isoformat()
    post(clerk, f"{at}/promise", {"promised_on": tomorrow}, page=at)
    post(clerk, f"{at}/hand-over", {"partner_id": partner}, page=at)
    assert "Debt Office" in clerk.get(at).text
    post(clerk, f"{at}/log", {"what": "handed-back"}, page=at)
    post(clerk, f"{at}/owner", {"owner_id": world.made.members[Role.MANAGER]}, page=at)
    post(clerk, f"{at}/log", {"what": "answered", "text": "Your card is in the post."}, page=at)
    assert kinds(app, world, ticket_id) == [
        "arrived", "promised", "handed_over", "handed_back", "answered", "service_started",
    ]  # fmt: skip
    assert "Your card is in the post." in clerk.get(at).text
    (matter,) = rows(app, world, "SELECT * FROM matters")
    assert matter.owner_id == world.made.members[Role.MANAGER]
    post(clerk, f"{at}/log", {"what": "reopened"}, page=at)
    assert clerk.get(page(world, "/work")).text.count(str(ticket_id)) == 1


def test_step_that_may_not_be_is_refused_in_words(app, clerk, world):
    ticket_id = opened(app, world)
    at = page(world, f"/matters/{ticket_id}")
    answer = post(
        clerk, f"{at}/log", {"what": "handed-back"}, page=at, follow_redirects=True
    )  # fmt: skip
    assert "No partner has this matter." in answer.text
    gone = post(clerk, f"{at}/promise", {"promised_on": "2026-01-05"}, page=at)
    assert gone.status_code == 303
    assert kinds(app, world, ticket_id) == ["arrived"]
    assert post(clerk, f"{at}/log", {"what": "called"}, page=at).status_code == 400


def test_work_list_filters_and_keeps_itself_fresh(app, clerk, world):
    mine = opened(app, world, owner_id=world.made.members[Role.CLERK], subject="Own card")
    opened(app, world, TicketKind.CALLBACK, subject="Other card")
    found = clerk.get(page(world, "/work?whose=mine")).text
    assert "Own card" in found
    assert "Other card" not in found
    assert "Own card" not in clerk.get(page(world, "/work?kind=callback")).text
    assert "Own card" not in clerk.get(page(world, "/work?show=late")).text
    assert "Own card" in clerk.get(page(world, "/work?whose=nobody&kind=x&branch_id=y")).text
    live = clerk.get(page(world, "/work/live"))
    assert "Other card" in live.text
    same = clerk.get(page(world, "/work/live"), headers={"If-None-Match": live.headers["ETag"]})
    assert same.status_code == 304
    at = page(world, f"/matters/{mine}")
    post(clerk, f"{at}/log", {"what": "left"}, page=at)
    news = clerk.get(page(world, "/work/live"), headers={"If-None-Match": live.headers["ETag"]})
    assert news.status_code == 200
    assert "Own card" not in news.text


def test_badge_tells_how_much_is_urgent(app, clerk, world):
    assert '<span class="pill">1</span>' not in clerk.get(page(world, "/tickets")).text
    opened(app, world, TicketKind.CALLBACK, promised_at=world.now + dt.timedelta(hours=3))
    assert '<span class="pill">1</span>' in clerk.get(page(world, "/tickets")).text


def test_list_is_for_clerks_and_the_matter_for_who_reads_tickets(app, client, world):
    ticket_id = opened(app, world, subject="About a card")
    sign_in(client, world.made, Role.MANAGER)
    assert client.get(page(world, "/work")).status_code == 403
    seen = client.get(page(world, f"/matters/{ticket_id}"))
    assert "About a card" in seen.text
    assert "What happens next?" not in seen.text


def test_ticket_and_matter_lead_to_the_page_of_their_kind(app, clerk, world):
    ticket_id = opened(app, world)
    with app.app_context():
        visit = world.take().ticket_id
    assert f"/matters/{ticket_id}" in clerk.get(page(world, f"/tickets/{ticket_id}")).location
    assert f"/tickets/{visit}" in clerk.get(page(world, f"/matters/{visit}")).location
    assert "Complaint" in clerk.get(page(world, "/tickets")).text


def test_applications_open_from_lines_and_all_hear_why(app, clerk, world):
    lines = "reference;came;address\nA-1;;anna@example.fi\nA-2\nA-3;;+358 40 123 4567\n"
    form = {
        "branch_id": world.made.branch_id, "service_kind_id": world.made.kind_id,
        "language": "fi", "lines": lines,
    }  # fmt: skip
    there = page(world, "/applications/new")
    done = post(clerk, there, form, follow_redirects=True)
    assert "3 applications are opened." in done.text
    again = post(clerk, there, form | {"lines": lines + "A-4\n"}, follow_redirects=True)
    assert "1 application is opened." in again.text
    assert "3 were known already." in again.text
    ids = re.findall(r'name="ticket_id" value="([^"]+)"', again.text)
    assert len(ids) == 4
    answers = {"ticket_id": ids[:3], f"reason-{ids[0]}": "Another was more fit.", "reason": ""}
    here = page(world, "/applications")
    first = post(clerk, here, answers, follow_redirects=True)
    assert "1 applicant hears." in first.text
    assert "Tick the applications, and give each a reason." in first.text
    post(clerk, here, {"ticket_id": ids[1:], "reason": "The place was filled."})
    texts = [row.body for row in rows(app, world, "SELECT body FROM matter_texts ORDER BY body")]
    assert texts == ["Another was more fit.", *["The place was filled."] * 3]
    assert "No application is open" in clerk.get(here).text


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "There is no line here."),
        ("A-1\nA-1", "This reference stands here twice."),
        ("A-1;yesterday", "Give the time as"),
        ("A-1;2031-01-01", "This time lies in the future."),
        ("A-1;2020-01-01", "What came so long ago"),
        ("A-1;;nobody", "neither an e-mail address"),
        ("A-1;;;more", "more than three columns"),
    ],
)
def test_lines_with_a_mistake_open_nothing(app, clerk, world, lines, said):
    answer = post(
        clerk, page(world, "/applications/new"),
        {"branch_id": world.made.branch_id, "service_kind_id": world.made.kind_id,
         "language": "fi", "lines": f"Z-1;;zoe@example.fi\n{lines}" if lines else ""},
    )  # fmt: skip
    assert answer.status_code == 422
    assert said in answer.text
    assert rows(app, world, "SELECT 1 FROM tickets UNION ALL SELECT 1 FROM contacts") == []


def test_only_applications_are_answered_in_bulk(app, clerk, world):
    complaint = opened(app, world)
    opened(app, world, TicketKind.APPLICATION)
    answer = post(
        clerk, page(world, "/applications"), {"ticket_id": complaint, "reason": "No."}
    )  # fmt: skip
    assert answer.status_code == 404
    assert kinds(app, world, complaint) == ["arrived"]


def test_administrator_keeps_partners_and_erases_texts(app, client, world):
    ticket_id = opened(app, world, subject="About Anna")
    sign_in(client, world.made, Role.ADMINISTRATOR)
    there = page(world, "/partners")
    added = post(client, there, {"name": "Debt Office"}, follow_redirects=True)
    assert "debt-office" in added.text
    (partner,) = rows(app, world, "SELECT * FROM partners")
    post(client, f"{there}/{partner.id}/close", page=there)
    assert rows(app, world, "SELECT * FROM partners")[0].closed_at is not None
    at = page(world, f"/matters/{ticket_id}")
    assert "About Anna" in client.get(at).text
    post(client, f"{at}/erase", page=at)
    assert "About Anna" not in client.get(at).text


def test_memory_of_a_known_customer_is_shown_to_whoever_serves_or_decides(app, client, world):
    with app.app_context(), unit_of_work(world.made.id, SYSTEM) as uow:
        customer = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="c-1"
        )
    opened(app, world, subject="The lost card", customer_id=customer)
    with app.app_context():
        known = world.take(customer_id=customer)
        stranger = world.take()
    card = "What we know of this customer"
    for role, seen in ((Role.CLERK, True), (Role.MANAGER, True), (Role.ADMINISTRATOR, False)):
        sign_in(client, world.made, role)
        text = client.get(page(world, f"/tickets/{known.ticket_id}")).text
        assert (card in text and "The lost card" in text) is seen, role
        assert card not in client.get(page(world, f"/tickets/{stranger.ticket_id}")).text


def test_counter_shows_the_memory_of_whom_it_serves(app, clerk, world):
    with app.app_context(), unit_of_work(world.made.id, SYSTEM) as uow:
        customer = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="c-1"
        )
    opened(app, world, subject="The lost card", customer_id=customer)
    with app.app_context():
        world.take(customer_id=customer)
        world.take()
    pick = page(world, "/counter/pick")
    post(clerk, pick, {"counter_id": world.made.counter_ids[0]})
    counter = page(world, "/counter")
    assert "The lost card" not in clerk.get(counter).text
    post(clerk, page(world, "/counter/next"), {"seen": ""}, page=counter)
    assert "The lost card" in clerk.get(counter).text
    assert "The lost card" in clerk.get(page(world, "/counter/live")).text
