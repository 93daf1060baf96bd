"""A manager who knows the case decides: counted in actions, and in keystroke seconds."""

import pytest
from playwright.sync_api import expect

from promises.catalogue.proposals import ProposalDraft
from promises.flows.propose_promise import propose
from promises.kernel.actors import Role
from tests.e2e.counted import Counted
from tests.e2e.live import DESKTOP
from tests.factories.catalogue import simple_terms

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

MOST_ACTIONS, MOST_SECONDS = 8, 90


def test_manager_publishes_a_simple_proposal_and_declines_the_next_by_keys(make_branch):
    branch = make_branch()
    with branch.app.app_context(), branch.made.work(Role.CLERK) as uow:
        for minutes in (15, 20):
            draft = ProposalDraft(
                title=f"Palvelemme {minutes} minuutissa tai maksamme 10 €",
                terms=simple_terms(seconds=minutes * 60),
                way_of_working="A second counter opens on paydays when five wait.",
                problem_text="People wait half an hour on paydays.",
            )
            propose(uow, draft=draft)
    person = branch.sign_in(Role.MANAGER, DESKTOP, "en")
    person.page.goto(f"/o/{branch.made.slug}/staff/proposals")
    manager = Counted(person)
    manager.press("a")
    person.page.wait_for_url("**/decision")
    manager.type("targets-0-share", "95")
    manager.click(person.button("Publish it"))
    person.page.wait_for_url("**/promises/*")
    print(f"\ndeciding: {manager.actions} actions, {manager.estimate:.1f} s by the keystroke model")
    assert manager.actions <= MOST_ACTIONS and manager.estimate <= MOST_SECONDS
    found = branch.one(
        "SELECT target_path, terms->'limit'->>'seconds' AS seconds FROM promise_versions"
        " WHERE organisation_id = %(organisation_id)s ORDER BY id DESC LIMIT 1"
    )
    assert ([one["share"] for one in found.target_path], found.seconds) == (["0.95"], "900")

    person.page.goto(f"/o/{branch.made.slug}/staff/proposals")
    person.page.keyboard.press("d")
    person.page.wait_for_url("**/decision#decline_reason")
    expect(person.page.locator("#decline_reason")).to_be_visible()
    person.fill("decline_reason", "Two promises for one queue are one too many.")
    person.page.locator('form[action$="/decision/decline"] button').click()
    person.sees("Declined. The proposer sees your reason.")
    states = branch.one(
        "SELECT array_agg(state ORDER BY state) AS states FROM proposals"
        " WHERE organisation_id = %(organisation_id)s"
    )
    assert states.states == ["declined", "published"]
