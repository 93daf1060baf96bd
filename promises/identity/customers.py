"""Customers: known by a blind index, reached by a sealed contact, erasable."""

import datetime as dt
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none
from promises.identity import checks, keys
from promises.identity.changes import note
from promises.identity.errors import AlreadyErased
from promises.identity.models import Contact, ContactChannel, Customer
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem, NotFound, Refused
from promises.kernel.ids import mac, new_id
from promises.kernel.text import N_

LONGEST_REFERENCE = 200

_SEPARATORS = frozenset(" \t\u00a0\u202f-–—./()")

_KNOWN = """
INSERT INTO customers (organisation_id, id, reference_index, created_at)
VALUES (%(organisation_id)s, %(id)s, %(reference_index)s, %(now)s)
ON CONFLICT (organisation_id, reference_index) DO NOTHING
RETURNING id
"""

_FIND = """
SELECT id FROM customers
WHERE organisation_id = %(organisation_id)s AND reference_index = %(reference_index)s
"""

_KNOWN_ALL = """
INSERT INTO customers (organisation_id, id, reference_index, created_at)
SELECT %(organisation_id)s, k.id, k.reference_index, %(now)s
FROM unnest(%(ids)s::uuid[], %(indexes)s::bytea[]) AS k (id, reference_index)
ON CONFLICT (organisation_id, reference_index) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class OpenContact:
    """A contact with its address readable: for sending only, never for a list."""

    id: uuid.UUID
    channel: ContactChannel
    address: str
    locale: str


def known_customer(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, reference: str
) -> uuid.UUID:
    """The id of the customer with that reference (a customer number, say), made at first sight.

    Only an HMAC of the normalised reference is stored. Safe against two at once.
    """
    params = {
        "organisation_id": organisation_id,
        "reference_index": reference_index(
            session, organisation_id=organisation_id, reference=reference
        ),
    }
    found = one_or_none(session, _FIND, params)
    if found is None:
        made = one_or_none(session, _KNOWN, params | {"id": new_id(), "now": now})
        found = made or one_or_none(session, _FIND, params)
    if found is None:  # written by another, but not yet to be seen: never at read committed
        raise NotFound()
    customer_id: uuid.UUID = found.id
    return customer_id


def find_customer(session: Session, *, organisation_id: uuid.UUID, reference: str) -> uuid.UUID:
    """The id of the customer who is known by that reference. Raises NotFound, Refused."""
    index = reference_index(session, organisation_id=organisation_id, reference=reference)
    params = {"organisation_id": organisation_id, "reference_index": index}
    found = one_or_none(session, _FIND, params)
    if found is None:
        raise NotFound()
    customer_id: uuid.UUID = found.id
    return customer_id


def known_customers(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, indexes: Sequence[bytes]
) -> None:
    """Make those customers of these blind indexes (see `reference_index`) that are not here yet,
    in one statement."""
    ordered = sorted(set(indexes))  # two at once take the rows in one order
    params = {"organisation_id": organisation_id, "now": now, "indexes": ordered}
    execute(session, _KNOWN_ALL, params | {"ids": [new_id() for _ in ordered]})


def reference_index(session: Session, *, organisation_id: uuid.UUID, reference: str) -> bytes:
    """The blind index of a reference: blanks and punctuation aside, case aside. Raises Refused."""
    text = unicodedata.normalize("NFKC", reference).casefold()
    plain = "".join(sign for sign in text if sign not in _SEPARATORS)
    if not plain or len(reference) > LONGEST_REFERENCE or not plain.isprintable():
        message = N_("Give a reference of at most %(most)s characters.")
        raise Refused([FieldProblem("reference", message, {"most": LONGEST_REFERENCE})])
    key = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.CUSTOMER_INDEX
    )
    return mac(key, f"reference:{plain}")


def contact_index(
    session: Session, *, organisation_id: uuid.UUID, channel: ContactChannel, address: str
) -> bytes:
    """The blind index of an address, the same for every contact with it. Raises Refused."""
    key = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.CONTACT
    )
    return mac(key, f"{channel}:{_clean_address(channel, address)}")


def add_contact(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    channel: ContactChannel,
    address: str,
    locale: str,
    customer_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Store an address that a customer gave; the id of its row. Raises Refused.

    The same address for the same customer in the same language is stored once; without a customer
    every giving is its own, so that one ticket tells nothing about another.
    """
    clean = _clean_address(channel, address)
    key = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.CONTACT
    )
    index = mac(key, f"{channel}:{clean}")
    if customer_id is not None:
        same = select(Contact.id).where(
            Contact.organisation_id == organisation_id,
            Contact.address_index == index,
            Contact.customer_id == customer_id,
            Contact.locale == locale,
            Contact.erased_at.is_(None),
        )
        known = session.scalars(same.limit(1)).first()
        if known is not None:
            return known
    row = Contact(
        organisation_id=organisation_id,
        id=new_id(),
        customer_id=customer_id,
        channel=channel,
        address_sealed=keys.seal(key, clean),
        address_index=index,
        locale=locale,
        created_at=now,
        erased_at=None,
    )
    session.add(row)
    session.flush()
    return row.id


def open_contact(
    session: Session, *, organisation_id: uuid.UUID, contact_id: uuid.UUID
) -> OpenContact:
    """Raises NotFound, and AlreadyErased when the customer took it back."""
    row = session.get(Contact, (organisation_id, contact_id))
    if row is None:
        raise NotFound(contact_id=str(contact_id))
    if row.address_sealed is None:
        raise AlreadyErased()
    key = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.CONTACT
    )
    address = keys.unseal(key, row.address_sealed)
    return OpenContact(row.id, ContactChannel(row.channel), address, row.locale)


def erase_contact(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    contact_id: uuid.UUID,
) -> None:
    """Wipe the address; what referred to it stays. Safe to repeat."""
    row = session.get(Contact, (organisation_id, contact_id))
    if row is None:
        raise NotFound(contact_id=str(contact_id))
    if row.erased_at is None:
        row.address_sealed, row.address_index, row.erased_at = None, b"", now
        note(session, row, actor, now, "contact_erased")


def erase_contacts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    contact_ids: Sequence[uuid.UUID],
) -> int:
    """Wipe addresses whose time is over; no one's act, so nothing for the audit trail. Safe to
    repeat."""
    return execute(
        session,
        "UPDATE contacts SET address_sealed = NULL, address_index = '', erased_at = %(now)s "
        "WHERE organisation_id = %(organisation_id)s AND id = ANY (%(ids)s) AND erased_at IS NULL",
        {"organisation_id": organisation_id, "ids": list(contact_ids), "now": now},
    )


def erase_customer(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    customer_id: uuid.UUID,
) -> None:
    """Forget who it was: the blind index and all contacts go, the pseudonymous id and what was
    paid to it stay. Safe to repeat."""
    row = session.get(Customer, (organisation_id, customer_id))
    if row is None:
        raise NotFound(customer_id=str(customer_id))
    if row.erased_at is not None:
        return
    row.reference_index, row.erased_at = None, now
    execute(
        session,
        "UPDATE contacts SET address_sealed = NULL, address_index = '', erased_at = %(now)s "
        "WHERE organisation_id = %(organisation_id)s AND customer_id = %(customer_id)s "
        "AND erased_at IS NULL",
        {"organisation_id": organisation_id, "customer_id": customer_id, "now": now},
    )
    note(session, row, actor, now, "customer_erased")


def _clean_address(channel: ContactChannel, address: str) -> str:
    if channel is ContactChannel.EMAIL:
        clean = checks.normalise_email(address)
        checks.refuse(checks.email("address", clean))
        return clean
    digits = "".join(sign for sign in address if sign not in _SEPARATORS)
    number = f"+{digits[2:]}" if digits.startswith("00") else digits
    if not (number.startswith("+") and number[1:].isascii() and number[1:].isdigit()) or not (
        8 <= len(number) <= 16
    ):
        message = N_("Give a mobile number with its country code, such as +358 40 123 4567.")
        raise Refused([FieldProblem("address", message)])
    return number
