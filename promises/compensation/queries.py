"""Reading debts."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.holding import DETAILS_COLUMN, mark_of
from promises.db.sql import rows

LEFT_NOT_OWED = "left_after_limit"
"""Closing reason of a debt that the terms do not owe to people who leave."""

_OF_IMPORT = """
SELECT c.id, c.state
FROM compensations c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
WHERE c.organisation_id = %(organisation_id)s AND t.import_id = %(import_id)s
ORDER BY c.id
"""

_TICKETS = """
SELECT DISTINCT c.ticket_id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY c.ticket_id
"""

_WAITING = """
SELECT c.id, c.ticket_id, c.promise_id, c.branch_id, c.amount_minor, c.currency, c.holds,
    c.created_at, b.breached_at, b.evidence, t.number, k.letter, t.day_on, t.state AS ticket_state
FROM compensations c
JOIN breaches b ON b.organisation_id = c.organisation_id AND b.id = c.breach_id
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed'
  AND (%(holds)s::text[] IS NULL OR c.holds && %(holds)s)
  AND (%(promise_id)s::uuid IS NULL OR c.promise_id = %(promise_id)s)
  AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
  AND (%(after_at)s::timestamptz IS NULL OR (c.created_at, c.id) > (%(after_at)s, %(after_id)s))
ORDER BY c.created_at, c.id
LIMIT %(limit)s
"""

_ENDED_FOR_LEAVING = """
SELECT b.id AS breach_id, b.version_id, b.ticket_id, b.branch_id, b.day_on, c.evidence,
    (SELECT max(n.instalment) + 1 FROM compensations n
     WHERE n.organisation_id = b.organisation_id AND n.breach_id = b.id) AS instalment
FROM commitments c
JOIN breaches b ON b.organisation_id = c.organisation_id AND b.commitment_id = c.id
JOIN LATERAL (
    SELECT k.instalment, k.state, k.outcome, k.closing_reason FROM compensations k
    WHERE k.organisation_id = b.organisation_id AND k.breach_id = b.id AND NOT k.is_penalty
    ORDER BY k.instalment DESC LIMIT 1
) last ON true
WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = ANY(%(ticket_ids)s)
  AND c.state = 'broken' AND c.reason NOT IN ('left_after_limit', 'no_show_after_limit')
  AND (last.state = 'cancelled' AND last.closing_reason = %(left)s
       OR last.state = 'nothing_owed' AND last.outcome = 'none')
ORDER BY b.breached_at, b.id
"""

_OWED_AMONG = """
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s) AND c.state = 'owed'
ORDER BY c.id
"""

_ALL_WAITING = f"""
SELECT c.id, c.amount_minor, c.holds, {DETAILS_COLUMN} FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed'
  AND (%(holds)s::text[] IS NULL OR c.holds && %(holds)s)
  AND (%(promise_id)s::uuid IS NULL OR c.promise_id = %(promise_id)s)
  AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
ORDER BY c.created_at, c.id
LIMIT %(limit)s
"""

_SUMS = """
SELECT h.hold, count(*)::int AS n, sum(c.amount_minor)::bigint AS amount_minor
FROM compensations c, unnest(c.holds) AS h (hold)
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed'
GROUP BY h.hold
ORDER BY h.hold
"""

_BUDGET_HELD = """
SELECT w.id
FROM (
    SELECT c.id, c.created_at,
        row_number() OVER (PARTITION BY c.promise_id, c.branch_id
            ORDER BY c.created_at, c.id) AS place
    FROM compensations c
    WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed' AND c.holds = '{budget}'
) w
WHERE w.place <= %(limit)s
ORDER BY w.place, w.created_at, w.id
LIMIT %(most)s
"""


def debts_of_import(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID
) -> list[Any]:
    return rows(session, _OF_IMPORT, {"organisation_id": organisation_id, "import_id": import_id})


def tickets_of(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """The tickets of these debts, in the order in which tickets are locked."""
    found = rows(
        session, _TICKETS, {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    )
    return [row.ticket_id for row in found]


def owed_among(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Those of these ids that are debts still held; others are nobody's business here."""
    found = rows(
        session, _OWED_AMONG, {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    )
    return [row.id for row in found]


def ended_for_leaving(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> list[Any]:
    """Breaches of these tickets for which nothing is owed because the customer had left, though
    the verdict, as it now stands, does not say that; with the number of the next instalment."""
    params = {
        "organisation_id": organisation_id,
        "ticket_ids": list(ticket_ids),
        "left": LEFT_NOT_OWED,
    }
    return rows(session, _ENDED_FOR_LEAVING, params)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Which debts that something holds: `holds` leaves those with one of them."""

    holds: tuple[str, ...] | None = None
    promise_id: uuid.UUID | None = None
    branch_id: uuid.UUID | None = None

    def params(self, organisation_id: uuid.UUID) -> dict[str, object]:
        return {
            "organisation_id": organisation_id,
            "holds": None if self.holds is None else list(self.holds),
            "promise_id": self.promise_id,
            "branch_id": self.branch_id,
        }


ALL_WAITING = Waiting()


def list_waiting(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    limit: int,
    which: Waiting = ALL_WAITING,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
) -> list[Any]:
    """Debts that something holds, oldest first; `after` is the last (created_at, id) seen."""
    at, compensation_id = after or (None, None)
    return rows(
        session,
        _WAITING,
        which.params(organisation_id)
        | {"limit": limit, "after_at": at, "after_id": compensation_id},
    )


def all_waiting(
    session: Session, *, organisation_id: uuid.UUID, limit: int, which: Waiting = ALL_WAITING
) -> list[Any]:
    """Ids and amounts of all debts that a list of waiting ones pages through, oldest first."""
    return rows(session, _ALL_WAITING, which.params(organisation_id) | {"limit": limit})


def marks_of(waiting: Sequence[Any]) -> dict[uuid.UUID, str]:
    """What a decision on each of `all_waiting` rests on, by debt."""
    return {row.id: mark_of(row.amount_minor, row.holds, row.details) for row in waiting}


def sums_by_hold(session: Session, *, organisation_id: uuid.UUID) -> list[Any]:
    """How many debts each hold keeps back, and how much. A debt with two holds is in both."""
    return rows(session, _SUMS, {"organisation_id": organisation_id})


def held_by_budget(
    session: Session, *, organisation_id: uuid.UUID, limit: int = 500
) -> list[uuid.UUID]:
    """Debts that wait for money only, at most `limit` of a promise at a branch, the oldest of each
    before the second of any: the backlog of one, whose money stays used up, keeps no other
    waiting."""
    params = {"organisation_id": organisation_id, "limit": limit, "most": 10 * limit}
    found = rows(session, _BUDGET_HELD, params)
    return [row.id for row in found]
