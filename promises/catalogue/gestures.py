"""The closing gesture of a promise version: written once, read by the desk."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.catalogue.gesture_models import VersionGesture
from promises.db.sql import rows

TEXT = "text"
"""Under this name stand the words, in the staff's own language."""

_WORDS = """
SELECT version_id, words ->> 'text' AS text FROM version_gestures
WHERE organisation_id = %(organisation_id)s AND version_id = ANY(%(version_ids)s)
"""


def add_gesture(
    session: Session, *, organisation_id: uuid.UUID, version_id: uuid.UUID, words: str
) -> None:
    """With the version, in its transaction."""
    session.add(
        VersionGesture(organisation_id=organisation_id, version_id=version_id, words={TEXT: words})
    )
    session.flush()


def gestures_of(
    session: Session, *, organisation_id: uuid.UUID, version_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Of those versions that carry one."""
    params = {"organisation_id": organisation_id, "version_ids": list(version_ids)}
    return {row.version_id: row.text for row in rows(session, _WORDS, params)}
