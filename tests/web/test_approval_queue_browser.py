"""Ten debts by keyboard alone: so many keys, so many seconds of a practised person."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from promises.identity.customers import known_customer
from promises.kernel.actors import Role
from tests.browser import AXE, press
from tests.e2e.clocked import Clocked
from tests.flows.ground import QUARTER, TICK, World
from tests.http.site import served
from tests.web.staff import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]

THINK_AND_PRESS_S = 1.55
"""To look at a row and press one key, by the keystroke-level model."""


def filled():
    world = World(approval_threshold_minor=1000)
    with world.work(None) as uow:
        anna = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="anna"
        )
    tickets = [world.take(customer_id=anna) for _ in range(12)]
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    for ticket in tickets:
        world.log(ticket.ticket_id, "service_started")
    return world


def test_manager_clears_ten_payouts_in_twenty_seconds_with_the_keyboard(app, browser):
    world = filled()
    with served(Clocked(app, world)) as address:
        with world.at(world.now):
            token = sign_in(app.test_client(), world.made, Role.MANAGER)
        context = browser.new_context(
            base_url=address, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
        )
        context.add_cookies(
            [{"name": f"{app.config['LUPAUS_COOKIES']}-staff", "value": token, "url": address}]
        )
        page = context.new_page()
        page.goto(f"/o/{world.made.slug}/staff/approvals/queue")
        expect(page.get_by_role("button", name="Choose and go on")).to_be_visible()
        found = Axe().run(page, options=AXE)
        assert found.response["violations"] == []
        picture(page, "queue")
        keys = [*"xxxxxxxxxx", "a", "Enter"]
        for key in keys[:-1]:
            press(page, key)
        confirm = page.get_by_role("button", name="Approve 10")
        expect(confirm).to_be_focused()
        picture(page, "check")
        press(page, keys[-1])
        expect(page.get_by_text("10 compensations go out.")).to_be_visible()
        seconds = len(keys) * THINK_AND_PRESS_S
        print(f"\n{len(keys)} keys, {seconds:.1f} s of 20 s")
        assert seconds <= 20
        assert world.one("SELECT count(*) AS n FROM compensations WHERE state = 'owed'").n == 1
        press(page, "j")
        assert page.locator("[data-current] input").is_checked() is False
        press(page, "?")
        listed = page.locator("[data-keys-list]")
        for words in ("Choose and go on", "Next row", "Row before", "Approve those chosen"):
            expect(listed).to_contain_text(words)
        context.close()


def picture(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/approvals_{name}.png", full_page=True)
