"""The counter in a real browser: keys, freshness, undo, and what people with disabilities need."""

import logging
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from promises.desk.models import EventSource, TicketState
from promises.desk.values import NewTicket
from promises.flows.take_number import take_number
from promises.kernel.actors import Role
from tests.browser import AXE, one_is_quick
from tests.factories.catalogue import publish_simple_promise
from tests.factories.desk import Desk
from tests.factories.identity import make_organisation
from tests.http.site import served
from tests.web.staff import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("as_application")]


class Hall:
    """A branch with clerks in browsers; its clock is the real one."""

    def __init__(self, app, browser, address):
        self.browser, self.address, self.app = browser, address, app
        self.made = make_organisation(counters=3, kinds=("A", "B"))
        with self.made.work(Role.MANAGER) as uow:
            publish_simple_promise(uow.session, organisation_id=self.made.id, now=uow.now)
        self.desk = Desk(self.made)
        self.contexts, self.problems = [], []

    def clerk(self, counter=1, *, lang="en", width=1280, height=900, scheme="light"):
        """A signed-in clerk's browser at a counter."""
        context = self.browser.new_context(
            base_url=self.address, viewport={"width": width, "height": height}, color_scheme=scheme
        )
        self.contexts.append(context)
        token = sign_in(self.app.test_client(), self.made, Role.CLERK)
        name = f"{self.app.config['LUPAUS_COOKIES']}-staff"
        context.add_cookies(
            [
                {"name": name, "value": token, "url": self.address},
                {"name": "lupaus-lang", "value": lang, "url": self.address},
            ]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on(
            "console",
            lambda message: message.type == "error" and self.problems.append(message.text),
        )
        page.goto(f"/o/{self.made.slug}/staff/counter")
        page.locator("form button.button", has_text=re.compile(rf" {counter}$")).first.click()
        page.wait_for_url("**/staff/counter")
        return page

    def take(self):
        """A number taken at the kiosk, through the whole flow."""
        with self.made.work(None) as uow:
            request = NewTicket(
                branch_id=self.made.branch_id,
                service_kind_id=self.made.kind_id,
                source=EventSource.KIOSK,
            )
            return take_number(uow, request=request)


@pytest.fixture
def hall(app, browser):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with served(app) as address:
        made = Hall(app, browser, address)
        yield made
        for context in made.contexts:
            context.close()
        assert made.problems == []


def test_visit_by_keys_alone(hall):
    first, second = hall.take(), hall.take()
    page = hall.clerk()
    page.keyboard.press("Space")
    expect(page.locator(".board-now strong")).to_have_text(first.label)
    page.keyboard.press("r")
    expect(page.get_by_text(f"{first.label} was called again.")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator(".board-now").get_by_text("In service")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator(".board-now strong")).to_have_text(second.label)
    assert hall.desk.kinds(first.ticket_id) == [
        "arrived", "called", "recalled", "service_started", "served",
    ]  # fmt: skip
    expect(page.locator("[data-undo-until]")).to_be_visible()  # the queue may have come before it
    page.keyboard.press("u")
    expect(page.locator(".board-now strong")).to_have_text(first.label)
    assert hall.desk.state(first.ticket_id) is TicketState.IN_SERVICE
    assert hall.desk.state(second.ticket_id) is TicketState.WAITING


def test_menus_open_by_key_and_numbers_choose(hall):
    ticket = hall.take()
    page = hall.clerk()
    page.keyboard.press("1")
    page.keyboard.press("Space")
    expect(page.locator(".board-now strong")).to_have_text(ticket.label)
    page.keyboard.press("1")
    assert hall.desk.state(ticket.ticket_id) is TicketState.CALLED
    page.keyboard.press("t")
    expect(page.get_by_role("button", name="B Kind B")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("waits for another service")).to_be_visible()
    assert hall.desk.ticket(ticket.ticket_id).service_kind_id == hall.made.kind_ids[1]
    page.keyboard.press("n")
    page.keyboard.press("2")
    expect(page.get_by_text("Number B002 was issued.")).to_be_visible()
    page.keyboard.press("w")
    page.keyboard.press("1")
    expect(page.get_by_text("no promise applies")).to_be_visible()


def test_other_screens_follow_within_two_seconds(hall):
    ticket = hall.take()
    one, other = hall.clerk(1), hall.clerk(2)
    row = other.locator(f"#ticket-{ticket.label}")
    expect(row).to_be_visible()
    one.keyboard.press("Space")
    expect(one.locator(".board-now strong")).to_have_text(ticket.label)
    expect(row).to_have_count(0)
    taken = []

    def sees_the_last():
        expect(other.locator(f"#ticket-{taken[-1].label}")).to_be_visible(timeout=15_000)

    one_is_quick([(lambda: taken.append(hall.take()), sees_the_last)] * 3, 2)
    expect(other).to_have_title(re.compile(rf"^\({len(taken)}\) "))


def test_poll_does_not_fold_an_open_menu(hall):
    page = hall.clerk()
    page.keyboard.press("w")
    choice = page.get_by_role("button", name="A Kind A")
    expect(choice).to_be_visible()
    ticket = hall.take()
    expect(page.locator(f"#ticket-{ticket.label}")).to_be_visible(timeout=15_000)
    expect(choice).to_be_visible()


def test_refusal_is_said_on_the_page_and_nothing_is_lost(hall):
    hall.take()
    page = hall.clerk()
    page.keyboard.press("Space")
    expect(page.locator("#step")).to_be_visible()
    page.keyboard.press("x")
    expect(page.get_by_text("Wait another")).to_be_visible()
    expect(page.locator(".board-now strong")).to_have_text("A001")


def test_ended_session_is_told_instead_of_a_frozen_queue(hall):
    page = hall.clerk()
    with hall.made.work(None) as uow:
        uow.session.connection().exec_driver_sql("UPDATE staff_sessions SET ended_at = now()")
    expect(page.get_by_text("Your session has ended.")).to_be_visible(timeout=4000)
    hall.problems.clear()  # the browser itself notes the refused poll


@pytest.mark.parametrize(
    ("width", "lang", "scheme"),
    [(360, "fi", "light"), (1024, "sv", "dark"), (1280, "en", "light")],
)
def test_counter_and_tickets_are_accessible(hall, width, lang, scheme):
    hall.take()
    hall.take()
    page = hall.clerk(lang=lang, width=width, scheme=scheme)
    places = [f"/o/{hall.made.slug}/staff/{path}" for path in ("counter/pick", "tickets")]
    page.locator("#call-next").click()
    expect(page.locator("#step")).to_be_visible()
    _check(page)
    for place in places:
        page.goto(place)
        _check(page)
    page.goto(page.locator("tbody a").first.get_attribute("href"))
    _check(page)


def _check(page):
    """No rule of WCAG 2.2 AA is broken, and nothing makes the page scroll sideways."""
    found = Axe().run(page, options=AXE)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
