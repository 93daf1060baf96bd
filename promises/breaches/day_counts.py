"""Keeping the count of cases by day: which days have changed, and counting them again.

Every change of a commitment leaves a younger row behind: itself when it is new, a decision, an
event on its ticket, a breach. Ids are made in order of time, so each is found by its key. A day is
looked at again for SLACK after its change, so that a transaction that commits late is not missed.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db import sql

SLACK = dt.timedelta(hours=1)

COUNTS = """
       count(*) FILTER (WHERE c.state = 'kept')::int AS kept,
       count(*) FILTER (WHERE c.state = 'broken')::int AS broken,
       count(*) FILTER (WHERE c.state = 'excluded')::int AS excluded,
       count(*) FILTER (WHERE c.state = 'open')::int AS open,
       count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'live')::int AS broken_live,
       count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'unverified')::int
           AS broken_unverified,
       count(*) FILTER (WHERE c.state = 'broken' AND c.evidence = 'imported')::int
           AS broken_imported,
       count(*) FILTER (WHERE c.evidence = 'unverified')::int AS unverified,
       count(*) FILTER (WHERE c.evidence = 'imported')::int AS imported
"""
"""Of commitments c, in the order of the columns of PromiseDay."""

_CHANGED = """
SELECT DISTINCT day_on FROM (
    SELECT c.day_on FROM commitments c
    WHERE c.organisation_id = %(organisation_id)s AND c.id >= %(first_id)s
    UNION
    SELECT c.day_on
    FROM promises p
    JOIN commitments c ON c.organisation_id = p.organisation_id AND c.promise_id = p.id
        AND c.decided_at >= %(since)s
    WHERE p.organisation_id = %(organisation_id)s
    UNION
    SELECT c.day_on
    FROM service_events e
    JOIN commitments c ON c.organisation_id = e.organisation_id AND c.ticket_id = e.ticket_id
    WHERE e.organisation_id = %(organisation_id)s AND e.id >= %(first_id)s
    UNION
    SELECT b.day_on FROM breaches b
    WHERE b.organisation_id = %(organisation_id)s AND b.id >= %(first_id)s
) changed
WHERE day_on < %(before)s
ORDER BY day_on
"""

_MARK = """
SELECT counted_at, days_before FROM promise_day_marks WHERE organisation_id = %(organisation_id)s
"""

_LOCK = f"{_MARK} FOR UPDATE"

_SET_MARK = """
INSERT INTO promise_day_marks (organisation_id, counted_at, days_before)
VALUES (%(organisation_id)s, %(now)s, %(before)s)
ON CONFLICT (organisation_id) DO UPDATE SET counted_at = %(now)s, days_before = %(before)s
"""

_COUNT = f"""
INSERT INTO promise_days (organisation_id, promise_id, day_on, kept, broken, excluded, open,
    broken_live, broken_unverified, broken_imported, unverified, imported)
SELECT c.organisation_id, c.promise_id, c.day_on, {COUNTS}
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s
  AND c.promise_id = ANY (ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  ))
  AND c.day_on < %(before)s AND {{which}}
GROUP BY c.organisation_id, c.promise_id, c.day_on
ORDER BY c.promise_id, c.day_on  -- two at once take the rows in one order
ON CONFLICT (organisation_id, promise_id, day_on) DO UPDATE SET
    kept = excluded.kept, broken = excluded.broken, excluded = excluded.excluded,
    open = excluded.open, broken_live = excluded.broken_live,
    broken_unverified = excluded.broken_unverified, broken_imported = excluded.broken_imported,
    unverified = excluded.unverified, imported = excluded.imported
"""

_COUNT_ALL = _COUNT.format(which="true")
_COUNT_SOME = _COUNT.format(which="c.day_on = ANY (%(days)s)")


@dataclass(frozen=True, slots=True)
class Mark:
    """The days before `days_before` were counted at `counted_at`."""

    counted_at: dt.datetime
    days_before: dt.date


def mark_of(session: Session, *, organisation_id: uuid.UUID) -> Mark | None:
    """None before the days were ever counted."""
    row = sql.one_or_none(session, _MARK, {"organisation_id": organisation_id})
    return None if row is None else Mark(*row)


def changed_days(
    session: Session, *, organisation_id: uuid.UUID, mark: Mark, before: dt.date
) -> list[dt.date]:
    """The days before `before` whose counts are not known, or may differ from those kept."""
    since = mark.counted_at - SLACK
    params = {
        "organisation_id": organisation_id,
        "since": since,
        "first_id": uuid.UUID(int=max(int(since.timestamp() * 1000), 0) << 80),
        "before": before,
    }
    missing = {
        mark.days_before + dt.timedelta(days=n) for n in range((before - mark.days_before).days)
    }
    return sorted(missing | {row.day_on for row in sql.rows(session, _CHANGED, params)})


def count_days(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, before: dt.date
) -> int:
    """Bring the counts of the days before `before` up to now; how many days were counted. All of
    them at the first time; of two at once the second finds little to do."""
    params = {"organisation_id": organisation_id, "now": now, "before": before}
    row = sql.one_or_none(session, _LOCK, params)
    if row is None:
        counted = sql.execute(session, _COUNT_ALL, params)
    else:
        days = changed_days(
            session, organisation_id=organisation_id, mark=Mark(*row), before=before
        )
        counted = sql.execute(session, _COUNT_SOME, params | {"days": days}) if days else 0
    sql.execute(session, _SET_MARK, params)
    return counted
