"""How a file would be understood: its first rows, what would become of them, nothing written."""

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.desk.imports.actions import Counts
from promises.desk.imports.merging import Classes, classify
from promises.desk.imports.prepare import Source, prepare
from promises.desk.imports.problems import Problem
from promises.desk.imports.staging import Reading, RowProblem, read_into_stage

SHOWN_ROWS = 20
SHOWN_PROBLEMS = 100

_FIRST_ROWS = """
SELECT s.line, s.reference, s.meaning, s.service_kind_id, s.customer IS NOT NULL AS known_customer,
    timestamptz 'epoch' + s.arrived * interval '1 microsecond' AS arrived_at,
    timestamptz 'epoch' + s.called * interval '1 microsecond' AS called_at,
    timestamptz 'epoch' + s.started * interval '1 microsecond' AS service_started_at,
    timestamptz 'epoch' + coalesce(s.served, s.gone) * interval '1 microsecond' AS ended_at,
    s.waited, s.flags
FROM import_stage s ORDER BY s.line LIMIT %(most)s
"""

_CONFLICTS = """
SELECT a.line, a.first_line FROM import_set_aside a WHERE NOT a.same ORDER BY a.line LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as the mapping reads it. `waited` is the duration that the file tells, if any."""

    line: int
    reference: str
    meaning: str
    service_kind_id: uuid.UUID
    known_customer: bool
    arrived_at: dt.datetime
    called_at: dt.datetime | None
    service_started_at: dt.datetime | None
    ended_at: dt.datetime | None
    waited: dt.timedelta | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """`complete` is false where only the first rows of the file were looked at."""

    rows: tuple[PreviewRow, ...]
    counts: Counts
    problems: tuple[RowProblem, ...]
    complete: bool


def look(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    source: Source,
    most_rows: int | None = None,
) -> Preview:
    """Read the file, or `most_rows` of it, and say what an import would do. Changes nothing."""
    prepared = prepare(session, organisation_id=organisation_id, now=now, source=source)
    manner = dataclasses.replace(prepared.manner, most_rows=most_rows)
    reading = read_into_stage(session, prepared.rows, manner)
    first = _first_rows(session)
    classes = classify(session, organisation_id=organisation_id, branch_id=source.branch_id)
    problems = [*reading.problems[:SHOWN_PROBLEMS], *_conflicts(session)]
    problems.sort(key=lambda problem: problem.line)
    return Preview(
        rows=first,
        counts=counts_of(reading, classes),
        problems=tuple(problems[:SHOWN_PROBLEMS]),
        complete=not reading.stopped_early,
    )


def counts_of(reading: Reading, classes: Classes) -> Counts:
    return Counts(
        read=reading.read,
        added=classes.new,
        known=classes.known,
        conflicting=classes.conflicting,
        refused=reading.refused,
        filtered=reading.filtered,
    )


def _first_rows(session: Session) -> tuple[PreviewRow, ...]:
    return tuple(
        PreviewRow(
            line=row.line,
            reference=row.reference,
            meaning=row.meaning,
            service_kind_id=row.service_kind_id,
            known_customer=row.known_customer,
            arrived_at=row.arrived_at,
            called_at=row.called_at,
            service_started_at=row.service_started_at,
            ended_at=row.ended_at,
            waited=None if row.waited is None else dt.timedelta(microseconds=row.waited),
            flags=tuple(row.flags),
        )
        for row in rows(session, _FIRST_ROWS, {"most": SHOWN_ROWS})
    )


def _conflicts(session: Session) -> list[RowProblem]:
    found = rows(session, _CONFLICTS, {"most": SHOWN_PROBLEMS})
    return [
        RowProblem(row.line, Problem.CONFLICT, None, {})
        if row.first_line is None
        else RowProblem(row.line, Problem.REPEATED, None, {"first_line": row.first_line})
        for row in found
    ]
