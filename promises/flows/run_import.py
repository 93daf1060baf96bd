"""A file of finished tickets becomes history: upload, look, run, take back.

A run reads the file into a temporary stage and merges, judges and ends the import in the same
transaction; only its progress is written apart. So a run that was cut off leaves nothing, and the
same import can be run again.
"""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from promises.db.session import UnitOfWork, unit_of_work
from promises.db.sql import execute
from promises.desk.actions import touch_branches
from promises.desk.imports import actions, queries
from promises.desk.imports.actions import Counts, Upload
from promises.desk.imports.merging import Merge, classify, merge, take_turns, write_problems
from promises.desk.imports.prepare import Source, prepare
from promises.desk.imports.preview import Preview, counts_of, look
from promises.desk.imports.problems import FileUnreadable, ImportStarted, MappingRefused
from promises.desk.imports.staging import read_into_stage
from promises.desk.models import Import, ImportState
from promises.flows import judge_import
from promises.jobs.queue import RUN_IMPORT, defer
from promises.kernel.actors import SYSTEM, Actor, ActorKind

_LONG_STATEMENTS = "SET LOCAL statement_timeout = '30min'"
"""One COPY takes as long as the file; a page's minute is too short for it."""
_LONG_WAITS = "SET LOCAL lock_timeout = '10min'"
"""So long an import waits for another one of its branch."""


def stage_upload(uow: UnitOfWork, *, upload: Upload, document: Mapping[str, Any]) -> uuid.UUID:
    """Keep a file with its mapping for a look and a run; the id of the import.

    Raises MappingRefused, also where the mapping names columns that the file lacks, and
    FileUnreadable.
    """
    actions.check_mapping(document)
    source = Source(upload.branch_id, document, upload.content)
    if upload.content:
        prepare(uow.session, organisation_id=uow.organisation_id, now=uow.now, source=source)
    return actions.add_import(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        upload=upload,
        document=document,
    )


def preview(uow: UnitOfWork, *, source: Source, most_rows: int | None = None) -> Preview:
    """What running this file would do, without doing it. Where the file turns out unreadable the
    unit of work is lost with it."""
    execute(uow.session, _LONG_STATEMENTS)
    return look(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        source=source,
        most_rows=most_rows,
    )


def source_of(uow: UnitOfWork, *, import_id: uuid.UUID) -> Source:
    """The file and mapping of an import that has not ended. Raises ImportStarted."""
    row = queries.import_by_id(
        uow.session, organisation_id=uow.organisation_id, import_id=import_id
    )
    content = queries.import_content(
        uow.session, organisation_id=uow.organisation_id, import_id=import_id
    )
    if content is None:
        raise ImportStarted(import_id=str(import_id))
    return Source(row.branch_id, row.mapping, content)


def start(uow: UnitOfWork, *, import_id: uuid.UUID) -> None:
    """Hand an uploaded import to the worker. Raises ImportStarted where it was before."""
    actions.mark_running(uow.session, organisation_id=uow.organisation_id, import_id=import_id)
    defer(
        uow.session,
        RUN_IMPORT,
        organisation_id=uow.organisation_id,
        import_id=str(import_id),
    )


def run(organisation_id: uuid.UUID, import_id: uuid.UUID) -> Import:
    """Run an import to its end, in units of work of its own; the import as it then is.

    Safe to repeat after a crash and beside itself: what has ended is left as it is.
    """
    with unit_of_work(organisation_id, SYSTEM) as uow:
        words = {"organisation_id": organisation_id, "import_id": import_id}
        if actions.lock_import(uow.session, **words) is ImportState.UPLOADED:
            actions.mark_running(uow.session, **words)
        row = queries.import_by_id(uow.session, **words)
    if row.state == ImportState.RUNNING:
        actor = SYSTEM if row.created_by is None else Actor(ActorKind.MEMBER, row.created_by)
        try:
            with unit_of_work(organisation_id, actor) as uow:
                _run(uow, import_id)
        except (FileUnreadable, MappingRefused) as error:
            with unit_of_work(organisation_id, actor) as uow:
                actions.fail(
                    uow.session,
                    organisation_id=organisation_id,
                    now=uow.now,
                    import_id=import_id,
                    error=error,
                )
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return queries.import_by_id(
            uow.session, organisation_id=organisation_id, import_id=import_id
        )


def _run(uow: UnitOfWork, import_id: uuid.UUID) -> None:
    session, organisation_id = uow.session, uow.organisation_id
    content = queries.import_content(session, organisation_id=organisation_id, import_id=import_id)
    if content is None:  # another run of the same import has ended it
        return
    row = queries.import_by_id(session, organisation_id=organisation_id, import_id=import_id)
    execute(session, _LONG_STATEMENTS)
    execute(session, _LONG_WAITS)
    source = Source(row.branch_id, row.mapping, content)
    prepared = prepare(session, organisation_id=organisation_id, now=uow.now, source=source)

    def tell(rows_read: int) -> None:
        with unit_of_work(organisation_id, SYSTEM) as apart:
            actions.note_progress(
                apart.session,
                organisation_id=organisation_id,
                import_id=import_id,
                rows_read=rows_read,
            )

    manner = dataclasses.replace(prepared.manner, tell=tell)
    reading = read_into_stage(session, prepared.rows, manner)
    state = actions.lock_import(session, organisation_id=organisation_id, import_id=import_id)
    if state is not ImportState.RUNNING:
        return
    take_turns(session, organisation_id=organisation_id, branch_id=row.branch_id)
    classes = classify(session, organisation_id=organisation_id, branch_id=row.branch_id)
    merge(uow, Merge(import_id, row.branch_id, prepared.kind))
    write_problems(
        session, organisation_id=organisation_id, import_id=import_id, problems=reading.problems
    )
    judge_import.judge(uow, import_id=import_id)
    _end(uow, row, counts_of(reading, classes))


def _end(uow: UnitOfWork, row: Import, counts: Counts) -> None:
    actions.finish(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        import_id=row.id,
        counts=counts,
    )
    touch_branches(uow.session, organisation_id=uow.organisation_id, branch_ids=[row.branch_id])


def take_back(uow: UnitOfWork, *, import_id: uuid.UUID) -> int:
    """Undo an import while nothing of it is paid: its tickets are withdrawn, their commitments
    count no more, their debts end with a reversal. Returns how many tickets.

    The same file can be imported again afterwards. Raises ImportNotDone, ImportTakenBack and
    judge_import.ImportPaid. An upload that was never started is dropped.
    """
    session, organisation_id = uow.session, uow.organisation_id
    state = actions.lock_import(session, organisation_id=organisation_id, import_id=import_id)
    withdrawn = 0
    if state is not ImportState.UPLOADED:
        withdrawn = actions.withdraw_tickets(
            session, organisation_id=organisation_id, import_id=import_id
        )
        judge_import.withdraw(uow, import_id=import_id)
    actions.mark_taken_back(
        session,
        organisation_id=organisation_id,
        actor=uow.actor,
        now=uow.now,
        import_id=import_id,
    )
    row = queries.import_by_id(session, organisation_id=organisation_id, import_id=import_id)
    touch_branches(session, organisation_id=organisation_id, branch_ids=[row.branch_id])
    return withdrawn
