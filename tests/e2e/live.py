"""A branch at work: the real pages over loopback, the real worker as its own process."""

import dataclasses
import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim
from promises.flows.call_next import call_next
from promises.flows.record_event import record_event
from promises.identity.access import add_device
from promises.kernel.actors import Role
from promises.kernel.text import translate
from tests.browser import press
from tests.factories.catalogue import publish_simple_promise
from tests.factories.identity import PASSWORD, make_organisation
from tests.web.staff import give_password, keep_strong
from tests.worker.ground import wait_for

PHONE, DESKTOP = (390, 844), (1280, 900)
PATIENCE_MS = 15_000
"""For what has no limit of its own: several browsers and servers share two processors."""
CALLED_LABEL = ".board-now strong"


@dataclasses.dataclass
class Person:
    """Somebody's browser; `say` gives the texts as that person reads them."""

    page: object
    lang: str
    phone: bool

    def say(self, msgid, **params):
        return translate(self.lang, msgid, **params)

    def press(self, key, msgid):
        """The shortcut at a desk, the button on a phone."""
        if self.phone:
            self.button(msgid).click()
        else:
            press(self.page, key)

    def button(self, msgid, **params):
        words = self.say(msgid, **params).split()
        name = re.compile("^" + r"\s+".join(map(re.escape, words)) + r"( \S+)?$")
        buttons = self.page.get_by_role("button", name=name)
        summaries = self.page.locator("summary").filter(has_text=self.say(msgid, **params))
        return buttons.or_(summaries).and_(self.page.locator(":visible")).first

    def link(self, msgid, **params):
        return self.page.get_by_role("link", name=self.say(msgid, **params), exact=True)

    def go(self, msgid):
        """By the navigation, as that person would."""
        if self.phone:
            self.page.locator("details.menu > summary").click()
        place = self.page.locator("nav a").filter(has_text=self.say(msgid))
        hidden = self.page.locator("details.nav-more:not([open]) > summary")
        if not place.and_(self.page.locator(":visible")).count() and hidden.count():
            hidden.click()
        place.and_(self.page.locator(":visible")).first.click()

    def sees(self, msgid, *, timeout=PATIENCE_MS, **params):
        """The text, on a page whose scripts have run: a person reads before acting."""
        text = self.page.get_by_text(self.say(msgid, **params))
        expect(text.and_(self.page.locator(":visible")).first).to_be_visible(timeout=timeout)
        self.page.wait_for_load_state()

    def fill(self, name, text):
        self.page.locator(f'[name="{name}"]').fill(text)


class Branch:
    """An organisation with services A and B, one promise in force, and everybody's browsers."""

    def __init__(self, live, browser, *, seconds=900, **terms):
        self.app, self.address, self.browser = live.app, live.address, browser
        self.mailbox = live.mailbox
        self.contexts, self.problems = [], []
        with self.app.app_context():
            self.made = make_organisation(counters=2, kinds=("A", "B"), no_show_after_s=1)
            with self.made.work(Role.MANAGER) as uow:
                self.promise = publish_simple_promise(
                    uow.session, organisation_id=self.made.id, now=uow.now, seconds=seconds,
                    slug="the-promise", service_kinds=self.made.kind_ids[:1], **terms,
                )  # fmt: skip

    def close(self):
        for context in self.contexts:
            context.close()

    def link_in_letter_to(self, address):
        """The path of the first link in the newest letter to this address, once it came."""
        found = wait_for(
            lambda: [one for one in self.mailbox.received if address in str(one["To"])]
        )
        text = found[-1].get_body(("plain",)).get_content()
        return urlsplit(re.search(r"https://\S+", text)[0])._replace(scheme="", netloc="").geturl()

    def work(self, role=Role.CLERK):
        return self.made.work(role)

    def person(self, size, lang, *, script=True, scheme="light"):
        width, height = size
        context = self.browser.new_context(
            base_url=self.address, viewport={"width": width, "height": height},
            color_scheme=scheme, java_script_enabled=script, has_touch=size == PHONE,
        )  # fmt: skip
        context.add_cookies([{"name": "lupaus-lang", "value": lang, "url": self.address}])
        context.add_init_script("window.print = () => {}")
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._console)
        return Person(page, lang, size == PHONE)

    def _console(self, message):
        refused = "the server responded with a status of 422" in message.text
        if message.type == "error" and not refused:
            self.problems.append(f"{message.location.get('url')}: {message.text}")

    def sign_in(self, role, size, lang, **more):
        """With address and password, on the organisation's own page."""
        person = self.person(size, lang, **more)
        with self.app.app_context():
            address = give_password(self.made, role)
        person.page.goto(f"/o/{self.made.slug}/sign-in")
        person.fill("email", address)
        person.fill("password", PASSWORD)
        person.button("Sign in").click()
        person.page.wait_for_url("**/staff")
        with self.app.app_context(), self.work() as uow:
            keep_strong(uow)
        return person

    def device(self, kind, size, lang, **more):
        """A tablet or a screen, enrolled on itself by the code that an administrator was shown."""
        with self.app.app_context(), self.work(Role.ADMINISTRATOR) as uow:
            _, code = add_device(
                uow.session, organisation_id=self.made.id, actor=uow.actor, now=uow.now,
                kind=kind, name="In the hall", branch_id=self.made.branch_id,
            )  # fmt: skip
        person = self.person(size, lang, **more)
        person.page.goto(f"/o/{self.made.slug}/enrol")
        person.fill("code", code)
        person.page.locator("main form button").click()
        person.page.wait_for_url(f"**/{kind.value}")
        return person

    def clerk_calls(self, counter=0):
        """A colleague at another counter calls the next one."""
        with self.app.app_context(), self.work() as uow:
            return call_next(uow, counter_id=self.made.counter_ids[counter]).called

    def clerk_starts(self, ticket_id):
        with self.app.app_context(), self.work() as uow:
            claim = EventClaim(
                ticket_id=ticket_id, kind=EventKind.SERVICE_STARTED, source=EventSource.DESK,
                counter_id=self.made.counter_id,
            )  # fmt: skip
            record_event(uow, claim=claim)

    def one(self, statement, **params):
        from promises.db.sql import one

        with self.app.app_context(), self.work(None) as uow:
            return one(uow.session, statement, {"organisation_id": self.made.id} | params)
