"""Customers are known by a blind index and reached by a sealed address; both can be erased."""

import threading

import pytest

from promises.identity import customers
from promises.identity.errors import AlreadyErased
from promises.identity.models import Contact, ContactChannel, Customer
from promises.kernel.errors import NotFound, Refused
from tests.factories.identity import make_organisation


@pytest.fixture
def made(as_application):
    return make_organisation()


def known(made, reference):
    with made.work() as uow:
        return customers.known_customer(
            uow.session, organisation_id=made.id, now=uow.now, reference=reference
        )


def add(made, address, channel=ContactChannel.EMAIL, customer_id=None):
    with made.work() as uow:
        return customers.add_contact(
            uow.session, organisation_id=made.id, now=uow.now, channel=channel, address=address,
            locale="fi", customer_id=customer_id,
        )  # fmt: skip


def test_a_reference_is_recognised_however_it_is_written(made):
    first = known(made, "010190-123A")
    assert known(made, " 010190 123a ") == first
    assert known(made, "010190123B") != first


def test_references_of_two_organisations_have_nothing_in_common(made):
    other = make_organisation()
    mine, yours = known(made, "12345"), known(other, "12345")
    with made.work() as uow:
        own = uow.session.get(Customer, (made.id, mine)).reference_index
    with other.work() as uow:
        assert uow.session.get(Customer, (other.id, yours)).reference_index != own
    assert mine != yours


def test_many_at_once_make_one_customer(made, as_application):
    found = []

    def work():
        with as_application.app_context():
            found.append(known(made, "same one"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("bad", ["", " - ", "a\x00b", "x" * 201])
def test_an_empty_or_unreadable_reference_is_refused(made, bad):
    with pytest.raises(Refused):
        known(made, bad)


def test_an_address_stands_sealed_and_opens_for_sending(made, server, database):
    contact_id = add(made, " Aino.Aalto@Example.fi")
    with server.connect(database=database.name) as connection:
        row = connection.execute("SELECT * FROM contacts WHERE id = %s", [contact_id]).fetchone()
    assert not any(b"aino" in bytes(value).lower() for value in row if isinstance(value, bytes))
    with made.work() as uow:
        opened = customers.open_contact(uow.session, organisation_id=made.id, contact_id=contact_id)
    assert (opened.address, opened.channel, opened.locale) == (
        "aino.aalto@example.fi", ContactChannel.EMAIL, "fi",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "stored"),
    [("+358 40 123 4567", "+358401234567"), ("00358-40-1234567", "+358401234567")],
)
def test_a_number_is_stored_in_one_form(made, given, stored):
    contact_id = add(made, given, ContactChannel.SMS)
    with made.work() as uow:
        opened = customers.open_contact(uow.session, organisation_id=made.id, contact_id=contact_id)
    assert opened.address == stored


@pytest.mark.parametrize(
    ("channel", "bad"),
    [
        (ContactChannel.EMAIL, "no address"),
        (ContactChannel.EMAIL, "a@b"),
        (ContactChannel.EMAIL, "a@b.fi\r\nBcc: c@d.fi"),
        (ContactChannel.SMS, "040 123 4567"),
        (ContactChannel.SMS, "+12"),
        (ContactChannel.SMS, "+358 call me"),
    ],
)
def test_what_is_no_address_is_refused(made, channel, bad):
    with pytest.raises(Refused):
        add(made, bad, channel)


def test_the_same_address_of_a_customer_is_stored_once(made):
    one = known(made, "1")
    assert add(made, "a@b.fi", customer_id=one) == add(made, "A@B.fi ", customer_id=one)
    assert add(made, "a@b.fi") != add(made, "a@b.fi")


def test_an_erased_contact_cannot_be_read_any_more(made):
    contact_id = add(made, "a@b.fi")
    for _ in range(2):
        with made.work() as uow:
            customers.erase_contact(
                uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
                contact_id=contact_id,
            )  # fmt: skip
    with made.work() as uow:
        row = uow.session.get(Contact, (made.id, contact_id))
        assert (row.address_sealed, row.address_index) == (None, b"")
        with pytest.raises(AlreadyErased):
            customers.open_contact(uow.session, organisation_id=made.id, contact_id=contact_id)


def test_an_erased_customer_is_a_stranger_when_coming_back(made):
    one = known(made, "77")
    contact_id = add(made, "a@b.fi", customer_id=one)
    with made.work() as uow:
        customers.erase_customer(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now, customer_id=one
        )
    assert known(made, "77") != one
    with made.work() as uow, pytest.raises(AlreadyErased):
        customers.open_contact(uow.session, organisation_id=made.id, contact_id=contact_id)


def test_contacts_of_another_organisation_do_not_exist(made):
    other = make_organisation()
    contact_id = add(other, "a@b.fi")
    with made.work() as uow:
        with pytest.raises(NotFound):
            customers.open_contact(uow.session, organisation_id=made.id, contact_id=contact_id)
        with pytest.raises(NotFound):
            customers.erase_contact(
                uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
                contact_id=contact_id,
            )  # fmt: skip
