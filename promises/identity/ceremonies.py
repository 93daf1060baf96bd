"""What somebody is in the middle of, kept here until the answer comes: once, for some minutes."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none
from promises.identity import tokens
from promises.identity.errors import CeremonyOver
from promises.identity.factor_models import Ceremony, CeremonyPurpose
from promises.kernel.ids import new_id

LASTS = dt.timedelta(minutes=10)
_FORGOTTEN_AFTER = dt.timedelta(days=1)

_LOOK = """
SELECT member_id, challenge FROM factor_ceremonies
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s
  AND purpose = %(purpose)s AND session_id IS NOT DISTINCT FROM %(session_id)s::uuid
  AND used_at IS NULL AND expires_at > %(now)s
"""

_TAKE = """
UPDATE factor_ceremonies SET used_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s
  AND purpose = %(purpose)s AND session_id IS NOT DISTINCT FROM %(session_id)s::uuid
  AND used_at IS NULL AND expires_at > %(now)s
RETURNING member_id, challenge
"""

_FORGET = """
DELETE FROM factor_ceremonies WHERE ctid IN (
    SELECT ctid FROM factor_ceremonies
    WHERE organisation_id = %(organisation_id)s AND expires_at < %(before)s
    LIMIT 500 FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """`member_id` is None while nobody knows who asks; `challenge` is what a passkey signs."""

    member_id: uuid.UUID | None
    challenge: bytes = field(repr=False)


def begin(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: CeremonyPurpose,
    member_id: uuid.UUID | None = None,
    session_id: uuid.UUID | None = None,
    challenge: bytes = b"",
) -> str:
    """The token by which the answer names it. What nobody answered within a day is forgotten."""
    token = tokens.new_secret(organisation_id)
    session.add(
        Ceremony(
            organisation_id=organisation_id,
            id=new_id(),
            purpose=purpose,
            token_mac=_mac(session, organisation_id, purpose, token),
            member_id=member_id,
            session_id=session_id,
            challenge=challenge,
            created_at=now,
            expires_at=now + LASTS,
            used_at=None,
        )
    )
    session.flush()
    before = now - _FORGOTTEN_AFTER
    execute(session, _FORGET, {"organisation_id": organisation_id, "before": before})
    return token


def look(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: CeremonyPurpose,
    token: str,
    session_id: uuid.UUID | None = None,
) -> Begun:
    """What was begun, without using it up. Raises CeremonyOver."""
    return _find(session, _LOOK, organisation_id, now, purpose, token, session_id)


def take(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: CeremonyPurpose,
    token: str,
    session_id: uuid.UUID | None = None,
) -> Begun:
    """Use it up: of two at once one succeeds, the other gets CeremonyOver."""
    return _find(session, _TAKE, organisation_id, now, purpose, token, session_id)


def _find(
    session: Session,
    statement: str,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: CeremonyPurpose,
    token: str,
    session_id: uuid.UUID | None,
) -> Begun:
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "purpose": purpose.value,
        "session_id": session_id,
        "token_mac": _mac(session, organisation_id, purpose, token),
    }
    row = one_or_none(session, statement, params)
    if row is None:
        raise CeremonyOver()
    return Begun(row.member_id, bytes(row.challenge or b""))


def _mac(
    session: Session, organisation_id: uuid.UUID, purpose: CeremonyPurpose, token: str
) -> bytes:
    return tokens.token_mac(
        session, organisation_id=organisation_id, use=f"ceremony:{purpose}", token=token
    )
