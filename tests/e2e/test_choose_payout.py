"""A customer has the money sent to a bank account: on a phone, with JavaScript and without."""

import pytest

from promises.payouts.rails.names import SEPA
from promises.payouts.rails.voucher import VOUCHER
from tests.e2e.counted import Counted
from tests.e2e.live import PHONE
from tests.flows.choosing import IBAN, ChoosingWorld

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

MOST_ACTIONS = 3
DETAILS = 2  # the account and its holder


@pytest.mark.parametrize(("script", "lang"), [(True, "fi"), (False, "sv")])
def test_customer_gets_a_transfer_in_three_actions_and_the_details(make_house, script, lang):
    world = ChoosingWorld()
    house = make_house(world)
    ticket = world.vouchered(contact="vaino@example.fi")
    customer = house.person(PHONE, lang, script=script)
    page = f"/o/{world.made.slug}/t/{ticket.public_code}"
    customer.page.goto(page)
    steps = Counted(customer)
    steps.click(customer.link("Choose how you get it"))
    steps.type("iban", IBAN)
    steps.type("holder", "Väinö Öljymäki")
    steps.click(customer.button("Pay to this account"))
    customer.sees("We sent you a link. Open it and confirm that this is your account.")
    assert world.payouts() == [(VOUCHER, "submitted")]

    customer.page.goto(f"{page}/pay/confirm/{world.token()}")
    steps.click(customer.button("Yes, this is my account"))
    customer.sees("Thank you. The money goes to your account.")
    customer.sees("It goes with the next file to the bank.")
    assert steps.actions == MOST_ACTIONS + DETAILS
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]
    assert "1234" not in customer.page.content()
    customer.page.locator("summary", has_text=customer.say("What happened to the money")).click()
    customer.sees("Voucher given up for another way")
