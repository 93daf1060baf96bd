"""Reading shadow runs."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.models import ProposalState
from promises.catalogue.shadow_errors import NoSuchShadowRun
from promises.catalogue.shadow_models import ShadowState
from promises.db import sql
from promises.kernel.money import Money
from promises.rules.terms import Terms, parse_terms

_RUNS = """
SELECT r.id AS run_id, r.proposal_id, q.title, q.state AS proposal_state, r.terms, r.starts_at,
    r.ends_at, r.state, r.ended_at, r.judged_to, m.name AS starter, e.name AS stopper,
    s.kept, s.broken, s.excluded, s.open, s.unverified, s.amount_minor
FROM shadow_runs r
JOIN proposals q ON q.organisation_id = r.organisation_id AND q.id = r.proposal_id
LEFT JOIN members m ON m.organisation_id = r.organisation_id AND m.id = r.started_by
LEFT JOIN members e ON e.organisation_id = r.organisation_id AND e.id = r.ended_by
LEFT JOIN shadow_results s ON s.organisation_id = r.organisation_id AND s.run_id = r.id
WHERE r.organisation_id = %(organisation_id)s
"""
_ONE = f"{_RUNS} AND r.id = %(run_id)s"
_OF_PROPOSAL = f"{_RUNS} AND r.proposal_id = %(proposal_id)s ORDER BY r.id DESC"
_RUNNING = """
SELECT id FROM shadow_runs
WHERE organisation_id = %(organisation_id)s AND proposal_id = %(proposal_id)s
  AND state = 'running'
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run said when it ended."""

    kept: int
    broken: int
    excluded: int
    open: int
    unverified: int
    owed: Money


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with its proposal. `judged_to` is None before its first round, `outcome` until it
    ended."""

    run_id: uuid.UUID
    proposal_id: uuid.UUID
    title: str
    proposal_state: ProposalState
    terms: Terms
    starts_at: dt.datetime
    ends_at: dt.datetime
    state: ShadowState
    ended_at: dt.datetime | None
    judged_to: dt.datetime | None
    starter: str
    stopper: str | None
    outcome: Outcome | None

    @property
    def running(self) -> bool:
        return self.state is ShadowState.RUNNING


def get_run(session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID) -> RunRow:
    """Raises NoSuchShadowRun."""
    params = {"organisation_id": organisation_id, "run_id": run_id}
    row = sql.one_or_none(session, _ONE, params)
    if row is None:
        raise NoSuchShadowRun()
    return _row(row)


def runs_of_proposal(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID
) -> list[RunRow]:
    """The newest first."""
    params = {"organisation_id": organisation_id, "proposal_id": proposal_id}
    return [_row(row) for row in sql.rows(session, _OF_PROPOSAL, params)]


def running_run(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID
) -> uuid.UUID | None:
    """The one that is under way, if any."""
    params = {"organisation_id": organisation_id, "proposal_id": proposal_id}
    row = sql.one_or_none(session, _RUNNING, params)
    return None if row is None else row.id


def _row(row: Any) -> RunRow:
    terms = parse_terms(row.terms)
    outcome = None
    if row.kept is not None:
        owed = Money(row.amount_minor, terms.currency)
        counts = (row.kept, row.broken, row.excluded, row.open, row.unverified)
        outcome = Outcome(*counts, owed)
    return RunRow(
        run_id=row.run_id,
        proposal_id=row.proposal_id,
        title=row.title,
        proposal_state=ProposalState(row.proposal_state),
        terms=terms,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=ShadowState(row.state),
        ended_at=row.ended_at,
        judged_to=row.judged_to,
        starter=row.starter or "",
        stopper=row.stopper,
        outcome=outcome,
    )
