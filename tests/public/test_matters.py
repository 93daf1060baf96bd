"""The customer's own page of a matter that takes no number."""

import datetime as dt

import pytest

from promises.db.session import unit_of_work
from promises.desk.actions import add_partner
from promises.desk.models import EventKind, EventSource, TicketKind
from promises.desk.values import EventClaim, NewMatter, Said
from promises.flows.open_matter import open_matter
from promises.flows.record_event import record_event
from promises.kernel.actors import SYSTEM, Role
from tests.flows.ground import TICK, World
from tests.web.staff import post

DAY = dt.timedelta(days=1)


@pytest.fixture
def world(app):
    with app.app_context():
        made = World(ticket_kinds=("complaint",), seconds=2 * 86_400)
        with unit_of_work(made.made.id, SYSTEM) as uow:
            made.now = uow.now
        return made


def opened(app, world, kind=TicketKind.COMPLAINT, **words):
    request = NewMatter(
        branch_id=world.made.branch_id, service_kind_id=world.made.kind_id, kind=kind,
        source=EventSource.DESK, **words,
    )  # fmt: skip
    with app.app_context(), world.work() as uow:
        return open_matter(uow, request=request)


def log(app, world, ticket_id, kind, **said):
    claim = EventClaim(
        ticket_id=ticket_id, kind=EventKind(kind), source=EventSource.DESK,
        said=Said(**said) if said else None,
    )  # fmt: skip
    with app.app_context(), world.work() as uow:
        return record_event(uow, claim=claim)


def address(world, matter):
    return f"/o/{world.made.slug}/t/{matter.public_code}"


def test_page_says_by_when_and_what_happened_but_not_the_subject(app, client, world):
    matter = opened(
        app, world, subject="Angry about the card", promised_at=world.now + DAY, locale="en"
    )
    log(app, world, matter.ticket_id, "told", text="We asked the card company.")
    text = client.get(address(world, matter)).text
    assert "Your complaint" in text
    assert "You hear from us by" in text
    assert "We asked the card company." in text
    assert "Angry" not in text
    assert "Your number" not in text


def test_answer_with_its_reason_stands_on_the_page(app, client, world):
    matter = opened(app, world, TicketKind.APPLICATION)
    log(app, world, matter.ticket_id, "answered", text="Another applicant was more fit.")
    text = client.get(address(world, matter)).text
    assert "It is answered." in text
    assert "Another applicant was more fit." in text
    assert "We began to work on it" not in text


def test_partner_is_named_and_the_promise_still_holds(app, client, world):
    matter = opened(app, world)
    with app.app_context(), world.work(Role.ADMINISTRATOR) as uow:
        partner = add_partner(
            uow.session, organisation_id=world.made.id, actor=SYSTEM, now=uow.now,
            name="Debt Office",
        )  # fmt: skip
    log(app, world, matter.ticket_id, "handed_over", partner_id=partner)
    text = client.get(address(world, matter)).text
    assert "It is with Debt Office. What we promised you still holds." in text


def test_page_turns_when_the_promise_breaks(app, client, world):
    world.now -= 3 * DAY
    matter = opened(app, world)
    live = f"{address(world, matter)}/live"
    before = client.get(live)
    assert "We broke our promise" not in before.text
    with app.app_context():
        world.later(days=2).staff_act()
        world.now += TICK
        world.sweep()
        world.settle()
    after = client.get(live, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "We broke our promise. We are sorry." in after.text
    assert "€10.00 is yours." in after.text


def test_what_was_taken_back_did_not_happen(app, client, world):
    matter = opened(app, world)
    told = log(app, world, matter.ticket_id, "told", text="Written by mistake")
    with app.app_context(), world.work() as uow:
        record_event(uow, claim=EventClaim(
            ticket_id=matter.ticket_id, kind=EventKind.UNDONE, source=EventSource.DESK,
            corrects_id=told.event_id,
        ))  # fmt: skip
    assert "Written by mistake" not in client.get(address(world, matter)).text


def test_customer_may_ask_to_be_told_and_hears(app, client, world):
    matter = opened(app, world)
    here = address(world, matter)
    answer = post(
        client, f"{here}/follow", {"channel": "email", "address": "anna@example.fi"}, page=here,
        follow_redirects=True,
    )  # fmt: skip
    assert "We tell you when something happens" in answer.text
    log(app, world, matter.ticket_id, "told")
    with app.app_context():
        assert [row.kind for row in world.rows("SELECT kind FROM messages")] == ["matter_told"]
    log(app, world, matter.ticket_id, "answered")
    assert "Shall we tell you?" not in client.get(here).text
