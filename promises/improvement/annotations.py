"""Notes on the charts of a promise."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.audit.actions import record
from promises.db.sql import execute, rows
from promises.improvement.annotations_models import ChartNote
from promises.improvement.causes import person
from promises.improvement.errors import NoSuchNote
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import N_

LONGEST_NOTE = 120

_REMOVE = """
UPDATE chart_notes SET removed_at = %(now)s, removed_by = %(by)s
WHERE organisation_id = %(organisation_id)s AND id = %(note_id)s AND removed_at IS NULL
  AND (promise_id IS NULL OR promise_id = %(promise_id)s)
"""

_NOTES = """
SELECT n.id, n.promise_id, n.branch_id, n.day_on, n.text, m.name AS author, n.created_at
FROM chart_notes n
LEFT JOIN members m ON m.organisation_id = n.organisation_id AND m.id = n.created_by
WHERE n.organisation_id = %(organisation_id)s AND n.removed_at IS NULL
  AND n.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND (n.promise_id IS NULL OR n.promise_id = %(promise_id)s)
  AND (n.branch_id IS NULL OR %(branch_id)s::uuid IS NULL OR n.branch_id = %(branch_id)s)
ORDER BY n.day_on, n.id
"""


@dataclass(frozen=True, slots=True)
class NoteRow:
    note_id: uuid.UUID
    promise_id: uuid.UUID | None
    branch_id: uuid.UUID | None
    day_on: dt.date
    text: str
    author: str | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class NewNote:
    """Of one promise or of all, of one branch or of all."""

    day_on: dt.date
    text: str
    promise_id: uuid.UUID | None = None
    branch_id: uuid.UUID | None = None


def add_note(
    session: Session, *, organisation_id: uuid.UUID, actor: Actor, now: dt.datetime, note: NewNote
) -> uuid.UUID:
    """Raises Refused without words."""
    by = person(actor)
    text = " ".join(note.text.split())
    if not text or len(text) > LONGEST_NOTE:
        words = N_("Say it in at most %(most)s characters.")
        raise Refused([FieldProblem("text", words, {"most": LONGEST_NOTE})])
    row = ChartNote(
        organisation_id=organisation_id,
        id=new_id(),
        promise_id=note.promise_id,
        branch_id=note.branch_id,
        day_on=note.day_on,
        text=text,
        created_by=by,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def remove_note(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    note_id: uuid.UUID,
    promise_id: uuid.UUID,
) -> None:
    """The note is shown no more, on this promise's chart and on others. Raises NoSuchNote, also the
    second time."""
    note = {"organisation_id": organisation_id, "note_id": note_id, "promise_id": promise_id}
    if not execute(session, _REMOVE, note | {"now": now, "by": person(actor)}):
        raise NoSuchNote(note_id=str(note_id))
    record(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        action="chart_note_removed",
        object_kind="chart_note",
        object_id=note_id,
    )


def notes_between(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID | None,
    branch_id: uuid.UUID | None,
    from_on: dt.date,
    to_on: dt.date,
) -> list[NoteRow]:
    """By day: those of the promise and of all promises, of the branch and of all branches."""
    params = {
        "organisation_id": organisation_id,
        "promise_id": promise_id,
        "branch_id": branch_id,
        "from_on": from_on,
        "to_on": to_on,
    }
    return [NoteRow(*row) for row in rows(session, _NOTES, params)]
