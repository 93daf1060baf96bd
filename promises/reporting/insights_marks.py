"""What happened while a promise was kept or not: the annotations of its control chart."""

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.kernel.zones import local_date
from promises.reporting.scorecard import Selection


class MarkKind(StrEnum):
    VERSION = "version"
    ACTION = "action"
    PAUSE = "pause"
    OUTAGE = "outage"
    NOTE = "note"


# Of promise `promise_id`, and what is of all promises; at one branch also what is of all branches.
_MARKS = """
SELECT 'version' AS kind, v.id, NULL::date AS day_on, v.valid_from AS at, v.number::text AS text
FROM promise_versions v
WHERE v.organisation_id = %(organisation_id)s AND v.promise_id = %(promise_id)s
  AND v.valid_from >= %(first_at)s AND v.valid_from < %(last_at)s
UNION ALL
SELECT 'action', a.id, a.done_on, NULL, a.what
FROM improvement_actions a
WHERE a.organisation_id = %(organisation_id)s AND a.promise_id = %(promise_id)s
  AND a.done_on BETWEEN %(from_on)s AND %(to_on)s
  AND (a.branch_id IS NULL OR %(branch_id)s::uuid IS NULL OR a.branch_id = %(branch_id)s)
UNION ALL
SELECT 'pause', u.id, NULL, u.starts_at, coalesce(u.reasons ->> %(locale)s,
    (SELECT r.value FROM jsonb_each_text(u.reasons) r ORDER BY r.key LIMIT 1))
FROM promise_pauses u
WHERE u.organisation_id = %(organisation_id)s AND u.promise_id = %(promise_id)s
  AND u.starts_at >= %(first_at)s AND u.starts_at < %(last_at)s
  AND (u.ends_at IS NULL OR u.ends_at > u.starts_at)
  AND (u.branch_id IS NULL OR %(branch_id)s::uuid IS NULL OR u.branch_id = %(branch_id)s)
UNION ALL
SELECT 'outage', w.id, NULL, w.opened_at, b.name
FROM hold_windows w
JOIN branches b ON b.organisation_id = w.organisation_id AND b.id = w.branch_id
WHERE w.organisation_id = %(organisation_id)s
  AND w.opened_at >= %(first_at)s AND w.opened_at < %(last_at)s
  AND (%(branch_id)s::uuid IS NULL OR w.branch_id = %(branch_id)s)
UNION ALL
SELECT 'note', n.id, n.day_on, NULL, n.text
FROM chart_notes n
WHERE n.organisation_id = %(organisation_id)s AND n.removed_at IS NULL
  AND n.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND (n.promise_id IS NULL OR n.promise_id = %(promise_id)s)
  AND (n.branch_id IS NULL OR %(branch_id)s::uuid IS NULL OR n.branch_id = %(branch_id)s)
ORDER BY id
LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """`text`: the number of the version, what the action does, the reason of the pause, the branch
    of the outage, the words of the note."""

    kind: MarkKind
    id: uuid.UUID
    day_on: dt.date
    text: str


def marks_of(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection,
    zone: str,
    locale: str,
) -> list[Mark]:
    """By day; the selection names a promise and both its days."""
    if selection.from_on is None or selection.to_on is None or selection.promise_id is None:
        raise ValueError("marks are those of one promise between two days")
    day = dt.timedelta(days=1)
    params = selection.params(organisation_id) | {
        "promise_id": selection.promise_id,
        "first_at": dt.datetime.combine(selection.from_on, dt.time(), dt.UTC) - day,
        "last_at": dt.datetime.combine(selection.to_on, dt.time(), dt.UTC) + 2 * day,
        "locale": locale,
    }
    found = [
        Mark(MarkKind(row.kind), row.id, row.day_on or local_date(row.at, zone), row.text or "")
        for row in rows(session, _MARKS, params)
    ]
    wanted = [one for one in found if selection.from_on <= one.day_on <= selection.to_on]
    return sorted(wanted, key=lambda one: (one.day_on, one.id))
