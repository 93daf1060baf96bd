"""Trying a promise in a real browser: the slider, without script, on a phone, for everybody."""

import json
import os
import random

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from promises.kernel.actors import Role
from tests.browser import AXE
from tests.http.site import served
from tests.reporting.backtests.ground import Bank, random_ticket
from tests.web.staff import sign_in
from tests.web.test_backtests import ASKED

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]


@pytest.fixture
def site(app):
    with served(app) as address:
        yield address


@pytest.fixture
def bank():
    made, chance = Bank(), random.Random(5)
    tickets = [random_ticket(chance, made.made) for _ in range(1500)]
    hours = (6, 7, 8, 9, 10, 11, 12)
    for one in tickets:
        arrived = one["queued_at"].replace(hour=chance.choice(hours))
        later = arrived - one["queued_at"]
        for name in ("queued_at", "arrived_at", "called_at", "service_started_at", "ended_at"):
            one[name] = one[name] and one[name] + later
    made.add(tickets)
    return made


def open_page(browser, site, app, bank, **words):
    client = app.test_client()
    token = sign_in(client, bank.made, Role.MANAGER)
    context = browser.new_context(**words)
    name = f"{app.config['LUPAUS_COOKIES']}-staff"
    context.add_cookies([{"name": name, "value": token, "url": site}])
    page = context.new_page()
    query = "&".join(f"{name}={value}" for name, value in ASKED.items())
    page.goto(f"{site}/o/{bank.made.slug}/staff/backtest?{query}")
    return page


def shot(page, name):
    folder = os.environ.get("SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def assert_accessible(page):
    found = Axe().run(page, options=AXE)
    assert found.response["violations"] == [], json.dumps(found.response["violations"], indent=1)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{page.url} is {width} px too wide"


def test_moved_slider_changes_the_result_and_the_address(browser, site, app, bank):
    page = open_page(browser, site, app, bank)
    expect(page.locator("#result .promise")).to_contain_text("15")
    shot(page, "backtest_desk")
    assert_accessible(page)
    page.get_by_role("slider").fill("7")
    expect(page.locator("#result .promise")).to_contain_text("within 7")
    assert "limit=7&" in page.url
    page.get_by_label("What we pay if we break it").fill("25")
    expect(page.locator("#result .promise")).to_contain_text("25")
    page.reload()
    expect(page.locator("#result .promise")).to_contain_text("within 7")


def test_page_works_without_script(browser, site, app, bank):
    page = open_page(browser, site, app, bank, java_script_enabled=False)
    page.get_by_label("Within how long").fill("20")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#result .promise")).to_contain_text("20")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_phone(browser, site, app, bank, scheme):
    page = open_page(
        browser, site, app, bank, viewport={"width": 360, "height": 740}, color_scheme=scheme
    )
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    shot(page, f"backtest_phone_{scheme}")
    assert_accessible(page)
