"""Secrets that carry their organisation, so that they can be looked up before anything is known.

A token is `<prefix><organisation>.<random>`; the database holds only its MAC under the
organisation's key.
"""

import base64
import binascii
import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none
from promises.identity import keys
from promises.identity.errors import LinkExpired
from promises.identity.models import OneTimeToken, TokenPurpose
from promises.kernel.ids import mac, new_id, new_token

BITS = 160
API_PREFIX = "lup_"

_LONGEST = 120

_LOOK = """
SELECT id, member_id, device_id, expires_at FROM one_time_tokens
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s
  AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > %(now)s
"""

_USE = """
UPDATE one_time_tokens SET used_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s
  AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > %(now)s
RETURNING id, member_id, device_id, expires_at
"""

_REVOKE = """
UPDATE one_time_tokens SET used_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND purpose = %(purpose)s AND used_at IS NULL
  AND (member_id = %(member_id)s OR device_id = %(device_id)s)
"""

_REVOKE_ALL = """
UPDATE one_time_tokens SET used_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND used_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a one-time token stands for."""

    id: uuid.UUID
    member_id: uuid.UUID | None
    device_id: uuid.UUID | None
    expires_at: dt.datetime


def new_secret(organisation_id: uuid.UUID, *, prefix: str = "") -> str:
    carried = base64.urlsafe_b64encode(organisation_id.bytes).rstrip(b"=").decode()
    return f"{prefix}{carried}.{new_token(BITS)}"


def organisation_of(token: str, *, prefix: str = "") -> uuid.UUID | None:
    """The organisation that a token names; None for anything that is not of our making."""
    if not token.startswith(prefix) or len(token) > _LONGEST or not token.isascii():
        return None
    carried, separator, rest = token[len(prefix) :].partition(".")
    if not separator or not rest or len(carried) != 22:
        return None
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(carried + "=="))
    except (binascii.Error, ValueError):
        return None


def token_mac(session: Session, *, organisation_id: uuid.UUID, use: str, token: str) -> bytes:
    """What is stored and looked up. `use` keeps tokens for different things apart."""
    key = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.TOKEN
    )
    return mac(key, f"{use}:{token}")


def mac_to_look_up(organisation_id: uuid.UUID, *, use: str, token: str) -> bytes:
    """The same before any transaction is open. Raises NotFound for an organisation that is none."""
    return mac(keys.known_key(organisation_id, keys.Purpose.TOKEN), f"{use}:{token}")


def grant(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: TokenPurpose,
    valid_for: dt.timedelta,
    member_id: uuid.UUID | None = None,
    device_id: uuid.UUID | None = None,
    token: str | None = None,
) -> str:
    """A fresh one-time token; earlier ones of the same purpose and holder stop working."""
    params = {"organisation_id": organisation_id, "purpose": purpose.value, "now": now}
    execute(session, _REVOKE, params | {"member_id": member_id, "device_id": device_id})
    secret = token or new_secret(organisation_id)
    session.add(
        OneTimeToken(
            organisation_id=organisation_id,
            id=new_id(),
            purpose=purpose,
            token_mac=token_mac(
                session, organisation_id=organisation_id, use=purpose, token=secret
            ),
            member_id=member_id,
            device_id=device_id,
            created_at=now,
            expires_at=now + valid_for,
            used_at=None,
        )
    )
    session.flush()
    return secret


def look(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: TokenPurpose,
    token: str,
) -> Grant:
    """What the token stands for, without using it up. Raises LinkExpired."""
    return _find(session, _LOOK, organisation_id, now, purpose, token)


def use(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: TokenPurpose,
    token: str,
) -> Grant:
    """Use it up: of two at once one succeeds, the other gets LinkExpired."""
    return _find(session, _USE, organisation_id, now, purpose, token)


def revoke_of_member(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, member_id: uuid.UUID
) -> None:
    """No link of the member works any more."""
    params = {"organisation_id": organisation_id, "member_id": member_id, "now": now}
    execute(session, _REVOKE_ALL, params)


def _find(
    session: Session,
    statement: str,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: TokenPurpose,
    token: str,
) -> Grant:
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "purpose": purpose.value,
        "token_mac": token_mac(session, organisation_id=organisation_id, use=purpose, token=token),
    }
    row = one_or_none(session, statement, params)
    if row is None:
        raise LinkExpired()
    return Grant(*row)
