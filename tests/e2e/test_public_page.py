"""Somebody without JavaScript reads how a promise is kept, follows it, and confirms."""

import pytest
from playwright.sync_api import expect

from promises.db import sql
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from tests.catalogue.ground import Ground
from tests.e2e.live import PHONE
from tests.reporting.cases import Case, Cases

pytestmark = pytest.mark.browser

ADDRESS = "lukija@example.fi"


def test_reader_without_javascript_reads_follows_and_confirms(make_branch):
    branch = make_branch()
    made = branch.made
    with branch.app.app_context(), made.work(Role.MANAGER) as uow:
        ground = Ground(
            made.id, made.slug, made.branch_id, made.branch_id, made.kind_id, None, None, None, made
        )
        cases = Cases.__new__(Cases)
        cases.uow, cases.ground, cases.promise = uow, ground, branch.promise
        cases.add(Case(local_date(uow.now, "Europe/Helsinki"), "broken", money="owed"))
    reader = branch.person(PHONE, "fi", script=False)
    weights = {}  # by address: what the browser has kept is told again, and not fetched
    reader.page.on(
        "response",
        lambda answer: weights.update({answer.url: int(answer.headers.get("content-length", 0))}),
    )
    reader.page.goto(f"/o/{made.slug}/")
    reader.page.locator("article h2 a").click()
    reader.sees("Kept in the last 30 days")
    reader.sees("What the words mean")
    expect(reader.page.locator("table.days th[scope=row]")).to_have_count(90)
    assert 0 < sum(weights.values()) < 100_000  # both pages and their sheet
    reader.link("Follow by e-mail").click()
    reader.fill("address", "ei osoite")
    reader.button("Send me the link").click()
    expect(reader.page.locator(".error-summary")).to_be_visible()
    reader.fill("address", ADDRESS)
    reader.button("Send me the link").click()
    reader.sees("Look into your mail")
    reader.page.goto(branch.link_in_letter_to(ADDRESS))
    reader.button("Yes, send me the letters").click()
    reader.sees("Your address is confirmed.")
    with branch.app.app_context(), made.work(None) as uow:
        row = sql.one(uow.session, "SELECT confirmed_at, promise_id, locale FROM subscriptions")
    assert row.confirmed_at is not None
    assert (row.promise_id, row.locale) == (branch.promise.promise_id, "fi")
