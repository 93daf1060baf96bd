"""Holds that a person sets: with a reason, and a day by which somebody has looked.

Past that day the debt is neither paid nor forgotten: it waits for an approval by somebody else, and
is shown as overdue until it has one.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.errors import HoldTooLong, ReasonMissing
from promises.db.sql import rows

USUAL_HOLD = dt.timedelta(days=14)
LONGEST_HOLD = dt.timedelta(days=92)

_UNTIL = """
UPDATE compensations SET held_until = %(until)s
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND state = 'owed'
  AND 'evidence' = ANY (holds)
RETURNING id
"""

_BY_RULE = """
SELECT id FROM compensations
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND state = 'owed'
  AND 'evidence' = ANY (holds) AND held_until IS NULL
ORDER BY id
"""

_LAPSED = """
SELECT id, ticket_id, held_until FROM compensations
WHERE organisation_id = %(organisation_id)s AND state = 'owed' AND held_until <= %(now)s
  AND 'evidence' = ANY (holds)
ORDER BY held_until, id
LIMIT %(limit)s
"""

_ASK_APPROVAL = """
UPDATE compensations
SET holds = array_remove(array_remove(holds, 'evidence'), 'approval') || '{approval}'
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND state = 'owed'
  AND held_until <= %(now)s AND 'evidence' = ANY (holds)
RETURNING id
"""

DETAILS_COUNT = """d.replaced_at IS NULL
    AND (d.proof = 'person' AND d.usable_at IS NULL OR d.chosen AND d.last4 <> '')
    AND NOT EXISTS (SELECT 1 FROM payouts f
        WHERE f.organisation_id = c.organisation_id AND f.compensation_id = c.id
          AND f.destination_id = d.id AND f.state IN ('failed', 'returned'))"""
"""Accounts that a decision about `c` rests on: one to be checked, or the one chosen for it."""

DETAILS_COLUMN = f"""(SELECT string_agg(d.id::text, '.' ORDER BY d.id) FROM payout_destinations d
     WHERE d.organisation_id = c.organisation_id AND d.ticket_id = c.ticket_id
       AND {DETAILS_COUNT}) AS details"""
"""Which bank details an approval of `c` is given with: a part of its mark."""

_SHOWN = f"""
SELECT c.id, c.amount_minor, c.holds, {DETAILS_COLUMN} FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s) AND c.state = 'owed'
ORDER BY c.id
FOR UPDATE OF c
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """A debt that still waits: its mark, and the bank details that the mark names."""

    mark: str
    details: frozenset[uuid.UUID]


def check_hold(*, now: dt.datetime, until: dt.datetime, reason: str) -> None:
    """Raises ReasonMissing, HoldTooLong."""
    if not reason.strip():
        raise ReasonMissing
    if not now < until <= now + LONGEST_HOLD:
        raise HoldTooLong


def hold_until(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    compensation_ids: Sequence[uuid.UUID],
    until: dt.datetime,
) -> list[uuid.UUID]:
    """Set the day on debts that a person holds; returns which those are."""
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids), "until": until}
    return [row.id for row in rows(session, _UNTIL, params)]


def held_by_rule(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Those that wait for evidence alone, and which no person holds by a day."""
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    return [row.id for row in rows(session, _BY_RULE, params)]


def lapsed(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int = 500
) -> list[Any]:
    """Debts whose hold is over, with their tickets and days."""
    params = {"organisation_id": organisation_id, "now": now, "limit": limit}
    return rows(session, _LAPSED, params)


def ask_approval(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    compensation_ids: Sequence[uuid.UUID],
) -> list[uuid.UUID]:
    """From a hold that is over to a decision that is due; those that still were."""
    params = {"organisation_id": organisation_id, "now": now, "ids": list(compensation_ids)}
    return [row.id for row in rows(session, _ASK_APPROVAL, params)]


def mark_of(amount_minor: int, holds: Sequence[str], details: str | None = None) -> str:
    """What a page shows of a waiting debt that a decision rests on, as one word. `details`: which
    bank details wait for the same decision."""
    parts = [str(amount_minor), *sorted(set(holds) - {"clearance"})]
    return ".".join(parts if details is None else [*parts, details])


def marks_print(marks: Mapping[uuid.UUID, str]) -> str:
    """The same for the same debts with the same marks, in whatever order."""
    lines = sorted(f"{name} {mark}" for name, mark in marks.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def lock_marks(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Locked]:
    """Those that still wait, as they now are and stay until the transaction ends. The caller holds
    their tickets' locks, without which bank details could still come."""
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    return {
        row.id: Locked(
            mark_of(row.amount_minor, row.holds, row.details),
            frozenset(uuid.UUID(one) for one in (row.details or "").split(".") if one),
        )
        for row in rows(session, _SHOWN, params)
    }
