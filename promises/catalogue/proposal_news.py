"""Who hears what of a proposal: those who follow it, and those whom somebody names."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.proposal_models import NewsKind
from promises.db import sql

LONGEST_LIST = 50

_FOLLOW = """
INSERT INTO proposal_follows (organisation_id, id, proposal_id, member_id, active, changed_at)
SELECT %(organisation_id)s, gen_random_uuid(), %(proposal_id)s, one, true, %(now)s
FROM unnest(%(member_ids)s::uuid[]) AS one
ON CONFLICT (organisation_id, proposal_id, member_id) DO NOTHING
"""

_SET = """
INSERT INTO proposal_follows (organisation_id, id, proposal_id, member_id, active, changed_at)
VALUES (%(organisation_id)s, gen_random_uuid(), %(proposal_id)s, %(member_id)s, %(active)s, %(now)s)
ON CONFLICT (organisation_id, proposal_id, member_id)
DO UPDATE SET active = excluded.active, changed_at = excluded.changed_at
"""

# Whoever is named hears that, and not also that somebody wrote.
_TELL = """
INSERT INTO proposal_news (
    organisation_id, id, proposal_id, member_id, kind, source_id, actor_id, created_at
)
SELECT m.organisation_id, gen_random_uuid(), %(proposal_id)s, m.id, %(kind)s, %(source_id)s,
    %(actor_id)s, %(now)s
FROM members m
WHERE m.organisation_id = %(organisation_id)s AND m.state = 'active'
    AND m.id IS DISTINCT FROM %(actor_id)s
    AND (m.id = ANY(%(member_ids)s::uuid[]) OR %(followers)s AND EXISTS (
        SELECT 1 FROM proposal_follows f
        WHERE f.organisation_id = m.organisation_id AND f.proposal_id = %(proposal_id)s
            AND f.member_id = m.id AND f.active))
ON CONFLICT (organisation_id, member_id, source_id) DO NOTHING
"""

_UNREAD = """
SELECT n.id, n.proposal_id, n.kind, n.created_at, q.title, m.name AS actor
FROM proposal_news n
JOIN proposals q ON q.organisation_id = n.organisation_id AND q.id = n.proposal_id
LEFT JOIN members m ON m.organisation_id = n.organisation_id AND m.id = n.actor_id
WHERE n.organisation_id = %(organisation_id)s AND n.member_id = %(member_id)s
    AND n.read_at IS NULL
ORDER BY n.created_at DESC, n.id DESC LIMIT %(limit)s
"""

_READ = """
UPDATE proposal_news SET read_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND member_id = %(member_id)s AND read_at IS NULL
    AND (%(proposal_id)s::uuid IS NULL OR proposal_id = %(proposal_id)s)
"""


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One line of "what is new for me". `actor` is the name of who did it, if a person did."""

    proposal_id: uuid.UUID
    title: str
    kind: NewsKind
    actor: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to a proposal; `source_id` is the comment or the change behind it."""

    proposal_id: uuid.UUID
    kind: NewsKind
    source_id: uuid.UUID
    actor_id: uuid.UUID | None


def follow(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    member_ids: Collection[uuid.UUID],
    now: dt.datetime,
) -> None:
    """They hear of it from now on, except who stopped before."""
    params = {
        "organisation_id": organisation_id,
        "proposal_id": proposal_id,
        "member_ids": list(member_ids),
        "now": now,
    }
    sql.execute(session, _FOLLOW, params)


def set_following(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    member_id: uuid.UUID,
    active: bool,
    now: dt.datetime,
) -> None:
    """What the member chose, whatever was before."""
    params = {
        "organisation_id": organisation_id,
        "proposal_id": proposal_id,
        "member_id": member_id,
        "active": active,
        "now": now,
    }
    sql.execute(session, _SET, params)


def tell(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    what: Happening,
    member_ids: Collection[uuid.UUID] = (),
    followers: bool = True,
) -> int:
    """News for these members who are active, and for the followers; never for who did it. Each
    hears of one source once. Returns how many hear of it."""
    params = {
        "organisation_id": organisation_id,
        "proposal_id": what.proposal_id,
        "kind": what.kind.value,
        "source_id": what.source_id,
        "actor_id": what.actor_id,
        "now": now,
        "member_ids": list(member_ids),
        "followers": followers,
    }
    return sql.execute(session, _TELL, params)


def unread_news(
    session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID, limit: int = LONGEST_LIST
) -> list[NewsItem]:
    """The newest first."""
    params = {"organisation_id": organisation_id, "member_id": member_id, "limit": limit}
    return [
        NewsItem(row.proposal_id, row.title, NewsKind(row.kind), row.actor or "", row.created_at)
        for row in sql.rows(session, _UNREAD, params)
    ]


def mark_read(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    member_id: uuid.UUID,
    now: dt.datetime,
    proposal_id: uuid.UUID | None = None,
) -> int:
    """All of the member's news, or that of one proposal."""
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "proposal_id": proposal_id,
        "now": now,
    }
    return sql.execute(session, _READ, params)
