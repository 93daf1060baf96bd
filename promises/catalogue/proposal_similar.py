"""What is like a proposal that somebody is writing: other proposals, and promises in force.

Trigrams tell how much of what was typed stands in another text, so a slip or another ending of a
word does no harm. Row-level security lets no index be used here; an organisation has thousands of
proposals at most, and reading them all takes a tenth of a second.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.models import ProposalState
from promises.db import sql

SHOWN = 5
FEWEST_SIGNS = 8
"""Shorter texts are like everything."""

LIKE = 0.35
"""From here on two texts are about the same thing."""

SAME = 0.6
"""From here on they may be the same."""

# The titles of two promises of one kind are always alike: the ways of working tell them apart.
_SIMILAR = """
SELECT id, title, state, score::float8, (
        SELECT count(*) FROM proposal_supports s
        WHERE s.organisation_id = %(organisation_id)s AND s.proposal_id = scored.id) AS supports
FROM (
    SELECT q.id, q.title, q.state,
        CASE WHEN %(way)s = '' THEN similarity(q.title, %(title)s)
             WHEN %(title)s = '' THEN word_similarity(%(way)s, q.way_of_working)
             ELSE 0.4 * similarity(q.title, %(title)s)
                + 0.6 * word_similarity(%(way)s, q.way_of_working) END
        + CASE WHEN q.problem_id = %(problem_id)s THEN 0.15 ELSE 0 END AS score
    FROM proposals q
    WHERE q.organisation_id = %(organisation_id)s AND q.state <> 'merged'
) AS scored
WHERE score >= %(like)s ORDER BY score DESC, id DESC LIMIT %(limit)s
"""

_PROMISES = """
SELECT slug, titles, score::float8 FROM (
    SELECT p.slug, p.titles, (
        SELECT max(similarity(t.value, %(title)s)) FROM jsonb_each_text(p.titles) AS t
    ) AS score
    FROM promises p
    WHERE p.organisation_id = %(organisation_id)s AND (p.ends_at IS NULL OR p.ends_at > %(now)s)
) AS scored
WHERE score >= %(like)s ORDER BY score DESC, slug LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class SimilarProposal:
    proposal_id: uuid.UUID
    title: str
    state: ProposalState
    supports: int
    score: float


@dataclass(frozen=True, slots=True)
class SimilarPromise:
    slug: str
    titles: Mapping[str, str]
    score: float


@dataclass(frozen=True, slots=True)
class Similar:
    """The most similar first."""

    proposals: tuple[SimilarProposal, ...]
    promises: tuple[SimilarPromise, ...]

    @property
    def may_be_the_same(self) -> bool:
        """Whether one of the proposals is so near that the proposer had better look at it."""
        return any(one.score >= SAME for one in self.proposals)


def similar_to(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    title: str,
    way_of_working: str,
    problem_id: uuid.UUID | None = None,
) -> Similar:
    """Nothing for what is too short to be like something."""
    title, way = (
        text if len(text) >= FEWEST_SIGNS else ""
        for text in (title.strip(), way_of_working.strip())
    )
    if not title and not way:
        return Similar((), ())
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "title": title,
        "way": way,
        "problem_id": problem_id,
        "like": LIKE,
        "limit": SHOWN,
    }
    proposals = tuple(
        SimilarProposal(row.id, row.title, ProposalState(row.state), row.supports, row.score)
        for row in sql.rows(session, _SIMILAR, params)
    )
    promises = tuple(
        SimilarPromise(row.slug, row.titles, row.score)
        for row in (sql.rows(session, _PROMISES, params) if title else ())
    )
    return Similar(proposals, promises)
