"""Colleagues around a proposal: support, comments, mentions."""

import datetime as dt
import re
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, tidy
from promises.catalogue.errors import NoSuchProposal
from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_errors import NoSuchComment, NotYourComment, ProposalMovedOn
from promises.catalogue.proposal_models import Comment, NewsKind
from promises.catalogue.proposal_news import Happening, follow, tell
from promises.catalogue.proposal_states import UNDECIDED
from promises.db import sql
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import Forbidden
from promises.kernel.ids import new_id

LONGEST_COMMENT = 2000
CORRECT_FOR = dt.timedelta(minutes=15)
COMMENTS_A_PAGE = 30

# Shared, so that a merge waits for support that is on its way, and support for a merge.
_STATE = """
SELECT state, merged_into FROM proposals
WHERE organisation_id = %(organisation_id)s AND id = %(proposal_id)s FOR SHARE
"""
_SUPPORT = """
INSERT INTO proposal_supports (organisation_id, id, proposal_id, member_id, created_at)
VALUES (%(organisation_id)s, %(id)s, %(proposal_id)s, %(member_id)s, %(now)s)
ON CONFLICT (organisation_id, proposal_id, member_id) DO NOTHING
"""
_TAKE_BACK = """
DELETE FROM proposal_supports
WHERE organisation_id = %(organisation_id)s AND proposal_id = %(proposal_id)s
    AND member_id = %(member_id)s
"""
_PEOPLE = """
SELECT id, name FROM members
WHERE organisation_id = %(organisation_id)s AND state = 'active'
"""
_COMMENTS = """
SELECT c.id, c.author_id, c.created_at, m.name AS author,
    coalesce(n.text, c.text) AS text, n.created_at AS corrected_at
FROM proposal_comments c
LEFT JOIN members m ON m.organisation_id = c.organisation_id AND m.id = c.author_id
LEFT JOIN LATERAL (
    SELECT x.text, x.created_at FROM proposal_comments x
    WHERE x.organisation_id = c.organisation_id AND x.corrects_id = c.id
    ORDER BY x.id DESC LIMIT 1
) n ON true
WHERE c.organisation_id = %(organisation_id)s AND c.proposal_id = %(proposal_id)s
    AND c.corrects_id IS NULL AND (%(before)s::uuid IS NULL OR c.id < %(before)s)
ORDER BY c.id DESC LIMIT %(limit)s
"""
_SUPPORTERS = """
SELECT m.name FROM proposal_supports s
JOIN members m ON m.organisation_id = s.organisation_id AND m.id = s.member_id
WHERE s.organisation_id = %(organisation_id)s AND s.proposal_id = %(proposal_id)s
ORDER BY s.created_at, s.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class CommentRow:
    comment_id: uuid.UUID
    author_id: uuid.UUID
    author: str
    text: str
    created_at: dt.datetime
    corrected_at: dt.datetime | None

    def correctable(self, member_id: uuid.UUID, now: dt.datetime) -> bool:
        return self.author_id == member_id and now < self.created_at + CORRECT_FOR


@dataclass(frozen=True, slots=True)
class CommentPage:
    """Oldest first. `older_before` is the id to ask for as `before`; None where these are all."""

    rows: tuple[CommentRow, ...]
    older_before: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Written:
    """A comment that was stored, and whom it names."""

    comment_id: uuid.UUID
    mentioned: frozenset[uuid.UUID]


def set_support(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    proposal_id: uuid.UUID,
    wanted: bool,
) -> uuid.UUID:
    """Stand behind a proposal, or no more; safe to repeat. The proposal that it counts for: where
    one was merged, the one that it went on in. Raises NoSuchProposal, and ProposalMovedOn where it
    is decided."""
    member_id = _person(actor)
    tenant = {"organisation_id": organisation_id}
    where = proposal_id
    while True:
        row = sql.one_or_none(session, _STATE, tenant | {"proposal_id": where})
        if row is None:
            raise NoSuchProposal()
        if row.merged_into is None:
            break
        where = row.merged_into
    if ProposalState(row.state) not in UNDECIDED:
        raise ProposalMovedOn()
    params = tenant | {"id": new_id(), "proposal_id": where, "member_id": member_id, "now": now}
    sql.execute(session, _SUPPORT if wanted else _TAKE_BACK, params)
    return where


def write_comment(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    proposal_id: uuid.UUID,
    text: str,
) -> Written:
    """The author follows the proposal from now on; followers hear of it, and so does everybody on
    staff whom it names with an @. Raises NoSuchProposal, DraftRefused."""
    author = _person(actor)
    words = _checked(text)
    state = sql.one_or_none(
        session, _STATE, {"organisation_id": organisation_id, "proposal_id": proposal_id}
    )
    if state is None:
        raise NoSuchProposal()
    mentioned = _named(session, organisation_id, words)
    comment = _add(
        session,
        Comment(
            organisation_id=organisation_id,
            id=new_id(),
            proposal_id=proposal_id,
            author_id=author,
            text=words,
            mentions=sorted(mentioned),
            created_at=now,
        ),
    )
    follow(
        session,
        organisation_id=organisation_id,
        proposal_id=proposal_id,
        member_ids=[author],
        now=now,
    )
    _tell_named(session, comment, mentioned)
    what = Happening(proposal_id, NewsKind.COMMENTED, comment.id, author)
    tell(session, organisation_id=organisation_id, now=now, what=what)
    return Written(comment.id, mentioned)


def correct_comment(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    proposal_id: uuid.UUID,
    comment_id: uuid.UUID,
    text: str,
) -> Written:
    """A comment in better words, shown in place of the first ones; those stay stored. Who is named
    only now hears of it. Raises NoSuchComment, NotYourComment, DraftRefused."""
    author = _person(actor)
    first = session.get(Comment, (organisation_id, comment_id), with_for_update=True)
    if first is None or first.corrects_id is not None or first.proposal_id != proposal_id:
        raise NoSuchComment()
    if first.author_id != author or now >= first.created_at + CORRECT_FOR:
        raise NotYourComment()
    words = _checked(text)
    mentioned = _named(session, organisation_id, words)
    comment = _corrected(session, first, now, words, mentioned)
    new = mentioned - set(first.mentions)
    _tell_named(session, comment, new)
    return Written(comment.id, new)


def _checked(text: str) -> str:
    words = tidy(text)
    check = Check()
    check.text("text", words, longest=LONGEST_COMMENT)
    check.done()
    return words


def _corrected(
    session: Session, like: Comment, now: dt.datetime, text: str, mentioned: Collection[uuid.UUID]
) -> Comment:
    """A correction of a comment that is stored."""
    return _add(
        session,
        Comment(
            organisation_id=like.organisation_id,
            id=new_id(),
            proposal_id=like.proposal_id,
            author_id=like.author_id,
            corrects_id=like.id,
            text=text,
            mentions=sorted(mentioned),
            created_at=now,
        ),
    )


def _add(session: Session, comment: Comment) -> Comment:
    session.add(comment)
    session.flush()
    return comment


def _tell_named(session: Session, comment: Comment, named: Collection[uuid.UUID]) -> None:
    if named:
        tell(
            session,
            organisation_id=comment.organisation_id,
            now=comment.created_at,
            what=Happening(comment.proposal_id, NewsKind.MENTIONED, comment.id, comment.author_id),
            member_ids=named,
            followers=False,
        )


def _named(session: Session, organisation_id: uuid.UUID, text: str) -> frozenset[uuid.UUID]:
    if "@" not in text:
        return frozenset()
    people = sql.rows(session, _PEOPLE, {"organisation_id": organisation_id})
    return mentions(text, [(row.id, row.name) for row in people])


def mentions(text: str, people: Iterable[tuple[uuid.UUID, str]]) -> frozenset[uuid.UUID]:
    """Whom a text names: an @ and the whole name, or the first name where only one bears it. The
    longest name that fits is meant; two who share a whole name are both meant."""
    names: dict[str, set[uuid.UUID]] = {}
    first: dict[str, set[uuid.UUID]] = {}
    for member_id, name in people:
        whole = " ".join(name.casefold().split())
        if whole:
            names.setdefault(whole, set()).add(member_id)
            first.setdefault(whole.split()[0], set()).add(member_id)
    for name, bearers in first.items():
        if len(bearers) == 1:
            names.setdefault(name, bearers)
    known = sorted(names, key=len, reverse=True)
    found: set[uuid.UUID] = set()
    for part in " ".join(text.casefold().split()).split("@")[1:]:
        found |= names.get(_meant(part, known), set())
    return frozenset(found)


def names_that_begin(
    session: Session, *, organisation_id: uuid.UUID, begun: str, limit: int = 5
) -> list[str]:
    """Names of active colleagues, each once; a first or a last name begins with `begun`."""
    wanted = begun.casefold()
    people = sql.rows(session, _PEOPLE, {"organisation_id": organisation_id})
    found = {
        row.name
        for row in people
        if row.name.casefold().startswith(wanted)
        or any(part.startswith(wanted) for part in row.name.casefold().split())
    }
    return sorted(found, key=str.casefold)[:limit]


def _meant(part: str, known: Sequence[str]) -> str:
    for name in known:
        if part.startswith(name) and not re.match(r"\w", part[len(name) : len(name) + 1]):
            return name
    return ""


def list_comments(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    before: uuid.UUID | None = None,
    limit: int = COMMENTS_A_PAGE,
) -> CommentPage:
    """The newest page, the newest comment last."""
    params = {
        "organisation_id": organisation_id,
        "proposal_id": proposal_id,
        "before": before,
        "limit": limit + 1,
    }
    found = sql.rows(session, _COMMENTS, params)
    rows = tuple(
        CommentRow(
            row.id, row.author_id, row.author or "", row.text, row.created_at, row.corrected_at
        )
        for row in reversed(found[:limit])
    )
    return CommentPage(rows, rows[0].comment_id if len(found) > limit else None)


def supporters(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID, limit: int = 100
) -> list[str]:
    """Their names, the first ones first."""
    params = {"organisation_id": organisation_id, "proposal_id": proposal_id, "limit": limit}
    return [row.name for row in sql.rows(session, _SUPPORTERS, params)]


def _person(actor: Actor) -> uuid.UUID:
    if actor.kind is not ActorKind.MEMBER or actor.id is None:
        raise Forbidden()
    return actor.id
