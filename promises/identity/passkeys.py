"""Passkeys: WebAuthn with the person verified on the device, found by the browser itself.

A challenge is made here, kept in the database, and answered once.
"""

import datetime as dt
import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

import webauthn
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from promises.db.sql import execute, one_or_none, rows
from promises.identity import ceremonies, checks
from promises.identity.ceremonies import Begun
from promises.identity.errors import PasskeyRefused, TooManyPasskeys
from promises.identity.factor_models import CeremonyPurpose, Passkey
from promises.kernel.ids import new_id

MOST = 10
LONGEST_ANSWER = 20_000
_CHALLENGE_BYTES = 32
_VERIFIED = UserVerificationRequirement.REQUIRED

_OF_MEMBER = """
SELECT id, credential_id, transports, name, created_at, used_at FROM passkeys
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
ORDER BY created_at
"""

_LOCK = """
SELECT id, member_id, public_key, sign_count FROM passkeys
WHERE organisation_id = %(organisation_id)s AND credential_id = %(credential_id)s
  AND ended_at IS NULL
FOR UPDATE
"""

_COUNT = """
UPDATE passkeys SET sign_count = %(sign_count)s, used_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s
"""

_END = """
UPDATE passkeys SET ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
  AND (%(id)s::uuid IS NULL OR id = %(id)s)
"""

_LOCK_MEMBER = """
SELECT email, name FROM members
WHERE organisation_id = %(organisation_id)s AND id = %(member_id)s FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys are good: the host, the origin of the pages, and a name for people."""

    host: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """`options` is for the browser's own call, as JSON; `token` names the challenge."""

    options: dict[str, Any]
    token: str


@dataclass(frozen=True, slots=True)
class OwnPasskey:
    id: uuid.UUID
    credential_id: bytes
    transports: list[str]
    name: str
    created_at: dt.datetime
    used_at: dt.datetime | None


def list_passkeys(
    session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID
) -> list[OwnPasskey]:
    params = {"organisation_id": organisation_id, "member_id": member_id}
    return [
        OwnPasskey(row.id, bytes(row.credential_id), *row[2:])
        for row in rows(session, _OF_MEMBER, params)
    ]


def begin_adding(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    session_id: uuid.UUID,
    site: Site,
) -> Challenge:
    """Raises TooManyPasskeys."""
    known = list_passkeys(session, organisation_id=organisation_id, member_id=member_id)
    if len(known) >= MOST:
        raise TooManyPasskeys(most=MOST)
    params = {"organisation_id": organisation_id, "member_id": member_id}
    member = rows(session, _LOCK_MEMBER, params)[0]
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=_handle(organisation_id, member_id),
        user_name=member.email,
        user_display_name=member.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=_descriptors(known),
    )
    token = ceremonies.begin(
        session,
        organisation_id=organisation_id,
        now=now,
        purpose=CeremonyPurpose.PASSKEY_ADD,
        member_id=member_id,
        session_id=session_id,
        challenge=challenge,
    )
    return Challenge(json.loads(options_to_json(options)), token)


def add(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    begun: Begun,
    answer: str,
    name: str,
    site: Site,
) -> uuid.UUID:
    """Take a passkey into use; its id. `begun` was taken before, in a transaction that counted.
    Raises PasskeyRefused, TooManyPasskeys, Refused for the name."""
    checks.refuse(checks.name("name", name))
    member_id = begun.member_id
    if member_id is None:
        raise PasskeyRefused()
    document = _document(answer)
    try:
        verified = webauthn.verify_registration_response(
            credential=document,
            expected_challenge=begun.challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise PasskeyRefused() from error
    rows(session, _LOCK_MEMBER, {"organisation_id": organisation_id, "member_id": member_id})
    known = list_passkeys(session, organisation_id=organisation_id, member_id=member_id)
    if len(known) >= MOST:
        raise TooManyPasskeys(most=MOST)
    lookup = {"organisation_id": organisation_id, "credential_id": verified.credential_id}
    if one_or_none(session, _LOCK, lookup) is not None:
        raise PasskeyRefused()
    row = Passkey(
        organisation_id=organisation_id,
        id=new_id(),
        member_id=member_id,
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=_transports(document),
        name=name.strip(),
        created_at=now,
        used_at=None,
        ended_at=None,
    )
    session.add(row)
    session.flush()
    return row.id


def begin_asking(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    site: Site,
    member_id: uuid.UUID | None = None,
    session_id: uuid.UUID | None = None,
) -> Challenge:
    """For a sign-in nobody is named: the browser offers what it holds, and learns nothing of who
    is a member here. To confirm, the member's own passkeys are named."""
    known: list[OwnPasskey] = []
    if member_id is not None:
        known = list_passkeys(session, organisation_id=organisation_id, member_id=member_id)
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        allow_credentials=_descriptors(known),
        user_verification=_VERIFIED,
    )
    confirms = member_id is not None
    token = ceremonies.begin(
        session,
        organisation_id=organisation_id,
        now=now,
        purpose=CeremonyPurpose.PASSKEY_CONFIRM if confirms else CeremonyPurpose.PASSKEY_SIGN_IN,
        member_id=member_id,
        session_id=session_id,
        challenge=challenge,
    )
    return Challenge(json.loads(options_to_json(options)), token)


def accept(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    begun: Begun,
    answer: str,
    site: Site,
) -> uuid.UUID:
    """Whose passkey signed the challenge; its counter goes on. Raises PasskeyRefused."""
    document = _document(answer)
    try:
        credential_id = base64url_to_bytes(str(document.get("rawId")))
        lookup = {"organisation_id": organisation_id, "credential_id": credential_id}
        found = one_or_none(session, _LOCK, lookup)
        if found is None or begun.member_id not in (None, found.member_id):
            raise PasskeyRefused()
        verified = webauthn.verify_authentication_response(
            credential=document,
            expected_challenge=begun.challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=bytes(found.public_key),
            credential_current_sign_count=found.sign_count,
            require_user_verification=True,
        )
        _check_handle(document, organisation_id, found.member_id)
    except (WebAuthnException, ValueError) as error:
        raise PasskeyRefused() from error
    used = {"organisation_id": organisation_id, "id": found.id, "now": now}
    execute(session, _COUNT, used | {"sign_count": verified.new_sign_count})
    member_id: uuid.UUID = found.member_id
    return member_id


def end(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    passkey_id: uuid.UUID | None = None,
) -> int:
    """End one passkey of the member, or all; how many there were."""
    params = {"organisation_id": organisation_id, "member_id": member_id, "now": now}
    return execute(session, _END, params | {"id": passkey_id})


def _handle(organisation_id: uuid.UUID, member_id: uuid.UUID) -> bytes:
    """Who the passkey is for, as its device keeps it: ids alone, no name."""
    return organisation_id.bytes + member_id.bytes


def _check_handle(
    document: dict[str, Any], organisation_id: uuid.UUID, member_id: uuid.UUID
) -> None:
    """Where the device names somebody, it has to be the member whose passkey it is."""
    told = document["response"].get("userHandle")
    if told and base64url_to_bytes(told) != _handle(organisation_id, member_id):
        raise PasskeyRefused()


def _document(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise PasskeyRefused()
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused() from error
    if not isinstance(document, dict):
        raise PasskeyRefused()
    return document


def _transports(document: dict[str, Any]) -> list[str]:
    """By which ways the device can be reached: a hint for the browser, nothing is decided by it."""
    told = document["response"].get("transports")
    known = {one.value for one in AuthenticatorTransport}
    return [one for one in told if one in known] if isinstance(told, list) else []


def _descriptors(known: list[OwnPasskey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id,
            transports=[AuthenticatorTransport(way) for way in one.transports] or None,
        )
        for one in known
    ]
