"""Taking debts back whose payout came to nothing."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.compensation.budgets import give_back, month_of
from promises.compensation.ceilings import KEEP, lock_shared
from promises.compensation.models import Hold
from promises.compensation.rolling import uncount
from promises.db.sql import execute, rows

_REOPEN = """
UPDATE compensations c SET state = 'owed', holds = ARRAY[%(hold)s::text], released_at = NULL
FROM (
    SELECT id, released_at FROM compensations
    WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND state = 'released'
    ORDER BY id
    FOR UPDATE
) before
WHERE c.organisation_id = %(organisation_id)s AND c.id = before.id
RETURNING c.id, c.promise_id, c.branch_id, c.amount_minor, before.released_at
"""


def reopen(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    zone: str,
    compensation_ids: Sequence[uuid.UUID],
    hold: Hold,
) -> int:
    """Take debts back whose payout was stopped before it began, hold them, and give their money
    back to the budget of the month in which they were released (`zone` says which that was), and
    to the sums that they were counted in."""
    taken = rows(
        session,
        _REOPEN,
        {"organisation_id": organisation_id, "ids": list(compensation_ids), "hold": hold.value},
    )
    if taken:  # sums are locked before budgets, as by a release
        execute(session, KEEP, {"organisation_id": organisation_id})
        lock_shared(session, organisation_id=organisation_id, debts=taken)
        uncount(
            session, organisation_id=organisation_id, compensation_ids=[row.id for row in taken]
        )
    for row in sorted(taken, key=lambda row: (row.promise_id, row.released_at)):
        give_back(
            session,
            organisation_id=organisation_id,
            promise_id=row.promise_id,
            month_on=month_of(row.released_at, zone),
            amount_minor=row.amount_minor,
        )
    return len(taken)
