"""Passkeys in a real browser with an authenticator of its own: made, asked for, and not there.

With SCREENSHOTS=folder each page is also pictured there.
"""

import json
import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from promises.db.session import unit_of_work
from promises.db.sql import execute, one
from promises.kernel.actors import SYSTEM, Role
from tests.browser import AXE
from tests.factories.identity import PASSWORD, make_organisation
from tests.http.site import served
from tests.web.staff import give_password

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]

DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def site(app):
    """By its name: browsers keep no passkeys for a number."""
    with served(app) as address:
        yield address.replace("127.0.0.1", "localhost")


def look(page, name):
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{page.url} is {width} px too wide"
    found = Axe().run(page, options=AXE)
    violations = found.response["violations"]
    assert violations == [], json.dumps(violations, indent=1)
    if folder := os.environ.get("SCREENSHOTS"):
        size = page.viewport_size["width"]
        page.screenshot(path=f"{folder}/second_step_{name}_{size}.png", full_page=True)


def forget_proof(made):
    with unit_of_work(made.id, SYSTEM) as uow:
        execute(uow.session, "UPDATE staff_sessions SET shown_at = shown_at - interval '1 hour'")


def rule_of(made):
    with unit_of_work(made.id, SYSTEM) as uow:
        return one(uow.session, "SELECT count(*) AS n FROM goodwill_rules").n


def add_passkey(page, made):
    """The first second step, with the password; its recovery codes are kept."""
    page.goto(f"/o/{made.slug}/staff/account/second-step")
    look(page, "nothing")
    page.get_by_role("link", name="Set up an app").click()
    look(page, "app")
    page.go_back()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name of this passkey").fill("Work phone")
    page.locator('[name="password"]').fill(PASSWORD)
    look(page, "passkey")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    look(page, "codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Work phone")).to_be_visible()
    look(page, "one")


def test_a_passkey_is_made_signs_in_and_opens_the_door_before_money(site, browser):
    made = make_organisation()
    email = give_password(made, Role.MANAGER)
    context = browser.new_context(
        base_url=site, viewport={"width": 390, "height": 844}, reduced_motion="reduce"
    )
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    tool = context.new_cdp_session(page)
    tool.send("WebAuthn.enable")
    device = tool.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    page.goto(f"/o/{made.slug}/sign-in")
    look(page, "sign_in")
    page.locator('[name="email"]').fill(email)
    page.locator('[name="password"]').fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/staff")

    add_passkey(page, made)
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Sign out").locator("visible=true").click()
    page.wait_for_url("**/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/staff")

    forget_proof(made)
    page.goto(f"/o/{made.slug}/staff/goodwill/rule")
    for name, sum_ in (("purse", "50"), ("most_gift", "5"), ("most_customer", "10")):
        page.locator(f'[name="{name}"]').fill(sum_)
    page.locator('[name="vat_treatment"]').select_option("price_reduction")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Show that it is you")
    look(page, "confirm")
    assert rule_of(made) == 0
    tool.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("The passkey gave no answer.")).to_be_visible()
    assert rule_of(made) == 0
    tool.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(re.compile("/goodwill$|/goodwill/rule$"))
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Show that it is you")
    assert rule_of(made) == 1
    assert problems == []
    context.close()
