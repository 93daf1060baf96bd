"""API keys and devices: what lets programs, kiosks and displays in."""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.session import peek
from promises.identity import checks, queries, tokens
from promises.identity.changes import note
from promises.identity.errors import CodeUnknown, LinkExpired
from promises.identity.models import ApiKey, Device, DeviceKind, Scope, TokenPurpose
from promises.identity.tokens import API_PREFIX
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.clock import process_clock
from promises.kernel.errors import FieldProblem, NotFound
from promises.kernel.ids import crockford, group_code, new_id, normalise_code
from promises.kernel.text import N_

ENROL_WITHIN = dt.timedelta(minutes=30)
KEY_SECONDS = 3.0
"""How long a process may still let in a key that another process has revoked."""
_CODE_BYTES = 10

_KEY_USE = "api_key"
_DEVICE_USE = "device"

_OPEN_KEY = """
SELECT id, name, scopes, branch_id FROM api_keys
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s
  AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > coalesce(%(now)s, clock_timestamp()))
"""

_OPEN_DEVICE = """
SELECT id, name, kind, branch_id FROM devices
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s AND revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """`branch_id` None: the whole organisation."""

    name: str
    scopes: Collection[Scope]
    branch_id: uuid.UUID | None = None
    expires_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """An API key that was shown and is in force."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    name: str
    scopes: frozenset[Scope]
    branch_id: uuid.UUID | None

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.API_KEY, self.id)


@dataclass(frozen=True, slots=True)
class EnrolledDevice:
    id: uuid.UUID
    organisation_id: uuid.UUID
    name: str
    kind: DeviceKind
    branch_id: uuid.UUID

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.DEVICE, self.id)


def issue_api_key(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    request: NewKey,
) -> tuple[uuid.UUID, str]:
    """The key's id and the key itself, which is never to be had again."""
    problems = checks.name("name", request.name, longest=80)
    if not request.scopes:
        problems.append(FieldProblem("scopes", N_("Choose what the key may do.")))
    if request.expires_at is not None and request.expires_at <= now:
        problems.append(FieldProblem("expires_at", N_("Give a time to come.")))
    checks.refuse(problems)
    if request.branch_id is not None:
        queries.branch_by_id(session, organisation_id=organisation_id, branch_id=request.branch_id)
    key = tokens.new_secret(organisation_id, prefix=API_PREFIX)
    row = ApiKey(
        organisation_id=organisation_id,
        id=new_id(),
        name=request.name,
        token_mac=tokens.token_mac(
            session, organisation_id=organisation_id, use=_KEY_USE, token=key
        ),
        last4=key[-4:],
        scopes=sorted({Scope(scope).value for scope in request.scopes}),
        branch_id=request.branch_id,
        created_by=actor.id,
        created_at=now,
        expires_at=request.expires_at,
        revoked_at=None,
    )
    session.add(row)
    note(session, row, actor, now, "api_key_issued", {"scopes": list(row.scopes)})
    return row.id, key


def revoke_api_key(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    key_id: uuid.UUID,
) -> None:
    """Works from the next request on in this process, within 3 s in the others. Safe to repeat."""
    row = session.get(ApiKey, (organisation_id, key_id))
    if row is None:
        raise NotFound(key_id=str(key_id))
    if row.revoked_at is None:
        row.revoked_at = now
        note(session, row, actor, now, "api_key_revoked")
    _lately.clear()


def key_by_token(token: str) -> OpenedKey | None:
    """The key that a program showed, if it is in force. One round trip of its own."""
    organisation_id = tokens.organisation_of(token, prefix=API_PREFIX)
    row = _opened(organisation_id, _OPEN_KEY, _KEY_USE, token)
    if row is None or organisation_id is None:
        return None
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return OpenedKey(row.id, organisation_id, row.name, scopes, row.branch_id)


_lately: dict[bytes, tuple[float, OpenedKey]] = {}
_MOST_KEYS = 1000


def key_lately_by_token(token: str) -> OpenedKey | None:
    """Like `key_by_token`, but a key that this process let in less than 3 s ago is not read again:
    a program's requests come in bursts. The tokens themselves are not kept."""
    digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
    moment = process_clock.monotonic()
    opened_at, key = _lately.get(digest, (float("-inf"), None))
    if key is not None and moment - opened_at < KEY_SECONDS:
        return key
    found = key_by_token(token)
    if len(_lately) >= _MOST_KEYS:
        _lately.clear()
    if found is None:
        _lately.pop(digest, None)
    else:
        _lately[digest] = (moment, found)
    return found


def add_device(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    kind: DeviceKind,
    name: str,
    branch_id: uuid.UUID,
) -> tuple[uuid.UUID, str]:
    """The device's id and the code that enrols it: sixteen signs, good once, for 30 minutes."""
    checks.refuse(checks.name("name", name, longest=80))
    queries.branch_by_id(session, organisation_id=organisation_id, branch_id=branch_id)
    row = Device(
        organisation_id=organisation_id,
        id=new_id(),
        kind=kind,
        name=name,
        branch_id=branch_id,
        token_mac=None,
        created_at=now,
        enrolled_at=None,
        revoked_at=None,
    )
    session.add(row)
    note(session, row, actor, now, "device_added", {"kind": kind.value})
    return row.id, _enrolment_code(session, organisation_id, now, row.id)


def renew_code(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    device_id: uuid.UUID,
) -> str:
    """A fresh code for a device that is not enrolled yet, or for the tablet that replaces it."""
    row = _device(session, organisation_id, device_id)
    if row.revoked_at is not None:
        raise NotFound(device_id=str(device_id))
    note(session, row, actor, now, "device_code_renewed")
    return _enrolment_code(session, organisation_id, now, row.id)


def enrol_device(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, code: str
) -> tuple[EnrolledDevice, str]:
    """Use up a code: the device and the token for its cookie. The device's earlier token stops
    working. Raises CodeUnknown."""
    plain = normalise_code(code)
    try:
        found = tokens.use(
            session,
            organisation_id=organisation_id,
            now=now,
            purpose=TokenPurpose.ENROL_DEVICE,
            token=plain,
        )
    except LinkExpired:
        raise CodeUnknown() from None
    if found.device_id is None:
        raise CodeUnknown()
    row = _device(session, organisation_id, found.device_id)
    if row.revoked_at is not None:
        raise CodeUnknown()
    token = tokens.new_secret(organisation_id)
    row.token_mac = tokens.token_mac(
        session, organisation_id=organisation_id, use=_DEVICE_USE, token=token
    )
    row.enrolled_at = now
    device = EnrolledDevice(row.id, organisation_id, row.name, DeviceKind(row.kind), row.branch_id)
    note(session, row, device.actor, now, "device_enrolled")
    return device, token


def revoke_device(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    device_id: uuid.UUID,
) -> None:
    """Works from the next request on. Safe to repeat."""
    row = _device(session, organisation_id, device_id)
    if row.revoked_at is None:
        row.revoked_at, row.token_mac = now, None
        note(session, row, actor, now, "device_revoked")


def device_by_token(token: str) -> EnrolledDevice | None:
    """The enrolled device that holds this token. One round trip of its own."""
    organisation_id = tokens.organisation_of(token)
    row = _opened(organisation_id, _OPEN_DEVICE, _DEVICE_USE, token)
    if row is None or organisation_id is None:
        return None
    return EnrolledDevice(row.id, organisation_id, row.name, DeviceKind(row.kind), row.branch_id)


def _opened(organisation_id: uuid.UUID | None, statement: str, use: str, token: str) -> Any:
    if organisation_id is None:
        return None
    try:
        shown = tokens.mac_to_look_up(organisation_id, use=use, token=token)
    except NotFound:  # no such organisation
        return None
    params = {"organisation_id": organisation_id, "token_mac": shown}
    found, _now = peek(organisation_id, statement, params)
    return found


def _device(session: Session, organisation_id: uuid.UUID, device_id: uuid.UUID) -> Device:
    row = session.get(Device, (organisation_id, device_id))
    if row is None:
        raise NotFound(device_id=str(device_id))
    return row


def _enrolment_code(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, device_id: uuid.UUID
) -> str:
    code = crockford(secrets.token_bytes(_CODE_BYTES))
    tokens.grant(
        session,
        organisation_id=organisation_id,
        now=now,
        purpose=TokenPurpose.ENROL_DEVICE,
        valid_for=ENROL_WITHIN,
        device_id=device_id,
        token=code,
    )
    return group_code(code)
