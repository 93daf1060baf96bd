"""Reading drafts."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.draft_models import DraftState
from promises.catalogue.errors import NoSuchDraft
from promises.db import sql

MOST_SHOWN = 50

_DRAFTS = """
SELECT d.id AS draft_id, d.template, d.promise_id, p.slug AS promise_slug, d.proposal_id,
       d.terms, d.answers, d.revision, d.state, d.changed_at, m.name AS changed_by
FROM drafts d
LEFT JOIN promises p ON p.organisation_id = d.organisation_id AND p.id = d.promise_id
LEFT JOIN members m ON m.organisation_id = d.organisation_id AND m.id = d.changed_by
WHERE d.organisation_id = %(organisation_id)s
"""

_ONE = f"{_DRAFTS} AND d.id = %(draft_id)s"

_OPEN = f"{_DRAFTS} AND d.state = 'open' ORDER BY d.changed_at DESC, d.id LIMIT {MOST_SHOWN}"

_TEMPLATE = """
SELECT template FROM drafts
WHERE organisation_id = %(organisation_id)s AND version_id = %(version_id)s LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    draft_id: uuid.UUID
    template: str | None
    promise_id: uuid.UUID | None
    promise_slug: str | None
    proposal_id: uuid.UUID | None
    terms: dict[str, Any]
    answers: dict[str, Any]
    revision: int
    state: DraftState
    changed_at: dt.datetime
    changed_by: str | None


def get_draft(session: Session, *, organisation_id: uuid.UUID, draft_id: uuid.UUID) -> DraftRow:
    """Raises NoSuchDraft."""
    params = {"organisation_id": organisation_id, "draft_id": draft_id}
    row = sql.one_or_none(session, _ONE, params)
    if row is None:
        raise NoSuchDraft()
    return _draft(row)


def list_open_drafts(session: Session, *, organisation_id: uuid.UUID) -> list[DraftRow]:
    """The newest changes first."""
    return [_draft(row) for row in sql.rows(session, _OPEN, {"organisation_id": organisation_id})]


def template_of_version(
    session: Session, *, organisation_id: uuid.UUID, version_id: uuid.UUID
) -> str | None:
    """The template that a version was made from, by its draft."""
    params = {"organisation_id": organisation_id, "version_id": version_id}
    row = sql.one_or_none(session, _TEMPLATE, params)
    return None if row is None else row.template


def _draft(row: Any) -> DraftRow:
    return DraftRow(**row._asdict() | {"state": DraftState(row.state)})
