"""The customer's page, as a browser without JavaScript sees it."""

import datetime as dt

import pytest

from promises.flows import redeem_voucher
from tests.flows.ground import QUARTER, TICK, World
from tests.parts import check_page, form_fields

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return World()


def page_of(client, world, code, path="", **query):
    with world.at(world.now):
        return client.get(f"/o/{world.made.slug}/t/{code}{path}", query_string=query)


def test_waiting_customer_sees_number_place_and_promise(client, world):
    first, second = world.take(), world.take()
    page = check_page(page_of(client, world, second.public_code))
    assert second.label in page.text
    assert "1 person ahead of you" in page.text
    assert first.label not in page.text
    assert "15 min" not in page.title


@pytest.mark.parametrize(
    ("lang", "words"), [("fi", "Vuoronumero"), ("sv", "Könummer"), ("en", "Number")]
)
def test_page_speaks_the_customers_language(client, world, lang, words):
    ticket = world.take()
    assert words in check_page(page_of(client, world, ticket.public_code, lang=lang)).text


def test_page_turns_at_the_deadline_and_shows_the_voucher_once_served(client, world):
    ticket = world.take()
    world.now += QUARTER + TICK
    world.sweep()
    page = check_page(page_of(client, world, ticket.public_code))
    assert "We broke our promise" in page.text
    assert "€10.00 is yours" in page.text
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    with world.work() as uow:
        ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    page = check_page(page_of(client, world, ticket.public_code))
    assert code.replace("-", "") in page.text.replace("-", "").replace("\n", "").replace(" ", "")


def test_poll_is_not_answered_anew_until_something_changes(client, world):
    ticket = world.take()
    answer = page_of(client, world, ticket.public_code, "/live")
    with world.at(world.now):
        again = client.get(
            f"/o/{world.made.slug}/t/{ticket.public_code}/live",
            headers={"If-None-Match": answer.headers["ETag"]},
        )
    assert (again.status_code, again.data) == (304, b"")
    world.later(minutes=1).call()
    with world.at(world.now):
        changed = client.get(
            f"/o/{world.made.slug}/t/{ticket.public_code}/live",
            headers={"If-None-Match": answer.headers["ETag"]},
        )
    assert changed.status_code == 200
    assert "It is your turn" in changed.text


def test_customer_who_still_waits_disputes_the_mark_and_holds_the_money(client, world):
    ticket = world.take()
    world.now += QUARTER + TICK
    world.sweep()
    page = page_of(client, world, ticket.public_code)
    fields = form_fields(page.text, f"/o/{world.made.slug}/t/{ticket.public_code}/wrong")
    with world.at(world.now):
        answer = client.post(f"/o/{world.made.slug}/t/{ticket.public_code}/wrong", data=fields)
    assert answer.status_code == 303
    world.call()
    world.log(ticket.ticket_id, "service_started")
    assert world.compensations()[0].holds == ["dispute"]
    assert "You told us that something is wrong" in page_of(client, world, ticket.public_code).text


def test_unknown_code_gets_a_kind_page_and_no_hint(client, world):
    answer = page_of(client, world, "nosuchticketcodeatall")
    assert answer.status_code == 404
    check_page(answer)
    assert "We do not know this number" in answer.text


def test_ticket_of_another_organisation_is_not_there(client, world):
    other = World()
    ticket = other.take()
    for path in ("", "/live"):
        assert page_of(client, world, ticket.public_code, path).status_code == 404
    page = page_of(client, other, ticket.public_code)
    fields = form_fields(page.text, f"/o/{other.made.slug}/t/{ticket.public_code}/wrong")
    with world.at(world.now):
        answer = client.post(f"/o/{world.made.slug}/t/{ticket.public_code}/wrong", data=fields)
    assert answer.status_code == 404
    assert other.rows("SELECT 1 FROM service_events WHERE kind = 'disputed'") == []


def test_contact_is_kept_sealed_and_erased_on_request(client, world):
    ticket = world.take()
    base = f"/o/{world.made.slug}/t/{ticket.public_code}"
    fields = form_fields(page_of(client, world, ticket.public_code).text, f"{base}/follow")
    with world.at(world.now):
        refused = client.post(
            f"{base}/follow", data=fields | {"channel": "email", "address": "nobody at all"}
        )
        assert refused.status_code == 422
        assert "nobody at all" in refused.text
        told = client.post(
            f"{base}/follow", data=fields | {"channel": "email", "address": "anna@example.fi"}
        )
    assert told.status_code == 303
    (contact,) = world.rows("SELECT * FROM contacts")
    assert b"anna" not in bytes(contact.address_sealed)
    assert [row.kind for row in world.rows("SELECT kind FROM messages")] == ["turn_near"]
    fields = form_fields(page_of(client, world, ticket.public_code).text, f"{base}/unfollow")
    with world.at(world.now):
        client.post(f"{base}/unfollow", data=fields)
    assert world.rows("SELECT address_sealed FROM contacts")[0].address_sealed is None


def test_wait_is_only_guessed_from_enough_calls():
    from promises.reporting.wait_range import WaitRange, estimate
    from tests.flows.ground import NOON

    calls = [NOON - dt.timedelta(minutes=3 * n) for n in range(1, 11)]
    assert estimate(calls[:3], now=NOON, ahead=1) is None
    assert estimate(calls, now=NOON, ahead=1) == WaitRange(6, 7)
