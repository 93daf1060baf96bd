"""What ceilings have set in motion: managers to write to, and debts to try again."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.ceiling_room import ABOVE_CEILING, LARGER_THAN_CEILING
from promises.db.sql import execute, rows

_AT = """(c.branch_id IS NULL OR d.branch_id = c.branch_id)
    AND (c.promise_id IS NULL OR d.promise_id = c.promise_id)"""
"""That a debt `d` is bound by a ceiling `c`."""

# Nothing else asks for a person: no other hold, and no decision after that of the ceiling.
_ASKED = """d.state = 'owed' AND d.holds = '{approval}' AND (
    SELECT l.kind = 'held' AND l.reason = ANY(%(reasons)s) FROM compensation_decisions l
    WHERE l.organisation_id = d.organisation_id AND l.compensation_id = d.id
    ORDER BY l.decided_at DESC, l.id DESC LIMIT 1)"""

# A ceiling that somebody else holds is looked at in the next round.
_UNTOLD = f"""
SELECT c.id, c.branch_id, c.promise_id, c.period, c.reaction, c.filled_on, w.waiting_minor
FROM ceilings c
CROSS JOIN LATERAL (
    SELECT sum(d.amount_minor)::bigint AS waiting_minor FROM compensations d
    WHERE d.organisation_id = %(organisation_id)s AND d.state = 'owed' AND {_AT}
      AND CASE c.reaction WHEN 'wait' THEN d.holds = '{{budget}}' ELSE {_ASKED} END
) w
WHERE c.organisation_id = %(organisation_id)s AND c.limit_minor IS NOT NULL
  AND c.filled_on = date_trunc(c.period, %(today_on)s::timestamp)::date
  AND c.told_on IS DISTINCT FROM c.filled_on AND w.waiting_minor > 0
ORDER BY c.id
FOR UPDATE OF c SKIP LOCKED
"""

_TOLD = """
UPDATE ceilings SET told_on = filled_on
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s)
"""

_RAISED = """
SELECT id, version, recall_from FROM ceilings
WHERE organisation_id = %(organisation_id)s AND recall_from IS NOT NULL
ORDER BY id
"""

_SENT = f"""
SELECT d.id FROM compensations d
WHERE d.organisation_id = %(organisation_id)s AND {_ASKED}
  AND EXISTS (SELECT 1 FROM ceilings c
      WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s) AND {_AT}
        AND d.id > c.recall_from)
ORDER BY d.id
LIMIT %(limit)s
"""

_WAIT_AGAIN = f"""
UPDATE compensations d SET holds = '{{budget}}'
FROM (SELECT o.id FROM compensations o
    WHERE o.organisation_id = %(organisation_id)s AND o.id = ANY(%(ids)s)
      AND o.state = 'owed' AND o.holds = '{{approval}}'
    ORDER BY o.id
    FOR UPDATE) held
WHERE d.organisation_id = %(organisation_id)s AND d.id = held.id AND {_ASKED}
RETURNING d.id
"""

# Not where somebody has changed it meanwhile, or another worker was faster.
_WENT_ON = """
UPDATE ceilings c SET recall_from = %(to_id)s
FROM unnest(%(ids)s::uuid[], %(versions)s::int[], %(seen)s::uuid[]) AS w (id, version, seen)
WHERE c.organisation_id = %(organisation_id)s AND c.id = w.id AND c.version = w.version
  AND c.recall_from = w.seen
"""

_STILL_ASKED = """
SELECT id FROM compensations
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND 'approval' = ANY (holds)
"""


def take_untold(session: Session, *, organisation_id: uuid.UUID, today_on: dt.date) -> list[Any]:
    """The ceilings that hold something back in their present period, and of which nobody was told
    in it; they are marked as told. `waiting_minor`: what they hold back now."""
    tenant = {"organisation_id": organisation_id}
    found = rows(session, _UNTOLD, _reasons(organisation_id) | {"today_on": today_on})
    if found:
        execute(session, _TOLD, tenant | {"ids": [row.id for row in found]})
    return found


def raised(session: Session, *, organisation_id: uuid.UUID) -> list[Any]:
    """The ceilings that were raised or lifted, as long as not all is tried again."""
    return rows(session, _RAISED, {"organisation_id": organisation_id})


def sent_to_managers(
    session: Session, *, organisation_id: uuid.UUID, ceilings: Sequence[Any], limit: int
) -> list[uuid.UUID]:
    """Debts that wait for a person only because of a ceiling, at these ones and after what they
    have tried already."""
    more = {"ids": [row.id for row in ceilings], "limit": limit}
    return [row.id for row in rows(session, _SENT, _reasons(organisation_id) | more)]


def let_wait_again(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """They wait for money instead, for a release to look at anew: those that are still held for
    nothing else. The tickets are locked by the caller."""
    params = _reasons(organisation_id) | {"ids": list(compensation_ids)}
    return [row.id for row in rows(session, _WAIT_AGAIN, params)]


def not_asked_any_more(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    still = {row.id for row in rows(session, _STILL_ASKED, params)}
    return [one for one in compensation_ids if one not in still]


def went_on(
    session: Session, *, organisation_id: uuid.UUID, ceilings: Sequence[Any], to: uuid.UUID | None
) -> None:
    """Up to this debt all was tried again; None: all."""
    execute(
        session,
        _WENT_ON,
        {
            "organisation_id": organisation_id,
            "ids": [row.id for row in ceilings],
            "versions": [row.version for row in ceilings],
            "seen": [row.recall_from for row in ceilings],
            "to_id": to,
        },
    )


def _reasons(organisation_id: uuid.UUID) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "reasons": [ABOVE_CEILING, LARGER_THAN_CEILING],
    }
