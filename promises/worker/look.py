"""What is due, over all organisations: the worker's own look, before it enters any of them.

It sees only what the select-only policy of its database role shows, and only ids and times of it.
"""

import datetime as dt
import enum
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from promises.db import sql
from promises.db.session import unscoped
from promises.payouts.retries import SILENT_FOR

AHEAD = dt.timedelta(seconds=1)
"""How far ahead a look sees deadlines; the watcher never sleeps longer."""

LEFT_ALONE = dt.timedelta(seconds=5)
"""A payout still ready after this long has lost its job, and is fetched."""


class Errand(enum.StrEnum):
    """What an organisation may need besides its deadlines."""

    SEND = "send"
    SETTLE = "settle"
    CLOSE = "close"
    REMIND = "remind"
    HOUSEKEEP = "housekeep"
    ROUND = "round"
    HOURLY = "hourly"


# Earlier deadlines first, and only those of the next second: the partial index on due_at answers
# in the same time whether a thousand or a million commitments are open.
# General terms are looked at when their answer changes, in an index of their own.
_DEADLINES = """
SELECT 'deadline' AS kind, organisation_id, min(due_at) AS first_at
FROM commitments
WHERE state = 'open' AND due_at <= %(until)s AND NOT by_engine
    AND organisation_id <> ALL(%(resting)s)
GROUP BY organisation_id
UNION ALL
SELECT 'deadline', organisation_id, min(next_change_at)
FROM commitments
WHERE next_change_at <= %(until)s AND organisation_id <> ALL(%(resting)s)
GROUP BY organisation_id
"""

_TO_SUBMIT = """NOT by_run AND state IN ('ready', 'submitting', 'unknown')
    AND (lease_until <= %(now)s OR (state = 'ready' AND lease_until IS NULL))
    AND (state <> 'ready' OR created_at <= %(ready_before)s)"""

# Any number of payouts may wait for a rail that is paused: only those of rails that can be asked
# are looked for, and the few that were tried and are unclear.
_ERRANDS = f"""
{_DEADLINES}
UNION ALL
SELECT 'send', organisation_id, min(next_try_at)
FROM messages WHERE state = 'queued' AND next_try_at <= %(now)s
GROUP BY organisation_id
UNION ALL
SELECT 'settle', organisation_id, min(created_at)
FROM payouts WHERE rail = 'voucher' AND {_TO_SUBMIT}
GROUP BY organisation_id
UNION ALL
SELECT 'settle', s.organisation_id, min(p.created_at)
FROM rail_settings s CROSS JOIN LATERAL (
    SELECT created_at FROM payouts
    WHERE organisation_id = s.organisation_id AND rail = s.rail AND {_TO_SUBMIT}
    ORDER BY created_at LIMIT 1
) p
WHERE s.enabled AND s.paused_at IS NULL
GROUP BY s.organisation_id
UNION ALL
SELECT 'settle', organisation_id, min(created_at)
FROM payouts
WHERE NOT by_run AND state IN ('submitting', 'unknown') AND lease_until <= %(now)s
    AND (state = 'submitting' OR key_used_at <= %(silent_since)s)
GROUP BY organisation_id
UNION ALL
SELECT 'settle', organisation_id, min(look_at)
FROM payouts WHERE look_at <= %(now)s AND state IN ('submitted', 'paid') AND NOT by_run
GROUP BY organisation_id
"""

_SLOW_ERRANDS = f"""
{_ERRANDS}
UNION ALL
SELECT 'close', organisation_id, min(queued_at)
FROM tickets WHERE state IN ('waiting', 'called', 'in_service')
GROUP BY organisation_id
UNION ALL
SELECT 'remind', organisation_id, min(remind_at)
FROM matters WHERE ended_at IS NULL AND remind_at <= %(now)s
GROUP BY organisation_id
"""

_EVERYBODY = "SELECT organisation_id FROM organisation_directory ORDER BY organisation_id"


class Depth(enum.Enum):
    """How much a look looks at: deadlines always, the rest now and then."""

    DEADLINES = _DEADLINES
    ERRANDS = _ERRANDS
    SLOW_ERRANDS = _SLOW_ERRANDS


@dataclass(frozen=True, slots=True)
class Due:
    """What a look found at `now`. `deadlines` may lie up to AHEAD in the future."""

    now: dt.datetime
    deadlines: dict[uuid.UUID, dt.datetime] = field(default_factory=dict)
    errands: list[tuple[Errand, uuid.UUID]] = field(default_factory=list)

    def overdue(self) -> list[uuid.UUID]:
        """Organisations with a deadline that has passed, the longest passed first."""
        passed = [(due_at, org) for org, due_at in self.deadlines.items() if due_at <= self.now]
        return [organisation_id for _, organisation_id in sorted(passed)]

    def seconds_to_next(self) -> float | None:
        """Until the next deadline that has not passed; None when none is in sight."""
        coming = [due_at for due_at in self.deadlines.values() if due_at > self.now]
        return (min(coming) - self.now).total_seconds() if coming else None


def look(depth: Depth, *, resting: Collection[uuid.UUID] = ()) -> Due:
    """One statement. Organisations in `resting` show no deadlines."""
    with unscoped() as (session, now):
        found = sql.rows(
            session,
            depth.value,
            {
                "now": now,
                "until": now + AHEAD,
                "resting": list(resting),
                "ready_before": now - LEFT_ALONE,
                "silent_since": now - SILENT_FOR,
            },
        )
    deadlines: dict[uuid.UUID, dt.datetime] = {}
    for row in found:
        if row.kind == "deadline":
            known = deadlines.get(row.organisation_id, row.first_at)
            deadlines[row.organisation_id] = min(known, row.first_at)
    return Due(
        now=now,
        deadlines=deadlines,
        errands=[
            (Errand(row.kind), row.organisation_id) for row in found if row.kind != "deadline"
        ],
    )


def everybody() -> list[uuid.UUID]:
    """Every organisation there is."""
    with unscoped() as (session, _):
        return [row.organisation_id for row in sql.rows(session, _EVERYBODY)]
