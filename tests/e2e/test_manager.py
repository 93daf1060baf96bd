"""The manager's job. The worker is its own process and runs the import and the payouts."""

import re

import pytest
from playwright.sync_api import expect

from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from promises.flows.take_number import take_number
from promises.kernel.actors import Role
from tests.e2e.live import DESKTOP, PHONE
from tests.web.catalogue import make_proposal

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

LOOKS = [(PHONE, "sv"), (DESKTOP, "en")]
FILE = (
    "ref,came,began\n"
    + "".join(f"r{n},2026-03-02 10:{n:02d}:00,2026-03-02 10:{n + 4:02d}:00\n" for n in range(5))
    + "odd,tomorrow,2026-03-02 10:00:00\n"
)


@pytest.mark.parametrize(("size", "lang"), LOOKS)
def test_manager_edits_and_publishes_one_proposal_and_declines_another(make_branch, size, lang):
    branch = make_branch()
    make_proposal(branch.app, branch.made, title="Loans are handled within 15 minutes")
    make_proposal(branch.app, branch.made, title="Everybody is served within 1 minute")
    manager = branch.sign_in(Role.MANAGER, size, lang)
    manager.go("Proposals")
    manager.page.get_by_role("link", name="Loans are handled").last.click()
    manager.button("Edit and publish").click()
    manager.fill("title_fi", "Lainat 12 minuutissa")
    manager.fill("title_sv", "Lån inom 12 minuter")
    manager.fill("title_en", "Loans within 12 minutes")
    manager.fill("limit", "12")
    manager.fill("amount", "15,50")
    manager.button("Look at the whole").click()
    manager.sees("Look at the whole before you publish")
    expect(manager.page.locator("#in-fi + div")).to_contain_text("12 min")
    expect(manager.page.locator("#in-en + div")).to_contain_text("€15.50")
    manager.button("Publish it").click()
    manager.sees("Published. It is on the public page now.")
    title = {"sv": "Lån inom 12 minuter", "en": "Loans within 12 minutes"}[lang]
    expect(manager.page.locator("h1")).to_have_text(title)
    manager.link("The public page").click()
    manager.page.wait_for_url("**/p/*")
    amount = {"sv": "15,50\xa0€", "en": "€15.50"}[lang]
    expect(manager.page.locator(".promise")).to_contain_text(amount)
    expect(manager.page.locator(".promise")).to_contain_text("12 min")

    manager.page.goto(f"/o/{branch.made.slug}/staff/proposals")
    manager.page.get_by_role("link", name="Everybody is served").last.click()
    manager.page.locator('a[href$="/decision"]').click()
    manager.button("Decline it").click()
    decline = manager.page.locator("#decline button")
    decline.click()
    expect(manager.page.locator("[data-error-summary]")).to_be_focused()
    manager.fill("decline_reason", "Two counters cannot do that.")
    decline.click()
    manager.sees("Declined. The proposer sees your reason.")
    clerk = branch.sign_in(Role.CLERK, size, lang)
    clerk.page.goto(f"/o/{branch.made.slug}/staff/proposals?show=mine")
    expect(clerk.page.get_by_text("Two counters cannot do that.")).to_be_visible()


@pytest.mark.parametrize(("size", "lang"), LOOKS)
def test_manager_approves_what_is_above_the_threshold_and_finds_it_in_the_ledger(
    make_branch, size, lang
):
    branch = make_branch(seconds=1, approval_threshold_minor=0)
    with branch.app.app_context(), branch.work(None) as uow:
        request = NewTicket(
            branch_id=branch.made.branch_id, service_kind_id=branch.made.kind_id,
            source=EventSource.KIOSK,
        )  # fmt: skip
        take_number(uow, request=request)
    manager = branch.sign_in(Role.MANAGER, size, lang)
    manager.page.wait_for_timeout(1500)
    branch.clerk_starts(branch.clerk_calls().ticket_id)
    manager.go("Approvals")
    manager.sees("A manager decides")
    manager.page.locator('[name="chosen"]').check()
    manager.button("Approve those chosen").click()
    manager.sees("Nothing waits here.")
    manager.go("Ledger")
    expect(manager.page.locator("table").first).to_contain_text(re.compile("10[.,]00"))
    voucher = "SELECT count(*)::int AS n FROM vouchers WHERE organisation_id = %(organisation_id)s"
    for _ in range(40):
        if branch.one(voucher).n:
            break
        manager.page.wait_for_timeout(150)
    manager.go("Vouchers")
    expect(manager.page.locator("main table tbody tr")).to_have_count(1)
    manager.sees("Issued")


@pytest.mark.parametrize(("size", "lang"), LOOKS)
def test_manager_imports_a_file_by_a_mapping_of_their_own(make_branch, size, lang):
    branch = make_branch()
    manager = branch.sign_in(Role.MANAGER, size, lang)
    manager.go("Imports")
    manager.link("Import a file").first.click()
    manager.link("Make a mapping").click()
    for name, text in {
        "name": "Old queue", "reference": "ref", "arrived": "came", "service_started": "began",
    }.items():  # fmt: skip
        manager.fill(name, text)
    manager.button("Save the mapping").click()
    manager.sees("The mapping is saved.")
    manager.page.locator('input[type="file"]').set_input_files(
        {"name": "march.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    manager.button("Look at it").click()
    manager.sees("The first rows as they are understood")
    manager.sees("Rows that would not be taken")
    found = branch.one(
        "SELECT count(*)::int AS n FROM tickets WHERE organisation_id = %(organisation_id)s"
    )
    assert found.n == 0
    manager.button("Start the import").click()
    manager.link("See the result").click(timeout=20_000)
    manager.sees("New tickets")
    expect(manager.page.locator(".stat-success .stat-value")).to_contain_text("5")
    with manager.page.expect_download() as download:
        manager.link("Download the problems").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 2 and lines[1].startswith("7,came,")
