"""Keys of an organisation: stable, bound to their place, unreadable without the master."""

import pytest
from cryptography.fernet import InvalidToken

from promises.identity import keys
from promises.kernel.errors import NotFound
from tests.factories.identity import make_organisation


@pytest.fixture
def made(as_application):
    return make_organisation()


def key(made, purpose):
    with made.work() as uow:
        return keys.organisation_key(uow.session, organisation_id=made.id, purpose=purpose)


@pytest.fixture
def cold():
    """Nothing remembered in the process before and after."""
    kept, keys._ring.opened = keys._ring.opened, {}
    yield
    keys._ring.opened = kept


def test_each_purpose_has_a_key_of_its_own_that_stays(made):
    first = {purpose: key(made, purpose) for purpose in keys.Purpose}
    assert len(set(first.values())) == len(keys.Purpose)
    assert all(len(one) == 32 for one in first.values())
    keys._ring.opened.clear()
    assert {purpose: key(made, purpose) for purpose in keys.Purpose} == first


def test_two_organisations_share_no_key(made):
    other = make_organisation()
    assert key(made, "voucher") != key(other, "voucher")


def test_another_organisations_key_cannot_be_read(made, cold):
    other = make_organisation()
    with made.work() as uow, pytest.raises(NotFound):
        keys.organisation_key(uow.session, organisation_id=other.id, purpose="voucher")


def test_keys_stand_wrapped_in_the_database(made, server, database, cold):
    plain = key(made, "voucher")
    with server.connect(database=database.name) as connection:
        stored = connection.execute(
            "SELECT wrapped FROM organisation_keys WHERE organisation_id = %s", [made.id]
        ).fetchall()
    assert all(plain not in bytes(row[0]) for row in stored)


def test_a_key_moved_to_another_purpose_does_not_open(made, server, database, cold):
    with server.connect(database=database.name) as connection:
        connection.execute(
            "UPDATE organisation_keys k SET wrapped = o.wrapped FROM organisation_keys o "
            "WHERE k.organisation_id = %s AND o.organisation_id = k.organisation_id "
            "AND k.purpose = 'voucher' AND o.purpose = 'contact'",
            [made.id],
        )
    with pytest.raises(keys.KeyNotReadable):
        key(made, "voucher")


def test_another_master_key_opens_nothing_and_says_so(made, database, cold):
    keys.configure(b"another master key of thirty-two bytes")
    try:
        with pytest.raises(keys.KeyNotReadable, match="LUPAUS_SECRET_KEY"):
            key(made, "voucher")
    finally:
        keys.configure(database.config.secret_key)


def test_sealed_text_opens_with_its_key_only(made):
    sealed = keys.seal(key(made, "contact"), "Äiti +358 40 123")
    assert keys.unseal(key(made, "contact"), sealed) == "Äiti +358 40 123"
    assert sealed != keys.seal(key(made, "contact"), "Äiti +358 40 123")
    with pytest.raises(InvalidToken):
        keys.unseal(key(made, "voucher"), sealed)
