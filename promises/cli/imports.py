"""`flask import`: a file of finished tickets, from the command line."""

import json
import uuid
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from promises.cli.refusals import LOCALE, told
from promises.db.session import unit_of_work
from promises.desk.imports import queries
from promises.desk.imports.actions import Counts, Upload
from promises.desk.imports.prepare import Source
from promises.desk.imports.problems import problem_text
from promises.desk.imports.staging import RowProblem
from promises.desk.models import Import, ImportState
from promises.flows import run_import
from promises.identity.queries import branch_by_slug, organisation_by_slug
from promises.kernel.actors import SYSTEM
from promises.kernel.text import render

SHOWN = 50

_WORDS = (
    ("read", "rows read"),
    ("added", "new tickets"),
    ("known", "known already"),
    ("conflicting", "conflicting, left as they are"),
    ("refused", "refused"),
    ("filtered", "left out by the mapping"),
)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", required=True, help="slug of the organisation")
@click.option("--branch", required=True, help="slug of the branch")
@click.option("--mapping", required=True, help="name of a saved mapping, or a JSON file")
@click.option("--preview", is_flag=True, help="say what would happen, change nothing")
@with_appcontext
def import_command(file: Path, organisation: str, branch: str, mapping: str, preview: bool) -> None:
    """Bring the tickets of FILE (CSV or TSV, gzip too) into a branch.

    Rows that cannot be read are listed by line; the rest goes in. Ends with code 1 where the file
    as a whole cannot be read or the mapping does not fit; then nothing was changed.
    """
    with told():
        found = organisation_by_slug(organisation)
        with unit_of_work(found.id, SYSTEM) as uow:
            place = branch_by_slug(uow.session, organisation_id=found.id, slug=branch)
            document = _document(mapping) or _saved(uow.session, found.id, mapping)
        content = file.read_bytes()
        if preview:
            _look(found.id, Source(place.id, document, content))
        else:
            _bring(found.id, Upload(file.name, content, place.id), document)


def _document(mapping: str) -> Mapping[str, Any] | None:
    """The document in a JSON file; None where that is no file but a name."""
    path = Path(mapping)
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise click.ClickException(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise click.ClickException(f"{path} does not hold an object.")
    return document


def _saved(session: Any, organisation_id: uuid.UUID, name: str) -> Mapping[str, Any]:
    row = queries.mapping_by_name(session, organisation_id=organisation_id, name=name)
    return row.document


def _look(organisation_id: uuid.UUID, source: Source) -> None:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        found = run_import.preview(uow, source=source)
    for row in found.rows[:5]:
        end = row.service_started_at or row.ended_at
        click.echo(
            f"line {row.line}: {row.reference} {row.meaning}, arrived {row.arrived_at:%F %T} UTC"
            + (f", wait ended {end:%F %T} UTC" if end else "")
            + (f", waited {row.waited}" if row.waited is not None else "")
        )
    _tell(found.counts)
    _tell_problems(
        (one.line, _place(one), render(LOCALE, problem_text(one.code, one.params)))
        for one in found.problems
    )


def _place(problem: RowProblem) -> str | None:
    """The column, and what stands in it."""
    if problem.column is None or problem.value is None:
        return problem.column
    return f"{problem.column} {problem.value!r}"


def _bring(organisation_id: uuid.UUID, upload: Upload, document: Mapping[str, Any]) -> None:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        import_id = run_import.stage_upload(uow, upload=upload, document=document)
    row = run_import.run(organisation_id, import_id)
    if row.state == ImportState.FAILED:
        failure = queries.failure_of(row)
        raise click.ClickException(render(LOCALE, failure.text) if failure else "failed")
    _tell(_counts(row))
    with unit_of_work(organisation_id, SYSTEM) as uow:
        problems = queries.all_problems(
            uow.session, organisation_id=organisation_id, import_id=import_id
        )
        _tell_problems((one.line, one.column, render(LOCALE, one.text)) for one in problems)


def _counts(row: Import) -> Counts:
    return Counts(
        row.rows_read, row.rows_added, row.rows_known, row.rows_conflicting, row.rows_refused,
        row.rows_filtered,
    )  # fmt: skip


def _tell(counts: Counts) -> None:
    for name, words in _WORDS:
        click.echo(f"{getattr(counts, name):>9,} {words}")


def _tell_problems(problems: Iterable[tuple[int, str | None, str]]) -> None:
    """The first ones; the page of the import has them all."""
    rest = iter(problems)
    for line, column, text in islice(rest, SHOWN):
        click.echo(f"line {line}{f', {column}' if column else ''}: {text}")
    if next(rest, None) is not None:
        click.echo(f"Only the first {SHOWN} problems are shown here.")


ALL: tuple[click.Command, ...] = (import_command,)
