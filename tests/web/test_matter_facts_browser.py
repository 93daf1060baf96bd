"""Noting what a promise asks for, in a real browser: on a phone, at a desk and without scripts.

With SCREENSHOTS=folder each page is also pictured there.
"""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from promises.desk.models import TicketKind
from promises.kernel.actors import Role
from tests.browser import AXE
from tests.flows.guarantees import GeneralWorld
from tests.http.site import served
from tests.web.staff import sign_in
from tests.web.test_matter_facts import MANY_KINDS, repair

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]


@pytest.fixture
def site(app):
    with served(app) as address:
        yield address


def look(page, name, scripts):
    if scripts:
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    if folder := os.environ.get("SCREENSHOTS"):
        size = page.viewport_size["width"]
        page.screenshot(path=f"{folder}/facts_{name}_{size}.png", full_page=True)


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (390, True), (390, False)])
def test_clerk_notes_facts_and_reads_what_came_of_it(app, site, browser, width, scripts):
    world = GeneralWorld(repair(), MANY_KINDS)
    with world.made.work() as uow:
        world.now = uow.now
    ticket_id = world.open(TicketKind.REQUEST, subject="The line is dead")
    token = sign_in(app.test_client(), world.made, Role.CLERK)
    context = browser.new_context(
        base_url=site, viewport={"width": width, "height": 844}, java_script_enabled=scripts,
        reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(8000)
    context.add_cookies(
        [{"name": f"{app.config['LUPAUS_COOKIES']}-staff", "value": token, "url": site}]
    )
    page = context.new_page()
    page.goto(f"/o/{world.made.slug}/staff/matters/{ticket_id}")
    look(page, "asked", scripts)
    form = page.locator("form", has=page.get_by_role("group", name="Restoration"))
    form.get_by_label("Day", exact=True).fill("2026-10-25")
    form.get_by_label("Time of day").fill("03:30")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("this time twice").first).to_be_visible()
    look(page, "twice", scripts)
    page.get_by_label("Which of the two?").select_option("second")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. The promise").first).to_be_visible()
    expect(page.get_by_text("Facts were noted").first).to_be_visible()
    look(page, "saved", scripts)
    context.close()
