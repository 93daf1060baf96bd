"""How well the cases of a promise are known, and how often somebody put something right."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.reporting.public_counts import History, in_span

# Marks are few beside the events: an index of their own finds them.
_MARKS = """
SELECT c.promise_id,
       count(DISTINCT c.id) FILTER (WHERE e.kind = 'undone') AS corrected,
       count(DISTINCT c.id) FILTER (WHERE e.kind = 'disputed') AS disputed
FROM service_events e
JOIN commitments c ON c.organisation_id = e.organisation_id AND c.ticket_id = e.ticket_id
    AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
    AND (%(promise_ids)s::uuid[] IS NULL OR c.promise_id = ANY (%(promise_ids)s))
WHERE e.organisation_id = %(organisation_id)s AND e.kind IN ('disputed', 'undone')
  AND e.recorded_at >= %(since)s
GROUP BY c.promise_id
"""

_NOT_MARKED = (0, 0)


@dataclass(frozen=True, slots=True)
class EvidenceQuality:
    """Of `cases`, in any state: each is exactly one of `live`, `unverified` (noted late) and
    `imported`. The others are counted besides and may overlap: `corrected`, a step of it was taken
    back later; `disputed` by the customer, settled since or not; `excluded`, it counts neither
    way."""

    cases: int
    live: int
    unverified: int
    imported: int
    corrected: int
    disputed: int
    excluded: int


def evidence_quality(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID] | None,
    days: History,
    from_on: dt.date,
    to_on: dt.date,
) -> dict[uuid.UUID, EvidenceQuality]:
    """Of the cases that arrived on those days, by promise with a case. `days` are their counts."""
    params = {
        "organisation_id": organisation_id,
        "promise_ids": None if promise_ids is None else list(promise_ids),
        "from_on": from_on,
        "to_on": to_on,
        # a local day begins within a day of UTC's, and nothing is put right before it happens
        "since": dt.datetime.combine(from_on, dt.time(), dt.UTC) - dt.timedelta(days=1),
    }
    marks = {row.promise_id: (row.corrected, row.disputed) for row in rows(session, _MARKS, params)}
    found = {}
    for promise_id, all_days in days.items():
        listed = in_span(all_days, from_on, to_on)
        cases = sum(one.commitments for one in listed)
        unverified = sum(one.unverified for one in listed)
        imported = sum(one.imported for one in listed)
        corrected, disputed = marks.get(promise_id, _NOT_MARKED)
        found[promise_id] = EvidenceQuality(
            cases=cases,
            live=cases - unverified - imported,
            unverified=unverified,
            imported=imported,
            corrected=corrected,
            disputed=disputed,
            excluded=sum(one.excluded for one in listed),
        )
    return found
