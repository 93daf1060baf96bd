"""Reading shadow runs: their figures, and the cases behind each figure."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.models import CommitmentState, Evidence
from promises.db.sql import rows
from promises.desk.values import label_of
from promises.kernel.money import Money
from promises.reporting.rates import KeptRate

PAGE = 50

_FIGURES = """
SELECT c.day_on, c.branch_id, c.state, count(*)::int AS n,
    count(*) FILTER (WHERE c.evidence = 'unverified')::int AS unverified,
    coalesce(sum(c.amount_minor), 0)::bigint AS amount_minor
FROM shadow_cases c
WHERE c.organisation_id = %(organisation_id)s AND c.run_id = %(run_id)s
GROUP BY c.day_on, c.branch_id, c.state
ORDER BY c.day_on
"""

_WANTED = """c.organisation_id = %(organisation_id)s AND c.run_id = %(run_id)s
  AND (%(states)s::text[] IS NULL OR c.state = ANY(%(states)s))
  AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
  AND (%(day_on)s::date IS NULL OR c.day_on = %(day_on)s)
  AND (%(evidence)s::text IS NULL OR c.evidence = %(evidence)s)"""

_CASES = f"""
SELECT c.id, c.ticket_id, c.occurrence, c.day_on, c.started_at, c.due_at, c.ended_at, c.state,
    c.reason, c.evidence, c.amount_minor, c.branch_id, b.name AS branch, b.time_zone, t.letter,
    t.number, t.external_ref
FROM shadow_cases c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN branches b ON b.organisation_id = c.organisation_id AND b.id = c.branch_id
WHERE {_WANTED}
  AND (%(last_at)s::timestamptz IS NULL OR (c.started_at, c.id) < (%(last_at)s, %(last_id)s))
ORDER BY c.started_at DESC, c.id DESC
LIMIT %(limit)s
"""

_TOTAL = f"""
SELECT count(*)::int AS n, coalesce(sum(c.amount_minor), 0)::bigint AS amount_minor
FROM shadow_cases c WHERE {_WANTED}
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of some cases of a run. `unverified` are among the others, `owed_minor` is what would be
    owed."""

    kept: int = 0
    broken: int = 0
    excluded: int = 0
    open: int = 0
    unverified: int = 0
    owed_minor: int = 0

    @property
    def cases(self) -> int:
        return self.kept + self.broken + self.excluded + self.open

    @property
    def rate(self) -> KeptRate:
        return KeptRate(self.kept, self.broken)


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """`days` rise and leave out those without a case."""

    total: Counts
    days: tuple[tuple[dt.date, Counts], ...]
    branches: tuple[tuple[uuid.UUID, Counts], ...]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    states: tuple[CommitmentState, ...] | None = None
    branch_id: uuid.UUID | None = None
    day_on: dt.date | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class ShadowCaseRow:
    """`owed` is None where the case costs nothing or nothing was worked out yet."""

    case_id: uuid.UUID
    ticket_id: uuid.UUID
    label: str
    branch_id: uuid.UUID
    branch: str
    zone: str
    started_at: dt.datetime
    due_at: dt.datetime | None
    ended_at: dt.datetime | None
    state: CommitmentState
    reason: str | None
    evidence: Evidence
    owed: Money | None


def shadow_figures(
    session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID
) -> ShadowFigures:
    found = rows(session, _FIGURES, {"organisation_id": organisation_id, "run_id": run_id})
    by_branch: dict[uuid.UUID, list[Any]] = {}
    by_day: dict[dt.date, list[Any]] = {}
    for row in found:
        by_day.setdefault(row.day_on, []).append(row)
        by_branch.setdefault(row.branch_id, []).append(row)
    return ShadowFigures(
        _sum(found),
        tuple((day, _sum(those)) for day, those in by_day.items()),
        tuple((branch, _sum(those)) for branch, those in by_branch.items()),
    )


def _sum(found: Sequence[Any]) -> Counts:
    states = {
        state.value: sum(row.n for row in found if row.state == state) for state in CommitmentState
    }
    return Counts(
        **states,
        unverified=sum(row.unverified for row in found),
        owed_minor=sum(row.amount_minor for row in found),
    )


def list_shadow_cases(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    run_id: uuid.UUID,
    currency: str,
    only: CaseFilter,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
) -> tuple[list[ShadowCaseRow], bool]:
    """A page, the newest first, and whether there are more; `after` is the last one seen."""
    last_at, last_id = after or (None, None)
    params = _params(organisation_id, run_id, only) | {
        "last_at": last_at, "last_id": last_id, "limit": PAGE + 1
    }  # fmt: skip
    found = [_row(row, currency) for row in rows(session, _CASES, params)]
    return found[:PAGE], len(found) > PAGE


def count_shadow_cases(
    session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID, only: CaseFilter
) -> tuple[int, int]:
    """How many there are, and what they would be owed in minor units."""
    (row,) = rows(session, _TOTAL, _params(organisation_id, run_id, only))
    return row.n, row.amount_minor


def _params(organisation_id: uuid.UUID, run_id: uuid.UUID, only: CaseFilter) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "run_id": run_id,
        "states": None if only.states is None else [one.value for one in only.states],
        "branch_id": only.branch_id,
        "day_on": only.day_on,
        "evidence": only.evidence,
    }


def _row(row: Any, currency: str) -> ShadowCaseRow:
    return ShadowCaseRow(
        case_id=row.id,
        ticket_id=row.ticket_id,
        label=row.external_ref or label_of(row.letter, row.number),
        branch_id=row.branch_id,
        branch=row.branch,
        zone=row.time_zone,
        started_at=row.started_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        state=CommitmentState(row.state),
        reason=row.reason,
        evidence=Evidence(row.evidence),
        owed=Money(row.amount_minor, currency) if row.amount_minor else None,
    )
