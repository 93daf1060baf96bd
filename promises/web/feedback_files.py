"""Files of answers: upload, say what the columns mean, take in; refused rows by their numbers."""

import csv
import io
import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from promises.desk.imports.mapping import Encoding
from promises.desk.imports.problems import FileUnreadable
from promises.feedback import imports
from promises.feedback.models import FeedbackImportState
from promises.feedback.rows import PROBLEM_TEXTS, RowProblem
from promises.flows import import_feedback
from promises.flows.import_feedback import MOST_BYTES, Look
from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.http.security import large_body
from promises.kernel.errors import DomainError, Refused
from promises.web.forms.feedback import ColumnsForm, FileForm
from promises.web.problems import places

blueprint = Blueprint("feedback_files", __name__)

_BODY = MOST_BYTES + 1024 * 1024
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@blueprint.route("/staff/feedback/files", methods=["GET", "POST"], endpoint="list")
@staff(Permission.IMPORT)
@large_body(_BODY)
def files() -> BaseResponse | tuple[str, int]:
    form = FileForm()
    form.offer()
    if form.validate_on_submit():
        given = form.file.data
        delimiter = None if form.delimiter.data == "auto" else form.delimiter.data
        try:
            with work() as uow:
                file_id = import_feedback.stage(
                    uow,
                    filename=given.filename or "",
                    content=given.read(),
                    encoding=Encoding(form.encoding.data),
                    delimiter=delimiter,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("feedback_files.show", file_id=file_id), 303)
    with work() as uow:
        found = imports.list_imports(uow.session, organisation_id=uow.organisation_id)
    page = render_template("feedback/files.html", form=form, files=found)
    return page, 422 if form.errors else 200


@blueprint.route("/staff/feedback/files/<uuid:file_id>", methods=["GET", "POST"])
@staff(Permission.IMPORT)
def show(file_id: uuid.UUID) -> BaseResponse | tuple[str, int]:
    """Before: what the columns mean, and what would come of it. After: what came of it."""
    with work() as uow:
        row = imports.get_import(
            uow.session, organisation_id=uow.organisation_id, import_id=file_id
        )
        names = places(uow)
    if row.state != FeedbackImportState.UPLOADED:
        return render_template("feedback/file_done.html", row=row, dropped="dropped"), 200
    look, refusal = _look(file_id)
    form = _columns_form(look, names)
    if form is not None and form.validate_on_submit():
        try:
            with work() as uow:
                import_feedback.choose_columns(uow, import_id=file_id, mapping=form.mapping())
        except Refused as refused:
            form.refuse(refused)
        else:
            return redirect(url_for("feedback_files.show", file_id=file_id), 303)
    page = render_template(
        "feedback/file.html", row=row, look=look, refusal=refusal, form=form,
        problems=PROBLEM_TEXTS, problem_of=RowProblem, branches=names["branches"],
    )  # fmt: skip
    return page, 422 if form is not None and form.errors else 200


def _look(file_id: uuid.UUID) -> tuple[Look | None, FileUnreadable | None]:
    """What taking it in would do; a file that cannot be read says why."""
    try:
        with work() as uow:
            return import_feedback.look(uow, import_id=file_id), None
    except FileUnreadable as refusal:
        return None, refusal


def _columns_form(look: Look | None, names: dict[str, dict[uuid.UUID, str]]) -> Any:
    if look is None:
        return None
    mapping = look.mapping
    form = ColumnsForm(
        question=mapping.question,
        dates=mapping.dates,
        branch_id=mapping.branch_id,
        **{meaning.value: place for meaning, place in mapping.columns.items()},
    )
    form.offer(look.header, names["branches"])
    return form


@blueprint.post("/staff/feedback/files/<uuid:file_id>/take-in")
@staff(Permission.IMPORT)
def take_in(file_id: uuid.UUID) -> BaseResponse:
    try:
        with work() as uow:
            taken = import_feedback.take_in(uow, import_id=file_id)
    except (Refused, FileUnreadable):
        flash(gettext("First say which columns hold the date and the answers."), "warning")
    else:
        words = gettext("%(added)s answers are new, %(known)s were here.",
                        added=taken.added, known=taken.known)  # fmt: skip
        flash(words, "success")
    return redirect(url_for("feedback_files.show", file_id=file_id), 303)


@blueprint.post("/staff/feedback/files/<uuid:file_id>/drop")
@staff(Permission.IMPORT)
def drop(file_id: uuid.UUID) -> BaseResponse:
    with work() as uow:
        import_feedback.drop(uow, import_id=file_id)
    flash(gettext("The file was dropped."), "success")
    return redirect(url_for("feedback_files.list"), 303)


@blueprint.get("/staff/feedback/files/<uuid:file_id>/problems")
@staff(Permission.IMPORT)
def problems(file_id: uuid.UUID) -> str:
    after = request.args.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    with work() as uow:
        row = imports.get_import(
            uow.session, organisation_id=uow.organisation_id, import_id=file_id
        )
        found = imports.list_row_problems(
            uow.session,
            organisation_id=uow.organisation_id,
            import_id=file_id,
            after=start,
            limit=imports.PAGE + 1,
        )
    following = found[imports.PAGE - 1].line if len(found) > imports.PAGE else None
    return render_template(
        "feedback/file_problems.html", row=row, found=found[: imports.PAGE], following=following,
        texts=PROBLEM_TEXTS, problem_of=RowProblem,
    )  # fmt: skip


@blueprint.get("/staff/feedback/files/<uuid:file_id>/problems.csv")
@staff(Permission.IMPORT)
def problems_file(file_id: uuid.UUID) -> Response:
    with work() as uow:
        imports.get_import(uow.session, organisation_id=uow.organisation_id, import_id=file_id)
        found = imports.list_row_problems(
            uow.session,
            organisation_id=uow.organisation_id,
            import_id=file_id,
            limit=import_feedback.MOST_ROWS,
        )
    lines = [[gettext("Line"), gettext("Column"), gettext("What is wrong")]]
    lines += [
        [str(one.line), one.column_name or "", gettext(PROBLEM_TEXTS[RowProblem(one.code)])]
        for one in found
    ]
    headers = {"Content-Disposition": f'attachment; filename="problems-{file_id}.csv"'}
    return Response(csv_text(lines), mimetype="text/csv", headers=headers)


def csv_text(lines: list[list[str]]) -> str:
    """With the mark by which spreadsheets know UTF-8; a cell that they would take for a formula is
    prefixed with an apostrophe."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    for cells in lines:
        writer.writerow(["'" + one if one.startswith(_FORMULA_STARTS) else one for one in cells])
    return out.getvalue()
