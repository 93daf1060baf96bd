"""Every page for every visitor in a real browser: WCAG 2.2 AA, no sideways scrolling on the
narrowest phone, a quiet console. With SCREENSHOTS=folder each is also pictured there."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from promises.identity.models import DeviceKind
from promises.kernel.actors import Role
from tests.browser import AXE
from tests.e2e.tour import HALF_WAY, cookies_of, open_stops, staff_stops
from tests.web.staff import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

LOOKS = {
    "phone-fi-light": (390, 844, "fi", "light"),
    "desktop-sv-dark": (1280, 900, "sv", "dark"),
    "phone-en-dark": (390, 844, "en", "dark"),
}
FIRST, LAST = tuple(LOOKS)[0], tuple(LOOKS)[-1]
"""In the first look every role opens all that it may, then each page is seen once, in the last
only those of most use. Axe looks at a page as the first role that may open it."""
NARROWEST = 320
VISITORS = (None, HALF_WAY, *Role, DeviceKind.KIOSK, DeviceKind.DISPLAY)
MOST_USED = (None, Role.CLERK, DeviceKind.KIOSK, DeviceKind.DISPLAY)
TOO_WIDE = """() => {
  const root = document.documentElement;
  return Math.max(root.scrollWidth, document.body.scrollWidth) - root.clientWidth;
}"""


@pytest.fixture(scope="module")
def stops(app, world):
    with app.app_context():
        return staff_stops(app, world) + open_stops(world)


@pytest.fixture(scope="module")
def sessions(app, world):
    made = {role: sign_in(app.test_client(), world.made, role) for role in Role}
    client = app.test_client()
    client.set_cookie(f"{app.config['LUPAUS_COOKIES']}-staff", made[Role.CLERK])
    base = f"/o/{world.made.slug}/staff/counter"
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"{base}/pick").text)[1]
    chosen = {"csrf_token": token, "counter_id": str(world.made.counter_ids[1])}
    assert client.post(f"{base}/pick", data=chosen).status_code == 303
    return made


class Visit:
    """One visitor's browser, and what was wrong on the pages it saw."""

    def __init__(self, browser, site, look, cookies):
        self.width, self.height, self.lang, scheme = LOOKS[look]
        self.look, self.wrong, self.status = look, [], 200
        self.context = browser.new_context(
            base_url=site, viewport={"width": self.width, "height": self.height},
            color_scheme=scheme, reduced_motion="reduce",
        )  # fmt: skip
        jar = cookies | {"lupaus-lang": self.lang}
        self.context.add_cookies(
            [{"name": name, "value": value, "url": site} for name, value in jar.items()]
        )
        self.context.add_init_script("window.print = () => {}")
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.note(f"script: {error}"))
        self.page.on("console", self._console)

    def note(self, what):
        self.wrong.append(f"{self.page.url}: {what}")

    def _console(self, message):
        expected = self.status >= 400 and f"status of {self.status}" in message.text
        if message.type in ("error", "warning") and not expected:
            self.note(f"console: {message.text}")

    def look_at(self, stop, axe):
        self.status = stop.status
        if stop.first:
            self.page.goto(stop.first)
        answer = self.page.goto(stop.address())
        if answer.status != stop.status:
            self.note(f"answers {answer.status}, not {stop.status}")
        if self.page.evaluate("document.documentElement.lang") != self.lang:
            self.note("speaks another language")
        self._picture(stop)
        if not stop.again:
            found = axe.run(self.page, options=AXE)
            for violation in found.response["violations"]:
                self.note(f"{violation['id']}: {violation['nodes'][0]['html'][:300]}")
        if self.width > 400:
            return
        self.page.set_viewport_size({"width": NARROWEST, "height": self.height})
        if (over := self.page.evaluate(TOO_WIDE)) > 0:
            self.note(f"scrolls sideways by {over} px at {NARROWEST} px")
        self.page.set_viewport_size({"width": self.width, "height": self.height})

    def _picture(self, stop):
        if folder := os.environ.get("SCREENSHOTS"):
            path = re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"^/o/[^/]+", "", stop.path))
            path = re.sub(r"[0-9a-f]{8}_[0-9a-f_]{20,}", "id", path)[:60]
            name = f"{self.look}_{stop.visitor or 'open'}_{path}.png"
            self.page.screenshot(path=f"{folder}/{name}", full_page=True)


@pytest.mark.parametrize(
    ("visitor", "look"),
    [(one, look) for look in LOOKS for one in (MOST_USED if look == LAST else VISITORS)],
    ids=lambda one: str(one or "anybody"),
)
def test_every_page_is_accessible_fits_and_is_quiet(
    app, browser, site, world, stops, sessions, visitor, look
):
    axe = Axe()
    mine = [
        stop for stop in stops
        if stop.visitor is visitor and (look == FIRST or not stop.again)
    ]  # fmt: skip
    visit = Visit(browser, site, look, cookies_of(app, world, visitor, sessions))
    for stop in mine:
        visit.look_at(stop, axe)
    visit.context.close()
    assert mine or look != FIRST
    assert visit.wrong == []
