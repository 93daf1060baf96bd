"""The customer's job: take a number, follow it, be told of the broken promise at its second, get
the money without asking, object. The worker is its own process; the colleague at the counter is
the flow that the counter's buttons run."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from promises.identity.models import DeviceKind
from promises.kernel.clock import process_clock
from tests.browser import one_is_quick
from tests.e2e.live import DESKTOP, PHONE
from tests.factories.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

LIMIT_S = 8
PATIENCE_S = 15
DUE = "SELECT due_at FROM commitments WHERE organisation_id = %(organisation_id)s"
TICKET = (
    "SELECT id, state, disputed_at, contact_id FROM tickets"
    " WHERE organisation_id = %(organisation_id)s"
)
CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}")


def take_number(branch, kiosk, lang):
    """One touch on the kiosk; the path that the paper's QR code holds."""
    name = {"fi": "Palvelu A", "sv": "Ärende A", "en": "Kind A"}[lang]
    kiosk.page.locator("button.kiosk-button", has_text=name).click()
    kiosk.page.wait_for_url("**/kiosk/taken/*")
    expect(kiosk.page.locator(".big-number strong")).to_have_text("A001")
    assert kiosk.page.locator(".qr svg, .qr img").count() == 1
    address = kiosk.page.locator(".ticket-stub .break").inner_text()
    return address[address.index("/o/") :]


@pytest.mark.parametrize(("size", "lang"), [(PHONE, "en"), (DESKTOP, "fi")])
def test_page_turns_at_the_deadline_and_gives_the_voucher_without_a_reload(make_branch, size, lang):
    branch = make_branch(seconds=LIMIT_S)
    kiosk = branch.device(DeviceKind.KIOSK, (1024, 768), lang)
    path = take_number(branch, kiosk, lang)
    customer = branch.person(size, lang)
    customer.page.goto(path)
    customer.sees("Our promise to you")
    customer.sees("You are next.")
    customer.page.evaluate("window.neverReloaded = true")
    due_at = branch.one(DUE).due_at
    sorry = customer.say("We broke our promise. We are sorry.")
    customer.page.get_by_role("heading", name=sorry).wait_for(timeout=(LIMIT_S + PATIENCE_S) * 1000)
    assert process_clock.now() >= due_at
    amount = {"fi": "10,00\xa0€", "en": "€10.00"}[lang]
    customer.sees("%(amount)s is yours.", amount=amount)

    called = branch.clerk_calls()
    customer.sees("It is your turn.")
    branch.clerk_starts(called.ticket_id)
    code = customer.page.locator(".voucher-code")
    expect(code).to_have_text(CODE)
    assert customer.page.evaluate("window.neverReloaded") is True

    customer.button("This is wrong").click()
    customer.sees("You told us that something is wrong.")
    assert branch.one(TICKET).disputed_at is not None


def test_customer_without_javascript_does_the_same_by_loading_the_page_again(make_branch):
    branch, lang = make_branch(seconds=LIMIT_S), "sv"
    kiosk = branch.device(DeviceKind.KIOSK, (1024, 768), lang, script=False)
    path = take_number(branch, kiosk, lang)
    customer = branch.person(PHONE, lang, script=False)
    customer.page.goto(path)
    customer.fill("address", "kund@example.fi")
    customer.button("Tell me").click()
    expect(customer.button("Erase my contact")).to_be_visible()
    assert branch.one(TICKET).contact_id is not None

    left = branch.one(DUE).due_at - process_clock.now()
    customer.page.wait_for_timeout(max(0, left / dt.timedelta(milliseconds=1)) + 1000)
    customer.page.reload()
    customer.sees("We broke our promise. We are sorry.")
    called = branch.clerk_calls()
    branch.clerk_starts(called.ticket_id)
    customer.page.wait_for_timeout(1500)
    customer.page.reload()
    expect(customer.page.locator(".voucher-code")).to_have_text(CODE)
    customer.button("This is wrong").click()
    customer.sees("You told us that something is wrong.")
    assert branch.one(TICKET).disputed_at is not None


@pytest.mark.parametrize("lang", ["fi", "sv"])
def test_hall_display_shows_the_called_number_within_two_seconds(make_branch, lang):
    branch = make_branch()
    kiosk = branch.device(DeviceKind.KIOSK, (1024, 768), lang)
    take_number(branch, kiosk, lang)
    display = branch.device(DeviceKind.DISPLAY, (1920, 1080), lang)
    display.sees("Welcome")
    others = Desk(branch.made)
    with branch.app.app_context():
        labels = ["A001", others.take().label, others.take().label]
    called = display.page.locator(".hall-number")

    def sees(label):
        return lambda: expect(called).to_have_text(label, timeout=PATIENCE_S * 1000)

    one_is_quick([(lambda: branch.clerk_calls(counter=1), sees(label)) for label in labels], 2)
    display.sees("Counter %(counter)s", counter="2")


def test_kiosk_starts_over_in_the_house_language_for_the_next_customer(make_branch):
    branch = make_branch()
    kiosk = branch.device(DeviceKind.KIOSK, (1024, 768), "sv")
    kiosk.page.get_by_role("link", name="Suomi").click()
    expect(kiosk.page.locator("html")).to_have_attribute("lang", "fi")
    take_number(branch, kiosk, "fi")
    kiosk.page.locator("a.button").click()
    expect(kiosk.page.locator("html")).to_have_attribute("lang", "en")
    expect(kiosk.page.locator("button.kiosk-button")).to_have_count(2)
