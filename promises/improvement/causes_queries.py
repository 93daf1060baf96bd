"""The list of causes, and what stands as the cause of a breach."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.improvement.causes_start import START, start_id

_CAUSES = """
SELECT id, key, names, retired_at FROM causes
WHERE organisation_id = %(organisation_id)s
ORDER BY place, id
"""

_STANDING = """
SELECT DISTINCT ON (t.breach_id) t.breach_id, t.cause_id, c.names, t.tagged_by, m.name AS tagger,
    t.tagged_at
FROM breach_causes t
LEFT JOIN causes c ON c.organisation_id = t.organisation_id AND c.id = t.cause_id
LEFT JOIN members m ON m.organisation_id = t.organisation_id AND m.id = t.tagged_by
WHERE t.organisation_id = %(organisation_id)s AND t.breach_id = ANY(%(breach_ids)s)
ORDER BY t.breach_id, t.tagged_at DESC, t.id DESC
"""

_TAGS = """
SELECT t.breach_id, t.cause_id, c.names, t.tagged_by, m.name AS tagger, t.tagged_at
FROM breach_causes t
LEFT JOIN causes c ON c.organisation_id = t.organisation_id AND c.id = t.cause_id
LEFT JOIN members m ON m.organisation_id = t.organisation_id AND m.id = t.tagged_by
WHERE t.organisation_id = %(organisation_id)s AND t.breach_id = %(breach_id)s
ORDER BY t.tagged_at DESC, t.id DESC LIMIT 50
"""


@dataclass(frozen=True, slots=True)
class CauseInfo:
    cause_id: uuid.UUID
    key: str | None
    names: dict[str, str]
    retired_at: dt.datetime | None

    def name(self, locale: str) -> str:
        return self.names.get(locale) or next(iter(self.names.values()))


@dataclass(frozen=True, slots=True)
class Tag:
    """What somebody saw as the cause; without a cause: unknown again."""

    breach_id: uuid.UUID
    cause_id: uuid.UUID | None
    names: dict[str, str] | None
    tagged_by: uuid.UUID
    tagger: str | None
    tagged_at: dt.datetime

    def name(self, locale: str) -> str | None:
        if not self.names:
            return None
        return self.names.get(locale) or next(iter(self.names.values()))


def list_causes(
    session: Session, *, organisation_id: uuid.UUID, retired: bool = False
) -> list[CauseInfo]:
    """In the order of the list; with `retired` also those that are not in use any more. As long as
    nobody wrote anything it is the starting list."""
    found = rows(session, _CAUSES, {"organisation_id": organisation_id})
    if not found:
        return [
            CauseInfo(start_id(organisation_id, key), key, names, None)
            for key, names in START.items()
        ]
    return [_cause(row) for row in found if retired or row.retired_at is None]


def standing_causes(
    session: Session, *, organisation_id: uuid.UUID, breach_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Tag]:
    """The last tag of each of these breaches; one that nobody tagged is not in it."""
    if not breach_ids:
        return {}
    params = {"organisation_id": organisation_id, "breach_ids": list(breach_ids)}
    return {row.breach_id: Tag(*row) for row in rows(session, _STANDING, params)}


def tags_of(session: Session, *, organisation_id: uuid.UUID, breach_id: uuid.UUID) -> list[Tag]:
    """All tags of one breach, the newest first."""
    params = {"organisation_id": organisation_id, "breach_id": breach_id}
    return [Tag(*row) for row in rows(session, _TAGS, params)]


def _cause(row: Any) -> CauseInfo:
    return CauseInfo(row.id, row.key, row.names, row.retired_at)
