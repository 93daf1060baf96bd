"""Pages on which promises in general terms stand beside waits."""

import pytest

from promises.desk.models import TicketKind
from promises.kernel.actors import Role
from tests.flows.guarantees import (
    ANSWERED_IN_TWO_DAYS,
    GROWING_BY_THE_DAY,
    MISSED_APPOINTMENT,
    SEEN_IN_TEN_MINUTES,
    TOLD_EVERY_WEEK,
    GeneralWorld,
)
from tests.parts import check_page
from tests.web.staff import sign_in

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    """A complaint under three promises, one silent for days, and a missed appointment."""
    world = GeneralWorld(
        ANSWERED_IN_TWO_DAYS | {"remedy": {"kind": "bill_credit"}},
        TOLD_EVERY_WEEK,
        GROWING_BY_THE_DAY,
        MISSED_APPOINTMENT,
        SEEN_IN_TEN_MINUTES,
    )
    world.ticket_id = world.open()
    world.missed_id = world.open(TicketKind.REQUEST)
    world.say(world.missed_id, "told", attributes={"missed": True})
    for _ in range(8):
        world.later(days=1, minutes=1).staff_act()
        world.sweep_all()
    return world


@pytest.fixture
def manager(client, world):
    with world.at(world.now):
        sign_in(client, world.made, Role.MANAGER)
    return client


def get(client, world, path):
    with world.at(world.now):
        return client.get(f"/o/{world.made.slug}/{path}")


def code_of(world, ticket_id):
    return world.one("SELECT public_code FROM tickets WHERE id = %(t)s", t=ticket_id).public_code


@pytest.mark.parametrize(
    "path",
    ["staff/promises", "staff/breaches", "staff/cases", "staff/approvals", "staff/ledger"],
)
def test_lists_show_general_promises(manager, world, path):
    answer = get(manager, world, path)
    assert answer.status_code == 200
    check_page(answer)


def test_promise_page_says_what_is_owed(manager, world):
    page = get(manager, world, f"staff/promises/{world.published[0].slug}")
    assert "or we take €10 off your bill." in page.text


def test_ticket_page_tells_the_engine_s_reasons(manager, world):
    page = get(manager, world, f"staff/matters/{world.ticket_id}")
    assert page.status_code == 200
    assert "Credit on the bill" in page.text.replace("credit on", "Credit on")
    assert "answer before" in page.text


@pytest.mark.parametrize("of", ["ticket_id", "missed_id"])
def test_customer_sees_what_became_of_the_promise(client, world, of):
    page = get(client, world, f"t/{code_of(world, getattr(world, of))}")
    check_page(page)
    assert "We broke our promise" in page.text


def test_customer_reads_that_the_sum_still_grows(client, world):
    page = get(client, world, f"t/{code_of(world, world.ticket_id)}")
    assert "worked out when it can grow no more" in page.text
    assert "credit on the bill" in page.text


def test_public_pages_show_general_promises(client, world):
    for path in ("", f"p/{world.published[0].slug}"):
        page = get(client, world, path)
        assert page.status_code == 200, path


def test_visit_under_general_terms_is_shown_at_the_desk(client, world):
    ticket = world.later(minutes=1).take()
    with world.at(world.now):
        sign_in(client, world.made, Role.CLERK)
    paper = get(client, world, f"staff/tickets/{ticket.ticket_id}/paper")
    assert paper.status_code == 200
    assert "We promise: you are served" not in paper.text
    for path in (f"staff/tickets/{ticket.ticket_id}", f"t/{ticket.public_code}"):
        check_page(get(client, world, path))
    world.later(minutes=10)
    assert world.sweep_all() == 1
    page = get(client, world, f"staff/tickets/{ticket.ticket_id}")
    assert "start of service" in page.text.lower()
