"""Windows in which breaches came all at once, held for one decision."""

import datetime as dt
import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from promises.compensation.errors import NotOwed, ReasonMissing
from promises.db.sql import one_or_none, rows
from promises.kernel.actors import Actor
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id

_OPEN = """
INSERT INTO hold_windows (organisation_id, id, branch_id, cause, opened_at)
SELECT %(organisation_id)s, w.id, w.branch_id, w.cause, %(now)s
FROM unnest(%(ids)s::uuid[], %(branch_ids)s::uuid[], %(causes)s::text[]) AS w (id, branch_id, cause)
ORDER BY w.branch_id
ON CONFLICT (organisation_id, branch_id) WHERE decided_at IS NULL
    DO UPDATE SET cause = hold_windows.cause
RETURNING id, branch_id
"""

_DECIDE = """
UPDATE hold_windows
SET decision = %(decision)s, reason = %(reason)s, decided_by = %(decided_by)s, decided_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(window_id)s AND decided_at IS NULL
RETURNING id
"""

_EXISTS = """
SELECT id FROM hold_windows
WHERE organisation_id = %(organisation_id)s AND id = %(window_id)s
"""

# What a person has approved alone is not of the window any more.
_HELD = """
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.hold_window_id = %(window_id)s
  AND c.state = 'owed' AND 'mass_breach' = ANY (c.holds)
ORDER BY c.id
"""


def open_windows(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    causes: Mapping[uuid.UUID, str],
) -> dict[uuid.UUID, uuid.UUID]:
    """The undecided window of each branch, opened where there is none. `causes` by branch."""
    if not causes:
        return {}
    found = rows(
        session,
        _OPEN,
        {
            "organisation_id": organisation_id,
            "now": now,
            "ids": [new_id() for _ in causes],
            "branch_ids": list(causes),
            "causes": list(causes.values()),
        },
    )
    return {row.branch_id: row.id for row in found}


def decide_window(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    window_id: uuid.UUID,
    pay: bool,
    reason: str,
) -> list[uuid.UUID]:
    """One decision for the whole window; returns the debts that it held. Raises NotFound, and
    NotOwed where somebody has decided already."""
    if not reason.strip():
        raise ReasonMissing
    tenant = {"organisation_id": organisation_id, "window_id": window_id}
    decided = one_or_none(
        session,
        _DECIDE,
        {
            **tenant,
            "decision": "pay" if pay else "refuse",
            "reason": reason.strip(),
            "decided_by": actor.id,
            "now": now,
        },
    )
    if decided is None:
        known = one_or_none(session, _EXISTS, tenant)
        raise NotFound(window_id=str(window_id)) if known is None else NotOwed
    return [row.id for row in rows(session, _HELD, tenant)]
