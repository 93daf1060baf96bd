"""Reading problems, proposals and what became of them."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.errors import NoSuchProposal
from promises.catalogue.models import ProposalState
from promises.db import sql
from promises.rules.terms import Terms, parse_terms

PAGE = 30


@dataclass(frozen=True, slots=True)
class ProblemRow:
    problem_id: uuid.UUID
    text: str
    proposals: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal with its problem and, once decided, the decision that the proposer sees."""

    proposal_id: uuid.UUID
    title: str
    state: ProposalState
    problem_id: uuid.UUID
    problem: str
    terms: Terms
    way_of_working: str
    branch_id: uuid.UUID | None
    branch: str | None
    proposed_by: uuid.UUID
    proposer: str
    created_at: dt.datetime
    reason: str | None
    decided_by: uuid.UUID | None
    decider: str | None
    decided_at: dt.datetime | None
    promise_id: uuid.UUID | None
    promise_slug: str | None


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """`next_before` is the id to ask for as `before`; None on the last page."""

    rows: tuple[ProposalRow, ...]
    next_before: uuid.UUID | None


_PROPOSALS = """
SELECT q.id AS proposal_id, q.title, q.state, q.problem_id, r.text AS problem, q.terms,
       q.way_of_working, q.branch_id, b.name AS branch, q.created_by AS proposed_by,
       m.name AS proposer, q.created_at, d.reason, d.decided_by, k.name AS decider, d.decided_at,
       d.promise_id, p.slug AS promise_slug
FROM proposals q
JOIN problems r ON r.organisation_id = q.organisation_id AND r.id = q.problem_id
LEFT JOIN branches b ON b.organisation_id = q.organisation_id AND b.id = q.branch_id
LEFT JOIN members m ON m.organisation_id = q.organisation_id AND m.id = q.created_by
LEFT JOIN decisions d ON d.organisation_id = q.organisation_id AND d.proposal_id = q.id
LEFT JOIN members k ON k.organisation_id = q.organisation_id AND k.id = d.decided_by
LEFT JOIN promises p ON p.organisation_id = q.organisation_id AND p.id = d.promise_id
WHERE q.organisation_id = %(organisation_id)s
"""

_PAGE = f"""{_PROPOSALS}
  AND (%(state)s::text IS NULL OR q.state = %(state)s)
  AND (%(proposed_by)s::uuid IS NULL OR q.created_by = %(proposed_by)s)
  AND (%(before)s::uuid IS NULL OR q.id < %(before)s)
ORDER BY q.id DESC LIMIT %(limit)s
"""

_ONE = f"{_PROPOSALS} AND q.id = %(proposal_id)s"

_COUNTS = """
SELECT state, count(*) AS n FROM proposals WHERE organisation_id = %(organisation_id)s GROUP BY 1
"""

_PROBLEMS = """
SELECT r.id AS problem_id, r.text, r.created_at,
       (SELECT count(*) FROM proposals q
        WHERE q.organisation_id = r.organisation_id AND q.problem_id = r.id) AS proposals
FROM problems r WHERE r.organisation_id = %(organisation_id)s
ORDER BY r.id DESC LIMIT %(limit)s
"""


def list_proposals(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    state: ProposalState | None = None,
    proposed_by: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    limit: int = PAGE,
) -> ProposalPage:
    """The newest first; ids are in order of time."""
    params = {
        "organisation_id": organisation_id,
        "state": state,
        "proposed_by": proposed_by,
        "before": before,
        "limit": limit + 1,
    }
    found = [_row(row) for row in sql.rows(session, _PAGE, params)]
    more = len(found) > limit
    return ProposalPage(tuple(found[:limit]), found[limit - 1].proposal_id if more else None)


def get_proposal(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID
) -> ProposalRow:
    """Raises NoSuchProposal."""
    params = {"organisation_id": organisation_id, "proposal_id": proposal_id}
    row = sql.one_or_none(session, _ONE, params)
    if row is None:
        raise NoSuchProposal()
    return _row(row)


def count_proposals(session: Session, *, organisation_id: uuid.UUID) -> Mapping[ProposalState, int]:
    """How many there are in each state, also where there is none."""
    found = sql.rows(session, _COUNTS, {"organisation_id": organisation_id})
    return dict.fromkeys(ProposalState, 0) | {ProposalState(row.state): row.n for row in found}


def list_problems(
    session: Session, *, organisation_id: uuid.UUID, limit: int = 200
) -> list[ProblemRow]:
    """The newest first, each with the number of proposals that would answer it."""
    params = {"organisation_id": organisation_id, "limit": limit}
    return [
        ProblemRow(row.problem_id, row.text, row.proposals, row.created_at)
        for row in sql.rows(session, _PROBLEMS, params)
    ]


def _row(row: Any) -> ProposalRow:
    return ProposalRow(
        proposal_id=row.proposal_id,
        title=row.title,
        state=ProposalState(row.state),
        problem_id=row.problem_id,
        problem=row.problem,
        terms=parse_terms(row.terms),
        way_of_working=row.way_of_working,
        branch_id=row.branch_id,
        branch=row.branch,
        proposed_by=row.proposed_by,
        proposer=row.proposer or "",
        created_at=row.created_at,
        reason=row.reason,
        decided_by=row.decided_by,
        decider=row.decider,
        decided_at=row.decided_at,
        promise_id=row.promise_id,
        promise_slug=row.promise_slug,
    )
