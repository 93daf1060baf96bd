"""Files of answers: kept until they are taken in or dropped; each row taken once, ever."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from promises.db import sql
from promises.feedback.errors import FileTaken, NoSuchFile
from promises.feedback.models import (
    AnswerSource,
    FeedbackFile,
    FeedbackImport,
    FeedbackImportState,
    Outcome,
    Question,
)
from promises.feedback.rows import BadRow, ReadAnswer
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.ids import new_id

Row = TypeVar("Row")

_AT_ONCE = 2_000
PAGE = 50

_TAKE = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        key text, score int, body text, month_on date, branch_id uuid, service_kind_id uuid,
        segment text)
), fresh AS (
    INSERT INTO feedback_keys (organisation_id, key)
    SELECT DISTINCT %(organisation_id)s::uuid, decode(key, 'hex') FROM given
    ON CONFLICT DO NOTHING RETURNING key
), chosen AS (
    SELECT DISTINCT ON (g.key) g.* FROM given g JOIN fresh f ON f.key = decode(g.key, 'hex')
)
INSERT INTO feedback_answers (organisation_id, id, question, score, body, month_on, branch_id,
    service_kind_id, segment, outcome, source, import_id, text_state)
SELECT %(organisation_id)s, gen_random_uuid(), %(question)s, score, body, month_on, branch_id,
    service_kind_id, segment, %(outcome)s, %(source)s, %(import_id)s,
    CASE WHEN body IS NULL THEN NULL ELSE 'new' END
FROM chosen
"""

_REFUSE = """
INSERT INTO feedback_row_problems (organisation_id, import_id, line, code, column_name)
SELECT %(organisation_id)s, %(import_id)s, r.line, r.code, r.column_name
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(line int, code text, column_name text)
"""

_DROP_FILE = """
DELETE FROM feedback_files WHERE organisation_id = %(organisation_id)s AND import_id = %(import_id)s
"""

_LIST = """
SELECT id, filename, state, rows_read, rows_added, rows_known, rows_refused, created_at
FROM feedback_imports WHERE organisation_id = %(organisation_id)s ORDER BY id DESC LIMIT %(limit)s
"""

_PROBLEMS = """
SELECT line, code, column_name FROM feedback_row_problems
WHERE organisation_id = %(organisation_id)s AND import_id = %(import_id)s AND line > %(after)s
ORDER BY line LIMIT %(limit)s
"""


def keep_file(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    filename: str,
    content: bytes,
    mapping: Mapping[str, Any],
) -> FeedbackImport:
    row = FeedbackImport(
        organisation_id=organisation_id,
        id=new_id(),
        filename=_clean(filename),
        mapping=dict(mapping),
        state=FeedbackImportState.UPLOADED.value,
        created_by=actor.id if actor.kind is ActorKind.MEMBER else None,
        created_at=now,
    )
    session.add(row)
    session.flush()
    session.add(FeedbackFile(organisation_id=organisation_id, import_id=row.id, content=content))
    session.flush()
    return row


def _clean(name: str) -> str:
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in base if sign.isprintable())[:120] or "-"


def get_import(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID, lock: bool = False
) -> FeedbackImport:
    """Raises NoSuchFile."""
    key = (organisation_id, import_id)
    row = session.get(FeedbackImport, key, with_for_update=lock or None, populate_existing=True)
    if row is None:
        raise NoSuchFile()
    return row


def content_of(session: Session, row: FeedbackImport) -> bytes:
    """Raises FileTaken where the file is no longer kept."""
    kept = session.get(FeedbackFile, (row.organisation_id, row.id))
    if kept is None:
        raise FileTaken()
    return kept.content


def list_imports(session: Session, *, organisation_id: uuid.UUID) -> Sequence[Any]:
    """The newest files first."""
    return sql.rows(session, _LIST, {"organisation_id": organisation_id, "limit": PAGE})


def take_answers(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    question: Question,
    source: AnswerSource,
    answers: Sequence[ReadAnswer],
    import_id: uuid.UUID | None = None,
    service_kind_id: uuid.UUID | None = None,
) -> int:
    """Store those that were never taken before; returns how many."""
    added = 0
    for some in _parts(answers):
        rows = [
            {
                "key": one.key.hex(),
                "score": one.score,
                "body": one.body,
                "month_on": one.month_on,
                "branch_id": one.branch_id,
                "service_kind_id": service_kind_id,
                "segment": one.segment,
            }
            for one in some
        ]
        params = {
            "organisation_id": organisation_id,
            "question": question.value,
            "outcome": Outcome.UNKNOWN.value,
            "source": source.value,
            "import_id": import_id,
            "rows": sql.records(rows),
        }
        added += sql.execute(session, _TAKE, params)
    return added


def finish_import(
    session: Session, row: FeedbackImport, *, now: dt.datetime, added: int, known: int,
    bad: Sequence[BadRow],
) -> None:  # fmt: skip
    """The locked import is done; its file is dropped."""
    key = {"organisation_id": row.organisation_id, "import_id": row.id}
    for some in _parts(bad):
        listed = [
            {"line": one.line, "code": one.problem.value, "column_name": one.column} for one in some
        ]
        sql.execute(session, _REFUSE, key | {"rows": json.dumps(listed)})
    row.state, row.finished_at = FeedbackImportState.DONE.value, now
    row.rows_read = added + known + len(bad)
    row.rows_added, row.rows_known, row.rows_refused = added, known, len(bad)
    sql.execute(session, _DROP_FILE, key)


def drop_file(session: Session, row: FeedbackImport, *, now: dt.datetime) -> None:
    """Nothing of the locked import is taken."""
    row.state, row.finished_at = FeedbackImportState.DROPPED.value, now
    params = {"organisation_id": row.organisation_id, "import_id": row.id}
    sql.execute(session, _DROP_FILE, params)


def list_row_problems(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    import_id: uuid.UUID,
    after: int = 0,
    limit: int = PAGE,
) -> Sequence[Any]:
    """Rows (line, code, column_name) in the order of the file."""
    params = {
        "organisation_id": organisation_id,
        "import_id": import_id,
        "after": after,
        "limit": limit,
    }
    return sql.rows(session, _PROBLEMS, params)


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """As many as one statement takes."""
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
