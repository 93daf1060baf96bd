"""A clerk's own day and week. Only the clerk whose id is given may ever see it."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows

# Found through the branch's tickets of the week: nothing is kept by person, no index leads there.
_OWN = """
SELECT t.day_on = %(today)s AS today, count(DISTINCT t.id) AS served,
    count(c.id) FILTER (WHERE c.state = 'kept') AS kept,
    count(c.id) FILTER (WHERE c.state = 'broken') AS broken
FROM tickets t
LEFT JOIN commitments c ON c.organisation_id = t.organisation_id AND c.ticket_id = t.id
WHERE t.organisation_id = %(organisation_id)s
  AND t.branch_id = ANY(%(branch_ids)s)
  AND t.day_on BETWEEN %(from_on)s AND %(today)s
  AND t.kind = 'visit' AND t.service_started_at IS NOT NULL
  AND EXISTS (
      SELECT 1 FROM service_events e
      WHERE e.organisation_id = t.organisation_id AND e.ticket_id = t.id
        AND e.kind = 'service_started' AND e.actor_kind = 'member'
        AND e.actor_id = %(member_id)s
        AND NOT EXISTS (SELECT 1 FROM service_events u
            WHERE u.organisation_id = e.organisation_id AND u.corrects_id = e.id))
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class OwnFigures:
    served: int
    kept: int
    broken: int


def own_figures(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    member_id: uuid.UUID,
    branch_ids: list[uuid.UUID],
    today: dt.date,
) -> tuple[OwnFigures, OwnFigures]:
    """Of today, and of the week from Monday to today: customers whose service the member began, and
    the promises made to them."""
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "branch_ids": branch_ids,
        "today": today,
        "from_on": today - dt.timedelta(days=today.weekday()),
    }
    found = {row.today: row for row in rows(session, _OWN, params)}
    days = {
        key: OwnFigures(found[key].served, found[key].kept, found[key].broken)
        if key in found
        else OwnFigures(0, 0, 0)
        for key in (True, False)
    }
    now, before = days[True], days[False]
    week = OwnFigures(
        now.served + before.served, now.kept + before.kept, now.broken + before.broken
    )
    return now, week
