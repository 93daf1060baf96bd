"""Reading problems with the cases behind them.

A case counts with the problem that its own was merged into, and a ticket counts once a problem,
whatever was noted of it: the list of cases is what the number counts, row by row.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.models import ProblemSource, ProblemState
from promises.catalogue.problem_errors import NoSuchProblem
from promises.catalogue.problem_models import EvidenceKind
from promises.db import sql

PAGE = 30
SPAN = dt.timedelta(days=30)
ALIKE = 0.3
"""From this share of common three-letter pieces on, two texts are shown as similar."""


class ProblemShown(StrEnum):
    """Which problems of the board."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class BoardFilter:
    shown: ProblemShown = ProblemShown.OPEN
    branch_id: uuid.UUID | None = None
    service_kind_id: uuid.UUID | None = None
    source: ProblemSource | None = None


@dataclass(frozen=True, slots=True)
class ProblemCard:
    """`recent` are the cases of the last 30 days, `before` those of the 30 days before them.
    `answered_by` is the slug of a promise that answers it."""

    problem_id: uuid.UUID
    text: str
    state: ProblemState
    source: ProblemSource
    reason: str
    merged_into: uuid.UUID | None
    merged_into_text: str | None
    cause_id: uuid.UUID | None
    created_at: dt.datetime
    author: str | None
    cases: int
    recent: int
    before: int
    branch_ids: tuple[uuid.UUID, ...]
    service_kind_ids: tuple[uuid.UUID, ...]
    segments: tuple[str, ...]
    proposals: int
    answered_by: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `own_text`: the words of the problem itself, as it was written down."""

    case_id: uuid.UUID
    problem_id: uuid.UUID
    kind: EvidenceKind
    own_text: bool
    ticket_id: uuid.UUID | None
    branch_id: uuid.UUID | None
    service_kind_id: uuid.UUID | None
    segment: str | None
    note: str | None
    happened_at: dt.datetime
    author: str | None


@dataclass(frozen=True, slots=True)
class ProblemProposal:
    proposal_id: uuid.UUID
    title: str
    state: str
    promise_slug: str | None


@dataclass(frozen=True, slots=True)
class SimilarProblem:
    problem_id: uuid.UUID
    text: str
    likeness: float


_PIECES = """
SELECT DISTINCT ON (root_id, coalesce(ticket_id, piece_id)) *
FROM (
    SELECT coalesce(p.merged_into, p.id) AS root_id, p.id AS piece_id, p.id AS problem_id,
           'told' AS kind, true AS own_text, NULL::uuid AS ticket_id, p.branch_id,
           p.service_kind_id, p.segment, p.text AS note, p.created_at AS happened_at, p.created_by
    FROM problems p
    WHERE p.organisation_id = %(organisation_id)s AND p.source = 'staff' {problems}
    UNION ALL
    SELECT coalesce(p.merged_into, p.id), e.id, e.problem_id, e.kind, false, e.ticket_id,
           e.branch_id, e.service_kind_id, e.segment, e.note, e.happened_at, e.created_by
    FROM problem_evidence e
    JOIN problems p ON p.organisation_id = e.organisation_id AND p.id = e.problem_id
    WHERE e.organisation_id = %(organisation_id)s AND e.taken_back_at IS NULL {problems}
) pieces
ORDER BY root_id, coalesce(ticket_id, piece_id), happened_at, piece_id
"""

_OF_ONE = "AND (p.id = %(problem_id)s OR p.merged_into = %(problem_id)s)"

_ANSWERS = """
SELECT q.id AS proposal_id, q.title, q.state, s.slug AS promise_slug, l.problem_id
FROM (
    SELECT organisation_id, problem_id, id AS proposal_id FROM proposals
    WHERE organisation_id = %(organisation_id)s
    UNION
    SELECT organisation_id, problem_id, proposal_id FROM proposal_problems
    WHERE organisation_id = %(organisation_id)s
) l
JOIN proposals q ON q.organisation_id = l.organisation_id AND q.id = l.proposal_id
LEFT JOIN decisions d ON d.organisation_id = q.organisation_id AND d.proposal_id = q.id
    AND d.outcome = 'published'
LEFT JOIN promises s ON s.organisation_id = d.organisation_id AND s.id = d.promise_id
"""

# The same cases, with no more than the board counts: a sort of narrow rows stays in memory.
_COUNTED_PIECES = """
SELECT DISTINCT ON (root_id, coalesce(ticket_id, piece_id))
       root_id, branch_id, service_kind_id, segment, happened_at
FROM (
    SELECT coalesce(p.merged_into, p.id) AS root_id, p.id AS piece_id, NULL::uuid AS ticket_id,
           p.branch_id, p.service_kind_id, p.segment, p.created_at AS happened_at
    FROM problems p
    WHERE p.organisation_id = %(organisation_id)s AND p.source = 'staff' {problems}
    UNION ALL
    SELECT coalesce(p.merged_into, p.id), e.id, e.ticket_id, e.branch_id, e.service_kind_id,
           e.segment, e.happened_at
    FROM problem_evidence e
    JOIN problems p ON p.organisation_id = e.organisation_id AND p.id = e.problem_id
    WHERE e.organisation_id = %(organisation_id)s AND e.taken_back_at IS NULL {problems}
) pieces
ORDER BY root_id, coalesce(ticket_id, piece_id), happened_at, piece_id
"""

_CARDS = f"""
WITH cases AS ({_COUNTED_PIECES}), counted AS (
    SELECT root_id, count(*) AS cases,
           count(*) FILTER (WHERE happened_at > %(now)s - %(span)s) AS recent,
           count(*) FILTER (WHERE happened_at <= %(now)s - %(span)s
               AND happened_at > %(now)s - 2 * %(span)s) AS before,
           array_agg(DISTINCT branch_id) FILTER (WHERE branch_id IS NOT NULL) AS branch_ids,
           array_agg(DISTINCT service_kind_id) FILTER (WHERE service_kind_id IS NOT NULL)
               AS service_kind_ids,
           array_agg(DISTINCT segment) FILTER (WHERE segment IS NOT NULL) AS segments
    FROM cases GROUP BY root_id
), answers AS (
    SELECT coalesce(p.merged_into, p.id) AS root_id, count(DISTINCT a.proposal_id) AS proposals,
           min(a.promise_slug) AS answered_by
    FROM ({_ANSWERS}) a
    JOIN problems p ON p.organisation_id = %(organisation_id)s AND p.id = a.problem_id
    GROUP BY 1
)
SELECT p.id AS problem_id, p.text, p.state, p.source, p.reason, p.merged_into, o.text AS into_text,
       p.cause_id, p.created_at, m.name AS author, coalesce(c.cases, 0) AS cases,
       coalesce(c.recent, 0) AS recent, coalesce(c.before, 0) AS before, c.branch_ids,
       c.service_kind_ids, c.segments, coalesce(a.proposals, 0) AS proposals, a.answered_by
FROM problems p
LEFT JOIN counted c ON c.root_id = p.id
LEFT JOIN answers a ON a.root_id = p.id
LEFT JOIN problems o ON o.organisation_id = p.organisation_id AND o.id = p.merged_into
LEFT JOIN members m ON m.organisation_id = p.organisation_id AND m.id = p.created_by
WHERE p.organisation_id = %(organisation_id)s
"""

_BOARD = f"""{_CARDS.replace("{problems}", "")}
  AND CASE %(shown)s::text
      WHEN 'open' THEN p.state = 'open' AND a.answered_by IS NULL
      WHEN 'answered' THEN p.state = 'open' AND a.answered_by IS NOT NULL
      ELSE p.state = %(shown)s END
  AND (%(branch_id)s::uuid IS NULL OR %(branch_id)s = ANY (c.branch_ids))
  AND (%(service_kind_id)s::uuid IS NULL OR %(service_kind_id)s = ANY (c.service_kind_ids))
  AND (%(source)s::text IS NULL OR p.source = %(source)s)
ORDER BY coalesce(c.recent, 0) DESC, coalesce(c.cases, 0) DESC, p.id DESC
LIMIT %(limit)s OFFSET %(skip)s
"""

_ONE = f"""{_CARDS.replace("{problems}", _OF_ONE)} AND p.id = %(problem_id)s"""

_CASES = f"""
SELECT c.*, m.name AS author
FROM ({_PIECES.replace("{problems}", _OF_ONE)}) c
LEFT JOIN members m ON m.organisation_id = %(organisation_id)s AND m.id = c.created_by
ORDER BY c.happened_at DESC, c.piece_id DESC LIMIT %(limit)s OFFSET %(skip)s
"""

_PROPOSALS = f"""
SELECT DISTINCT a.proposal_id, a.title, a.state, a.promise_slug FROM ({_ANSWERS}) a
JOIN problems p ON p.organisation_id = %(organisation_id)s AND p.id = a.problem_id
WHERE p.id = %(problem_id)s OR p.merged_into = %(problem_id)s
ORDER BY a.proposal_id DESC LIMIT 50
"""

_MERGED = """
SELECT id AS problem_id, text FROM problems
WHERE organisation_id = %(organisation_id)s AND merged_into = %(problem_id)s
ORDER BY id LIMIT 200
"""

_SIMILAR = """
SELECT problem_id, text, likeness FROM (
    SELECT id AS problem_id, text,
           greatest(similarity(text, %(text)s), word_similarity(%(text)s, text)) AS likeness
    FROM (
        SELECT id, text FROM problems
        WHERE organisation_id = %(organisation_id)s AND state = 'open'
          AND (%(but)s::uuid IS NULL OR id <> %(but)s)
        ORDER BY id DESC LIMIT 2000
    ) latest
    OFFSET 0
) compared
WHERE likeness >= %(alike)s ORDER BY likeness DESC, problem_id DESC LIMIT %(limit)s
"""

_CAUSES = "SELECT id, names FROM causes WHERE organisation_id = %(organisation_id)s"


def problem_board(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    only: BoardFilter,
    skip: int = 0,
    limit: int = PAGE,
) -> list[ProblemCard]:
    """Those with the most cases in the last 30 days first."""
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "span": SPAN,
        "shown": only.shown.value,
        "branch_id": only.branch_id,
        "service_kind_id": only.service_kind_id,
        "source": only.source.value if only.source else None,
        "limit": limit,
        "skip": skip,
    }
    return [_card(row) for row in sql.rows(session, _BOARD, params)]


def get_problem(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, problem_id: uuid.UUID
) -> ProblemCard:
    """Raises NoSuchProblem."""
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "span": SPAN,
        "problem_id": problem_id,
    }
    row = sql.one_or_none(session, _ONE, params)
    if row is None:
        raise NoSuchProblem()
    return _card(row)


def list_cases(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    problem_id: uuid.UUID,
    skip: int = 0,
    limit: int = PAGE,
) -> list[Case]:
    """What the number of cases counts, the newest first."""
    params = {
        "organisation_id": organisation_id,
        "problem_id": problem_id,
        "limit": limit,
        "skip": skip,
    }
    return [
        Case(
            case_id=row.piece_id,
            problem_id=row.problem_id,
            kind=EvidenceKind(row.kind),
            own_text=row.own_text,
            ticket_id=row.ticket_id,
            branch_id=row.branch_id,
            service_kind_id=row.service_kind_id,
            segment=row.segment,
            note=row.note,
            happened_at=row.happened_at,
            author=row.author,
        )
        for row in sql.rows(session, _CASES, params)
    ]


def proposals_for(
    session: Session, *, organisation_id: uuid.UUID, problem_id: uuid.UUID
) -> list[ProblemProposal]:
    """The proposals that answer it, or one that was merged into it; the newest first."""
    params = {"organisation_id": organisation_id, "problem_id": problem_id}
    return [ProblemProposal(*row) for row in sql.rows(session, _PROPOSALS, params)]


def merged_into(
    session: Session, *, organisation_id: uuid.UUID, problem_id: uuid.UUID
) -> Sequence[Any]:
    """Rows (problem_id, text) of those that count with this one."""
    params = {"organisation_id": organisation_id, "problem_id": problem_id}
    return sql.rows(session, _MERGED, params)


def similar_problems(
    session: Session,
    organisation_id: uuid.UUID,
    text: str,
    limit: int = 5,
    *,
    but: uuid.UUID | None = None,
) -> list[SimilarProblem]:
    """Open problems in similar words, the most alike first; `but` is left out. The operators of
    pg_trgm cannot use an index under row-level security, so the newest 2,000 are compared."""
    if not text.strip():
        return []
    params = {
        "organisation_id": organisation_id,
        "text": text.strip()[:1000],
        "alike": ALIKE,
        "but": but,
        "limit": limit,
    }
    return [SimilarProblem(*row) for row in sql.rows(session, _SIMILAR, params)]


def cause_names(session: Session, *, organisation_id: uuid.UUID) -> dict[uuid.UUID, dict[str, str]]:
    """The names of the causes of breaches, by language, for problems that were raised by one."""
    found = sql.rows(session, _CAUSES, {"organisation_id": organisation_id})
    return {row.id: row.names for row in found}


def _card(row: Any) -> ProblemCard:
    return ProblemCard(
        problem_id=row.problem_id,
        text=row.text,
        state=ProblemState(row.state),
        source=ProblemSource(row.source),
        reason=row.reason,
        merged_into=row.merged_into,
        merged_into_text=row.into_text,
        cause_id=row.cause_id,
        created_at=row.created_at,
        author=row.author,
        cases=row.cases,
        recent=row.recent,
        before=row.before,
        branch_ids=tuple(row.branch_ids or ()),
        service_kind_ids=tuple(row.service_kind_ids or ()),
        segments=tuple(sorted(row.segments or ())),
        proposals=row.proposals,
        answered_by=row.answered_by,
    )
