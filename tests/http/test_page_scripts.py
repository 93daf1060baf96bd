"""The scripts of the pages in a real browser: countdowns, live regions, shortcuts, undo, kiosk."""

import logging
import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import AXE
from tests.http.site import make_site, served

pytestmark = pytest.mark.browser


@pytest.fixture
def site():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app, state = make_site()
    with served(app) as address:
        state.address = address
        yield state


@pytest.fixture
def page(browser, site):
    context = browser.new_context(base_url=site.address, viewport={"width": 1280, "height": 800})
    made = context.new_page()
    made.problems = []
    made.on("pageerror", lambda error: made.problems.append(str(error)))
    made.on(
        "console",
        lambda message: (
            made.problems.append(message.text)
            if message.type == "error" and "503" not in message.text
            else None
        ),
    )
    yield made
    assert made.problems == []
    context.close()


def test_countdown_breaks_at_the_servers_second_whatever_the_device_believes(page, site):
    site.skew = timedelta(hours=7)
    site.promise_from_now(timedelta(seconds=4))
    page.add_init_script(
        """document.addEventListener("lupaus:due", () => {
        window.brokenAt = performance.timeOrigin + performance.now(); });"""
    )
    page.goto("/ticket")
    ring = page.locator(".ring")
    expect(ring).to_have_attribute("data-state", "at_risk")
    expect(ring.locator("strong")).to_have_text("0:01", timeout=15_000)
    expect(page.locator("#verdict")).to_have_text("broken", timeout=15_000)
    late = page.evaluate("window.brokenAt") / 1000 - (site.due - site.skew).timestamp()
    assert -0.05 < late < 0.5


def test_countdown_shows_how_long_a_customer_waits_beyond_the_deadline(page, site):
    site.promise_from_now(timedelta(seconds=1))
    page.goto("/")
    row = page.locator("#ticket-7")
    expect(row.locator("[data-left]")).to_have_text(re.compile(r"^\+0:0[1-9]$"), timeout=15_000)
    expect(row.locator(".when-broken")).to_be_visible()
    expect(row.locator(".when-at_risk")).to_be_hidden()


def test_live_region_asks_with_its_etag_and_changes_only_what_changed(page, site):
    page.goto("/")
    page.wait_for_timeout(700)
    assert site.polls[0] is None
    assert set(site.polls[1:]) == {'"1"'}
    page.evaluate("document.getElementById('ticket-8').mark = 'same element'")
    page.locator("#open-8").focus()
    site.tickets = [8, 9, 10]
    site.version = 2
    expect(page.locator("#ticket-10")).to_be_visible()
    expect(page.locator("#ticket-7")).to_have_count(0)
    expect(page.locator("#open-8")).to_be_focused()
    assert page.evaluate("document.getElementById('ticket-8').mark") == "same element"
    assert page.title().startswith("(3) Counter")


def test_live_region_gives_the_focus_to_the_list_when_its_row_is_gone(page, site):
    page.goto("/")
    page.locator("#open-7").focus()
    site.tickets, site.version = [8], 2
    expect(page.locator("#ticket-7")).to_have_count(0)
    expect(page.locator("#waiting")).to_be_focused()


def test_live_region_announces_at_most_once_in_five_seconds(page, site):
    page.goto("/")
    status = page.locator("#live-status")
    expect(status).to_have_text("3 waiting")
    page.evaluate(
        """() => { window.spoken = []; new MutationObserver(() => window.spoken.push(
        document.getElementById("live-status").textContent)).observe(
        document.getElementById("live-status"), { childList: true }); }"""
    )
    for number in range(10, 14):
        site.tickets = [*site.tickets, number]
        site.version += 1
        expect(page.locator(f"#ticket-{number}")).to_be_visible()
    assert page.evaluate("window.spoken") == []
    expect(status).to_have_text("7 waiting", timeout=15_000)
    assert page.evaluate("window.spoken") == ["7 waiting"]


def test_live_region_says_when_it_is_stale_and_recovers(page, site):
    page.clock.install()
    page.goto("/")
    note = page.locator("[data-live-stale]")
    site.down = True
    page.clock.run_for(3000)
    expect(note).to_be_hidden()
    page.clock.run_for(20000)
    expect(note).to_be_visible()
    expect(page.locator("#waiting")).to_have_attribute("data-stale", "")
    site.down = False
    page.clock.run_for(31000)
    expect(note).to_be_hidden(timeout=15000)


def test_shortcut_presses_its_button_and_answers_without_leaving_the_page(page):
    page.goto("/")
    page.evaluate("window.mark = 1")
    page.keyboard.press("Space")
    expect(page.locator("#served")).to_have_text("Served 1")
    expect(page.locator(".flashes")).to_contain_text("Called")
    expect(page.locator("#ticket-7")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator("#served")).to_have_text("Served 2")
    assert page.evaluate("window.mark") == 1


def test_shortcut_of_two_keys_follows_its_link(page):
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile("/elsewhere$"))


def test_shortcut_is_text_in_a_field_and_nothing_with_a_modifier(page, site):
    page.goto("/")
    page.locator("#note").focus()
    page.keyboard.type("n g e")
    page.locator("h1").click()
    page.keyboard.press("Control+n")
    page.keyboard.press("Alt+n")
    page.wait_for_timeout(200)
    assert page.locator("#note").input_value() == "n g e"
    assert site.slow == 0
    expect(page.locator("h1")).to_have_text("Counter")


def test_shortcuts_are_listed_by_question_mark_and_can_be_switched_off_for_good(page, site):
    page.goto("/")
    page.keyboard.press("?")
    dialog = page.locator("#keys-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("dt")).to_have_text(["Call next", "Slow", "Elsewhere"])
    dialog.get_by_label("Use single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("Space")
    page.keyboard.press("?")
    page.wait_for_timeout(300)
    assert site.served == 0
    expect(dialog).to_be_hidden()
    expect(page.locator("#call kbd")).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(dialog).to_be_visible()


def test_form_is_sent_once_however_often_the_button_is_pressed(page, site):
    page.goto("/")
    page.evaluate("for (let i = 0; i < 3; i++) document.getElementById('slow').click()")
    expect(page).to_have_url(re.compile("/elsewhere$"))
    assert site.slow == 1


def test_undo_toast_goes_when_the_server_would_refuse(page, site):
    site.undo_for = timedelta(seconds=5)
    page.goto("/")
    toast = page.locator(".toast")
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()
    toast.get_by_role("button", name="Undo").focus()
    expect(toast).to_have_count(0, timeout=15_000)
    expect(page.locator("#main")).to_be_focused()


def test_errors_take_the_focus_and_the_title_and_lead_to_their_fields(page):
    page.goto("/form")
    page.locator("#limit").fill("900")
    page.get_by_role("button", name="Save").click()
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    assert page.title() == "Error: Add a branch – Aito Säästöpankki"
    expect(summary.locator("a")).to_have_text(
        [
            "Name: Enter the name of the branch",
            "Minutes: Enter 1 to 240 minutes",
            "Leavers: Choose",
        ]
    )
    expect(page.locator("#limit")).to_have_value("900")
    summary.get_by_text("Enter the name").click()
    expect(page.locator("#name")).to_be_focused()
    expect(page.locator("#name")).to_have_attribute("aria-describedby", "name-hint name-error")
    summary.get_by_text("Choose").click()
    expect(page.locator("#leavers-0")).to_be_focused()


def test_password_can_be_shown(page):
    page.goto("/form")
    page.locator("#secret").fill("long and secret")
    page.get_by_role("button", name="Show password").click()
    expect(page.locator("#secret")).to_have_attribute("type", "text")


def test_kiosk_warns_before_it_starts_over_and_a_touch_gives_more_time(page):
    page.goto("/kiosk")
    dialog = page.locator("#idle-dialog")
    expect(dialog).to_be_visible(timeout=15_000)
    expect(dialog.locator("[data-idle-left]")).to_have_text("1")
    page.get_by_role("button", name="I need more time").click()
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(re.compile("/kiosk$"))
    expect(page).to_have_url(re.compile("/start$"), timeout=15_000)


def test_theme_choice_stays_on_the_device(page):
    page.goto("/elsewhere")
    page.get_by_role("button", name="Dark").click()
    page.goto("/form")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="As on the device").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_pages_work_without_javascript(browser, site):
    context = browser.new_context(base_url=site.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.locator("#call").click()
    expect(page.locator("#served")).to_have_text("Served 1")
    page.goto("/form")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".error-summary")).to_be_visible()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_frame_has_no_accessibility_faults_and_never_scrolls_sideways(browser, site, theme, width):
    context = browser.new_context(
        base_url=site.address, viewport={"width": width, "height": 700}, color_scheme=theme
    )
    page = context.new_page()
    site.undo_for = timedelta(minutes=1)
    for path in ("/", "/ticket", "/form", "/kiosk", "/elsewhere"):
        page.goto(path)
        if path == "/form":
            page.get_by_role("button", name="Save").click()
            expect(page.locator(".error-summary")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        found = Axe().run(page, options=AXE).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == [], path
    context.close()
