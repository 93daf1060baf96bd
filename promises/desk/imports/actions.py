"""What changes an import and the saved mappings."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.audit.actions import record
from promises.db.sql import execute, one_or_none
from promises.desk.imports.document import LONGEST_DOCUMENT, parse_mapping
from promises.desk.imports.files import LARGEST_BYTES, MEGABYTE, pack
from promises.desk.imports.problems import (
    FileEmpty,
    FileTooLarge,
    FileUnreadable,
    ImportNotDone,
    ImportNotFound,
    ImportStarted,
    ImportTakenBack,
    MappingNameTaken,
    MappingRefused,
)
from promises.desk.models import Import, ImportFile, ImportMapping, ImportState
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import N_

LONGEST_NAME = 80
_LONGEST_FILENAME = 200

_NOTE_PROGRESS = """
UPDATE imports SET rows_read = %(rows_read)s
WHERE organisation_id = %(organisation_id)s AND id IN (
    SELECT i.id FROM imports i
    WHERE i.organisation_id = %(organisation_id)s AND i.id = %(import_id)s AND i.state = 'running'
    FOR UPDATE SKIP LOCKED)
"""

_DROP_FILE = """
DELETE FROM import_files WHERE organisation_id = %(organisation_id)s AND import_id = %(import_id)s
"""

_WITHDRAW = """
UPDATE tickets SET state = 'withdrawn', version = version + 1
WHERE organisation_id = %(organisation_id)s AND import_id = %(import_id)s AND state <> 'withdrawn'
"""

_LOCK = """
SELECT i.state FROM imports i
WHERE i.organisation_id = %(organisation_id)s AND i.id = %(import_id)s FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came; `content` may be packed by gzip."""

    filename: str
    content: bytes
    branch_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a file's rows; the last five add up to those read."""

    read: int
    added: int
    known: int
    conflicting: int
    refused: int
    filtered: int


def save_mapping(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    name: str,
    document: Mapping[str, Any],
    replace: bool = False,
) -> uuid.UUID:
    """Keep a mapping under a name. The same name and document again change nothing; another
    document needs `replace`. Raises MappingRefused, Refused and MappingNameTaken."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        message = N_("Give a name of at most %(most)s characters.")
        raise Refused([FieldProblem("name", message, {"most": LONGEST_NAME})])
    check_mapping(document)
    query = select(ImportMapping).where(
        ImportMapping.organisation_id == organisation_id, ImportMapping.name == name
    )
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        row = ImportMapping(
            organisation_id=organisation_id, id=new_id(), name=name, document=dict(document),
            created_by=_member(actor), created_at=now,
        )  # fmt: skip
        session.add(row)
    elif row.document != document:
        if not replace:
            raise MappingNameTaken(name=name)
        row.document = dict(document)
    session.flush()
    return row.id


def check_mapping(document: Mapping[str, Any]) -> None:
    """Raises MappingRefused with every problem of the document."""
    if len(json.dumps(document)) > LONGEST_DOCUMENT:
        raise MappingRefused([FieldProblem("", N_("This mapping is too long."))])
    parse_mapping(document)


def add_import(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    upload: Upload,
    document: Mapping[str, Any],
) -> uuid.UUID:
    """Keep an upload until it is run. Raises FileEmpty and FileTooLarge."""
    if not upload.content:
        raise FileEmpty
    if len(upload.content) > LARGEST_BYTES:
        raise FileTooLarge(most=LARGEST_BYTES // MEGABYTE)
    row = Import(
        organisation_id=organisation_id,
        id=new_id(),
        branch_id=upload.branch_id,
        filename=_clean_filename(upload.filename),
        file_hash=hashlib.sha256(upload.content).digest(),
        mapping=dict(document),
        state=ImportState.UPLOADED,
        created_by=_member(actor),
        created_at=now,
    )
    session.add(row)
    session.flush()
    content = pack(upload.content)
    session.add(ImportFile(organisation_id=organisation_id, import_id=row.id, content=content))
    session.flush()
    return row.id


def _clean_filename(name: str) -> str:
    """The last part of a path, whichever way its slashes lean, without what cannot be shown."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in base if sign.isprintable())[:_LONGEST_FILENAME] or "-"


def _member(actor: Actor) -> uuid.UUID | None:
    return actor.id if actor.kind is ActorKind.MEMBER else None


def lock_import(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID
) -> ImportState:
    """Hold the import until the transaction ends; its state now."""
    params = {"organisation_id": organisation_id, "import_id": import_id}
    row = one_or_none(session, _LOCK, params)
    if row is None:
        raise ImportNotFound(import_id=str(import_id))
    return ImportState(row.state)


def mark_running(session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID) -> None:
    """Raises ImportStarted unless it was only uploaded so far."""
    state = lock_import(session, organisation_id=organisation_id, import_id=import_id)
    if state is not ImportState.UPLOADED:
        raise ImportStarted(import_id=str(import_id))
    _row(session, organisation_id, import_id).state = ImportState.RUNNING
    session.flush()


def note_progress(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID, rows_read: int
) -> None:
    """How far a running import is. Does nothing while it is being finished."""
    params = {"organisation_id": organisation_id, "import_id": import_id, "rows_read": rows_read}
    execute(session, _NOTE_PROGRESS, params)


def finish(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    import_id: uuid.UUID,
    counts: Counts,
) -> None:
    """The import is done; its file is dropped. The caller holds the import."""
    row = _row(session, organisation_id, import_id)
    row.state, row.finished_at = ImportState.DONE, now
    row.rows_read, row.rows_added, row.rows_known = counts.read, counts.added, counts.known
    row.rows_conflicting, row.rows_refused = counts.conflicting, counts.refused
    row.rows_filtered = counts.filtered
    _drop_file(session, row)
    details = {"added": counts.added, "known": counts.known, "refused": counts.refused}
    record(
        session, organisation_id=organisation_id, actor=actor, now=now, action="import_done",
        object_kind="import", object_id=import_id, details=details,
    )  # fmt: skip


def fail(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    import_id: uuid.UUID,
    error: FileUnreadable | MappingRefused,
) -> None:
    """Nothing of the file was taken, and why. Does nothing unless the import is running."""
    state = lock_import(session, organisation_id=organisation_id, import_id=import_id)
    if state is not ImportState.RUNNING:
        return
    problems = error.problems if isinstance(error, MappingRefused) else ()
    failure = {
        "code": error.code,
        "params": error.params,
        "problems": [[one.field, one.message, dict(one.params)] for one in problems],
    }
    row = _row(session, organisation_id, import_id)
    row.state, row.finished_at, row.failure = ImportState.FAILED, now, json.dumps(failure)
    _drop_file(session, row)


def withdraw_tickets(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    import_id: uuid.UUID,
) -> int:
    """Take the tickets of an import that is done out of everything. Returns how many.

    Raises ImportTakenBack and ImportNotDone. The import stays locked.
    """
    state = lock_import(session, organisation_id=organisation_id, import_id=import_id)
    if state is ImportState.TAKEN_BACK:
        raise ImportTakenBack(import_id=str(import_id))
    if state is not ImportState.DONE:
        raise ImportNotDone(import_id=str(import_id))
    params = {"organisation_id": organisation_id, "import_id": import_id}
    return execute(session, _WITHDRAW, params)


def mark_taken_back(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    import_id: uuid.UUID,
) -> None:
    """The last step of taking back, or of dropping an upload that was never run."""
    row = _row(session, organisation_id, import_id)
    row.state, row.taken_back_at, row.taken_back_by = ImportState.TAKEN_BACK, now, _member(actor)
    _drop_file(session, row)
    record(
        session, organisation_id=organisation_id, actor=actor, now=now, action="import_taken_back",
        object_kind="import", object_id=import_id,
    )  # fmt: skip


def _row(session: Session, organisation_id: uuid.UUID, import_id: uuid.UUID) -> Import:
    row = session.get(Import, (organisation_id, import_id), populate_existing=True)
    if row is None:
        raise ImportNotFound(import_id=str(import_id))
    return row


def _drop_file(session: Session, row: Import) -> None:
    session.flush()
    params = {"organisation_id": row.organisation_id, "import_id": row.id}
    execute(session, _DROP_FILE, params)
