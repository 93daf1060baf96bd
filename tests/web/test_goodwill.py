"""Goodwill on the pages: the limits, giving, deciding, the sums and the customer's page."""

import pytest

from promises.kernel.actors import Role
from tests.desk.pages import Counter
from tests.web.staff import csrf_token

pytestmark = pytest.mark.usefixtures("as_application")


def send(pages, path, page=None, **fields):
    with pages.world.at(pages.world.now):
        token = csrf_token(pages.client, pages.address(page or path))
    return pages.post(path, csrf_token=token, **fields)


@pytest.fixture
def clerk(client):
    return Counter(client)


@pytest.fixture
def manager(clerk, app):
    return Counter(app.test_client(), role=Role.MANAGER, world=clerk.world)


def test_goodwill_from_the_limits_to_the_customers_page(clerk, manager):
    world = clerk.world
    assert "Clerks give no goodwill now." in manager.get("goodwill").text
    wrong = send(
        manager, "goodwill/rule", switched_on="y", purse="5", most_gift="10", most_customer="10",
        most_unknown_day="3",
        vat_treatment="outside_scope",
    )  # fmt: skip
    assert wrong.status_code == 422
    send(
        manager, "goodwill/rule", switched_on="y", purse="50", most_gift="5", most_customer="10",
        most_unknown_day="3",
        vat_treatment="outside_scope",
    )  # fmt: skip
    ticket = world.take()
    world.log(ticket.ticket_id, "service_started")
    path = f"tickets/{ticket.ticket_id}/goodwill"
    send(clerk, path, amount="5", reason="our_mistake", words="We lost the form.")
    shown = clerk.get(f"tickets/{ticket.ticket_id}").text
    assert "Take it back" in shown and "We lost the form." in shown
    world.later(seconds=11)
    world.settle()
    with world.at(world.now):
        page = clerk.client.get(f"/o/{world.made.slug}/t/{ticket.public_code}").text
    assert "A gift from us" in page and "We lost the form." in page
    send(clerk, path, amount="7", reason="came_twice", words="Again.")
    waiting = manager.get("approvals").text
    assert "Goodwill that waits for a manager" in waiting and "Again." in waiting
    gift = world.one("SELECT id FROM goodwill_gifts WHERE state = 'waiting'").id
    send(manager, f"goodwill/{gift}/decide", "goodwill/rule", decision="approve")
    page = manager.get("goodwill").text
    assert "We made a mistake" in page and "2 gifts" in page
    (voucher,) = world.vouchers()
    assert voucher.last4 in manager.get("vouchers").text


def test_gift_is_taken_back_from_the_ticket(clerk, manager):
    send(
        manager, "goodwill/rule", switched_on="y", purse="50", most_gift="5", most_customer="10",
        most_unknown_day="3",
        vat_treatment="price_reduction",
    )  # fmt: skip
    ticket = clerk.world.take()
    clerk.world.log(ticket.ticket_id, "service_started")
    path = f"tickets/{ticket.ticket_id}/goodwill"
    send(clerk, path, amount="5", reason="other", words="Because.")
    gift = clerk.world.one("SELECT id FROM goodwill_gifts").id
    send(clerk, f"{path}/{gift}/take-back", f"tickets/{ticket.ticket_id}")
    assert clerk.world.one("SELECT state FROM goodwill_gifts").state == "taken_back"
    assert clerk.world.balances() == {}
