"""The work list: open matters, sorted by what is due next."""

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from promises.db.session import peek
from promises.db.sql import rows
from promises.desk.models import TicketKind, TicketState
from promises.desk.views import Names

PAGE = 50
MOST_COUNTED = 99
SOON = dt.timedelta(hours=24)
"""What is due within this time is counted on the badge, with what is late."""

Place = tuple[dt.datetime, uuid.UUID]

_ROWS = """
SELECT m.ticket_id, m.kind, t.state, x.body AS subject, t.external_ref, m.work_at, m.opened_at,
       m.next_due_at, m.promised_at, m.late_since, o.name AS owner_name, p.name AS partner_name,
       b.name AS branch_name, b.time_zone, s.names, t.customer_id IS NOT NULL AS customer_known,
       t.disputed_at IS NOT NULL AS disputed
FROM (
    SELECT * FROM matters m
    WHERE m.organisation_id = %(organisation_id)s AND m.ended_at IS NULL
      {conditions}
    ORDER BY m.work_at, m.ticket_id
    LIMIT %(limit)s
) m
JOIN tickets t ON t.organisation_id = m.organisation_id AND t.id = m.ticket_id
JOIN branches b ON b.organisation_id = m.organisation_id AND b.id = m.branch_id
JOIN service_kinds s ON s.organisation_id = t.organisation_id AND s.id = t.service_kind_id
LEFT JOIN matter_texts x ON x.organisation_id = m.organisation_id AND x.id = m.subject_id
LEFT JOIN members o ON o.organisation_id = m.organisation_id AND o.id = m.owner_id
LEFT JOIN partners p ON p.organisation_id = m.organisation_id AND p.id = m.partner_id
ORDER BY m.work_at, m.ticket_id
"""

# Only the conditions that are asked for, so that the planner finds the index of each.
_CONDITIONS = {
    "branch_id": "AND m.branch_id = %(branch_id)s",
    "owner_id": "AND m.owner_id = %(owner_id)s",
    "kind": "AND m.kind = %(kind)s",
    "until": "AND m.work_at <= %(until)s",
    "after": "AND (m.work_at, m.ticket_id) > (%(after_at)s, %(after_id)s)",
}

_COUNT = """
SELECT count(*) AS n FROM (
    SELECT 1 FROM matters m
    WHERE m.organisation_id = %(organisation_id)s AND m.ended_at IS NULL
      AND m.work_at <= %(soon)s::interval + coalesce(%(now)s, clock_timestamp())
      {conditions}
    LIMIT %(most)s
) found
"""

_VERSION = """
SELECT coalesce(sum(v.version), 0)::bigint AS version FROM branch_states v
WHERE v.organisation_id = %(organisation_id)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the list is to show; None where everything. `after` is the last row of the page
    before."""

    branch_id: uuid.UUID | None = None
    owner_id: uuid.UUID | None = None
    kind: TicketKind | None = None
    overdue: bool = False
    after: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """An open matter. `work_at` is its place in the list; `late_since` the first deadline that was
    missed. `subject` is None where nobody wrote one, or it was erased."""

    ticket_id: uuid.UUID
    kind: TicketKind
    state: TicketState
    subject: str | None
    external_ref: str | None
    work_at: dt.datetime
    opened_at: dt.datetime
    next_due_at: dt.datetime | None
    promised_at: dt.datetime | None
    late_since: dt.datetime | None
    owner_name: str | None
    partner_name: str | None
    branch_name: str
    time_zone: str
    service_names: Names
    customer_known: bool
    disputed: bool

    @property
    def due_at(self) -> dt.datetime | None:
        """What is due next: a deadline of the terms, or the date that was promised."""
        known = [at for at in (self.next_due_at, self.promised_at) if at is not None]
        return min(known, default=None)

    def is_late(self, now: dt.datetime) -> bool:
        return self.late_since is not None or (self.due_at is not None and self.due_at <= now)


@dataclass(frozen=True, slots=True)
class WorkPage:
    rows: tuple[WorkRow, ...]
    more: bool


def work_list(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    wanted: Wanted,
    limit: int = PAGE,
) -> WorkPage:
    """Open matters, those first to which we broke our word, then by what is due next, those without
    any deadline last. `overdue`: only those whose time is up."""
    given: dict[str, Any] = {
        "branch_id": wanted.branch_id,
        "owner_id": wanted.owner_id,
        "kind": wanted.kind and wanted.kind.value,
        "until": now if wanted.overdue else None,
        "after": wanted.after,
    }
    names = tuple(name for name, value in given.items() if value is not None)
    params = given | {"organisation_id": organisation_id, "limit": limit + 1}
    params["after_at"], params["after_id"] = wanted.after or (None, None)
    found = [_row(row) for row in rows(session, _statement(names), params)]
    return WorkPage(tuple(found[:limit]), len(found) > limit)


@cache
def _statement(names: tuple[str, ...]) -> str:
    return _ROWS.format(conditions=" ".join(_CONDITIONS[name] for name in names))


def _row(row: Any) -> WorkRow:
    values = row._asdict()
    return WorkRow(
        **values
        | {
            "kind": TicketKind(values["kind"]),
            "state": TicketState(values["state"]),
            "service_names": values.pop("names"),
        }
    )


def peek_urgent(*, organisation_id: uuid.UUID, branch_id: uuid.UUID | None) -> int:
    """How many open matters are late or due within a day, at most 99: one round trip of its own."""
    params = {"organisation_id": organisation_id, "soon": SOON, "most": MOST_COUNTED}
    names = ("branch_id",) if branch_id is not None else ()
    row, _now = peek(organisation_id, _count(names), params | {"branch_id": branch_id})
    return 0 if row is None else int(row.n)


@cache
def _count(names: tuple[str, ...]) -> str:
    return _COUNT.format(conditions=" ".join(_CONDITIONS[name] for name in names))


def peek_work_version(*, organisation_id: uuid.UUID) -> tuple[int, dt.datetime]:
    """Changes with everything that happens at any branch; with the clock, for polls."""
    row, now = peek(organisation_id, _VERSION, {"organisation_id": organisation_id})
    return (0 if row is None else int(row.version)), now
