"""A file of answers: uploaded, looked at with its columns named, taken in, each row once ever."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from promises.audit.actions import record
from promises.db.session import UnitOfWork
from promises.desk.imports.files import OpenFile, open_file
from promises.desk.imports.mapping import Encoding, FileForm
from promises.desk.imports.problems import FileEmpty, FileTooLarge, Unreadable
from promises.feedback import imports
from promises.feedback.blocks import form_blocks_of_import
from promises.feedback.errors import FileTaken
from promises.feedback.models import AnswerSource, FeedbackImport, FeedbackImportState, Question
from promises.feedback.rows import (
    BadRow,
    DateForm,
    Meaning,
    ReadAnswer,
    RowMapping,
    Surroundings,
    guess_columns,
    read_rows,
)
from promises.identity.queries import list_branches, organisation_row
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_
from promises.kernel.zones import local_date

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 50_000
SHOWN = 8
LOOKED_AT = 2_000
"""Rows that are looked at before a file is taken in."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a file is understood: its columns, its first answers, its first problems."""

    header: tuple[str, ...]
    mapping: RowMapping
    answers: tuple[ReadAnswer, ...]
    bad: tuple[BadRow, ...]
    read: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Taken:
    added: int
    known: int
    refused: int
    shown: int


def stage(
    uow: UnitOfWork, *, filename: str, content: bytes, encoding: Encoding, delimiter: str | None
) -> uuid.UUID:
    """Keep a file, with a guess at its columns. Raises FileUnreadable and its kinds."""
    if not content:
        raise FileEmpty
    if len(content) > MOST_BYTES:
        raise FileTooLarge(most=MOST_BYTES // (1024 * 1024))
    document: dict[str, Any] = {"encoding": encoding.value, "delimiter": delimiter}
    header = _open(content, document).header or ()
    columns = guess_columns(header)
    document["columns"] = {meaning.value: place for meaning, place in columns.items()}
    scored = Meaning.SCORE in columns
    document["question"] = (Question.RECOMMENDATION if scored else Question.WORDS).value
    row = imports.keep_file(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        filename=filename,
        content=content,
        mapping=document,
    )
    return row.id


def choose_columns(uow: UnitOfWork, *, import_id: uuid.UUID, mapping: RowMapping) -> None:
    """Another reading of a file that was not taken in yet. Raises Refused, FileTaken."""
    row = _uploaded(uow, import_id)
    _check(mapping, _open(imports.content_of(uow.session, row), row.mapping).header or ())
    row.mapping = row.mapping | {
        "question": mapping.question.value,
        "columns": {meaning.value: place for meaning, place in mapping.columns.items()},
        "dates": mapping.dates.value,
        "branch_id": str(mapping.branch_id) if mapping.branch_id else None,
    }
    uow.session.flush()


def look(uow: UnitOfWork, *, import_id: uuid.UUID) -> Look:
    """What taking the file in would do. Raises FileTaken, FileUnreadable and its kinds."""
    row = imports.get_import(uow.session, organisation_id=uow.organisation_id, import_id=import_id)
    mapping = mapping_of(row.mapping)
    opened = _open(imports.content_of(uow.session, row), row.mapping)
    good: list[ReadAnswer] = []
    bad: list[BadRow] = []
    read = wrong = 0
    for one in islice(_read(uow, opened, mapping), LOOKED_AT):
        read += 1
        wrong += isinstance(one, BadRow)
        if isinstance(one, BadRow) and len(bad) < SHOWN:
            bad.append(one)
        elif isinstance(one, ReadAnswer) and len(good) < SHOWN:
            good.append(one)
    return Look(opened.header or (), mapping, tuple(good), tuple(bad), read, wrong)


def take_in(uow: UnitOfWork, *, import_id: uuid.UUID) -> Taken:
    """Store the answers that are new, and show those that can be shown. Of two at once one takes
    the file, the other gets FileTaken."""
    row = _uploaded(uow, import_id)
    mapping = mapping_of(row.mapping)
    opened = _open(imports.content_of(uow.session, row), row.mapping)
    _check(mapping, opened.header or ())
    read = list(islice(_read(uow, opened, mapping), MOST_ROWS + 1))
    if len(read) > MOST_ROWS:
        message = N_("This file has more than %(most)s rows. Split it.")
        raise Refused([FieldProblem("file", message, {"most": MOST_ROWS})])
    good = [one for one in read if isinstance(one, ReadAnswer)]
    bad = [one for one in read if isinstance(one, BadRow)]
    added = imports.take_answers(
        uow.session,
        organisation_id=uow.organisation_id,
        question=mapping.question,
        source=AnswerSource.IMPORT,
        answers=good,
        import_id=import_id,
    )
    known = len(good) - added
    imports.finish_import(uow.session, row, now=uow.now, added=added, known=known, bad=bad)
    shown = form_blocks_of_import(
        uow.session, organisation_id=uow.organisation_id, import_id=import_id
    )
    _audit(uow, import_id, "feedback_imported", added=added, known=known, refused=len(bad))
    return Taken(added, known, len(bad), shown)


def drop(uow: UnitOfWork, *, import_id: uuid.UUID) -> None:
    imports.drop_file(uow.session, _uploaded(uow, import_id), now=uow.now)
    _audit(uow, import_id, "feedback_file_dropped")


def mapping_of(document: Mapping[str, Any]) -> RowMapping:
    """The reading that is kept with a file."""
    branch_id = document.get("branch_id")
    return RowMapping(
        Question(document["question"]),
        {Meaning(name): place for name, place in document["columns"].items()},
        DateForm(document.get("dates", DateForm.AUTO.value)),
        uuid.UUID(branch_id) if branch_id else None,
    )


def _uploaded(uow: UnitOfWork, import_id: uuid.UUID) -> FeedbackImport:
    row = imports.get_import(
        uow.session, organisation_id=uow.organisation_id, import_id=import_id, lock=True
    )
    if row.state != FeedbackImportState.UPLOADED:
        raise FileTaken()
    return row


def _check(mapping: RowMapping, header: Sequence[str]) -> None:
    needed = {Meaning.DATE, Meaning.BODY if mapping.question is Question.WORDS else Meaning.SCORE}
    problems = [
        FieldProblem(meaning.value, N_("Choose the column."))
        for meaning in Meaning
        if meaning in needed and meaning not in mapping.columns
    ]
    if any(not 0 <= place < len(header) for place in mapping.columns.values()):
        problems.append(FieldProblem("columns", N_("This file does not have so many columns.")))
    if problems:
        raise Refused(problems)


def _open(content: bytes, document: Mapping[str, Any]) -> OpenFile:
    form = FileForm(
        delimiter=document["delimiter"],
        quote='"',
        encoding=Encoding(document["encoding"]),
        header=True,
        skip_lines=0,
        empty_values=(),
    )
    return open_file(content, form, ())


def _read(uow: UnitOfWork, opened: OpenFile, mapping: RowMapping) -> Iterator[ReadAnswer | BadRow]:
    tenant = {"organisation_id": uow.organisation_id}
    branches = list_branches(uow.session, **tenant, closed=True)
    zone = organisation_row(uow.session, **tenant).time_zone
    around = Surroundings(
        {one.name.casefold(): one.id for one in branches},
        local_date(uow.now, zone),
        opened.header or (),
    )
    plain = (
        (line, None if isinstance(cells, Unreadable) else cells) for line, cells in opened.rows
    )
    return read_rows(plain, mapping, around)


def _audit(uow: UnitOfWork, import_id: uuid.UUID, action: str, **details: int) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="feedback_import",
        object_id=import_id,
        details=details,
    )
