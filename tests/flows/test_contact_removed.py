"""An address that is taken off a ticket with open money gets one last letter."""

import pytest

from promises.flows.follow_ticket import follow, stop_following
from promises.flows.forget_customer import forget_customer
from promises.flows.redeem_voucher import codes_of_ticket, redeem
from promises.flows.send_messages import Post, send_due
from promises.identity.customers import known_customer
from promises.identity.models import ContactChannel
from promises.notify.channels import EmailCarrier, Mailbox
from promises.notify.models import Channel
from tests.flows.choosing import ChoosingWorld
from tests.flows.ground import QUARTER, TICK
from tests.notify.mailserver import mail_server

pytestmark = pytest.mark.usefixtures("as_application")
MAIL, OTHER = "anna@example.fi", "thief@example.org"
BASE = "https://promises.example"


@pytest.fixture
def world():
    return ChoosingWorld()


@pytest.fixture
def mailbox():
    with mail_server() as running:
        yield running


def post(world, mailbox):
    """Send what waits; the letters that arrived, by address."""
    email = EmailCarrier(Mailbox("127.0.0.1", mailbox.port, "plain"), "lupaus@bank.example", 5.0)
    mailbox.recipients.clear()
    mailbox.received.clear()
    with world.at(world.now):
        send_due(world.made.id, Post({Channel.EMAIL: email}, BASE))
    return list(
        zip(mailbox.recipients, [one.get_content() for one in mailbox.received], strict=True)
    )


def replace(world, ticket, address, locale="en"):
    with world.work(None) as uow:
        follow(
            uow,
            public_code=ticket.public_code,
            channel=ContactChannel.EMAIL,
            address=address,
            locale=locale,
        )


def take_off(world, ticket):
    with world.work(None) as uow:
        stop_following(uow, public_code=ticket.public_code)


def waiting(world):
    return world.rows(
        "SELECT * FROM messages WHERE params ->> 'what' = 'contact_removed' ORDER BY created_at, id"
    )


@pytest.mark.parametrize("instead", [None, OTHER])
def test_old_address_is_told_once_and_then_forgotten(world, mailbox, instead):
    ticket = world.vouchered(contact=MAIL)
    post(world, mailbox)
    for _ in range(2):
        take_off(world, ticket) if instead is None else replace(world, ticket, instead)
    [(address, body)] = post(world, mailbox)
    assert address == MAIL
    assert "If it was not you, tell the staff at" in body
    assert f"{BASE}/o/{world.made.slug}/t/{ticket.public_code}" in body
    assert OTHER not in body
    (message,) = waiting(world)
    assert (message.state, message.secret_sealed) == ("sent", None)
    old = world.one("SELECT * FROM contacts WHERE id = %(i)s", i=message.contact_id)
    assert (old.address_sealed, bytes(old.address_index)) == (None, b"")
    noted = world.rows("SELECT details FROM audit_records WHERE action = 'contact_removed'")
    assert MAIL not in str(noted) + str(message.params) + message.dedupe_key


def test_mistyped_address_does_not_get_the_page_of_the_money(world, mailbox):
    ticket = world.vouchered()
    world.later(minutes=1)
    replace(world, ticket, OTHER)
    replace(world, ticket, MAIL)
    [(address, body)] = post(world, mailbox)
    assert address == OTHER
    assert ticket.public_code not in body


def test_without_open_money_or_with_the_same_address_nobody_is_told(world):
    ticket = world.take()
    replace(world, ticket, MAIL)
    take_off(world, ticket)
    paid = world.vouchered(contact=MAIL)
    replace(world, paid, MAIL.upper(), locale="fi")
    with world.work() as uow:
        ((_, code),) = codes_of_ticket(uow, ticket_id=paid.ticket_id)
        redeem(uow, code=code, counter_id=None)
    take_off(world, paid)
    assert waiting(world) == []


def test_customer_who_is_forgotten_meanwhile_is_not_written_to(world, mailbox):
    with world.work(None) as uow:
        anna = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="anna"
        )
    ticket = world.take(customer_id=anna)
    replace(world, ticket, MAIL, locale="sv")
    world.now += QUARTER + TICK
    world.sweep()
    post(world, mailbox)
    take_off(world, ticket)
    (message,) = waiting(world)
    assert (message.locale, message.secret_sealed is None) == ("sv", False)
    with world.work() as uow:
        forget_customer(uow, customer_id=anna)
    assert post(world, mailbox) == []
    (message,) = waiting(world)
    assert (message.state, message.secret_sealed) == ("dropped", None)


def test_letter_that_comes_too_late_is_dropped_with_its_address(world, mailbox):
    ticket = world.vouchered(contact=MAIL)
    take_off(world, ticket)
    world.later(days=8)
    assert post(world, mailbox) == []
    (message,) = waiting(world)
    assert (message.state, message.secret_sealed) == ("dropped", None)
