"""Reading problems, proposals and what became of them."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.errors import NoSuchProposal
from promises.catalogue.models import ProposalState
from promises.db import sql
from promises.rules.terms import Terms, parse_terms

PAGE = 30


class Order(StrEnum):
    """How a list of proposals is sorted."""

    NEWEST = "newest"
    SUPPORTED = "supported"
    WAITING = "waiting"  # whose decision is due first


@dataclass(frozen=True, slots=True)
class ProblemRow:
    problem_id: uuid.UUID
    text: str
    proposals: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal with its first problem and, once decided, the decision that the proposer sees.

    `reason` is what everybody on staff reads about the present state: why, or the open question.
    `supports` and `comments` are counts; `supported` and `followed` are about the reader.
    """

    proposal_id: uuid.UUID
    title: str
    state: ProposalState
    problem_id: uuid.UUID
    problem: str
    terms: Terms
    way_of_working: str
    needs: str
    credit: bool
    branch_id: uuid.UUID | None
    branch: str | None
    proposed_by: uuid.UUID
    proposer: str
    created_at: dt.datetime
    changed_at: dt.datetime
    decide_before: dt.datetime | None
    asked_at: dt.datetime | None
    answered_at: dt.datetime | None
    reason: str | None
    decided_by: uuid.UUID | None
    decider: str | None
    decided_at: dt.datetime | None
    promise_id: uuid.UUID | None
    promise_slug: str | None
    merged_into: uuid.UUID | None
    merged_title: str | None
    supports: int
    comments: int
    supported: bool
    followed: bool

    def overdue(self, now: dt.datetime) -> bool:
        """Whether management's time to decide has run out; it rests while a question is open."""
        waits = self.state is ProposalState.OPEN
        return waits and self.decide_before is not None and self.decide_before <= now


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """`next_before` is the id to ask for as `before` in a list of the newest, `next_offset` the
    place to go on from in any other; None on the last page."""

    rows: tuple[ProposalRow, ...]
    next_before: uuid.UUID | None
    next_offset: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which proposals: each of the parts narrows; `words` are looked for in what was written."""

    states: Collection[ProposalState] = ()
    proposed_by: uuid.UUID | None = None
    words: str = ""
    overdue_at: dt.datetime | None = None
    problem_id: uuid.UUID | None = None
    branch_id: uuid.UUID | None = None


# The lateral counts are read by the unique index of supports and the index of comments, for the
# rows of one page.
_PROPOSALS = """
SELECT q.id AS proposal_id, q.title, q.state, q.problem_id, r.text AS problem, q.terms,
       q.way_of_working, q.needs, q.credit, q.branch_id, b.name AS branch,
       q.created_by AS proposed_by, m.name AS proposer, q.created_at,
       coalesce(q.changed_at, q.created_at) AS changed_at, q.decide_before, q.asked_at,
       q.decided_at AS answered_at, coalesce(d.reason, q.reason) AS reason, d.decided_by,
       k.name AS decider, d.decided_at, d.promise_id, p.slug AS promise_slug, q.merged_into,
       o.title AS merged_title,
       (SELECT count(*) FROM proposal_supports s
        WHERE s.organisation_id = q.organisation_id AND s.proposal_id = q.id) AS supports,
       (SELECT count(*) FROM proposal_comments c
        WHERE c.organisation_id = q.organisation_id AND c.proposal_id = q.id
            AND c.corrects_id IS NULL) AS comments,
       EXISTS (SELECT 1 FROM proposal_supports s
        WHERE s.organisation_id = q.organisation_id AND s.proposal_id = q.id
            AND s.member_id = %(reader)s) AS supported,
       EXISTS (SELECT 1 FROM proposal_follows f
        WHERE f.organisation_id = q.organisation_id AND f.proposal_id = q.id
            AND f.member_id = %(reader)s AND f.active) AS followed
FROM proposals q
JOIN problems r ON r.organisation_id = q.organisation_id AND r.id = q.problem_id
LEFT JOIN branches b ON b.organisation_id = q.organisation_id AND b.id = q.branch_id
LEFT JOIN members m ON m.organisation_id = q.organisation_id AND m.id = q.created_by
LEFT JOIN decisions d ON d.organisation_id = q.organisation_id AND d.proposal_id = q.id
LEFT JOIN members k ON k.organisation_id = q.organisation_id AND k.id = d.decided_by
LEFT JOIN promises p ON p.organisation_id = q.organisation_id AND p.id = d.promise_id
LEFT JOIN proposals o ON o.organisation_id = q.organisation_id AND o.id = q.merged_into
WHERE q.organisation_id = %(organisation_id)s
"""

_ANSWERS = """(q.problem_id = %(problem_id)s OR EXISTS (
        SELECT 1 FROM proposal_problems l
        WHERE l.organisation_id = q.organisation_id AND l.proposal_id = q.id
            AND l.problem_id = %(problem_id)s))"""

_WANTED = f"""
WHERE q.organisation_id = %(organisation_id)s
  AND (%(states)s::text[] IS NULL OR q.state = ANY(%(states)s::text[]))
  AND (%(proposed_by)s::uuid IS NULL OR q.created_by = %(proposed_by)s)
  AND (%(before)s::uuid IS NULL OR q.id < %(before)s)
  AND (%(like)s::text IS NULL OR q.title ILIKE %(like)s OR q.way_of_working ILIKE %(like)s)
  AND (%(overdue_at)s::timestamptz IS NULL
       OR q.state = 'open' AND q.decide_before <= %(overdue_at)s)
  AND (%(problem_id)s::uuid IS NULL OR {_ANSWERS})
  AND (%(branch_id)s::uuid IS NULL OR q.branch_id = %(branch_id)s)
"""

_IDS = {
    Order.NEWEST: f"SELECT q.id FROM proposals q {_WANTED} ORDER BY q.id DESC "
    "LIMIT %(limit)s OFFSET %(offset)s",
    Order.SUPPORTED: f"""
SELECT q.id FROM proposals q
LEFT JOIN (SELECT proposal_id, count(*) AS n FROM proposal_supports
           WHERE organisation_id = %(organisation_id)s GROUP BY 1) s ON s.proposal_id = q.id
{_WANTED} ORDER BY coalesce(s.n, 0) DESC, q.id DESC LIMIT %(limit)s OFFSET %(offset)s""",
    Order.WAITING: f"""
SELECT q.id FROM proposals q {_WANTED}
ORDER BY q.state = 'asked', q.decide_before NULLS LAST, q.id LIMIT %(limit)s OFFSET %(offset)s""",
}

_TOTAL = f"SELECT count(*) AS n FROM proposals q {_WANTED}"

_THESE = f"{_PROPOSALS} AND q.id = ANY(%(ids)s::uuid[])"

_ONE = f"{_PROPOSALS} AND q.id = %(proposal_id)s"

_COUNTS = """
SELECT state, count(*) AS n FROM proposals WHERE organisation_id = %(organisation_id)s GROUP BY 1
"""

_PROBLEMS = """
SELECT r.id AS problem_id, r.text, r.created_at,
       (SELECT count(*) FROM proposals q
        WHERE q.organisation_id = r.organisation_id AND q.problem_id = r.id) AS proposals
FROM problems r WHERE r.organisation_id = %(organisation_id)s AND r.state = 'open'
ORDER BY r.id DESC LIMIT %(limit)s
"""

_FURTHER = """
SELECT r.id AS problem_id, r.text
FROM proposal_problems l
JOIN problems r ON r.organisation_id = l.organisation_id AND r.id = l.problem_id
WHERE l.organisation_id = %(organisation_id)s AND l.proposal_id = %(proposal_id)s
ORDER BY r.id
"""


def list_proposals(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    wanted: Wanted | None = None,
    order: Order = Order.NEWEST,
    before: uuid.UUID | None = None,
    offset: int = 0,
    limit: int = PAGE,
    reader: uuid.UUID | None = None,
) -> ProposalPage:
    """By default the newest first; ids are in order of time. `reader` is who looks."""
    tenant = {"organisation_id": organisation_id}
    params = _narrowed(organisation_id, wanted) | {
        "before": before,
        "offset": offset,
        "limit": limit + 1,
    }
    ids = [row.id for row in sql.rows(session, _IDS[order], params)]
    shown = ids[:limit]
    found = {
        row.proposal_id: _row(row)
        for row in sql.rows(session, _THESE, tenant | {"ids": shown, "reader": reader})
    }
    more = len(ids) > limit
    newest = order is Order.NEWEST
    return ProposalPage(
        tuple(found[one] for one in shown),
        shown[-1] if more and newest else None,
        offset + limit if more and not newest else None,
    )


def count_wanted(session: Session, *, organisation_id: uuid.UUID, wanted: Wanted) -> int:
    """How many there are of these in all."""
    params = _narrowed(organisation_id, wanted) | {"before": None}
    found: int = sql.one(session, _TOTAL, params).n
    return found


def _narrowed(organisation_id: uuid.UUID, wanted: Wanted | None) -> dict[str, Any]:
    which = wanted or Wanted()
    return {
        "organisation_id": organisation_id,
        "states": [one.value for one in which.states] or None,
        "proposed_by": which.proposed_by,
        "like": f"%{_plain(which.words)}%" if which.words else None,
        "overdue_at": which.overdue_at,
        "problem_id": which.problem_id,
        "branch_id": which.branch_id,
    }


def _plain(words: str) -> str:
    """What was typed, its signs taken as they are."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def get_proposal(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    reader: uuid.UUID | None = None,
) -> ProposalRow:
    """Raises NoSuchProposal."""
    params = {"organisation_id": organisation_id, "proposal_id": proposal_id, "reader": reader}
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
    """Those that still hurt, the newest first, each with the number of proposals that would answer
    it first."""
    params = {"organisation_id": organisation_id, "limit": limit}
    return [
        ProblemRow(row.problem_id, row.text, row.proposals, row.created_at)
        for row in sql.rows(session, _PROBLEMS, params)
    ]


def further_problems(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID
) -> list[tuple[uuid.UUID, str]]:
    """The problems that a proposal answers besides its first: id and text."""
    params = {"organisation_id": organisation_id, "proposal_id": proposal_id}
    return [(row.problem_id, row.text) for row in sql.rows(session, _FURTHER, params)]


def _row(row: Any) -> ProposalRow:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return ProposalRow(
        **plain,
        state=ProposalState(row.state),
        terms=parse_terms(row.terms),
        proposer=row.proposer or "",
        reason=row.reason or None,
    )


_READ_ANEW = ("state", "terms", "proposer", "reason")
_PLAIN = tuple(name for name in ProposalRow.__dataclass_fields__ if name not in _READ_ANEW)
