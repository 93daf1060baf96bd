"""Secrets of an organisation: made with it, wrapped by the service's master key, one a purpose."""

import base64
import datetime as dt
import os
import secrets
import uuid
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from promises.db.session import unit_of_work
from promises.db.sql import execute, one_or_none
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


class _Keyring:
    """The master key of this process and the organisations' keys it has opened."""

    def __init__(self) -> None:
        self.wrapping: AESGCM | None = None
        self.master: bytes | None = None
        self.opened: dict[tuple[uuid.UUID, str], bytes] = {}


_ring = _Keyring()


def configure(master: bytes) -> None:
    """Hand in the master key, once, when the process starts. Another master forgets what was
    opened with the one before."""
    if master == _ring.master:
        return
    derived = HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"lupaus wraps keys").derive(master)
    _ring.master = master
    _ring.wrapping = AESGCM(derived)
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


def _wrapping() -> AESGCM:
    if _ring.wrapping is None:
        raise RuntimeError("keys.configure(master) was not called")
    return _ring.wrapping


def _bound_to(organisation_id: uuid.UUID, purpose: Purpose) -> bytes:
    """Bound into the wrapping, so that a key moved to another row does not open there."""
    return organisation_id.bytes + purpose.value.encode()


def _wrap(organisation_id: uuid.UUID, purpose: Purpose, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _wrapping().encrypt(nonce, key, _bound_to(organisation_id, purpose))


def _unwrap(organisation_id: uuid.UUID, purpose: Purpose, wrapped: bytes) -> bytes:
    nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        return _wrapping().decrypt(nonce, body, _bound_to(organisation_id, purpose))
    except InvalidTag as error:
        raise KeyNotReadable(
            "The keys of this organisation were wrapped with another LUPAUS_SECRET_KEY."
        ) from error
