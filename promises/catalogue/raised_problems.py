"""Problems that nobody wrote down: a cause of breaches that keeps coming back, once a place."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.models import ProblemState
from promises.db import sql
from promises.kernel.ids import new_id, new_ids

_RAISE = """
INSERT INTO problems (organisation_id, id, text, branch_id, created_at, state, source, cause_id)
VALUES (%(organisation_id)s, %(id)s, %(text)s, %(branch_id)s, %(now)s, 'open', 'breaches',
    %(cause_id)s)
ON CONFLICT (organisation_id, cause_id, branch_id) WHERE cause_id IS NOT NULL DO NOTHING
"""

_FIND = """
SELECT id, state, changed_at FROM problems
WHERE organisation_id = %(organisation_id)s AND cause_id = %(cause_id)s
  AND branch_id IS NOT DISTINCT FROM %(branch_id)s
FOR UPDATE
"""

_REOPEN = """
UPDATE problems SET state = 'open', reason = '', changed_at = %(now)s, changed_by = NULL
WHERE organisation_id = %(organisation_id)s AND id = %(problem_id)s AND state = 'closed'
"""

# a ticket that counts with another problem of this cause is not counted twice
_CASES = """
INSERT INTO problem_evidence (organisation_id, id, problem_id, kind, ticket_id, branch_id,
    service_kind_id, happened_at, created_at)
SELECT %(organisation_id)s, r.id, %(problem_id)s, 'breach', r.ticket_id, r.branch_id,
    r.service_kind_id, r.happened_at, %(now)s
FROM jsonb_to_recordset(%(cases)s::jsonb) AS r(
    id uuid, ticket_id uuid, branch_id uuid, service_kind_id uuid, happened_at timestamptz)
WHERE NOT EXISTS (
    SELECT 1 FROM problem_evidence e
    JOIN problems p ON p.organisation_id = e.organisation_id AND p.id = e.problem_id
    WHERE e.organisation_id = %(organisation_id)s AND e.ticket_id = r.ticket_id
      AND e.kind = 'breach' AND p.cause_id = %(cause_id)s)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class BreachCase:
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    happened_at: dt.datetime


def raise_problem(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    cause_id: uuid.UUID,
    branch_id: uuid.UUID | None,
    text: str,
    cases: Collection[BreachCase],
) -> int:
    """Open the problem of a cause at a branch (None: everywhere), once for ever, and put the
    breaches behind it that do not count with this cause yet; returns how many. One that was closed
    opens again where a breach is newer than its closing; one that was merged stays so."""
    place = {"organisation_id": organisation_id, "cause_id": cause_id, "branch_id": branch_id}
    sql.execute(session, _RAISE, place | {"id": new_id(), "text": text, "now": now})
    row = sql.one(session, _FIND, place)
    fresh = [
        one for one in cases if row.state != ProblemState.CLOSED or one.happened_at > row.changed_at
    ]
    if not fresh:
        return 0
    ids = new_ids(len(fresh))
    listed = [
        {
            "id": new,
            "ticket_id": one.ticket_id,
            "branch_id": one.branch_id,
            "service_kind_id": one.service_kind_id,
            "happened_at": one.happened_at.isoformat(),
        }
        for new, one in zip(ids, fresh, strict=True)
    ]
    params = {
        "organisation_id": organisation_id,
        "problem_id": row.id,
        "cause_id": cause_id,
        "cases": sql.records(listed),
        "now": now,
    }
    added = sql.execute(session, _CASES, params)
    if added:
        sql.execute(session, _REOPEN, params)
    return added
