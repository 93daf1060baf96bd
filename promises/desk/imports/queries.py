"""Reading imports, saved mappings and problem lists."""

import csv
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.desk.imports.problems import (
    ImportNotFound,
    MappingNotFound,
    failure_text,
    problem_text,
)
from promises.desk.models import Import, ImportMapping
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_, Message, render, translate

_CONTENT = """
SELECT f.content FROM import_files f
WHERE f.organisation_id = %(organisation_id)s AND f.import_id = %(import_id)s
"""

_PROBLEMS = """
SELECT p.line, p.code, p.column_name, p.params FROM import_problems p
WHERE p.organisation_id = %(organisation_id)s AND p.import_id = %(import_id)s
  AND (p.line, p.code) > (%(line)s, %(code)s)
ORDER BY p.line, p.code
LIMIT %(limit)s
"""

_TICKETS = """
SELECT t.id, t.external_ref, t.state, t.arrived_at, t.service_started_at, t.ended_at, t.flags,
    t.waited_us * interval '1 microsecond' AS waited
FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.import_id = %(import_id)s
  AND (%(after)s::uuid IS NULL OR t.id > %(after)s) AND (NOT %(odd)s OR t.flags <> '{}')
ORDER BY t.id
LIMIT %(limit)s
"""

_PAGE = 2_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_HEADINGS = (N_("Line"), N_("Column"), N_("Code"), N_("What is wrong"))


@dataclass(frozen=True, slots=True)
class StoredProblem:
    line: int
    code: str
    column: str | None
    text: Message


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing of a file was taken; `problems` are those of its mapping, by place."""

    text: Message
    problems: tuple[FieldProblem, ...]


def list_imports(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID | None = None,
    limit: int = 50,
    before: uuid.UUID | None = None,
) -> list[Import]:
    """Newest first, of one branch or of all; `before` is the last one of the page before."""
    query = select(Import).where(Import.organisation_id == organisation_id)
    if branch_id is not None:
        query = query.where(Import.branch_id == branch_id)
    if before is not None:
        query = query.where(Import.id < before)
    return list(session.scalars(query.order_by(Import.id.desc()).limit(limit)))


def import_by_id(session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID) -> Import:
    row = session.get(Import, (organisation_id, import_id))
    if row is None:
        raise ImportNotFound(import_id=str(import_id))
    return row


def import_content(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID
) -> bytes | None:
    """The file, packed; None once the import has ended."""
    params = {"organisation_id": organisation_id, "import_id": import_id}
    found = one_or_none(session, _CONTENT, params)
    return None if found is None else bytes(found.content)


def failure_of(row: Import) -> Failure | None:
    if row.failure is None:
        return None
    stored: dict[str, Any] = json.loads(row.failure)
    problems = tuple(FieldProblem(*one) for one in stored["problems"])
    return Failure(failure_text(stored["code"], stored["params"]), problems)


def list_mappings(session: Session, *, organisation_id: uuid.UUID) -> list[ImportMapping]:
    query = select(ImportMapping).where(ImportMapping.organisation_id == organisation_id)
    return list(session.scalars(query.order_by(ImportMapping.name)))


def mapping_by_id(
    session: Session, *, organisation_id: uuid.UUID, mapping_id: uuid.UUID
) -> ImportMapping:
    row = session.get(ImportMapping, (organisation_id, mapping_id))
    if row is None:
        raise MappingNotFound(name=str(mapping_id))
    return row


def mapping_by_name(session: Session, *, organisation_id: uuid.UUID, name: str) -> ImportMapping:
    query = select(ImportMapping).where(
        ImportMapping.organisation_id == organisation_id, ImportMapping.name == name
    )
    row = session.scalars(query).one_or_none()
    if row is None:
        raise MappingNotFound(name=name)
    return row


def list_problems(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    import_id: uuid.UUID,
    limit: int,
    after: tuple[int, str] = (0, ""),
) -> list[StoredProblem]:
    """In the order of the file; `after` is the line and code of the last one before."""
    params = {
        "organisation_id": organisation_id,
        "import_id": import_id,
        "line": after[0],
        "code": after[1],
        "limit": limit,
    }
    return [
        StoredProblem(row.line, row.code, row.column_name, problem_text(row.code, row.params))
        for row in rows(session, _PROBLEMS, params)
    ]


def all_problems(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID
) -> Iterator[StoredProblem]:
    after = (0, "")
    while page := list_problems(
        session, organisation_id=organisation_id, import_id=import_id, limit=_PAGE, after=after
    ):
        yield from page
        after = (page[-1].line, page[-1].code)


def list_tickets(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    import_id: uuid.UUID,
    limit: int,
    after: uuid.UUID | None = None,
    odd: bool = False,
) -> list[Any]:
    """The tickets that an import brought, in the order of its file; with `odd` only those whose
    times are flagged. Rows of id, external_ref, state, arrived_at, service_started_at, ended_at,
    flags and waited (the file's own duration, as an interval)."""
    params = {
        "organisation_id": organisation_id,
        "import_id": import_id,
        "after": after,
        "odd": odd,
        "limit": limit,
    }
    return rows(session, _TICKETS, params)


def problems_csv(problems: Iterator[StoredProblem], locale: str) -> Iterator[str]:
    """Lines of a CSV file in the reader's language. A cell that a spreadsheet would take for a
    formula is prefixed with an apostrophe."""
    yield _csv_line([translate(locale, heading) for heading in _HEADINGS])
    for one in problems:
        yield _csv_line([str(one.line), one.column or "", one.code, render(locale, one.text)])


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    safe = ["'" + cell if cell.startswith(_FORMULA_STARTS) else cell for cell in cells]
    csv.writer(out).writerow(safe)
    return out.getvalue()
