"""A complaint from the desk to the broken promise, in a real browser. The clock of the pages is the
test's, so that days pass in a moment; everything else is real."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from promises.kernel.actors import Role
from tests.e2e.live import DESKTOP, PHONE
from tests.flows.guarantees import ANSWERED_IN_TWO_DAYS, TOLD_EVERY_WEEK, GeneralWorld

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

MIDSUMMER_THURSDAY = dt.datetime(2026, 6, 18, 9, 0, tzinfo=dt.UTC)  # noon in Helsinki
TWO_DAYS_LATER = dt.datetime(2026, 6, 23, 21, 0, tzinfo=dt.UTC)  # Tuesday is over in Helsinki
WEEK = dt.timedelta(weeks=1)
DEBTS = """
SELECT b.breached_at, k.state, k.amount_minor, k.currency, k.holds
FROM compensations k JOIN breaches b ON b.id = k.breach_id ORDER BY b.breached_at, b.id
"""
NEWEST = "SELECT id, public_code FROM tickets ORDER BY arrived_at DESC LIMIT 1"


def general(*documents):
    return GeneralWorld(*documents, start=MIDSUMMER_THURSDAY)


def write_down(clerk, subject):
    """As the clerk does while the customer is there."""
    clerk.go("Work list")
    clerk.page.locator('a[href$="/matters/new"]').first.click()
    clerk.page.get_by_role("radio", name=clerk.say("Complaint")).check(force=True)
    clerk.fill("subject", subject)
    clerk.fill("customer_reference", "4711")
    clerk.button("Open it").click()
    clerk.page.wait_for_url("**/staff/matters/*-*")


def breach_rows(manager, ticket_id):
    manager.go("Breaches")
    return manager.page.locator("tr").filter(
        has=manager.page.locator(f'a[href$="/tickets/{ticket_id}"]')
    )


def answer_late(house):
    """A day after the promise was broken."""
    house.world.later(days=1)
    clerk = house.sign_in(Role.CLERK, DESKTOP, "en")
    clerk.go("Work list")
    row = clerk.page.locator("tr", has_text="The card was charged twice")
    expect(row).to_contain_text(clerk.say("Late"))
    row.get_by_role("link").click()
    clerk.fill("text", "The second charge is paid back.")
    clerk.button("Answered").click()
    clerk.sees("This matter is over.")


def test_complaint_that_is_not_answered_in_time_is_told_paid_and_explained(make_house):
    house = make_house(general(ANSWERED_IN_TWO_DAYS))
    clerk = house.sign_in(Role.CLERK, DESKTOP, "en")
    write_down(clerk, "The card was charged twice")
    clerk.sees("The customer hears from us by %(time)s.", time="Tue 23 Jun 2026, 23:59")
    clerk.sees("We have promised this customer nothing before.")
    clerk.go("Work list")
    row = clerk.page.locator("tr", has_text="The card was charged twice")
    expect(row).to_contain_text("Tue 23 Jun 2026, 23:59")
    expect(row).to_contain_text(clerk.say("Complaint"))
    clerk.page.close()  # its session ends when days pass, and the list looks for news by itself

    ticket = house.world.one(NEWEST)
    customer = house.customer_page(ticket.public_code, "fi")
    customer.sees("You hear from us by %(time)s.", time="ti 23.6.2026 23.59")

    house.passes(TWO_DAYS_LATER)
    owed = house.world.rows(DEBTS)
    assert [(one.breached_at, one.amount_minor) for one in owed] == [(TWO_DAYS_LATER, 1000)]
    customer.page.reload()
    customer.sees("We broke our promise. We are sorry.")
    customer.sees("The time was up on %(time)s.", time="ti 23.6.2026 23.59")
    customer.sees("%(amount)s is yours.", amount="10,00\xa0€")
    customer.page.locator("summary").last.click()
    customer.sees("Closed by exception and not counted: %(days)s.", days="19.6.2026")

    manager = house.sign_in(Role.MANAGER, DESKTOP, "sv")
    rows = breach_rows(manager, ticket.id)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("10,00\xa0€")
    rows.get_by_role("link").first.click()
    expect(manager.page.locator("h1")).to_have_text("The card was charged twice")
    manager.page.locator("summary", has_text=manager.say("Why?")).first.click()
    manager.sees("Days are counted from %(day)s.", day="18 juni 2026")
    manager.sees("Closed by exception and not counted: %(days)s.", days="19 juni 2026")
    manager.sees("So the promise is broken, and it still goes on.")

    answer_late(house)
    house.passes(house.world.now + WEEK)
    assert house.world.rows(DEBTS) == owed
    customer.page.reload()
    customer.sees("The second charge is paid back.")
    customer.sees("%(amount)s is yours.", amount="10,00\xa0€")


def test_word_that_is_missed_twice_is_two_breaches(make_house):
    house = make_house(general(TOLD_EVERY_WEEK))
    clerk = house.sign_in(Role.CLERK, DESKTOP, "en")
    write_down(clerk, "The estate is not settled")
    clerk.page.close()
    ticket = house.world.one(NEWEST)
    first = MIDSUMMER_THURSDAY + WEEK
    house.passes(first)
    house.passes(first + WEEK)
    assert [(one.breached_at, one.amount_minor) for one in house.world.rows(DEBTS)] == [
        (first, 300), (first + WEEK, 300),
    ]  # fmt: skip

    customer = house.customer_page(ticket.public_code, "en")
    sorry = customer.say("We broke our promise. We are sorry.")
    expect(customer.page.get_by_role("heading", name=sorry)).to_have_count(2)
    customer.sees("You hear from us by %(time)s.", time="Thu 9 Jul 2026, 11:59")

    manager = house.sign_in(Role.MANAGER, PHONE, "fi")
    expect(breach_rows(manager, ticket.id)).to_have_count(2)

    house.world.later(days=1)
    clerk = house.sign_in(Role.CLERK, PHONE, "fi")
    clerk.page.goto(f"/o/{house.made.slug}/staff/matters/{ticket.id}")
    expect(clerk.page.locator("#memory-title ~ dl")).to_contain_text("2 ·")
    clerk.button("Told that we are on it").click()
    clerk.sees("The customer was told that we are on it")
    house.passes(first + 2 * WEEK)
    assert len(house.world.rows(DEBTS)) == 2
