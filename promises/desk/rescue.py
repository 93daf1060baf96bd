"""Help that a desk asks its colleagues for: asked, answered once, or run out."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.session import peek
from promises.db.sql import execute, one_or_none, rows
from promises.desk.rescue_errors import HelpAnswered, HelpAsked, OwnCall
from promises.desk.rescue_models import HelpReason
from promises.kernel.actors import Actor
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id

STANDS_FOR = dt.timedelta(minutes=10)
"""So long a call for help is shown; then whoever asked is told that nobody came."""
SHOWN_AFTER = dt.timedelta(minutes=3)
"""So long the asker sees what became of it."""

# The partial unique index lets one call for help stand a branch and reason; who comes second gets
# no row. One whose time has passed is ended first, so that it stands in nobody's way.
_ASK = """
WITH ended AS (
    UPDATE help_requests SET state = 'expired', ended_at = expires_at
    WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
      AND reason = %(reason)s AND state = 'open' AND expires_at <= %(now)s
    RETURNING id
)
INSERT INTO help_requests (organisation_id, id, branch_id, reason, state, counter_id, asked_by,
    asked_at, expires_at)
SELECT %(organisation_id)s, %(id)s, %(branch_id)s, %(reason)s, 'open', %(counter_id)s, %(actor_id)s,
    %(now)s, %(expires_at)s
WHERE (SELECT count(*) FROM ended) >= 0
ON CONFLICT (organisation_id, branch_id, reason) WHERE state = 'open' DO NOTHING
RETURNING id
"""

_AT_RISK = """
INSERT INTO help_tickets (organisation_id, help_id, ticket_id, due_at)
SELECT t.organisation_id, %(id)s, t.id, t.next_due_at
FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = %(branch_id)s
  AND t.state = 'waiting' AND t.kind = 'visit' AND t.next_due_at > %(now)s
  AND (t.next_due_at - %(now)s) * 5 < t.next_due_at - t.queued_at
ORDER BY t.next_due_at, t.id
LIMIT 50
"""

_TAKE = """
UPDATE help_requests
SET state = 'taken', answered_by = %(actor_id)s, answer_counter_id = %(counter_id)s,
    ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND state = 'open'
  AND expires_at > %(now)s AND asked_by <> %(actor_id)s
RETURNING branch_id
"""

_WITHDRAW = """
UPDATE help_requests SET state = 'withdrawn', ended_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND state = 'open'
  AND asked_by = %(actor_id)s
RETURNING branch_id
"""

_EXPIRE = """
UPDATE help_requests SET state = 'expired', ended_at = expires_at
WHERE organisation_id = %(organisation_id)s AND state = 'open' AND expires_at <= %(now)s
RETURNING branch_id
"""

_FIND = """
SELECT h.asked_by, h.state, h.branch_id FROM help_requests h
WHERE h.organisation_id = %(organisation_id)s AND h.id = %(id)s
"""

_SHOWN = """
SELECT h.id AS help_id, h.branch_id, b.name AS branch_name, b.time_zone, h.reason, h.state,
    h.asked_by, c.name AS counter_name, h.asked_at, h.expires_at, h.ended_at,
    m.name AS answered_by_name, a.name AS answer_counter_name,
    (SELECT count(*) FROM help_tickets t
     WHERE t.organisation_id = h.organisation_id AND t.help_id = h.id)::int AS at_risk
FROM help_requests h
JOIN branches b ON b.organisation_id = h.organisation_id AND b.id = h.branch_id
LEFT JOIN counters c ON c.organisation_id = h.organisation_id AND c.id = h.counter_id
LEFT JOIN counters a ON a.organisation_id = h.organisation_id AND a.id = h.answer_counter_id
LEFT JOIN members m ON m.organisation_id = h.organisation_id AND m.id = h.answered_by
WHERE h.organisation_id = %(organisation_id)s
  AND (%(branch_id)s::uuid IS NULL OR h.branch_id = %(branch_id)s)
  AND h.asked_at > %(since_at)s
  AND ((h.state = 'open' AND h.expires_at > %(now)s) OR h.ended_at > %(ended_since)s
       OR (h.state = 'open' AND h.expires_at > %(ended_since)s))
ORDER BY h.asked_at, h.id
"""


_OPEN = """
SELECT count(*)::int AS n FROM help_requests
WHERE organisation_id = %(organisation_id)s AND state = 'open' AND expires_at > now()
  AND (%(branch_id)s::uuid IS NULL OR branch_id = %(branch_id)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """A call for help as screens show it: the open ones, and those that ended a moment ago.
    `at_risk`: how many customers were close to their deadline when it was made."""

    help_id: uuid.UUID
    branch_id: uuid.UUID
    branch_name: str
    time_zone: str
    reason: HelpReason
    state: str
    asked_by: uuid.UUID
    counter_name: str | None
    asked_at: dt.datetime
    expires_at: dt.datetime
    ended_at: dt.datetime | None
    answered_by_name: str | None
    answer_counter_name: str | None
    at_risk: int

    def stands(self, now: dt.datetime) -> bool:
        return self.state == "open" and now < self.expires_at


def peek_help(*, organisation_id: uuid.UUID, branch_id: uuid.UUID | None) -> int:
    """How many calls for help stand at the branch (None: anywhere): one round trip of its own."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id}
    row, _now = peek(organisation_id, _OPEN, params)
    return 0 if row is None else int(row.n)


def ask_help(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    branch_id: uuid.UUID,
    counter_id: uuid.UUID | None,
    reason: HelpReason,
) -> uuid.UUID:
    """A call for help with the customers who are at risk now. Raises HelpAsked while one of the
    same reason stands at the branch."""
    help_id = new_id()
    made = one_or_none(
        session,
        _ASK,
        {
            "organisation_id": organisation_id,
            "id": help_id,
            "branch_id": branch_id,
            "counter_id": counter_id,
            "reason": reason.value,
            "actor_id": actor.id,
            "now": now,
            "expires_at": now + STANDS_FOR,
        },
    )
    if made is None:
        raise HelpAsked
    tenant = {"organisation_id": organisation_id, "id": help_id}
    execute(session, _AT_RISK, tenant | {"branch_id": branch_id, "now": now})
    return help_id


def take_help(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    help_id: uuid.UUID,
    counter_id: uuid.UUID | None,
) -> uuid.UUID:
    """A colleague comes; of many at once one does. Returns the branch. Raises HelpAnswered,
    OwnCall, NotFound."""
    params: dict[str, Any] = {
        "organisation_id": organisation_id,
        "id": help_id,
        "actor_id": actor.id,
        "counter_id": counter_id,
        "now": now,
    }
    taken = one_or_none(session, _TAKE, params)
    if taken is not None:
        return uuid.UUID(str(taken.branch_id))
    found = one_or_none(session, _FIND, {"organisation_id": organisation_id, "id": help_id})
    if found is None:
        raise NotFound(help_id=str(help_id))
    if found.state == "open" and found.asked_by == actor.id:
        raise OwnCall
    raise HelpAnswered


def withdraw_help(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    help_id: uuid.UUID,
) -> uuid.UUID:
    """Whoever asked needs it no more; returns the branch. Raises HelpAnswered."""
    params = {"organisation_id": organisation_id, "id": help_id, "actor_id": actor.id, "now": now}
    ended = one_or_none(session, _WITHDRAW, params)
    if ended is None:
        raise HelpAnswered
    return uuid.UUID(str(ended.branch_id))


def branch_of_help(
    session: Session, *, organisation_id: uuid.UUID, help_id: uuid.UUID
) -> uuid.UUID:
    """Raises NotFound."""
    found = one_or_none(session, _FIND, {"organisation_id": organisation_id, "id": help_id})
    if found is None:
        raise NotFound(help_id=str(help_id))
    return uuid.UUID(str(found.branch_id))


def expire_help(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> list[uuid.UUID]:
    """End calls for help that nobody answered in time; the branches whose screens change."""
    ended = rows(session, _EXPIRE, {"organisation_id": organisation_id, "now": now})
    return [row.branch_id for row in ended]


def shown_help(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID | None,
    now: dt.datetime,
) -> list[Help]:
    """What stands at the branch (None: anywhere) and what ended in the last minutes."""
    found = rows(
        session,
        _SHOWN,
        {
            "organisation_id": organisation_id,
            "branch_id": branch_id,
            "now": now,
            "since_at": now - STANDS_FOR - SHOWN_AFTER,
            "ended_since": now - SHOWN_AFTER,
        },
    )
    return [Help(**row._asdict() | {"reason": HelpReason(row.reason)}) for row in found]
