"""The clerk's job, by keys at a desk and by touch on a phone. The worker is its own process."""

import re

import pytest
from playwright.sync_api import expect

from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from promises.flows.take_number import take_number
from promises.kernel.actors import Role
from tests.browser import press
from tests.e2e.live import CALLED_LABEL, DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

LOOKS = [(PHONE, "fi"), (DESKTOP, "sv")]
KINDS = "SELECT count(*) AS n FROM service_events WHERE organisation_id = %(organisation_id)s"


def at_the_counter(branch, size, lang):
    """Signed in by password, at counter 1."""
    clerk = branch.sign_in(Role.CLERK, size, lang)
    clerk.go("Counter")
    clerk.sees("Which counter is this?")
    clerk.button("Counter %(counter)s", counter="1").click()
    clerk.page.wait_for_url("**/staff/counter")
    clerk.sees("Nobody is here.")
    return clerk


def label(clerk):
    return clerk.page.locator(CALLED_LABEL)


def choose(clerk, key, name):
    """In an open menu of services."""
    if clerk.phone:
        clerk.page.locator("details[open] button", has_text=name).click()
    else:
        press(clerk.page, key)


@pytest.mark.parametrize(("size", "lang"), LOOKS)
def test_clerk_serves_a_morning(make_branch, size, lang):
    branch = make_branch()
    names = {"fi": ("Palvelu A", "Palvelu B"), "sv": ("Ärende A", "Ärende B")}[lang]
    clerk = at_the_counter(branch, size, lang)
    for number in ("A001", "A002"):
        clerk.press("n", "New number")
        choose(clerk, "1", names[0])
        clerk.sees("Number %(number)s was issued.", number=number)

    clerk.press("Space", "Call next")
    expect(label(clerk)).to_have_text("A001")
    clerk.press("s", "Service started")
    now = clerk.page.locator(".board-now")
    expect(now.get_by_text(clerk.say("In service"))).to_be_visible()
    clerk.press("u", "Undo")
    clerk.sees("Taken back.")
    expect(now.get_by_text(clerk.say("Called"), exact=True)).to_be_visible()
    clerk.press("s", "Service started")
    expect(now.get_by_text(clerk.say("In service"))).to_be_visible()

    clerk.press("t", "Transfer")
    choose(clerk, "1", names[1])
    clerk.sees("Nobody is here.")
    row = clerk.page.locator("#ticket-A001")
    expect(row).to_contain_text(names[1])

    clerk.press("Space", "Call next")
    expect(label(clerk)).to_have_text("A001")
    clerk.page.wait_for_timeout(1100)
    clerk.press("x", "Did not come")
    clerk.sees("Nobody is here.")

    clerk.press("w", "Walk-in")
    choose(clerk, "2", names[1])
    clerk.sees("Came without a number: no promise applies.")
    clerk.press("s", "Served")
    clerk.sees("Nobody is here.")

    clerk.press("Space", "Call next")
    expect(label(clerk)).to_have_text("A002")
    clerk.press("s", "Service started")
    expect(now.get_by_text(clerk.say("In service"))).to_be_visible()
    kept = clerk.say("We broke our promise to this customer. Say that we are sorry.")
    expect(clerk.page.get_by_text(kept)).to_have_count(0)
    states = branch.one(
        "SELECT array_agg(state ORDER BY number) AS found FROM tickets"
        " WHERE organisation_id = %(organisation_id)s AND number IS NOT NULL"
    )
    assert sorted(states.found) == ["in_service", "no_show", "served"]


@pytest.mark.parametrize(("size", "lang"), LOOKS)
def test_clerk_says_sorry_and_redeems_the_voucher(make_branch, size, lang):
    branch = make_branch(seconds=1)
    clerk = at_the_counter(branch, size, lang)
    with branch.app.app_context(), branch.work(None) as uow:
        request = NewTicket(
            branch_id=branch.made.branch_id, service_kind_id=branch.made.kind_id,
            source=EventSource.KIOSK,
        )  # fmt: skip
        take_number(uow, request=request)
    row = clerk.page.locator("#ticket-A001")
    expect(row.get_by_text(clerk.say("Broken"))).to_be_visible()
    clerk.press("Space", "Call next")
    expect(label(clerk)).to_have_text("A001")
    clerk.sees("We broke our promise to this customer. Say that we are sorry.")
    clerk.press("s", "Service started")
    theirs = clerk.say("%(amount)s is theirs already, on their own page.", amount="10,00\xa0€")
    expect(clerk.page.get_by_text(theirs)).to_be_visible()

    clerk.link("Open the ticket").click()
    clerk.page.wait_for_url("**/staff/tickets/*")
    clerk.page.locator('a[href$="/vouchers"]').click()
    shown = clerk.page.locator(".voucher-code")
    expect(shown).to_have_text(re.compile(r"^[0-9A-Z]{4}$"))
    clerk.button("Show the code").click()
    expect(shown).to_have_text(re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$"))
    code = shown.inner_text().replace("\n", "")
    clerk.go("Redeem a voucher")
    clerk.fill("code", code.lower().replace("-", " "))
    clerk.button("Look up").click()
    clerk.sees("This voucher")
    clerk.button("Redeem %(amount)s now", amount="10,00\xa0€").click()
    clerk.sees("Redeemed: give the customer %(amount)s.", amount="10,00\xa0€")
    clerk.fill("code", code)
    clerk.button("Look up").click()
    clerk.sees("Redeemed")
    again = clerk.button("Redeem %(amount)s now", amount="10,00\xa0€")
    expect(again).to_have_count(0)
    found = branch.one(
        "SELECT count(*)::int AS n, bool_and(shown_before) AS shown FROM voucher_redemptions"
        " WHERE organisation_id = %(organisation_id)s"
    )
    assert (found.n, found.shown) == (1, True)


@pytest.mark.parametrize(
    ("size", "lang", "vague", "exact", "word"),
    [
        (PHONE, "sv", "Vi betjänar dig snabbt", "Du betjänas inom 15 minuter", "snabbt"),
        (DESKTOP, "en", "You are served fast", "You are served within 15 minutes", "fast"),
    ],
)
def test_clerk_proposes_a_promise(make_branch, size, lang, vague, exact, word):
    branch = make_branch()
    clerk = branch.sign_in(Role.CLERK, size, lang)
    clerk.go("Proposals")
    clerk.link("Propose a promise").first.click()
    clerk.page.wait_for_url("**/proposals/new")
    clerk.fill("problem_text", "People wait for half an hour on paydays.")
    clerk.button("More, if you like").click()
    clerk.fill("title", vague)
    clerk.fill("limit", "15")
    clerk.fill("amount", "10")
    clerk.fill("way_of_working", "A second counter opens when five people wait.")
    clerk.button("Send the proposal").click()
    clerk.sees(
        "“%(word)s” cannot be measured. Say what the customer gets, and within how many minutes, "
        "hours or days.",
        word=word,
    )
    expect(clerk.page.locator("[data-error-summary]")).to_be_focused()
    expect(clerk.page.locator('[name="way_of_working"]')).to_have_value(re.compile("second"))
    clerk.fill("title", exact)
    clerk.button("Send the proposal").click()
    clerk.sees("Thank you. You see here what becomes of it.")
    expect(clerk.page.locator("h1")).to_have_text(exact)
    clerk.go("Proposals")
    expect(clerk.page.get_by_role("link", name=exact)).to_be_visible()
