"""Sign-ins of members: rows on the server, so that they end when we say so."""

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.session import peek, unit_of_work
from promises.db.sql import execute, rows
from promises.identity import tokens
from promises.identity.session_models import ShownBy, StaffSession
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from promises.kernel.errors import NotFound, NotSignedIn
from promises.kernel.ids import new_id

IDLE = dt.timedelta(minutes=30)
LONGEST = dt.timedelta(hours=12)
FRESH = dt.timedelta(minutes=5)
"""For how long after showing a second step a member may decide about money."""
SEEN_EVERY = dt.timedelta(minutes=1)
"""`seen_at` is written at most this often, so that most requests only read."""

_USE = "session"

_FIND = """
SELECT s.id AS session_id, s.organisation_id, m.id AS member_id, m.name, m.role, m.branch_id,
       m.locale, s.counter_id, c.branch_id AS counter_branch_id, s.seen_at, s.shown_by, s.shown_at
FROM staff_sessions s
JOIN members m ON m.organisation_id = s.organisation_id AND m.id = s.member_id
LEFT JOIN counters c ON c.organisation_id = s.organisation_id AND c.id = s.counter_id
    AND c.closed_at IS NULL
WHERE s.organisation_id = %(organisation_id)s AND s.token_mac = %(token_mac)s
  AND s.ended_at IS NULL AND m.state = 'active'
  AND s.expires_at > coalesce(%(now)s, clock_timestamp())
  AND s.seen_at > coalesce(%(now)s, clock_timestamp()) - %(idle)s
"""

_SEEN = """
UPDATE staff_sessions SET seen_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(session_id)s AND ended_at IS NULL
"""

# A sign-in that waits for its second step ends with the others.
_END = """
WITH half_way AS (
    UPDATE factor_ceremonies SET used_at = %(now)s
    WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND used_at IS NULL
      AND session_id IS NULL
)
UPDATE staff_sessions SET ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
  AND id IS DISTINCT FROM %(but)s
"""

_END_ONE = """
UPDATE staff_sessions SET ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(session_id)s AND ended_at IS NULL
"""

_OPEN = """
SELECT id, created_at, seen_at FROM staff_sessions
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
  AND expires_at > %(now)s AND seen_at > %(idle_since)s
ORDER BY seen_at DESC
"""

_SHOW = """
UPDATE staff_sessions SET shown_by = %(shown_by)s, shown_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(session_id)s AND ended_at IS NULL
"""

# Whoever came in by one click has shown nothing that could end.
_SHOW_AGAIN = """
UPDATE staff_sessions SET shown_at = NULL
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND ended_at IS NULL
  AND shown_by <> 'demonstration'
"""

_PICK = """
UPDATE staff_sessions s SET counter_id = %(counter_id)s
WHERE s.organisation_id = %(organisation_id)s AND s.id = %(session_id)s
  AND EXISTS (
    SELECT 1 FROM counters c
    JOIN members m ON m.organisation_id = s.organisation_id AND m.id = s.member_id
    WHERE c.organisation_id = s.organisation_id AND c.id = %(counter_id)s
      AND c.closed_at IS NULL AND (m.branch_id IS NULL OR m.branch_id = c.branch_id)
  )
"""


@dataclass(frozen=True, slots=True)
class SessionMember:
    """Who is signed in, as of this request: role and branch are read afresh every time.

    `counter_id` is the counter that was picked for this session, while it is open. `shown_by` is
    what the member has shown beyond a password, `fresh` whether within the last five minutes.
    """

    session_id: uuid.UUID
    organisation_id: uuid.UUID
    member_id: uuid.UUID
    name: str
    role: Role
    branch_id: uuid.UUID | None
    locale: str
    counter_id: uuid.UUID | None
    counter_branch_id: uuid.UUID | None
    shown_by: ShownBy | None = None
    fresh: bool = False

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.MEMBER, self.member_id, self.role)


@dataclass(frozen=True, slots=True)
class OpenSession:
    id: uuid.UUID
    created_at: dt.datetime
    seen_at: dt.datetime


def start_session(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    shown_by: ShownBy | None = None,
) -> str:
    """A new sign-in of a member who has shown who they are, by `shown_by` or a password alone; the
    token for the cookie."""
    token = tokens.new_secret(organisation_id)
    session.add(
        StaffSession(
            organisation_id=organisation_id,
            id=new_id(),
            member_id=member_id,
            token_mac=tokens.token_mac(
                session, organisation_id=organisation_id, use=_USE, token=token
            ),
            counter_id=None,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
            ended_at=None,
            shown_by=shown_by,
            shown_at=now if shown_by else None,
        )
    )
    session.flush()
    return token


def member_by_session(token: str) -> SessionMember | None:
    """Who holds this token, if the sign-in still stands: not ended, not idle for 30 minutes, not
    older than 12 hours, the member active. One round trip of its own."""
    organisation_id = tokens.organisation_of(token)
    if organisation_id is None:
        return None
    try:
        shown = tokens.mac_to_look_up(organisation_id, use=_USE, token=token)
    except NotFound:  # no such organisation
        return None
    params = {"organisation_id": organisation_id, "token_mac": shown, "idle": IDLE}
    found, now = peek(organisation_id, _FIND, params)
    if found is None:
        return None
    if now - found.seen_at >= SEEN_EVERY:
        _note_seen(found, now)
    return _member(found, now)


def with_shown(member: SessionMember, shown_by: ShownBy) -> SessionMember:
    """The same member in the request in which `shown_by` was noted."""
    return dataclasses.replace(member, shown_by=shown_by, fresh=True)


def forget_shown(session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID) -> None:
    """What the member has shown in whatever session may have been what they gave up since."""
    execute(session, _SHOW_AGAIN, {"organisation_id": organisation_id, "member_id": member_id})


def note_shown(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    session_id: uuid.UUID,
    shown_by: ShownBy,
) -> None:
    """The member has shown again who they are. Raises NotSignedIn where the sign-in has ended."""
    params = {
        "organisation_id": organisation_id,
        "session_id": session_id,
        "shown_by": shown_by,
        "now": now,
    }
    if execute(session, _SHOW, params) == 0:
        raise NotSignedIn()


def end_session(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, session_id: uuid.UUID
) -> None:
    params = {"organisation_id": organisation_id, "session_id": session_id, "now": now}
    execute(session, _END_ONE, params)


def end_sessions(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    but: uuid.UUID | None = None,
) -> int:
    """End all sign-ins of a member, or all `but` one; how many ended."""
    params = {"organisation_id": organisation_id, "member_id": member_id, "now": now, "but": but}
    return execute(session, _END, params)


def open_sessions(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, member_id: uuid.UUID
) -> list[OpenSession]:
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "now": now,
        "idle_since": now - IDLE,
    }
    return [OpenSession(*row) for row in rows(session, _OPEN, params)]


def pick_counter(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    session_id: uuid.UUID,
    counter_id: uuid.UUID,
) -> None:
    """Sit down at a counter for the rest of this session. Raises NotFound for a counter that is
    closed, or in a branch that is not the member's."""
    params = {
        "organisation_id": organisation_id,
        "session_id": session_id,
        "counter_id": counter_id,
    }
    if execute(session, _PICK, params) == 0:
        raise NotFound(counter_id=str(counter_id))


def _note_seen(found: Any, now: dt.datetime) -> None:
    params = {
        "organisation_id": found.organisation_id,
        "session_id": found.session_id,
        "now": now,
    }
    with unit_of_work(found.organisation_id, SYSTEM) as uow:
        execute(uow.session, _SEEN, params)


def _member(found: Any, now: dt.datetime) -> SessionMember:
    return SessionMember(
        found.session_id,
        found.organisation_id,
        found.member_id,
        found.name,
        Role(found.role),
        found.branch_id,
        found.locale,
        found.counter_id if found.counter_branch_id is not None else None,
        found.counter_branch_id,
        ShownBy(found.shown_by) if found.shown_by else None,
        found.shown_at is not None and now - found.shown_at < FRESH,
    )
