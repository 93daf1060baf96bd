"""What rescue before a breach came to: calls for help, whom they saved, call backs offered."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one, rows

# A customer was saved where help came and every promise with that deadline was kept.
_OUTCOMES = """
SELECT h.id AS help_id, h.state, t.ticket_id, t.due_at,
    h.state = 'taken' AND bool_and(c.state = 'kept') AS saved,
    bool_or(c.state = 'broken') AS broken
FROM help_requests h
JOIN help_tickets t ON t.organisation_id = h.organisation_id AND t.help_id = h.id
JOIN commitments c ON c.organisation_id = t.organisation_id AND c.ticket_id = t.ticket_id
    AND c.due_at = t.due_at
WHERE h.organisation_id = %(organisation_id)s AND h.branch_id = %(branch_id)s
  AND h.asked_at >= %(since_at)s
GROUP BY h.id, h.state, t.ticket_id, t.due_at
"""

_FIGURES = f"""
WITH outcome AS ({_OUTCOMES}), asked AS (
    SELECT count(*)::int AS asked, count(*) FILTER (WHERE state = 'taken')::int AS taken,
        count(*) FILTER (WHERE state = 'expired')::int AS unanswered,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY ended_at - asked_at)
            FILTER (WHERE state = 'taken') AS usual_wait
    FROM help_requests
    WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
      AND asked_at >= %(since_at)s
), offered AS (
    SELECT count(*)::int AS offered, count(*) FILTER (WHERE state = 'accepted')::int AS accepted,
        count(*) FILTER (WHERE held_at IS NOT NULL)::int AS held
    FROM callback_offers
    WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
      AND offered_at >= %(since_at)s
)
SELECT asked.*, offered.*, (SELECT count(DISTINCT ticket_id) FROM outcome)::int AS at_risk,
    (SELECT count(DISTINCT ticket_id) FROM outcome WHERE saved)::int AS saved
FROM asked, offered
"""

_CASES = f"""
WITH outcome AS ({_OUTCOMES})
SELECT o.ticket_id, k.letter, k.number, o.due_at, bool_or(o.saved) AS saved,
    bool_or(o.broken) AS broken
FROM outcome o
JOIN tickets k ON k.organisation_id = %(organisation_id)s AND k.id = o.ticket_id
WHERE o.saved OR NOT %(saved)s
GROUP BY o.ticket_id, k.letter, k.number, o.due_at
ORDER BY o.due_at DESC, o.ticket_id
LIMIT %(limit)s
"""

_OFFERS = """
SELECT o.ticket_id, k.letter, k.number, o.offered_at, o.state, o.chosen_at, o.held_at, o.matter_id
FROM callback_offers o
JOIN tickets k ON k.organisation_id = o.organisation_id AND k.id = o.ticket_id
WHERE o.organisation_id = %(organisation_id)s AND o.branch_id = %(branch_id)s
  AND o.offered_at >= %(since_at)s AND (%(state)s::text IS NULL OR o.state = %(state)s
       OR (%(state)s = 'held' AND o.held_at IS NOT NULL))
ORDER BY o.offered_at DESC, o.id
LIMIT %(limit)s
"""

_CALLS = """
SELECT h.id, h.reason, h.state, h.asked_at, h.ended_at, c.name AS counter_name,
    (SELECT count(*) FROM help_tickets t
     WHERE t.organisation_id = h.organisation_id AND t.help_id = h.id)::int AS at_risk
FROM help_requests h
LEFT JOIN counters c ON c.organisation_id = h.organisation_id AND c.id = h.counter_id
WHERE h.organisation_id = %(organisation_id)s AND h.branch_id = %(branch_id)s
  AND h.asked_at >= %(since_at)s AND (%(state)s::text IS NULL OR h.state = %(state)s)
ORDER BY h.asked_at DESC, h.id
LIMIT %(limit)s
"""

LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueFigures:
    """Counts of a branch since a time. `usual_wait`: the median from the call to the answer.
    `at_risk`: customers who were close to their deadline when help was asked for; `saved`: of
    them, those served in time after a colleague had come."""

    asked: int
    taken: int
    unanswered: int
    usual_wait: dt.timedelta | None
    offered: int
    accepted: int
    held: int
    at_risk: int
    saved: int


def rescue_figures(
    session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID, since_at: dt.datetime
) -> RescueFigures:
    params = {"organisation_id": organisation_id, "branch_id": branch_id, "since_at": since_at}
    return RescueFigures(**one(session, _FIGURES, params)._asdict())


def rescue_cases(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    since_at: dt.datetime,
    saved: bool,
) -> list[Any]:
    """The customers behind `at_risk`, or behind `saved`, latest deadline first."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id, "since_at": since_at}
    return rows(session, _CASES, params | {"saved": saved, "limit": LONGEST})


def callback_cases(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    since_at: dt.datetime,
    state: str | None,
) -> list[Any]:
    """The offers behind `offered`, `accepted` and `held`, latest first."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id, "since_at": since_at}
    return rows(session, _OFFERS, params | {"state": state, "limit": LONGEST})


def help_cases(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    since_at: dt.datetime,
    state: str | None,
) -> list[Any]:
    """The calls behind `asked`, `taken` and `unanswered`, latest first."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id, "since_at": since_at}
    return rows(session, _CALLS, params | {"state": state, "limit": LONGEST})
