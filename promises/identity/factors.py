"""What a member has beyond the password, and how it ends."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import one
from promises.identity import factor_codes, passkeys, queries
from promises.identity.changes import note
from promises.identity.errors import NotOneself
from promises.identity.sessions import end_sessions, forget_shown
from promises.kernel.actors import Actor

_STATE = """
SELECT
    (SELECT a.created_at FROM authenticator_apps a
     WHERE a.organisation_id = %(organisation_id)s AND a.member_id = %(member_id)s
       AND a.ended_at IS NULL) AS app_since,
    (SELECT count(*) FROM passkeys p
     WHERE p.organisation_id = %(organisation_id)s AND p.member_id = %(member_id)s
       AND p.ended_at IS NULL) AS passkeys,
    (SELECT count(*) FROM recovery_codes r
     WHERE r.organisation_id = %(organisation_id)s AND r.member_id = %(member_id)s
       AND r.ended_at IS NULL AND r.used_at IS NULL) AS codes_left
"""


@dataclass(frozen=True, slots=True)
class Factors:
    """`app_since` is None without an app."""

    app_since: dt.datetime | None
    passkeys: int
    codes_left: int

    @property
    def any(self) -> bool:
        """Recovery codes alone are no second step: they stand in for one that is lost."""
        return self.app_since is not None or self.passkeys > 0


def factors_of(session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID) -> Factors:
    params = {"organisation_id": organisation_id, "member_id": member_id}
    return Factors(*one(session, _STATE, params))


def end_app(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    member_id: uuid.UUID,
) -> bool:
    """Whether there was one. The last second step takes the recovery codes along, and each session
    asks for a second step again."""
    common = {"organisation_id": organisation_id, "member_id": member_id}
    ended = factor_codes.end_app(session, **common, now=now)
    if ended:
        _tidy(session, organisation_id, now, member_id)
        row = queries.member_by_id(session, **common)
        note(session, row, actor, now, "app_removed")
    return ended


def end_passkey(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    member_id: uuid.UUID,
    passkey_id: uuid.UUID,
) -> bool:
    """Whether the member had it. The last second step takes the recovery codes along, and each
    session asks for a second step again."""
    common = {"organisation_id": organisation_id, "member_id": member_id}
    ended = passkeys.end(session, **common, now=now, passkey_id=passkey_id) > 0
    if ended:
        _tidy(session, organisation_id, now, member_id)
        row = queries.member_by_id(session, **common)
        note(session, row, actor, now, "passkey_removed")
    return ended


def reset(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    member_id: uuid.UUID,
) -> bool:
    """Somebody lost what they had: every second step and every sign-in of theirs ends. Whether
    there was any. Raises NotOneself."""
    if actor.id == member_id:
        raise NotOneself()
    common = {"organisation_id": organisation_id, "member_id": member_id}
    row = queries.member_by_id(session, **common)
    had = factors_of(session, **common).any
    factor_codes.end_app(session, **common, now=now)
    passkeys.end(session, **common, now=now)
    factor_codes.end_recovery_codes(session, **common, now=now)
    ended = end_sessions(session, **common, now=now)
    note(session, row, actor, now, "second_step_reset", {"sign_ins_ended": ended})
    return had


def _tidy(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, member_id: uuid.UUID
) -> None:
    common = {"organisation_id": organisation_id, "member_id": member_id}
    forget_shown(session, **common)
    if not factors_of(session, **common).any:
        factor_codes.end_recovery_codes(session, **common, now=now)
