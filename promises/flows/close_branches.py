"""Closing time: what is still open is ended by rule."""

import datetime as dt
import uuid

from promises.db.session import UnitOfWork
from promises.db.sql import rows
from promises.desk.actions import close_day, touch_branches
from promises.desk.hours import closing_after
from promises.flows.judge_tickets import judge
from promises.identity.calendars import prepared_calendar

_OVERDUE = """
SELECT d.branch_id, b.calendar_id, min(d.queued_at) AS first_at
FROM (
    SELECT t.branch_id, t.queued_at
    FROM commitments c
    JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
    WHERE c.organisation_id = %(organisation_id)s AND c.state = 'open' AND c.due_at <= %(now)s
      AND NOT c.by_engine
      AND t.kind = 'visit' AND t.state IN ('waiting', 'called', 'in_service')
    ORDER BY c.due_at
    LIMIT %(limit)s
) d
JOIN branches b ON b.organisation_id = %(organisation_id)s AND b.id = d.branch_id
GROUP BY d.branch_id, b.calendar_id
ORDER BY d.branch_id
"""


def shut_with_overdue(uow: UnitOfWork, *, limit: int) -> dict[uuid.UUID, dt.datetime]:
    """Branches with a passed deadline, among the `limit` earliest, that have shut since that
    customer came, and when. A sweep goes up to that time, then the branch is closed, so that a
    ticket ends by what came first, however late either is noticed."""
    params = {"organisation_id": uow.organisation_id, "now": uow.now, "limit": limit}
    shut = {}
    for row in rows(uow.session, _OVERDUE, params):
        calendar = prepared_calendar(
            uow.session,
            organisation_id=uow.organisation_id,
            calendar_id=row.calendar_id,
            now=uow.now,
        )
        closing_at = closing_after(calendar, row.first_at)
        if closing_at <= uow.now:
            shut[row.branch_id] = closing_at
    return shut


def close_branch(uow: UnitOfWork, *, branch_id: uuid.UUID) -> int:
    """End the tickets of days that are over at this branch, and judge them. Safe to repeat.

    Returns how many were ended.
    """
    closed = close_day(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, branch_id=branch_id
    )
    if not closed:
        return 0
    judge(uow, sorted(change.ticket_id for change in closed))
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[branch_id],
        staff_acted_at=None,
    )
    return len(closed)
