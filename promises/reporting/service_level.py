"""How quick the service itself is: the time from a deadline to its breach on record, and from a
message to its handing over. From the rows themselves, the last thirty days."""

import datetime as dt
import uuid
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy.orm import Session

from promises.db.sql import one

SPAN = dt.timedelta(days=30)
HANDED_OVER = dt.timedelta(seconds=10)
FOUND, FOUND_LATEST = dt.timedelta(seconds=5), dt.timedelta(seconds=60)

# Only deadlines that passed while we watched: what a late word reveals was not ours to see.
_BREACHES = """
SELECT count(*) AS n,
       count(*) FILTER (WHERE b.detected_at - b.breached_at <= %(found)s) AS quick,
       count(*) FILTER (WHERE b.detected_at - b.breached_at <= %(latest)s) AS in_time
FROM breaches b
WHERE b.organisation_id = %(organisation_id)s
  AND b.promise_id = ANY (ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  ))
  AND b.breached_at > %(since)s AND b.found_by = 'clock' AND b.evidence = 'live'
"""

# Ids are made in order of time, so the key leads to the newest; a day of room for slow clocks.
# Left out: those whose address was erased, and those of a channel that is not set up.
_MESSAGES = """
SELECT count(*) AS n,
       count(*) FILTER (WHERE m.state = 'sent' AND m.ended_at - m.created_at <= %(handed)s) AS quick
FROM messages m
WHERE m.organisation_id = %(organisation_id)s AND m.id >= %(first_id)s
  AND m.created_at > %(since)s AND m.created_at <= %(now)s - %(handed)s
  AND (m.state <> 'dropped' OR EXISTS (
      SELECT 1 FROM deliveries d
      WHERE d.organisation_id = m.organisation_id AND d.message_id = m.id
        AND d.outcome = 'too_late'
  ))
"""


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Breaches that the clock found in live evidence, those on record within 5 s and 60 s of the
    deadline; messages that were to be handed over, and those that were within 10 s."""

    breaches: int
    found_in_5_s: int
    found_in_60_s: int
    messages: int
    handed_over_in_10_s: int

    def share(self, part: int, whole: int) -> Fraction | None:
        return Fraction(part, whole) if whole else None


def service_level(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> ServiceLevel:
    since = now - SPAN
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "since": since,
        "found": FOUND,
        "latest": FOUND_LATEST,
        "handed": HANDED_OVER,
        "first_id": _first_id(since - dt.timedelta(days=1)),
    }
    breaches = one(session, _BREACHES, params)
    messages = one(session, _MESSAGES, params)
    return ServiceLevel(breaches.n, breaches.quick, breaches.in_time, messages.n, messages.quick)


def _first_id(at: dt.datetime) -> uuid.UUID:
    """No id that is made from that instant on is smaller."""
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)
