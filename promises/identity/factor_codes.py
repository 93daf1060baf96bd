"""Codes of an app (RFC 6238, half a minute each), and codes on paper for a lost phone."""

import datetime as dt
import secrets
import uuid

import pyotp
from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none, rows
from promises.identity import keys
from promises.identity.factor_models import AuthenticatorApp
from promises.kernel.ids import crockford, group_code, mac, new_id, normalise_code

STEP_SECONDS = 30
DIGITS = 6
RECOVERY_CODES = 10
_DRIFT = 1
"""How many steps the clock of a phone may be wrong, either way."""
_RECOVERY_BYTES = 10

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_APP = """
SELECT secret_sealed FROM authenticator_apps
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
"""

# The key keeps a step from being accepted twice; an older one than the last is not accepted either.
_ACCEPT = """
INSERT INTO accepted_steps (organisation_id, member_id, step, accepted_at)
SELECT %(organisation_id)s, %(member_id)s, %(step)s, %(now)s
WHERE NOT EXISTS (
    SELECT 1 FROM accepted_steps
    WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s
      AND step >= %(step)s
)
ON CONFLICT (organisation_id, member_id, step) DO NOTHING
"""

_LOCK_MEMBER = """
SELECT id FROM members WHERE organisation_id = %(organisation_id)s AND id = %(member_id)s
FOR NO KEY UPDATE
"""

_END_APP = """
UPDATE authenticator_apps SET ended_at = %(now)s, secret_sealed = NULL
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
"""

_END_CODES = """
UPDATE recovery_codes SET ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
"""

_NEW_CODES = """
INSERT INTO recovery_codes (organisation_id, id, member_id, code_mac, created_at)
SELECT %(organisation_id)s, new.id, %(member_id)s, new.code_mac, %(now)s
FROM unnest(%(ids)s::uuid[], %(macs)s::bytea[]) AS new(id, code_mac)
"""

_USE_CODE = """
UPDATE recovery_codes SET used_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s
  AND code_mac = %(code_mac)s AND used_at IS NULL AND ended_at IS NULL
"""


def new_secret() -> str:
    """160 bits in base32, as apps take them."""
    return pyotp.random_base32()


def app_address(secret: str, *, account: str, issuer: str) -> str:
    """What the QR code for the app says."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def set_app(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    secret: str,
    code: str,
) -> bool:
    """Take an app into use in the place of another, if its code shows that it holds the secret.

    False, and nothing is changed, where the code is not the app's of now.
    """
    common = {"organisation_id": organisation_id, "member_id": member_id, "now": now}
    rows(session, _LOCK_MEMBER, common)
    if not _accept(session, organisation_id, now, member_id, secret, code):
        return False
    execute(session, _END_APP, common)
    key = _key(session, organisation_id)
    session.add(
        AuthenticatorApp(
            organisation_id=organisation_id,
            id=new_id(),
            member_id=member_id,
            secret_sealed=keys.seal(key, secret),
            created_at=now,
            ended_at=None,
        )
    )
    session.flush()
    return True


def accept_code(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    code: str,
) -> bool:
    """Whether it is a code of the member's app that was not used yet; it is used from now on."""
    params = {"organisation_id": organisation_id, "member_id": member_id}
    app = one_or_none(session, _APP, params)
    if app is None:
        return False
    secret = keys.unseal(_key(session, organisation_id), app.secret_sealed)
    return _accept(session, organisation_id, now, member_id, secret, code)


def end_app(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, member_id: uuid.UUID
) -> bool:
    """Whether there was one."""
    params = {"organisation_id": organisation_id, "member_id": member_id, "now": now}
    return execute(session, _END_APP, params) > 0


def make_recovery_codes(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, member_id: uuid.UUID
) -> list[str]:
    """Ten fresh codes of 80 bits, as they are written down; the ones before stop working."""
    common = {"organisation_id": organisation_id, "member_id": member_id, "now": now}
    rows(session, _LOCK_MEMBER, common)
    execute(session, _END_CODES, common)
    made = [crockford(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    key = _key(session, organisation_id)
    fresh = {
        "ids": [new_id() for _ in made],
        "macs": [_code_mac(key, member_id, code) for code in made],
    }
    execute(session, _NEW_CODES, common | fresh)
    return [group_code(code) for code in made]


def use_recovery_code(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    code: str,
) -> bool:
    """Whether it is one of the member's that was not used yet; it is used from now on."""
    key = _key(session, organisation_id)
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "code_mac": _code_mac(key, member_id, normalise_code(code)),
        "now": now,
    }
    return execute(session, _USE_CODE, params) == 1


def end_recovery_codes(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, member_id: uuid.UUID
) -> int:
    params = {"organisation_id": organisation_id, "member_id": member_id, "now": now}
    return execute(session, _END_CODES, params)


def _accept(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    secret: str,
    code: str,
) -> bool:
    """All steps are compared, each in constant time: how long it takes tells nothing."""
    typed = "".join(code.split()).encode()
    present = (now - _EPOCH) // dt.timedelta(seconds=STEP_SECONDS)
    maker = pyotp.HOTP(secret, digits=DIGITS)
    matching = [
        step
        for step in range(present - _DRIFT, present + _DRIFT + 1)
        if secrets.compare_digest(maker.at(step).encode(), typed)
    ]
    common = {"organisation_id": organisation_id, "member_id": member_id, "now": now}
    return any(execute(session, _ACCEPT, common | {"step": step}) == 1 for step in matching)


def _key(session: Session, organisation_id: uuid.UUID) -> bytes:
    return keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.FACTOR
    )


def _code_mac(key: bytes, member_id: uuid.UUID, code: str) -> bytes:
    return mac(key, f"recovery:{member_id}:{code}")
