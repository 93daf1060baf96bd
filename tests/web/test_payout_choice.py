"""A customer without a phone chooses at the desk; a second person looks at typed bank details."""

import re

import pytest

from promises.flows.decide_compensation import approve
from promises.kernel.actors import Role
from promises.payouts.rails.names import SEPA
from promises.payouts.rails.voucher import VOUCHER
from tests.flows.choosing import IBAN, OTHER_IBAN, ChoosingWorld
from tests.parts import check_page, form_fields
from tests.web.staff import give_password, post, sign_in

pytestmark = pytest.mark.usefixtures("as_application")
NAME = "Väinö Öljymäki"


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        return ChoosingWorld()


def page_of(client, world, ticket, path=""):
    with world.at(world.now):
        return client.get(f"/o/{world.made.slug}/staff/tickets/{ticket.ticket_id}{path}")


def send(client, world, ticket, **data):
    path = f"/o/{world.made.slug}/staff/tickets/{ticket.ticket_id}/pay"
    with world.at(world.now):
        return post(client, path, data)


def test_clerk_types_what_the_customer_shows_and_a_manager_approves(client, world):
    ticket = world.vouchered()
    with world.at(world.now):
        sign_in(client, world.made, Role.CLERK)
    assert "Choose how the customer is paid" in check_page(page_of(client, world, ticket)).text
    check_page(page_of(client, world, ticket, "/pay"))
    refused = send(client, world, ticket, rail=SEPA, iban="FI00", holder=NAME)
    assert refused.status_code == 422
    assert "too short" in check_page(refused).text
    assert world.payouts()[-1] == (VOUCHER, "submitted")
    assert send(client, world, ticket, rail=SEPA, iban=IBAN, holder=NAME).status_code == 303
    page = check_page(page_of(client, world, ticket)).text
    assert "The customer gave the account ending in 0785." in page
    assert "Approving the money approves this account" in page
    assert "FI21" not in page_of(client, world, ticket, "/pay").text
    debt = world.rows("SELECT id FROM compensations WHERE ticket_id = %(t)s", t=ticket.ticket_id)[0]
    with world.work(Role.MANAGER) as uow:
        assert approve(uow, compensation_ids=[debt.id], details=[world.destination().id]) == 1
    page = check_page(page_of(client, world, ticket)).text
    assert "Bank transfer, account ending in 0785." in page
    assert world.payouts()[-1] == (SEPA, "ready")


def test_details_that_came_after_the_list_are_not_approved_by_it(client, world):
    ticket = world.vouchered()
    base = f"/o/{world.made.slug}/staff/approvals"

    def listed():
        with world.at(world.now):
            sign_in(client, world.made, Role.MANAGER)
            page = check_page(client.get(base))
            html = client.get(base).text
        return page.text, re.findall(r'name="chosen" value="([^"]+)"', html), html

    def decide(verb, **data):
        with world.at(world.now):
            return post(client, f"{base}/{verb}", data, page=base)

    world.give(ticket, role=Role.CLERK, at_desk=True)
    text, marks, html = listed()
    assert len(marks) == 1 and "Bank details typed by staff" in text
    assert "account ending in 0785" in text
    whole = form_fields(html, f"{base}/approve-all")
    world.give(ticket, OTHER_IBAN, role=Role.CLERK, at_desk=True)
    assert decide("approve", chosen=marks).status_code == 409
    assert decide("approve-all", shown=whole["shown"]).status_code == 409
    assert world.destination().usable_at is None
    assert world.payouts()[-1] == (VOUCHER, "returned")
    text, marks, _ = listed()
    assert "account ending in 7466" in text and "0785" not in text
    assert decide("approve", chosen=marks).status_code == 303
    assert world.destination().usable_at is not None
    assert world.payouts()[-1] == (SEPA, "ready")


def test_clerk_notes_a_choice_that_needs_nothing_typed(client, world):
    ticket = world.vouchered()
    with world.at(world.now):
        sign_in(client, world.made, Role.CLERK)
    assert send(client, world, ticket, rail="gold").status_code == 409
    assert send(client, world, ticket, rail=VOUCHER).status_code == 303
    assert world.destination().actor_kind == "member"


def test_clerk_types_no_account_for_a_case_of_their_own(client, world):
    with world.at(world.now):
        sign_in(client, world.made, Role.CLERK)
    own = give_password(world.made, Role.CLERK)
    mine = world.vouchered(contact=own)
    answer = send(client, world, mine, rail=SEPA, iban=IBAN, holder=NAME)
    assert answer.status_code == 403
    assert "A colleague has to do it." in check_page(answer).text
    world.give(mine, "DE89 3704 0044 0532 0130 00")
    other = world.vouchered()
    answer = send(client, world, other, rail=SEPA, iban="DE89 3704 0044 0532 0130 00", holder=NAME)
    assert answer.status_code == 403
    assert world.payouts()[-1] == (VOUCHER, "submitted")
    found = world.rows(
        "SELECT 1 FROM payout_destinations WHERE ticket_id = %(t)s", t=other.ticket_id
    )
    assert found == []


def test_failed_refund_is_told_to_clerk_and_manager_in_their_own_words(client, world):
    ticket = world.vouchered(by_card=True)
    for role, words in (
        (Role.CLERK, "The customer&#39;s card is no longer in use."),
        (Role.MANAGER, "The card is lost, stolen or expired, so it takes no refund."),
    ):
        with world.at(world.now):
            sign_in(client, world.made, role)
        page = page_of(client, world, ticket)
        check_page(page)
        assert words in page.text
        assert "after a week without a choice a voucher goes out" in page.text
