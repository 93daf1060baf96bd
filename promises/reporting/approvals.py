"""What waits for a person: disputes, breaches to annul, windows and debts, with their tickets."""

import uuid
from collections import defaultdict
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.holding import DETAILS_COLUMN, DETAILS_COUNT
from promises.db.sql import rows

_DISPUTED = """
SELECT t.id AS ticket_id, t.number, t.external_ref, k.letter, t.disputed_at, t.state,
    b.name AS branch_name, b.time_zone
FROM tickets t
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
JOIN branches b ON b.organisation_id = t.organisation_id AND b.id = t.branch_id
WHERE t.organisation_id = %(organisation_id)s AND t.disputed_at IS NOT NULL
ORDER BY t.disputed_at, t.id
LIMIT %(limit)s
"""

_ANNULMENTS = """
SELECT a.breach_id, a.reason, a.asked_by, a.asked_at, m.name AS asked_by_name, e.ticket_id,
    t.number, t.external_ref, k.letter, e.breached_at, b.name AS branch_name, b.time_zone
FROM annulments a
JOIN breaches e ON e.organisation_id = a.organisation_id AND e.id = a.breach_id
JOIN tickets t ON t.organisation_id = e.organisation_id AND t.id = e.ticket_id
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
JOIN branches b ON b.organisation_id = e.organisation_id AND b.id = e.branch_id
LEFT JOIN members m ON m.organisation_id = a.organisation_id AND m.id = a.asked_by
WHERE a.organisation_id = %(organisation_id)s AND a.state = 'asked'
ORDER BY a.asked_at, a.id
LIMIT %(limit)s
"""

_WINDOWS = """
SELECT w.id, w.cause, w.opened_at, b.name AS branch_name, b.time_zone,
    count(c.id)::int AS n, coalesce(sum(c.amount_minor), 0)::bigint AS amount_minor
FROM hold_windows w
JOIN branches b ON b.organisation_id = w.organisation_id AND b.id = w.branch_id
LEFT JOIN compensations c ON c.organisation_id = w.organisation_id AND c.hold_window_id = w.id
    AND c.state = 'owed'
WHERE w.organisation_id = %(organisation_id)s AND w.decided_at IS NULL
GROUP BY w.id, w.cause, w.opened_at, b.name, b.time_zone
ORDER BY w.opened_at, w.id
"""

_BANK_DETAILS = f"""
SELECT c.id, d.last4, m.name, d.proof = 'person' AND d.usable_at IS NULL AS waits
FROM compensations c
JOIN payout_destinations d ON d.organisation_id = c.organisation_id AND d.ticket_id = c.ticket_id
    AND {DETAILS_COUNT}
LEFT JOIN members m ON m.organisation_id = d.organisation_id AND m.id = d.actor_id
    AND d.actor_kind = 'member'
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY c.id, d.id
"""

HOLD_REASON = """(SELECT CASE d.kind WHEN 'held' THEN d.reason END FROM compensation_decisions d
     WHERE d.organisation_id = c.organisation_id AND d.compensation_id = c.id
       AND d.kind IN ('held', 'approved')
     ORDER BY d.decided_at DESC, d.id DESC LIMIT 1) AS hold_reason"""
"""Why `c` was held last, as long as nobody has approved it since."""

_DEBTS = f"""
SELECT {DETAILS_COLUMN}, {HOLD_REASON},
    c.id, c.ticket_id, c.amount_minor, c.currency, c.holds, c.created_at, e.breached_at, e.evidence,
    c.remedy, c.pay_before, t.number, t.external_ref, k.letter, t.state AS ticket_state,
    b.name AS branch_name, b.time_zone, p.titles
FROM compensations c
JOIN breaches e ON e.organisation_id = c.organisation_id AND e.id = c.breach_id
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
JOIN branches b ON b.organisation_id = c.organisation_id AND b.id = c.branch_id
JOIN promises p ON p.organisation_id = c.organisation_id AND p.id = c.promise_id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY c.created_at, c.id
"""


def disputed_tickets(
    session: Session, *, organisation_id: uuid.UUID, limit: int = 100
) -> list[Any]:
    return rows(session, _DISPUTED, {"organisation_id": organisation_id, "limit": limit})


def asked_annulments(
    session: Session, *, organisation_id: uuid.UUID, limit: int = 100
) -> list[Any]:
    return rows(session, _ANNULMENTS, {"organisation_id": organisation_id, "limit": limit})


def open_hold_windows(session: Session, *, organisation_id: uuid.UUID) -> list[Any]:
    """Undecided windows with the debts that they hold, oldest first."""
    return rows(session, _WINDOWS, {"organisation_id": organisation_id})


def bank_details(
    session: Session, *, organisation_id: uuid.UUID, ids: list[uuid.UUID]
) -> dict[uuid.UUID, list[Any]]:
    """Which accounts an approval of each debt is given with; `waits` for those that it lets be
    used. `name` is whose who typed one in, None where the customer did."""
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows(session, _BANK_DETAILS, {"organisation_id": organisation_id, "ids": ids}):
        found[row.id].append(row)
    return found


def debts(session: Session, *, organisation_id: uuid.UUID, ids: list[uuid.UUID]) -> list[Any]:
    """What a list of debts shows of each."""
    return rows(session, _DEBTS, {"organisation_id": organisation_id, "ids": ids})
