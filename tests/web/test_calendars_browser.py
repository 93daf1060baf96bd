"""Calendars in a real browser: on a phone, at a desk and without scripts.

With SCREENSHOTS=folder each page is also pictured there.
"""

import json
import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from promises.kernel.actors import Role
from tests.browser import AXE
from tests.factories.identity import make_organisation
from tests.http.site import served
from tests.web.staff import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]

FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
BEGIN:VEVENT
UID:1
SUMMARY:Inventory
DTSTART;VALUE=DATE:20300603
DTEND;VALUE=DATE:20300606
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Staff training
DTSTART;TZID=Europe/Helsinki:20300610T120000
DURATION:PT2H
RRULE:FREQ=WEEKLY;COUNT=3
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART;VALUE=DATE:20300701
TRANSP:TRANSPARENT
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def site(app):
    with served(app) as address:
        yield address


def look(page, name, scripts):
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{page.url} is {width} px too wide"
    if scripts:
        found = Axe().run(page, options=AXE)
        violations = found.response["violations"]
        assert violations == [], json.dumps(violations, indent=1)
    if folder := os.environ.get("SCREENSHOTS"):
        size = page.viewport_size["width"]
        page.screenshot(path=f"{folder}/calendars_{name}_{size}.png", full_page=True)


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (390, True), (390, False)])
def test_a_calendar_is_made_changed_and_takes_a_file_over(app, site, browser, width, scripts):
    made = make_organisation()
    token = sign_in(app.test_client(), made, Role.ADMINISTRATOR)
    context = browser.new_context(
        base_url=site, viewport={"width": width, "height": 844}, java_script_enabled=scripts,
        reduced_motion="reduce",
    )  # fmt: skip
    context.add_cookies(
        [{"name": f"{app.config['LUPAUS_COOKIES']}-staff", "value": token, "url": site}]
    )
    page = context.new_page()
    page.goto(f"/o/{made.slug}/staff/calendars")
    look(page, "list", scripts)
    page.locator("main").get_by_role("link", name="Add a calendar").first.click()
    page.get_by_label("Name").fill("Business days")
    look(page, "new", scripts)
    page.get_by_role("button", name="Add the calendar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Business days")
    page.get_by_role("link", name="Change the week").click()
    page.get_by_label("Friday").fill("9–12, 13–24")
    look(page, "week", scripts)
    page.get_by_role("button", name="Save the opening hours").click()
    expect(page.get_by_text("09:00–12:00, 13:00–24:00")).to_be_visible()
    look(page, "page", scripts)
    page.get_by_role("link", name="Take over a calendar file").click()
    buffer = {"name": "own.ics", "mimeType": "text/calendar", "buffer": FILE.encode()}
    page.get_by_label("Calendar file").set_input_files(buffer)
    look(page, "file", scripts)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What the file would change")
    expect(page.get_by_text("00:00–12:00, 14:00–24:00").first).to_be_visible()
    look(page, "look", scripts)
    page.get_by_role("button", name="Take these days over").click()
    expect(page.get_by_text("6 days were taken over.")).to_be_visible()
    page.get_by_role("link", name="Holidays and other days").click()
    expect(page.get_by_text("Staff training").first).to_be_visible()
    look(page, "days", scripts)
    page.get_by_role("link", name="Business days").first.click()
    page.get_by_role("link", name="All versions").click()
    expect(page.get_by_role("heading", name=re.compile("Version 3"))).to_be_visible()
    look(page, "versions", scripts)
    context.close()
