"""A manager makes the bank's promise from its template: counted in actions and in seconds."""

import pytest
from playwright.sync_api import expect

from promises.kernel.actors import Role
from tests.e2e.counted import Counted
from tests.e2e.live import DESKTOP, PHONE
from tests.factories.identity import PASSWORD
from tests.web.staff import give_password

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

MOST_ACTIONS, MOST_SECONDS = 8, 90
LOOKS = [(PHONE, "fi"), (DESKTOP, "sv")]
SENTENCES = {
    "fi": "Palvelemme sinua 15 min kuluessa, tai maksamme sinulle 10 €.",
    "sv": "Vi betjänar dig inom 15 min, annars betalar vi dig 10 €.",
}


def open_sign_in(branch, size, lang):
    person = branch.person(size, lang)
    with branch.app.app_context():
        address = give_password(branch.made, Role.MANAGER)
    person.page.goto(f"/o/{branch.made.slug}/sign-in")
    return person, address


@pytest.mark.parametrize(("size", "lang"), LOOKS)
def test_manager_publishes_the_banks_promise_in_eight_actions_and_ninety_seconds(
    make_branch, size, lang
):
    branch = make_branch()
    person, address = open_sign_in(branch, size, lang)
    manager = Counted(person)
    manager.type("email", address)
    manager.type("password", PASSWORD)
    manager.click(person.button("Sign in"))
    person.page.wait_for_url("**/staff")
    manager.click(person.link("New promise"))
    manager.click(person.button("Start with this"))
    manager.click(person.button("Look at the whole"))
    manager.click(person.button("Publish it"))
    person.sees("Published. It is on the public page now.")
    assert manager.actions <= MOST_ACTIONS
    assert manager.estimate <= MOST_SECONDS
    assert manager.seconds <= MOST_SECONDS
    found = branch.one(
        "SELECT v.terms->'limit'->>'seconds' AS seconds, v.amount_minor, v.valid_from <= now() AS"
        " in_force, d.state FROM drafts d JOIN promise_versions v ON v.id = d.version_id"
        " WHERE d.organisation_id = %(organisation_id)s"
    )
    assert (found.seconds, found.amount_minor, found.in_force, found.state) == (
        "900", 1000, True, "published",
    )  # fmt: skip
    person.link("The public page").click()
    person.page.wait_for_url("**/p/*")
    shown = person.page.locator(".promise").inner_text().replace("\xa0", " ")
    assert shown.startswith(SENTENCES[lang])


@pytest.mark.parametrize("script", [True, False])
def test_sentence_follows_each_answer_and_the_title_with_it(make_branch, script):
    branch = make_branch()
    manager = branch.sign_in(Role.MANAGER, DESKTOP, "en", script=script)
    manager.link("New promise").click()
    manager.button("Start with this").click()
    manager.page.wait_for_url("**/editor/**")
    manager.fill("limit", "20")
    manager.fill("amount", "15")
    manager.page.locator('[name="amount"]').blur()
    if not script:
        manager.button("Update the sentence").click()
    told = manager.page.locator("#told")
    expect(told).to_contain_text("Vi betjänar dig inom 20 min, annars betalar vi dig 15 €.")
    if not script:
        return
    expect(manager.page.locator('[name="title_fi"]')).to_have_value(
        "Palvelemme 20 minuutissa tai maksamme 15\xa0€"
    )
    manager.fill("limit", "0")
    manager.page.locator('[name="limit"]').blur()
    expect(told).to_contain_text("Within how long: Give a number between 1 and")
    manager.fill("limit", "25")
    manager.button("Look at the whole").click()
    manager.sees("Look at the whole before you publish")
    expect(manager.page.locator("#in-fi + div")).to_contain_text("25 min")


def test_manager_tries_a_case_over_the_weekend(make_branch):
    branch = make_branch()
    manager = branch.sign_in(Role.MANAGER, PHONE, "en")
    manager.page.goto(f"/o/{branch.made.slug}/staff/editor?q=complaint")
    manager.button("Start with this").click()
    manager.page.wait_for_url("**/editor/**")
    manager.link("Try it").click()
    manager.fill("f_arrived_at", "Fri 15:50")
    manager.button("Try it").click()
    manager.sees("Still open")
    manager.sees("If nothing more happens, it is broken then:")
    manager.page.locator('[name="f_answered_at"]').fill("Fri 16:10")
    manager.button("Try it").click()
    expect(manager.page.locator("main .tag").first).to_contain_text("Kept")
