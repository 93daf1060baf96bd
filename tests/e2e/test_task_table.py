"""The everyday jobs of clerks, managers and customers, each within its number of actions and, where
time matters at a desk, within its seconds. A key pressed, a tap or a field filled is one action."""

import pytest
from playwright.sync_api import expect

from promises.identity.models import DeviceKind
from promises.kernel.actors import Role
from tests.e2e.counted import Counted
from tests.e2e.live import CALLED_LABEL, DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

LATE_S = 2


class Steps(Counted):
    def within(self, job, actions, seconds=None):
        """Print the job's row of the table and hold it to its limits; count the next one."""
        limit = "" if seconds is None else f", {self.estimate:.1f} s of {seconds} s"
        print(f"\n{job}: {self.actions} of {actions}{limit}")
        assert self.actions <= actions
        assert seconds is None or self.estimate <= seconds
        self.actions, self.estimate = 0, 0.0


@pytest.fixture
def branch(make_branch):
    return make_branch(seconds=LATE_S)


def issue_three_and_fail_one(clerk, steps):
    for number in ("A001", "A002", "A003"):
        steps.press("n")
        steps.press("1")
        clerk.sees("Number %(number)s was issued.", number=number)
        steps.within("issue a number", 3, 4)
    late = clerk.page.locator("#ticket-A001")
    expect(late.get_by_text(clerk.say("Broken"))).to_be_visible()
    steps.within("see whom we fail", 0)


def test_clerks_jobs_take_a_key_or_three(branch):
    clerk = branch.sign_in(Role.CLERK, DESKTOP, "en")
    clerk.page.goto(f"/o/{branch.made.slug}/staff/counter")
    steps, called = Steps(clerk), clerk.page.locator(CALLED_LABEL)
    steps.click(clerk.button("Counter %(counter)s", counter="1"))
    clerk.sees("Nobody is here.")
    steps.within("choose the counter, once a device", 1)

    issue_three_and_fail_one(clerk, steps)

    steps.press("Space")
    expect(called).to_have_text("A001")
    clerk.sees("We broke our promise to this customer. Say that we are sorry.")
    steps.within("call the next one, and know what to say", 1, 1.6)
    in_service = clerk.page.locator(".board-now").get_by_text(clerk.say("In service"))
    steps.press("s")
    expect(in_service).to_be_visible()
    steps.within("service started", 1, 1.6)
    expect(clerk.page.locator("[data-undo-until]")).to_be_visible()
    steps.press("u")
    clerk.sees("Taken back.")
    steps.within("undo", 1, 1.6)
    steps.press("s")
    expect(in_service).to_be_visible()
    steps.press("Space")
    expect(called).to_have_text("A002")
    steps.within("serve one and call the next", 2, 4)
    clerk.page.wait_for_timeout(1100)
    steps.press("x")
    clerk.sees("Nobody is here.")
    steps.within("did not come", 1, 1.6)

    steps.press("w")
    steps.press("2")
    clerk.sees("Came without a number: no promise applies.")
    steps.within("walk-in", 2, 5.3)
    steps.press("s")
    clerk.sees("Nobody is here.")
    steps.within("served", 1, 1.6)
    steps.press("Space")
    expect(called).to_have_text("A003")
    steps.press("t")
    steps.press("1")
    clerk.sees("Nobody is here.")
    steps.within("call, then pass on to another service", 3, 5)


def test_managers_look_takes_no_click_and_the_way_to_a_breach_two(branch):
    kiosk = branch.device(DeviceKind.KIOSK, (1024, 768), "en")
    kiosk.page.locator("button.kiosk-button", has_text="Kind A").click()
    kiosk.page.wait_for_url("**/kiosk/taken/*")
    kiosk.page.wait_for_timeout((LATE_S + 2) * 1000)
    manager = branch.sign_in(Role.MANAGER, DESKTOP, "en")
    steps = Steps(manager)
    expect(manager.page.locator("main")).to_contain_text("1")
    steps.within("the morning look", 0)
    steps.click(manager.page.locator("main a[data-count='1'][href*='/staff/']").first)
    steps.click(manager.page.locator("main table a[href*='/staff/tickets/']").first)
    manager.page.wait_for_url("**/staff/tickets/*")
    expect(manager.page.locator("main")).to_contain_text("A001")
    steps.within("from the overview to what happened to one customer", 2)
    manager.page.goto(f"/o/{branch.made.slug}/staff/promises/the-promise")
    steps.click(manager.page.locator("main a[href$='/insights']").first)
    expect(manager.page.locator("main svg").first).to_be_visible()
    steps.within("see whether somebody shaves times", 2)
    manager.page.goto(f"/o/{branch.made.slug}/staff/promises/the-promise")
    steps.click(manager.page.locator("main a[href$='/pauses/new'], main a[href$='/pauses']").first)
    manager.page.wait_for_url("**/pauses**")
    steps.within("begin to pause a promise", 2)


def test_customers_jobs_take_a_touch_or_none(branch):
    kiosk = branch.device(DeviceKind.KIOSK, (1024, 768), "en")
    machine = Steps(kiosk)
    machine.click(kiosk.page.locator("button.kiosk-button", has_text="Kind A"))
    kiosk.page.wait_for_url("**/kiosk/taken/*")
    machine.within("take a number", 2, 6)
    address = kiosk.page.locator(".ticket-stub .break").inner_text()
    customer = branch.person(PHONE, "en")
    customer.page.goto(address[address.index("/o/") :])
    steps = Steps(customer)
    customer.sees("We broke our promise. We are sorry.")
    called = branch.clerk_calls()
    customer.sees("It is your turn.")
    branch.clerk_starts(called.ticket_id)
    expect(customer.page.locator(".voucher-code")).to_be_visible()
    steps.within("earn it, claim it, get it", 0)
    steps.click(customer.button("This is wrong"))
    customer.sees("You told us that something is wrong.")
    steps.within("object", 2)
    customer.page.goto(f"/o/{branch.made.slug}/")
    steps.click(customer.page.locator("main a[href*='/p/']").first)
    expect(customer.page.locator(".promise")).to_be_visible()
    steps.within("read how the promise is kept, without signing in", 1)
