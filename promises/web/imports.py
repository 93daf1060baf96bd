"""Importing files: upload, look, run, result, take back."""

import uuid
from collections.abc import Iterator

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from promises.breaches.imported import count_import
from promises.db.session import UnitOfWork
from promises.desk.imports import queries
from promises.desk.imports.actions import Upload
from promises.desk.imports.files import LARGEST_BYTES, MEGABYTE
from promises.desk.imports.preview import Preview
from promises.desk.imports.problems import (
    FLAG_TEXTS,
    FileUnreadable,
    Flag,
    MappingRefused,
    problem_text,
)
from promises.desk.models import Import, ImportState
from promises.flows import run_import
from promises.http.conditional import etag_of, respond_if_changed
from promises.http.context import current, own_branch, work
from promises.http.forms import options
from promises.http.i18n import gettext, locale, ngettext
from promises.http.permissions import Permission, staff
from promises.http.security import large_body
from promises.identity.queries import branch_by_id, list_branches, list_service_kinds, service_name
from promises.kernel.errors import DomainError
from promises.web.forms.imports import UploadForm

blueprint = Blueprint("imports", __name__)

PAGE = 50
LOOKED_AT = 5_000
"""Rows of a file that the page looks at before it is run."""
_BODY = LARGEST_BYTES + MEGABYTE


@blueprint.get("/staff/imports", endpoint="list")
@staff(Permission.IMPORT)
def show_list() -> str:
    before = _uuid(request.args.get("before"))
    with work() as uow:
        found = queries.list_imports(
            uow.session,
            organisation_id=uow.organisation_id,
            branch_id=current().branch_id,
            limit=PAGE + 1,
            before=before,
        )
        names = _branch_names(uow)
    following = found[PAGE - 1].id if len(found) > PAGE else None
    return render_template(
        "imports/list.html", imports=found[:PAGE], names=names, following=following
    )


@blueprint.route("/staff/imports/new", methods=["GET", "POST"])
@staff(Permission.IMPORT)
@large_body(_BODY)
def new() -> BaseResponse | str | tuple[str, int]:
    form = UploadForm()
    with work() as uow:
        tenant = {"organisation_id": uow.organisation_id}
        branches = list_branches(uow.session, **tenant, closed=True)
        mappings = queries.list_mappings(uow.session, **tenant)
    bound = current().branch_id
    mine = [branch for branch in branches if bound in (None, branch.id)]
    if not mappings or not mine:
        return render_template("imports/new.html", form=None, branches=mine, problems=())
    form.branch_id.choices = options((branch.id, branch.name) for branch in mine)
    form.mapping_id.choices = options((mapping.id, mapping.name) for mapping in mappings)
    problems: tuple[object, ...] = ()
    if form.validate_on_submit():
        try:
            with work() as uow:
                import_id = _stage(uow, form)
        except MappingRefused as refusal:
            problems = refusal.problems
            form.form_errors.append(gettext("The mapping does not fit to this file."))
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("imports.show", import_id=import_id), 303)
    page = render_template("imports/new.html", form=form, branches=mine, problems=problems)
    return page, 422 if form.errors else 200


def _stage(uow: UnitOfWork, form: UploadForm) -> uuid.UUID:
    mapping = queries.mapping_by_id(
        uow.session, organisation_id=uow.organisation_id, mapping_id=form.mapping_id.data
    )
    file = form.file.data
    upload = Upload(file.filename or "", file.read(), own_branch(form.branch_id.data))
    return run_import.stage_upload(uow, upload=upload, document=mapping.document)


@blueprint.get("/staff/imports/<uuid:import_id>")
@staff(Permission.IMPORT)
def show(import_id: uuid.UUID) -> str:
    with work() as uow:
        row = _import(uow, import_id)
        branch = branch_by_id(
            uow.session, organisation_id=uow.organisation_id, branch_id=row.branch_id
        )
        kinds = list_service_kinds(uow.session, organisation_id=uow.organisation_id, closed=True)
        verdicts = _verdicts(uow, row)
    look, refusal = _look(row)
    return render_template(
        "imports/show.html",
        row=row,
        branch=branch,
        kinds={kind.id: service_name(kind, locale()) for kind in kinds},
        look=look,
        texts=[(one, problem_text(one.code, one.params)) for one in look.problems] if look else (),
        flags=FLAG_TEXTS,
        flag_of=Flag,
        refusal=refusal,
        failure=queries.failure_of(row),
        verdicts=verdicts,
        etag=etag_of(*_version(row)),
    )


def _verdicts(uow: UnitOfWork, row: Import) -> dict[str, int]:
    """How many commitments of the import are in each state; none where no promise was in force."""
    found: dict[str, int] = {}
    if row.state == ImportState.DONE:
        counts = count_import(uow.session, organisation_id=uow.organisation_id, import_id=row.id)
        for (state, _reason), count in counts.items():
            found[state] = found.get(state, 0) + count
    return found


def _look(row: Import) -> tuple[Preview | None, DomainError | None]:
    """What running an upload would do; a file that cannot be read says why."""
    if row.state != ImportState.UPLOADED:
        return None, None
    try:
        with work() as uow:
            source = run_import.source_of(uow, import_id=row.id)
            return run_import.preview(uow, source=source, most_rows=LOOKED_AT), None
    except (FileUnreadable, MappingRefused) as refusal:
        return None, refusal


@blueprint.get("/staff/imports/<uuid:import_id>/progress")
@staff(Permission.IMPORT)
def progress(import_id: uuid.UUID) -> Response:
    """How far a running import is; asked for again and again."""
    with work() as uow:
        row = _import(uow, import_id)
        now = uow.now
    return respond_if_changed(
        _version(row), lambda: render_template("imports/progress.html", row=row), now=now
    )


def _version(row: Import) -> tuple[object, ...]:
    return (row.id, row.state, row.rows_read)


@blueprint.post("/staff/imports/<uuid:import_id>/start")
@staff(Permission.IMPORT)
def start(import_id: uuid.UUID) -> BaseResponse:
    with work() as uow:
        _import(uow, import_id)
        run_import.start(uow, import_id=import_id)
    return redirect(url_for("imports.show", import_id=import_id), 303)


@blueprint.route("/staff/imports/<uuid:import_id>/take-back", methods=["GET", "POST"])
@staff(Permission.IMPORT)
def take_back(import_id: uuid.UUID) -> BaseResponse | str:
    """Asks first; an upload that was not started goes at once."""
    if request.method == "GET":
        with work() as uow:
            row = _import(uow, import_id)
        return render_template("imports/take_back.html", row=row)
    with work() as uow:
        row = _import(uow, import_id)
        was = row.state
        count = run_import.take_back(uow, import_id=import_id)
    if was == ImportState.UPLOADED:
        flash(gettext("The file was dropped."), "success")
        return redirect(url_for("imports.list"), 303)
    words = ngettext("%(n)s ticket was taken back.", "%(n)s tickets were taken back.", count)
    flash(words, "success")
    return redirect(url_for("imports.show", import_id=import_id), 303)


@blueprint.get("/staff/imports/<uuid:import_id>/problems")
@staff(Permission.IMPORT)
def problems(import_id: uuid.UUID) -> str:
    line, _, code = request.args.get("after", "").partition(".")
    after = (int(line), code) if line.isascii() and line.isdigit() and len(line) < 10 else (0, "")
    with work() as uow:
        row = _import(uow, import_id)
        found = queries.list_problems(
            uow.session,
            organisation_id=uow.organisation_id,
            import_id=import_id,
            limit=PAGE + 1,
            after=after,
        )
    last = found[PAGE - 1] if len(found) > PAGE else None
    return render_template(
        "imports/problems.html",
        row=row,
        problems=found[:PAGE],
        following=f"{last.line}.{last.code}" if last else None,
    )


@blueprint.get("/staff/imports/<uuid:import_id>/problems.csv")
@staff(Permission.IMPORT)
def problems_file(import_id: uuid.UUID) -> Response:
    language = locale()
    with work() as uow:
        _import(uow, import_id)
        found = queries.all_problems(
            uow.session, organisation_id=uow.organisation_id, import_id=import_id
        )
        text = "".join(_with_mark(queries.problems_csv(found, language)))
    headers = {"Content-Disposition": f'attachment; filename="problems-{import_id}.csv"'}
    return Response(text, mimetype="text/csv", headers=headers)


def _with_mark(lines: Iterator[str]) -> Iterator[str]:
    """Spreadsheets take a file for UTF-8 only when it begins with this mark."""
    yield "\ufeff"
    yield from lines


@blueprint.get("/staff/imports/<uuid:import_id>/tickets")
@staff(Permission.IMPORT)
def tickets(import_id: uuid.UUID) -> str:
    after = _uuid(request.args.get("after"))
    odd = request.args.get("odd") == "1"
    with work() as uow:
        row = _import(uow, import_id)
        branch = branch_by_id(
            uow.session, organisation_id=uow.organisation_id, branch_id=row.branch_id
        )
        found = queries.list_tickets(
            uow.session,
            organisation_id=uow.organisation_id,
            import_id=import_id,
            after=after,
            odd=odd,
            limit=PAGE + 1,
        )
    return render_template(
        "imports/tickets.html",
        row=row,
        zone=branch.time_zone,
        tickets=found[:PAGE],
        odd=odd,
        flags=FLAG_TEXTS,
        flag_of=Flag,
        following=found[PAGE - 1].id if len(found) > PAGE else None,
    )


def _import(uow: UnitOfWork, import_id: uuid.UUID) -> Import:
    """NotFound also for an import of a branch that is not the reader's."""
    row = queries.import_by_id(
        uow.session, organisation_id=uow.organisation_id, import_id=import_id
    )
    own_branch(row.branch_id)
    return row


def _branch_names(uow: UnitOfWork) -> dict[uuid.UUID, str]:
    found = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    return {branch.id: branch.name for branch in found}


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
