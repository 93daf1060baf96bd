"""How many cases were decided lately, over windows of open hours, by promise and branch."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.identity.branch_hours import WEEK, BranchHours
from promises.rules.burn import HOURS, Counts, Window

# What an alert that is over was raised by is not counted a second time. Imported history burns
# nothing. The index of what was decided answers this by itself.
_COUNTS = """
WITH over AS (
    SELECT a.promise_id, a.branch_id, max(a.closed_at) AS at FROM alerts a
    WHERE a.organisation_id = %(organisation_id)s AND a.kind = 'burn'
      AND a.closed_at > %(week_at)s
    GROUP BY a.promise_id, a.branch_id
)
SELECT c.promise_id, c.branch_id,
    count(*) FILTER (WHERE c.decided_at > w.hour_at)::int AS hour_cases,
    count(*) FILTER (WHERE c.decided_at > w.hour_at AND c.state = 'broken')::int AS hour_broken,
    count(*) FILTER (WHERE c.decided_at > w.shift_at)::int AS shift_cases,
    count(*) FILTER (WHERE c.decided_at > w.shift_at AND c.state = 'broken')::int AS shift_broken,
    count(*)::int AS week_cases,
    count(*) FILTER (WHERE c.state = 'broken')::int AS week_broken
FROM commitments c
JOIN unnest(%(branch_ids)s::uuid[], %(hour_ats)s::timestamptz[], %(shift_ats)s::timestamptz[])
    AS w (branch_id, hour_at, shift_at) ON w.branch_id = c.branch_id
LEFT JOIN over o ON o.promise_id = c.promise_id AND o.branch_id = c.branch_id
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY (%(promise_ids)s)
  AND c.decided_at > %(week_at)s AND c.decided_at <= %(now)s
  AND c.state IN ('kept', 'broken') AND c.evidence <> 'imported'
  AND (o.at IS NULL OR c.decided_at > o.at)
GROUP BY c.promise_id, c.branch_id
"""


@dataclass(frozen=True, slots=True)
class Stream:
    """The cases of one promise at one branch."""

    promise_id: uuid.UUID
    branch_id: uuid.UUID


NO_COUNTS = {window: Counts(0, 0) for window in Window}


def burn_counts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID],
    hours: BranchHours,
) -> dict[Stream, Mapping[Window, Counts]]:
    """Streams in which something was decided in the last seven days. One statement."""
    branches = list(hours.branches)
    found = rows(
        session,
        _COUNTS,
        {
            "organisation_id": organisation_id,
            "promise_ids": list(promise_ids),
            "branch_ids": branches,
            "hour_ats": _since(hours, branches, Window.HOUR),
            "shift_ats": _since(hours, branches, Window.SHIFT),
            "week_at": hours.now - WEEK,
            "now": hours.now,
        },
    )
    return {
        Stream(row.promise_id, row.branch_id): {
            Window.HOUR: Counts(row.hour_cases, row.hour_broken),
            Window.SHIFT: Counts(row.shift_cases, row.shift_broken),
            Window.WEEK: Counts(row.week_cases, row.week_broken),
        }
        for row in found
    }


def _since(hours: BranchHours, branches: Sequence[uuid.UUID], window: Window) -> list[dt.datetime]:
    return [hours.since(branch_id, HOURS[window]) for branch_id in branches]
