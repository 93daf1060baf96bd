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

PHONE, DESKTOP = (390, 844), (1280, 900)
NARROWEST = (320, 844)
FIRST, LAST = "fi", "en"
LANGUAGES = (FIRST, "sv", LAST)
"""In the first language every role opens all that it may, then each page is seen once, in the last
only those of most use. Axe looks at a page in the first, as the first role that may open it: words
change what fits, not what axe asks for."""
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}
"""What the same page can break by being dark. The rules are those of AXE that look at colours."""
VISITORS = (None, HALF_WAY, *Role, DeviceKind.KIOSK, DeviceKind.DISPLAY)
MOST_USED = (None, Role.CLERK, DeviceKind.KIOSK, DeviceKind.DISPLAY)
TOO_WIDE = """() => {
  const root = document.documentElement;
  return Math.max(root.scrollWidth, document.body.scrollWidth) - root.clientWidth;
}"""
ASK_AXE = "options => axe.run(options).then(found => found.violations)"


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

    def __init__(self, browser, site, lang, cookies):
        self.lang, self.wrong, self.status, self.axe = lang, [], 200, None
        self.context = browser.new_context(
            base_url=site, viewport=_viewport(NARROWEST), color_scheme="light",
            reduced_motion="reduce",
        )  # fmt: skip
        jar = cookies | {"lupaus-lang": lang}
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

    def look_at(self, stop, *, in_full):
        """One load on the narrowest phone. In full, the same page then becomes a common phone,
        light and dark, and a dark desktop."""
        if in_full and self.axe is None:
            self.axe = Axe()
            self.context.add_init_script(self.axe.axe_script)
        self.status = stop.status
        if stop.first:
            self.page.goto(stop.first)
        answer = self.page.goto(stop.address())
        if answer.status != stop.status:
            self.note(f"answers {answer.status}, not {stop.status}")
        if self.page.evaluate("document.documentElement.lang") != self.lang:
            self.note("speaks another language")
        self._fits(NARROWEST)
        self._picture(stop, "narrow")
        if in_full:
            self._look_in_full(stop)

    def _look_in_full(self, stop):
        self.page.set_viewport_size(_viewport(PHONE))
        self._picture(stop, "phone-light")
        self._ask_axe(AXE, "on a light phone")
        self.page.emulate_media(color_scheme="dark")
        if stop.visitor in MOST_USED:
            self._picture(stop, "phone-dark")
            self._ask_axe(COLOURS, "on a dark phone")
        self.page.set_viewport_size(_viewport(DESKTOP))
        self._fits(DESKTOP)
        self._picture(stop, "desktop-dark")
        self._ask_axe(AXE, "on a dark desktop")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(_viewport(NARROWEST))

    def _fits(self, size):
        if (over := self.page.evaluate(TOO_WIDE)) > 0:
            self.note(f"scrolls sideways by {over} px at {size[0]} px")

    def _ask_axe(self, options, where):
        for violation in self.page.evaluate(ASK_AXE, options):
            self.note(f"{violation['id']} {where}: {violation['nodes'][0]['html'][:300]}")

    def _picture(self, stop, look):
        if folder := os.environ.get("SCREENSHOTS"):
            path = re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"^/o/[^/]+", "", stop.path))
            path = re.sub(r"[0-9a-f]{8}_[0-9a-f_]{20,}", "id", path)[:60]
            name = f"{look}-{self.lang}_{stop.visitor or 'open'}_{path}.png"
            self.page.screenshot(path=f"{folder}/{name}", full_page=True)


def _viewport(size):
    return dict(zip(("width", "height"), size, strict=True))


@pytest.mark.parametrize(
    ("visitor", "lang"),
    [(one, lang) for lang in LANGUAGES for one in (MOST_USED if lang == LAST else VISITORS)],
    ids=lambda one: str(one or "anybody"),
)
def test_every_page_is_accessible_fits_and_is_quiet(
    app, browser, site, world, stops, sessions, visitor, lang
):
    mine = [
        stop for stop in stops
        if stop.visitor is visitor and (lang == FIRST or not stop.again)
    ]  # fmt: skip
    if not mine:
        assert lang != FIRST
        return
    visit = Visit(browser, site, lang, cookies_of(app, world, visitor, sessions))
    for stop in sorted(mine, key=lambda stop: not stop.again):
        visit.look_at(stop, in_full=lang == FIRST and not stop.again)
    visit.context.close()
    assert visit.wrong == []
