"""Which tickets a shadow run has to look at, and what was known of them at each step."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one, rows
from promises.rules.terms import Terms

_OVERLAP = dt.timedelta(minutes=10)
"""A transaction that was under way in the last round has written events with older ids."""

_BEGAN = """t.organisation_id = %(organisation_id)s AND t.import_id IS NULL
  AND t.arrived_at >= %(starts_at)s AND t.arrived_at < %(ends_at)s
  AND t.kind = ANY(%(kinds)s)
  AND (%(branches)s::uuid[] IS NULL OR t.branch_id = ANY(%(branches)s))"""

_FROM_THE_START = f"""
SELECT t.id, t.arrived_at FROM tickets t
WHERE {_BEGAN} AND t.day_on >= %(first_on)s AND t.branch_id IN (
    SELECT b.id FROM branches b WHERE b.organisation_id = %(organisation_id)s)
"""

_SINCE_THE_MARK = f"""
SELECT t.id, t.arrived_at
FROM (
    SELECT DISTINCT s.ticket_id FROM service_events s
    WHERE s.organisation_id = %(organisation_id)s AND s.id > %(since)s
) e
JOIN tickets t ON t.id = e.ticket_id AND {_BEGAN}
WHERE EXISTS (
    SELECT 1 FROM service_events s
    WHERE s.organisation_id = t.organisation_id AND s.ticket_id = t.id
      AND s.ticket_version > coalesce((
          SELECT max(c.ticket_version) FROM shadow_cases c
          WHERE c.organisation_id = t.organisation_id AND c.run_id = %(run_id)s
            AND c.ticket_id = t.id), 0)
)
"""

_TO_LOOK_AT = """
SELECT x.id, x.arrived_at FROM (
    {changed}
    UNION
    SELECT t.id, t.arrived_at
    FROM shadow_cases c
    JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
    WHERE c.organisation_id = %(organisation_id)s AND c.run_id = %(run_id)s
      AND (c.state = 'open' AND NOT c.by_engine AND c.due_at <= %(until)s
           OR c.next_change_at <= %(until)s)
) x
WHERE %(after)s::uuid IS NULL OR x.id > %(after)s
ORDER BY x.id
LIMIT %(limit)s
"""

_NEWEST = """
SELECT (
    SELECT s.id FROM service_events s WHERE s.organisation_id = %(organisation_id)s
    ORDER BY s.id DESC LIMIT 1
) AS id
"""

# What a rule did happened when the rule says, whenever the worker came to it.
_STEPS = """
SELECT s.ticket_id, s.ticket_version AS version,
    max(CASE WHEN s.source = 'rule' THEN s.occurred_at ELSE s.recorded_at END) AS at,
    bool_and(s.verified) FILTER (WHERE s.kind = 'arrived') AS arrival_verified
FROM service_events s
LEFT JOIN (
    SELECT c.ticket_id, max(c.ticket_version) AS version FROM shadow_cases c
    WHERE c.organisation_id = %(organisation_id)s AND c.run_id = %(run_id)s
      AND c.ticket_id = ANY(%(ticket_ids)s)
    GROUP BY c.ticket_id
) k ON k.ticket_id = s.ticket_id
WHERE s.organisation_id = %(organisation_id)s AND s.ticket_id = ANY(%(ticket_ids)s)
  AND s.ticket_version > coalesce(k.version, 0)
GROUP BY s.ticket_id, s.ticket_version
ORDER BY s.ticket_id, s.ticket_version
"""

_CASES = """
SELECT c.* FROM shadow_cases c
WHERE c.organisation_id = %(organisation_id)s AND c.run_id = %(run_id)s
  AND c.ticket_id = ANY(%(ticket_ids)s)
ORDER BY c.ticket_id, c.occurrence
"""

_AWARDED = """
SELECT c.ticket_id, c.branch_id, c.day_on, t.customer_id, t.device_id, c.amount_minor,
    c.breached_at, c.detail -> 'facts' AS facts
FROM shadow_cases c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
WHERE c.organisation_id = %(organisation_id)s AND c.run_id = %(run_id)s AND c.amount_minor > 0
  AND (c.ticket_id = ANY(%(ticket_ids)s) OR t.customer_id = ANY(%(customer_ids)s)
       OR t.device_id = ANY(%(device_ids)s)
       OR t.customer_id IS NULL AND c.day_on = ANY(%(days)s))
ORDER BY c.breached_at, c.id
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """A run as its cases are judged. `until` is the last instant at which the clock is looked at;
    what happened at `ends_at` or later does not count."""

    run_id: uuid.UUID
    terms: Terms
    starts_at: dt.datetime
    ends_at: dt.datetime
    until: dt.datetime
    mark: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one version of a ticket brought, and when the live engine would have known."""

    version: int
    at: dt.datetime
    arrival_verified: bool | None


def newest_event(session: Session, *, organisation_id: uuid.UUID) -> uuid.UUID | None:
    found: uuid.UUID | None = one(session, _NEWEST, {"organisation_id": organisation_id}).id
    return found


def tickets_to_look_at(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    trial: Trial,
    after: uuid.UUID | None,
    limit: int,
) -> dict[uuid.UUID, dt.datetime]:
    """Tickets of the run that changed since the mark or whose answer changes with time, with their
    arrival, in order of ids; `after` is the last one seen."""
    scope = trial.terms.scope
    params: dict[str, Any] = {
        "organisation_id": organisation_id,
        "run_id": trial.run_id,
        "starts_at": trial.starts_at,
        "ends_at": trial.ends_at,
        "first_on": (trial.starts_at - dt.timedelta(days=1)).date(),
        "kinds": [kind.value for kind in scope.ticket_kinds],
        "branches": None if scope.branches is None else sorted(scope.branches),
        "until": trial.until,
        "since": None if trial.mark is None else _before(trial.mark),
        "after": after,
        "limit": limit,
    }
    changed = _FROM_THE_START if trial.mark is None else _SINCE_THE_MARK
    found = rows(session, _TO_LOOK_AT.format(changed=changed), params)
    return {row.id: row.arrived_at for row in found}


def _before(mark: uuid.UUID) -> uuid.UUID:
    """The smallest id of version 7 of a time a little before."""
    millis = (mark.int >> 80) - _OVERLAP // dt.timedelta(milliseconds=1)
    return uuid.UUID(int=max(millis, 0) << 80)


def steps_of(
    session: Session, *, organisation_id: uuid.UUID, trial: Trial, ticket_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, list[Step]]:
    """What happened to each ticket since the run last judged it, in the order of its versions."""
    found: dict[uuid.UUID, list[Step]] = defaultdict(list)
    params = {
        "organisation_id": organisation_id, "run_id": trial.run_id, "ticket_ids": list(ticket_ids)
    }  # fmt: skip
    for row in rows(session, _STEPS, params):
        found[row.ticket_id].append(Step(row.version, row.at, row.arrival_verified))
    return {ticket_id: _in_time(steps, trial.ends_at) for ticket_id, steps in found.items()}


def _in_time(steps: Sequence[Step], ends_at: dt.datetime) -> list[Step]:
    kept: list[Step] = []
    for step in steps:
        if step.at >= ends_at:
            break
        kept.append(step)
    return kept


def known_cases(
    session: Session, *, organisation_id: uuid.UUID, trial: Trial, ticket_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, list[Any]]:
    """The run's cases of these tickets as they stand."""
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    params = {
        "organisation_id": organisation_id, "run_id": trial.run_id, "ticket_ids": list(ticket_ids)
    }  # fmt: skip
    for row in rows(session, _CASES, params):
        found[row.ticket_id].append(row)
    return found


def awarded_before(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    trial: Trial,
    ticket_ids: Sequence[uuid.UUID],
    customer_ids: Sequence[uuid.UUID],
    device_ids: Sequence[uuid.UUID],
    days: Sequence[dt.date],
) -> list[Any]:
    """The run's own awards that may count with a cap, or in the history of a customer."""
    params = {
        "organisation_id": organisation_id,
        "run_id": trial.run_id,
        "ticket_ids": list(ticket_ids),
        "customer_ids": list(customer_ids),
        "device_ids": list(device_ids),
        "days": list(days),
    }
    return rows(session, _AWARDED, params)
