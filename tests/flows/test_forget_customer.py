"""Forgetting a customer wipes who it was and what was written, and nothing of what happened."""

import pytest

from promises.desk.models import TicketKind
from promises.flows.forget_customer import Forgotten, forget_customer
from promises.identity.actions import add_contact, find_customer, known_customer
from promises.identity.models import ContactChannel
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from tests.flows.guarantees import ANSWERED_IN_TWO_DAYS, GeneralWorld

pytestmark = pytest.mark.usefixtures("as_application")

TEXTS = "SELECT body, erased_at FROM matter_texts ORDER BY id"
ADDRESSES = "SELECT address_sealed FROM contacts ORDER BY id"
KEPT = """
SELECT (SELECT count(*) FROM service_events) AS events, (SELECT count(*) FROM breaches) AS breaches,
    (SELECT array_agg(amount_minor) FROM compensations) AS owed,
    (SELECT count(*) FROM tickets WHERE customer_id IS NOT NULL) AS tickets
"""


@pytest.fixture
def world():
    return GeneralWorld(ANSWERED_IN_TWO_DAYS)


def known(world, reference):
    with world.work() as uow:
        return known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference=reference
        )


def contact(world, customer_id=None):
    with world.work() as uow:
        return add_contact(
            uow.session, organisation_id=world.made.id, now=uow.now, locale="fi",
            channel=ContactChannel.EMAIL, address="anna@example.fi", customer_id=customer_id,
        )  # fmt: skip


def broken_complaint(world, customer_id, **words):
    ticket_id = world.open(subject="About Anna", customer_id=customer_id, **words)
    world.later(days=1)
    world.say(ticket_id, "told", text="Anna, we are on it.")
    world.later(days=9).sweep_all()
    return ticket_id


def forget(world, customer_id):
    with world.work() as uow:
        return forget_customer(uow, customer_id=customer_id)


def test_what_was_written_and_every_address_is_wiped_and_what_happened_stays(world):
    anna = known(world, "77")
    ticket_id = broken_complaint(world, anna, contact_id=contact(world))
    contact(world, anna)
    before = world.one(KEPT)
    version = world.one("SELECT version FROM tickets WHERE id = %(t)s", t=ticket_id).version
    assert before.owed == [1000]

    assert forget(world, anna) == Forgotten(tickets=1, texts=2)
    assert [(row.body, row.erased_at) for row in world.rows(TEXTS)] == [(None, world.now)] * 2
    assert [row.address_sealed for row in world.rows(ADDRESSES)] == [None, None]
    assert world.one(KEPT) == before
    after = world.one("SELECT version FROM tickets WHERE id = %(t)s", t=ticket_id).version
    assert after > version
    assert known(world, "77") != anna


def test_others_are_left_as_they_are(world):
    anna, ben = known(world, "77"), known(world, "78")
    world.open(subject="About Anna", customer_id=anna)
    world.open(subject="About Ben", customer_id=ben, contact_id=contact(world, ben))
    world.open(TicketKind.CALLBACK, subject="About nobody")
    forget(world, anna)
    assert [row.body for row in world.rows(TEXTS)] == [None, "About Ben", "About nobody"]
    assert [row.address_sealed is None for row in world.rows(ADDRESSES)] == [False]
    with world.work() as uow:
        assert find_customer(uow.session, organisation_id=world.made.id, reference="78") == ben


def test_forgetting_twice_changes_nothing_more(world):
    anna = known(world, "77")
    broken_complaint(world, anna)
    forget(world, anna)
    texts = world.rows(TEXTS)
    world.later(days=1)
    assert forget(world, anna) == Forgotten(tickets=1, texts=0)
    assert world.rows(TEXTS) == texts


def test_a_text_that_is_written_afterwards_goes_at_the_next_time(world):
    anna = known(world, "77")
    ticket_id = world.open(subject="About Anna", customer_id=anna)
    forget(world, anna)
    world.later(hours=1)
    world.say(ticket_id, "answered", text="Dear Anna")
    assert forget(world, anna) == Forgotten(tickets=1, texts=1)


def test_a_customer_who_is_not_there_is_refused_and_nothing_is_wiped(world):
    world.open(subject="About Anna", customer_id=known(world, "77"))
    with world.work() as uow, pytest.raises(NotFound):
        forget_customer(uow, customer_id=new_id())
    with world.work() as uow, pytest.raises(NotFound):
        find_customer(uow.session, organisation_id=world.made.id, reference="78")
    assert [row.body for row in world.rows(TEXTS)] == ["About Anna"]
