"""From customers' words to a promise that is kept better: one story, told in a real browser by a
clerk, a manager and a customer, each step within the actions and seconds that it may take."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from promises.flows.go_round import HOURLY, ROUND
from promises.kernel.actors import Role
from tests.e2e.counted import Counted
from tests.e2e.live import DESKTOP
from tests.flows.ground import World

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
JUST_LATE = dt.timedelta(minutes=10, seconds=1)
ANSWERS = """Vastausnumero;Pvm;Arvosana;Kommentti;Toimipiste
1;2.3.2026;2;Jonotin palkkapäivänä puoli tuntia;Branch 1
2;2.3.2026;3;Jono oli pitkä ja yksi tiski auki;Branch 1
3;3.3.2026;9;Ystävällinen palvelu;Branch 1
4;3.3.2026;4;Odotin liian kauan;Branch 1
5;4.3.2026;8;Kaikki sujui;Branch 1
6;4.3.2026;3;Taas pitkä jono;Branch 1
"""
PROBLEM = "On paydays people wait half an hour."
WAY = "On paydays a second counter opens when five people wait."
PUBLIC = {
    "fi": "Palkkapäivinä toinen tiski on auki.",
    "sv": "På lönedagar är en andra kassa öppen.",
    "en": "On paydays a second counter is open.",
}
DEBTS = "SELECT state, amount_minor FROM compensations"


class Bank(World):
    """Customers come and are served, days of them in a moment. What is promised at first concerns
    nobody who comes to the branch."""

    def __init__(self):
        super().__init__(ticket_kinds=("request",))

    def sweep_all(self):
        while self.sweep().done:
            pass

    def serves(self, minutes):
        """One customer is served after so many minutes of waiting; returns the ticket."""
        issued, called_at = self.take(), self.now + minutes * MINUTE
        self.now = min(called_at, self.now + JUST_LATE)
        self.staff_act()
        self.sweep_all()
        self.now = called_at
        self.call()
        self.log(issued.ticket_id, "service_started")
        self.later(minutes=2)
        self.log(issued.ticket_id, "served")
        self.later(minutes=1)
        return issued

    def day(self, *waits):
        began = self.now
        for minutes in waits:
            self.serves(minutes)
        self.now = began + DAY

    def go_round(self):
        for duty in (*ROUND, *HOURLY):
            with self.work(None) as uow:
                duty(uow)


class Told(Counted):
    """One step of the story by one person, held to its limits and printed."""

    def within(self, step, actions, seconds):
        counted = f"{self.actions} actions of {actions}, {self.estimate:.0f} s of {seconds} s"
        print(f"\n{step}: {counted}")
        assert self.actions <= actions
        assert self.estimate <= seconds
        self.actions, self.estimate = 0, 0.0


@pytest.fixture
def bank(make_house):
    world = Bank()
    for _ in range(8):
        world.day(3, 5, 8, 14, 20)
    return make_house(world)


def sign_in(house, role):
    person = house.sign_in(role, DESKTOP, "en")
    return person, Told(person)


def public_page(bank, world, path="", **query):
    """As anybody reads it at the world's present hour."""
    with world.at(world.now):
        page = bank.app.test_client().get(f"/o/{bank.made.slug}/{path}", query_string=query)
    assert page.status_code == 200
    return page.text


def headings(bank, world):
    return re.findall(r"<h2[^>]*>([^<]*)", public_page(bank, world))


def find_a_problem(bank, manager, steps, file):
    """A file of answers comes in, its words are put behind a problem; its id."""
    base = f"/o/{bank.made.slug}/staff"
    file.write_text(ANSWERS, encoding="utf-8")
    manager.page.goto(f"{base}/feedback/files")
    manager.page.locator('[name="file"]').set_input_files(file)
    steps.click(manager.button("Look at it"))
    steps.click(manager.button("Take it in"))
    manager.page.goto(f"{base}/feedback")
    first = manager.page.locator("li.card", has_text="puoli tuntia")
    steps.click(first.get_by_role("link"))
    steps.type("text", PROBLEM)
    steps.go(manager.button("It is about this problem"))
    steps.within("a problem from a file", 6, 45)
    return bank.world.one("SELECT id FROM problems WHERE text = %(t)s", t=PROBLEM).id


def propose(bank, problem_id):
    """By a clerk, with what it would have cost beside it; the proposal's id."""
    clerk, hers = sign_in(bank, Role.CLERK)
    clerk.page.goto(f"/o/{bank.made.slug}/staff/problems/{problem_id}")
    hers.click(clerk.link("Propose a promise"))
    clerk.page.wait_for_url("**/proposals/new?**")
    hers.type("limit", "10")
    hers.type("amount", "8")
    expect(clerk.page.locator("#tried")).to_contain_text("10 min")
    expect(clerk.page.locator("#tried")).to_contain_text("60%")
    hers.type("way_of_working", WAY)
    hers.click(clerk.button("Send the proposal"))
    clerk.sees("Thank you. You see here what becomes of it.")
    hers.within("a proposal", 6, 60)
    clerk.page.close()
    return bank.world.one("SELECT id FROM proposals ORDER BY id DESC LIMIT 1").id


def try_in_shadow(bank, manager, steps, page):
    """Nobody outside sees anything of it."""
    world, before = bank.world, headings(bank, bank.world)
    manager.page.goto(page)
    expect(manager.page.locator("main")).to_contain_text(PROBLEM)
    steps.click(manager.page.locator("#try > summary"))
    steps.go(manager.button("Start the shadow run"))
    steps.within("a shadow run", 8, 90)
    run = world.one("SELECT id, ends_at FROM shadow_runs")
    while world.now < run.ends_at:
        world.day(4, 6, 12) if world.now.isoweekday() <= 2 else world.later(days=1)
    world.go_round()
    figures = world.one("SELECT kept, broken FROM shadow_results")
    assert figures.kept > figures.broken > 0
    assert world.rows(DEBTS) == []
    assert headings(bank, world) == before
    manager.page.close()


def publish(bank, page):
    """With the target level that was proposed; the promise's slug."""
    world = bank.world
    manager, steps = sign_in(bank, Role.MANAGER)
    manager.page.goto(page)
    steps.type("targets-0-share", "80")
    steps.click(manager.button("Publish it"))
    manager.page.wait_for_url("**/staff/promises/*")
    steps.within("a decision", 8, 90)
    assert world.rows("SELECT id FROM commitments c WHERE state <> 'open'") == []
    manager.page.close()
    return world.one("SELECT p.slug FROM promises p ORDER BY id DESC LIMIT 1").slug


def break_and_pay(bank):
    """The customer does nothing for it."""
    world, late = bank.world, None
    for _ in range(10):
        for minutes in (4, 15):
            late = world.serves(minutes)
        world.day()
    world.settle()
    assert {tuple(one) for one in world.rows(DEBTS)} == {("released", 800)}
    customer = bank.customer_page(late.public_code, "fi")
    customer.sees("We broke our promise. We are sorry.")
    customer.page.close()


def act_on_the_cause(bank):
    """The cause is one tap, the action a few."""
    world, base = bank.world, f"/o/{bank.made.slug}/staff"
    manager, steps = sign_in(bank, Role.MANAGER)
    breach = world.one("SELECT id FROM breaches ORDER BY breached_at DESC LIMIT 1")
    manager.page.goto(f"{base}/breaches/{breach.id}")
    steps.click(manager.page.locator('button[name="cause_id"]').first)
    steps.click(manager.link("Do something about it"))
    steps.type("what", "A second counter on paydays")
    steps.choose("owner_id", str(bank.made.members[Role.CLERK]))
    steps.type("due_on", (world.now + 7 * DAY).date().isoformat())
    steps.go(manager.button("Begin"))
    steps.go(manager.button("Mark as done"))
    steps.within("an action", 7, 45)
    manager.page.close()


def tell_what_was_changed(bank, slug):
    """Its result is in the figures, and everybody may read of it."""
    world = bank.world
    world.now += DAY
    for _ in range(10):
        world.day(4, 6, 5)
    manager, steps = sign_in(bank, Role.MANAGER)
    action = world.one("SELECT id FROM improvement_actions")
    manager.page.goto(f"/o/{bank.made.slug}/staff/improvements/{action.id}")
    manager.sees("Before and after")
    for lang, text in PUBLIC.items():
        steps.type(lang, text)
    steps.go(manager.button("Show it on the public page"))
    steps.within("what was changed, told in public", 6, 90)
    assert PUBLIC["sv"] in public_page(bank, world, f"p/{slug}", lang="sv")


def look_at_ones_own(bank):
    """The proposer sees the kept-rate, with the count behind it."""
    clerk, hers = sign_in(bank, Role.CLERK)
    hers.click(clerk.page.locator("nav").get_by_role("link", name="Proposals"))
    hers.click(clerk.page.locator("main").get_by_role("link", name="My proposals"))
    hers.within("what became of a proposal", 2, 15)
    mine = clerk.page.locator("main")
    expect(mine).to_contain_text("80%")
    expect(mine).to_contain_text("50")


def test_words_of_customers_become_a_promise_that_is_kept_better(bank, tmp_path):
    manager, steps = sign_in(bank, Role.MANAGER)
    problem_id = find_a_problem(bank, manager, steps, tmp_path / "answers.csv")
    proposal_id = propose(bank, problem_id)
    page = f"/o/{bank.made.slug}/staff/proposals/{proposal_id}/decision"
    try_in_shadow(bank, manager, steps, page)
    slug = publish(bank, page)
    break_and_pay(bank)
    act_on_the_cause(bank)
    tell_what_was_changed(bank, slug)
    look_at_ones_own(bank)
