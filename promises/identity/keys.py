"""Secrets of an organisation: made with it, wrapped by the service's master key, one a purpose."""

import base64
import datetime as dt
import os
import secrets
import uuid
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from promises.db.session import unit_of_work
from promises.db.sql import execute, one_or_none, rows
from promises.kernel.actors import SYSTEM
from promises.kernel.errors import NotFound

_NONCE_BYTES = 12
_KEY_BYTES = 32

_FIND = """
SELECT wrapped FROM organisation_keys
WHERE organisation_id = %(organisation_id)s AND purpose = %(purpose)s
"""

_STORE = """
INSERT INTO organisation_keys (organisation_id, purpose, wrapped, created_at)
VALUES (%(organisation_id)s, %(purpose)s, %(wrapped)s, %(now)s)
ON CONFLICT (organisation_id, purpose) DO NOTHING
"""

_STORE_LATE = """
INSERT INTO organisation_keys (organisation_id, purpose, wrapped, created_at)
SELECT o.organisation_id, %(purpose)s, %(wrapped)s, clock_timestamp() FROM organisations o
WHERE o.organisation_id = %(organisation_id)s
ON CONFLICT (organisation_id, purpose) DO NOTHING
"""

_ALL = """
SELECT purpose, wrapped FROM organisation_keys WHERE organisation_id = %(organisation_id)s
ORDER BY purpose
"""

# Nothing where another has wrapped it anew meanwhile.
_REWRAP = """
UPDATE organisation_keys SET wrapped = %(fresh)s
WHERE organisation_id = %(organisation_id)s AND purpose = %(purpose)s AND wrapped = %(wrapped)s
"""


class Purpose(StrEnum):
    """What a key is for. One key never serves two purposes."""

    VOUCHER = "voucher"
    CUSTOMER_INDEX = "customer_index"
    CONTACT = "contact"
    TOKEN = "token"  # noqa: S105  what a key is for
    RAIL = "rail"  # keys of providers
    BANK = "bank"  # where customers get their money
    FACTOR = "factor"  # second steps of members


class KeyNotReadable(RuntimeError):
    """A wrapped key does not open: the master key is another one than when it was wrapped."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """By which master the keys of an organisation are wrapped: that of new ones, the other that is
    configured, or one that this process does not have."""

    current: int = 0
    other: int = 0
    unreadable: int = 0

    def __add__(self, more: "Wrapped") -> "Wrapped":
        return Wrapped(
            self.current + more.current,
            self.other + more.other,
            self.unreadable + more.unreadable,
        )


class _Keyring:
    """The master keys of this process, the one that wraps first, and the organisations' keys it
    has opened."""

    def __init__(self) -> None:
        self.wrappings: list[AESGCM] = []
        self.masters: tuple[bytes, ...] = ()
        self.opened: dict[tuple[uuid.UUID, str], bytes] = {}


_ring = _Keyring()


def configure(master: bytes, other: bytes | None = None) -> None:
    """Hand in the master key, once, when the process starts. What `other` wrapped opens as well;
    nothing is wrapped with it. Other masters forget what was opened with those before."""
    masters = (master,) if other is None else (master, other)
    if masters == _ring.masters:
        return
    _ring.masters = masters
    _ring.wrappings = [
        AESGCM(HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"lupaus wraps keys").derive(one))
        for one in masters
    ]
    _ring.opened = {}


def make_keys(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> None:
    """Give a new organisation a key for every purpose. Safe to repeat; replaces none."""
    for purpose in Purpose:
        fresh = secrets.token_bytes(_KEY_BYTES)
        wrapped = _wrap(organisation_id, purpose, fresh)
        params = {"organisation_id": organisation_id, "purpose": purpose.value}
        execute(session, _STORE, params | {"wrapped": wrapped, "now": now})


def organisation_key(session: Session, *, organisation_id: uuid.UUID, purpose: str) -> bytes:
    """32 bytes, the same for ever; kept in the process after the first read. An organisation that
    is older than a purpose gets the key when it is first asked for.

    Raises NotFound where there is no such organisation in this transaction.
    """
    name = Purpose(purpose)
    known = _ring.opened.get((organisation_id, name))
    if known is not None:
        return known
    params = {"organisation_id": organisation_id, "purpose": name.value}
    row = one_or_none(session, _FIND, params) or _made_late(session, organisation_id, name)
    opened = _unwrap(organisation_id, name, bytes(row.wrapped))
    _ring.opened[organisation_id, name] = opened
    return opened


def _made_late(session: Session, organisation_id: uuid.UUID, purpose: Purpose) -> Any:
    """Two at once agree on one key."""
    wrapped = _wrap(organisation_id, purpose, secrets.token_bytes(_KEY_BYTES))
    params = {"organisation_id": organisation_id, "purpose": purpose.value, "wrapped": wrapped}
    execute(session, _STORE_LATE, params)
    row = one_or_none(session, _FIND, params)
    if row is None:
        raise NotFound(organisation_id=str(organisation_id))
    return row


def known_key(organisation_id: uuid.UUID, purpose: Purpose) -> bytes:
    """The same where no transaction is open yet: the first read in this process opens its own.

    Raises NotFound where there is no such organisation.
    """
    known = _ring.opened.get((organisation_id, purpose))
    if known is not None:
        return known
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return organisation_key(uow.session, organisation_id=organisation_id, purpose=purpose)


def seal(key: bytes, text: str) -> bytes:
    """Encrypt and authenticate; each call gives another result."""
    return Fernet(base64.urlsafe_b64encode(key)).encrypt(text.encode())


def unseal(key: bytes, sealed: bytes) -> str:
    """Raises cryptography.fernet.InvalidToken where the key or the bytes are not the right ones."""
    return Fernet(base64.urlsafe_b64encode(key)).decrypt(bytes(sealed)).decode()


def look_at_keys(session: Session, *, organisation_id: uuid.UUID) -> Wrapped:
    """By which masters this organisation's keys are wrapped: each is opened, none is believed."""
    found = Wrapped()
    for row in rows(session, _ALL, {"organisation_id": organisation_id}):
        place = _opened_by(organisation_id, Purpose(row.purpose), bytes(row.wrapped))
        found += Wrapped(int(place == 0), int(place > 0), int(place < 0))
    return found


def rewrap_keys(session: Session, *, organisation_id: uuid.UUID) -> int:
    """Wrap with the master what only the other one opens; how many. The keys stay the same, so
    all that they sealed, and every blind index, stays as it is. Safe to repeat and beside
    anybody; what no master opens is left."""
    done = 0
    for row in rows(session, _ALL, {"organisation_id": organisation_id}):
        purpose, wrapped = Purpose(row.purpose), bytes(row.wrapped)
        if _opened_by(organisation_id, purpose, wrapped) <= 0:
            continue
        fresh = _wrap(organisation_id, purpose, _unwrap(organisation_id, purpose, wrapped))
        params = {"organisation_id": organisation_id, "purpose": row.purpose}
        done += execute(session, _REWRAP, params | {"wrapped": wrapped, "fresh": fresh})
    return done


def _wrappings() -> list[AESGCM]:
    if not _ring.wrappings:
        raise RuntimeError("keys.configure(master) was not called")
    return _ring.wrappings


def _bound_to(organisation_id: uuid.UUID, purpose: Purpose) -> bytes:
    """Bound into the wrapping, so that a key moved to another row does not open there."""
    return organisation_id.bytes + purpose.value.encode()


def _wrap(organisation_id: uuid.UUID, purpose: Purpose, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _wrappings()[0].encrypt(nonce, key, _bound_to(organisation_id, purpose))


def _unwrap(organisation_id: uuid.UUID, purpose: Purpose, wrapped: bytes) -> bytes:
    place = _opened_by(organisation_id, purpose, wrapped)
    if place < 0:
        raise KeyNotReadable(
            "The keys of this organisation were wrapped with another LUPAUS_SECRET_KEY."
        )
    nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    return _wrappings()[place].decrypt(nonce, body, _bound_to(organisation_id, purpose))


def _opened_by(organisation_id: uuid.UUID, purpose: Purpose, wrapped: bytes) -> int:
    """The place of the master that opens it, -1 for none."""
    nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    for place, wrapping in enumerate(_wrappings()):
        with suppress(InvalidTag):
            wrapping.decrypt(nonce, body, _bound_to(organisation_id, purpose))
            return place
    return -1
