"""Runs, their payouts, banks' files and payouts by hand, as pages list them."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows

_RUNS = """
SELECT r.id, r.rail, r.state, r.live, r.sequence, r.count, r.amount_minor, r.currency,
    r.prepared_at, p.name AS prepared_by, o.name AS released_by, r.downloaded_at, r.settled_at
FROM payout_runs r
LEFT JOIN members p ON p.organisation_id = r.organisation_id AND p.id = r.prepared_by
LEFT JOIN members o ON o.organisation_id = r.organisation_id AND o.id = r.released_by
WHERE r.organisation_id = %(organisation_id)s
  AND (%(before_at)s::timestamptz IS NULL OR (r.prepared_at, r.id) < (%(before_at)s, %(before_id)s))
ORDER BY r.prepared_at DESC, r.id DESC
LIMIT %(limit)s
"""

# What waits for a file or a hand, with how long the oldest has waited.
_WAITING = """
SELECT p.rail, p.currency, count(*)::int AS n, sum(p.amount_minor)::bigint AS amount_minor,
    min(p.created_at) AS since
FROM payouts p
WHERE p.organisation_id = %(organisation_id)s AND p.state = 'ready' AND p.by_run
GROUP BY p.rail, p.currency ORDER BY p.rail, p.currency
"""

_ITEMS = """
SELECT i.position, p.id AS payout_id, p.amount_minor, p.currency, p.state, p.trouble, d.last4,
    t.id AS ticket_id, t.number, t.external_ref, k.letter
FROM payout_run_items i
JOIN payouts p ON p.organisation_id = i.organisation_id AND p.id = i.payout_id
LEFT JOIN payout_destinations d
    ON d.organisation_id = p.organisation_id AND d.id = p.destination_id
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
LEFT JOIN tickets t
    ON t.organisation_id = p.organisation_id AND t.id = coalesce(c.ticket_id, g.ticket_id)
LEFT JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
WHERE i.organisation_id = %(organisation_id)s AND i.run_id = %(run_id)s
  AND i.position > %(after)s
ORDER BY i.position
LIMIT %(limit)s
"""

_STATES = """
SELECT p.state, count(*)::int AS n, sum(p.amount_minor)::bigint AS amount_minor
FROM payout_run_items i
JOIN payouts p ON p.organisation_id = i.organisation_id AND p.id = i.payout_id
WHERE i.organisation_id = %(organisation_id)s AND i.run_id = %(run_id)s AND i.dropped_at IS NULL
GROUP BY p.state ORDER BY p.state
"""

_FILES = """
SELECT f.id, f.rail, f.kind, f.message_id, f.state, f.run_id, f.lines, f.moved, f.uploaded_at,
    m.name AS uploaded_by
FROM bank_files f
LEFT JOIN members m ON m.organisation_id = f.organisation_id AND m.id = f.uploaded_by
WHERE f.organisation_id = %(organisation_id)s
  AND (%(before_at)s::timestamptz IS NULL OR (f.uploaded_at, f.id) < (%(before_at)s, %(before_id)s))
ORDER BY f.uploaded_at DESC, f.id DESC
LIMIT %(limit)s
"""

_BY_HAND = """
SELECT p.id AS payout_id, p.amount_minor, p.currency, p.created_at, t.id AS ticket_id, t.number,
    t.external_ref, k.letter, b.name AS branch_name
FROM payouts p
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
JOIN tickets t
    ON t.organisation_id = p.organisation_id AND t.id = coalesce(c.ticket_id, g.ticket_id)
JOIN branches b ON b.organisation_id = t.organisation_id AND b.id = t.branch_id
LEFT JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
WHERE p.organisation_id = %(organisation_id)s AND p.state = 'ready' AND p.rail = 'manual'
ORDER BY p.created_at, p.id
LIMIT %(limit)s
"""

Cursor = tuple[dt.datetime, uuid.UUID]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Payouts that wait for one way of paying."""

    rail: str
    currency: str
    n: int
    amount_minor: int
    since: dt.datetime


def list_runs(
    session: Session, *, organisation_id: uuid.UUID, before: Cursor | None, limit: int
) -> list[Any]:
    """Newest first."""
    return rows(session, _RUNS, _page(organisation_id, before, limit))


def waiting_payouts(session: Session, *, organisation_id: uuid.UUID) -> list[Waiting]:
    found = rows(session, _WAITING, {"organisation_id": organisation_id})
    return [Waiting(*row) for row in found]


def payouts_of_run(
    session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID, after: int, limit: int
) -> list[Any]:
    """In the file's order, from behind the position `after`."""
    params = {"organisation_id": organisation_id, "run_id": run_id, "after": after, "limit": limit}
    return rows(session, _ITEMS, params)


def states_of_run(session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID) -> list[Any]:
    """How many payouts of the run stand where, and what they come to."""
    return rows(session, _STATES, {"organisation_id": organisation_id, "run_id": run_id})


def list_bank_files(
    session: Session, *, organisation_id: uuid.UUID, before: Cursor | None, limit: int
) -> list[Any]:
    """Newest first."""
    return rows(session, _FILES, _page(organisation_id, before, limit))


def payouts_by_hand(session: Session, *, organisation_id: uuid.UUID, limit: int) -> list[Any]:
    """Those that wait, oldest first."""
    return rows(session, _BY_HAND, {"organisation_id": organisation_id, "limit": limit})


def _page(organisation_id: uuid.UUID, before: Cursor | None, limit: int) -> dict[str, Any]:
    at, row_id = before or (None, None)
    return {
        "organisation_id": organisation_id,
        "before_at": at,
        "before_id": row_id,
        "limit": limit,
    }
