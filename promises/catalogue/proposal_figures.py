"""Are proposals moving, and does management decide in time?

A decision is a promise of its own: kept where management settled a proposal, or put it on trial,
before the deadline; broken where that came later, or has not come yet.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from promises.catalogue.models import ProposalState
from promises.db import sql

YEAR = dt.timedelta(days=365)
LONGEST_LIST = 100


class Kept(StrEnum):
    """How a deadline ended."""

    IN_TIME = "in_time"
    LATE = "late"
    WAITING = "waiting"  # too late already, and still undecided


# Both parts read indexes: those of settled steps, and of the state.
_DEADLINES = """
WITH deadlines AS (
    SELECT c.proposal_id, c.id, c.decide_before, c.changed_at AS decided_at, c.to_state AS state,
        CASE WHEN c.in_time THEN 'in_time' ELSE 'late' END AS kept
    FROM proposal_changes c
    WHERE c.organisation_id = %(organisation_id)s AND c.in_time IS NOT NULL
        AND c.changed_at >= %(since)s
    UNION ALL
    SELECT q.id, q.id, q.decide_before, NULL, q.state, 'waiting'
    FROM proposals q
    WHERE q.organisation_id = %(organisation_id)s AND q.state = 'open'
        AND q.decide_before <= %(now)s
)
"""

_RECORD = f"{_DEADLINES} SELECT kept, count(*) AS n FROM deadlines GROUP BY kept"

_LIST = f"""{_DEADLINES}
SELECT d.proposal_id, d.decide_before, d.decided_at, d.state, d.kept, q.title
FROM deadlines d
JOIN proposals q ON q.organisation_id = %(organisation_id)s AND q.id = d.proposal_id
WHERE %(kept)s::text[] IS NULL OR d.kept = ANY(%(kept)s::text[])
ORDER BY coalesce(d.decided_at, %(now)s) DESC, d.id DESC LIMIT %(limit)s OFFSET %(offset)s
"""

_FUNNEL = """
SELECT state, count(*) AS n,
    percentile_disc(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM %(now)s - created_at)) AS age_seconds
FROM proposals WHERE organisation_id = %(organisation_id)s GROUP BY state
"""

_MEDIAN = """
SELECT count(*) AS n, percentile_disc(0.5) WITHIN GROUP (
    ORDER BY extract(epoch FROM d.decided_at - q.created_at)) AS seconds
FROM decisions d
JOIN proposals q ON q.organisation_id = d.organisation_id AND q.id = d.proposal_id
WHERE d.organisation_id = %(organisation_id)s
"""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """The deadlines of the last year: decided in time, late, and late and still undecided."""

    in_time: int
    late: int
    waiting: int

    @property
    def broken(self) -> int:
        return self.late + self.waiting

    @property
    def counted(self) -> int:
        return self.in_time + self.broken


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline that has ended; `decided_at` is None where nothing has come yet."""

    proposal_id: uuid.UUID
    title: str
    state: ProposalState
    kept: Kept
    decide_before: dt.datetime
    decided_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Stage:
    """`age` is the median time since the proposals of this state were made."""

    state: ProposalState
    count: int
    age: dt.timedelta | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """All proposals by where they stand; half of the `decided` ones took no longer than `median`
    from the proposal to the decision."""

    stages: tuple[Stage, ...]
    decided: int
    median: dt.timedelta | None

    @property
    def proposed(self) -> int:
        return sum(one.count for one in self.stages)


def decision_record(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> DecisionRecord:
    """Of the last 365 days; what waits counts however old it is."""
    params = {"organisation_id": organisation_id, "now": now, "since": now - YEAR}
    found = {row.kept: row.n for row in sql.rows(session, _RECORD, params)}
    return DecisionRecord(*(found.get(one.value, 0) for one in Kept))


def list_deadlines(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    kept: tuple[Kept, ...] = (),
    offset: int = 0,
    limit: int = LONGEST_LIST,
) -> list[Deadline]:
    """What the record counts, the latest first; `kept` narrows it."""
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "since": now - YEAR,
        "kept": [one.value for one in kept] or None,
        "offset": offset,
        "limit": limit,
    }
    return [
        Deadline(
            row.proposal_id,
            row.title,
            ProposalState(row.state),
            Kept(row.kept),
            row.decide_before,
            row.decided_at,
        )
        for row in sql.rows(session, _LIST, params)
    ]


def funnel(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> Funnel:
    """Every state, also where nothing stands."""
    params = {"organisation_id": organisation_id, "now": now}
    found = {row.state: row for row in sql.rows(session, _FUNNEL, params)}
    stages = tuple(
        Stage(
            state,
            found[state.value].n if state.value in found else 0,
            _span(found[state.value].age_seconds) if state.value in found else None,
        )
        for state in ProposalState
    )
    decided = sql.one(session, _MEDIAN, params)
    return Funnel(stages, decided.n, _span(decided.seconds))


def _span(seconds: float | None) -> dt.timedelta | None:
    """Of a long time the hours are enough, of a short one the minutes."""
    if seconds is None:
        return None
    grain = 3600 if seconds >= 86_400 else 60
    return dt.timedelta(seconds=max(round(float(seconds) / grain), 1) * grain)
