"""Why promises broke: breaches that stand, by the cause that was said last."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.desk.values import label_of
from promises.kernel.errors import NotFound
from promises.reporting.scorecard import Selection

PAGE = 50

_WITHIN = """
b.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND b.breached_at >= %(first_at)s
  AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s)
"""

# Breaches that stand: neither annulled nor of an import that was taken back.
_JOINS = """
JOIN commitments s ON s.organisation_id = b.organisation_id AND s.id = b.commitment_id
    AND s.state = 'broken'
LEFT JOIN LATERAL (
    SELECT t.cause_id FROM breach_causes t
    WHERE t.organisation_id = b.organisation_id AND t.breach_id = b.id
    ORDER BY t.tagged_at DESC, t.id DESC LIMIT 1
) w ON true
"""

STANDING = f"""
FROM breaches b
{_JOINS}
WHERE b.organisation_id = %(organisation_id)s
  AND b.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND {_WITHIN}
"""

_COUNTS = f"""
SELECT x.cause_id, c.names, x.n
FROM (SELECT w.cause_id, count(*) AS n {STANDING} GROUP BY 1) x
LEFT JOIN causes c ON c.organisation_id = %(organisation_id)s AND c.id = x.cause_id
ORDER BY x.n DESC, c.place, x.cause_id
"""

CAUSE_IS = """
  AND (NOT %(only)s OR w.cause_id IS NOT DISTINCT FROM %(cause_id)s::uuid)
"""

# A page of each promise by the index on deadlines, then the first page of these.
_LIST = f"""
SELECT x.*, n.name AS branch, n.time_zone, t.letter, t.number, t.external_ref
FROM unnest(coalesce(%(promise_ids)s::uuid[], ARRAY(
    SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
))) AS wanted (promise_id)
CROSS JOIN LATERAL (
    SELECT b.organisation_id, b.id, b.promise_id, b.ticket_id, b.branch_id, b.breached_at,
        w.cause_id
    FROM breaches b
    {_JOINS}
    WHERE b.organisation_id = %(organisation_id)s AND b.promise_id = wanted.promise_id
      AND {_WITHIN} {CAUSE_IS}
      AND (%(last_id)s::uuid IS NULL OR (b.breached_at, b.id) < (%(last_at)s, %(last_id)s))
    ORDER BY b.breached_at DESC, b.id DESC LIMIT %(limit)s
) x
JOIN tickets t ON t.organisation_id = x.organisation_id AND t.id = x.ticket_id
JOIN branches n ON n.organisation_id = x.organisation_id AND n.id = x.branch_id
ORDER BY x.breached_at DESC, x.id DESC LIMIT %(limit)s
"""

_DAY = dt.timedelta(days=1)


_ONE = """
SELECT b.id, b.promise_id, p.slug, p.titles, b.ticket_id, b.branch_id, n.name AS branch,
    n.time_zone, t.letter, t.number, t.external_ref, b.breached_at, c.started_at, c.ended_at,
    c.state = 'broken' AS stands
FROM breaches b
JOIN commitments c ON c.organisation_id = b.organisation_id AND c.id = b.commitment_id
JOIN promises p ON p.organisation_id = b.organisation_id AND p.id = b.promise_id
JOIN tickets t ON t.organisation_id = b.organisation_id AND t.id = b.ticket_id
JOIN branches n ON n.organisation_id = b.organisation_id AND n.id = b.branch_id
WHERE b.organisation_id = %(organisation_id)s AND b.id = %(breach_id)s
"""


@dataclass(frozen=True, slots=True)
class CauseCount:
    """Breaches of one cause; without a cause: nobody said why."""

    cause_id: uuid.UUID | None
    names: dict[str, str] | None
    count: int

    def name(self, locale: str) -> str | None:
        return None if not self.names else self.names.get(locale) or next(iter(self.names.values()))


@dataclass(frozen=True, slots=True)
class OfCause:
    """Which breaches a list is about: of all causes, or of one; one that is None is unknown."""

    only: bool = False
    cause_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class CauseRow:
    breach_id: uuid.UUID
    promise_id: uuid.UUID
    ticket_id: uuid.UUID
    label: str
    branch: str
    zone: str
    breached_at: dt.datetime
    cause_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class CausePage:
    """`after` is what to ask for next; None on the last page."""

    rows: tuple[CauseRow, ...]
    after: tuple[dt.datetime, uuid.UUID] | None


def causes_counted(
    session: Session, *, organisation_id: uuid.UUID, selection: Selection
) -> list[CauseCount]:
    """The most frequent first, the unknown among them; together all breaches that stand."""
    params = standing_params(organisation_id, selection)
    return [CauseCount(row.cause_id, row.names, row.n) for row in rows(session, _COUNTS, params)]


def breaches_of_cause(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection,
    of: OfCause,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> CausePage:
    """The newest first."""
    params = standing_params(organisation_id, selection) | {
        "only": of.only,
        "cause_id": of.cause_id,
        "last_at": after[0] if after else None,
        "last_id": after[1] if after else None,
        "limit": limit + 1,
    }
    found = [_row(row) for row in rows(session, _LIST, params)]
    last = found[limit - 1] if len(found) > limit else None
    return CausePage(tuple(found[:limit]), (last.breached_at, last.breach_id) if last else None)


@dataclass(frozen=True, slots=True)
class BreachFacts:
    """One breach for the page on which its cause is said. `stands` is false where it was annulled
    or its import was taken back."""

    breach_id: uuid.UUID
    promise_id: uuid.UUID
    slug: str
    titles: dict[str, str]
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    branch: str
    zone: str
    label: str
    breached_at: dt.datetime
    started_at: dt.datetime
    ended_at: dt.datetime | None
    stands: bool

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))


def breach_of_cause(
    session: Session, *, organisation_id: uuid.UUID, breach_id: uuid.UUID
) -> BreachFacts:
    """Raises NotFound."""
    params = {"organisation_id": organisation_id, "breach_id": breach_id}
    row = one_or_none(session, _ONE, params)
    if row is None:
        raise NotFound(breach_id=str(breach_id))
    return BreachFacts(
        breach_id=row.id,
        promise_id=row.promise_id,
        slug=row.slug,
        titles=row.titles,
        ticket_id=row.ticket_id,
        branch_id=row.branch_id,
        branch=row.branch,
        zone=row.time_zone,
        label=row.external_ref or label_of(row.letter, row.number),
        breached_at=row.breached_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        stands=row.stands,
    )


def standing_params(organisation_id: uuid.UUID, selection: Selection) -> dict[str, object]:
    """A breach never lies before the local day of its case, which begins within a day of UTC's."""
    first = selection.from_on or dt.date(1900, 1, 2)
    return selection.params(organisation_id) | {
        "first_at": dt.datetime.combine(first, dt.time(), dt.UTC) - _DAY
    }


def _row(row: Any) -> CauseRow:
    return CauseRow(
        breach_id=row.id,
        promise_id=row.promise_id,
        ticket_id=row.ticket_id,
        label=row.external_ref or label_of(row.letter, row.number),
        branch=row.branch,
        zone=row.time_zone,
        breached_at=row.breached_at,
        cause_id=row.cause_id,
    )
