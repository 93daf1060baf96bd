"""The work list: matters that wait for us, what is due next first."""

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from promises.db.session import UnitOfWork
from promises.desk.models import TicketKind
from promises.desk.work_list import Wanted, peek_work_version, work_list
from promises.http.conditional import etag_of, respond_if_changed
from promises.http.context import current, signed_in, work
from promises.http.permissions import Permission, staff
from promises.identity.models import Branch
from promises.identity.queries import list_branches
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.matters import KINDS, WorkForm

blueprint = Blueprint("work", __name__)

POLL_MS = 15_000


@blueprint.get("/staff/work", endpoint="list")
@staff(Permission.DESK)
def show_list() -> str:
    etag = etag_of(*_etag_parts(_version()))
    with work() as uow:
        form = _form(_branches(uow))
        found = _found(uow, form)
    return render_template("matters/work.html", form=form, etag=etag, poll=POLL_MS, **found)


@blueprint.get("/staff/work/live")
@staff(Permission.DESK)
def live() -> Response:
    """The list alone; a 304 while nothing has happened. What turns late by the clock alone is
    shown by the page itself."""
    version, now = peek_work_version(organisation_id=current().organisation_id)

    def render() -> str:
        with work() as uow:
            found = _found(uow, _form(_branches(uow)))
        return render_template("matters/work_rows.html", **found)

    return respond_if_changed(_etag_parts(version), render, now=now)


def _version() -> int:
    version, _now = peek_work_version(organisation_id=current().organisation_id)
    return version


def _etag_parts(version: int) -> tuple[object, ...]:
    return ("work", version, request.query_string.decode("ascii", "replace"))


def _branches(uow: UnitOfWork) -> list[Branch]:
    bound = current().branch_id
    found = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    return [branch for branch in found if bound in (None, branch.id)]


def _form(branches: list[Branch]) -> WorkForm:
    form = WorkForm(formdata=MultiDict(request.args))
    form.offer(branches)
    form.validate()
    for field in form:
        if field.errors:
            field.data, field.errors = None, []
    return form


def _found(uow: UnitOfWork, form: WorkForm) -> dict[str, Any]:
    wanted = Wanted(
        branch_id=current().branch_id or form.branch_id.data,
        owner_id=signed_in().member_id if form.whose.data == "mine" else None,
        kind=TicketKind(form.kind.data) if form.kind.data else None,
        overdue=form.show.data == "late",
        after=read_cursor(request.args.get("after")),
    )
    page = work_list(uow.session, organisation_id=uow.organisation_id, now=uow.now, wanted=wanted)
    following = None
    if page.more:
        last = page.rows[-1]
        following = _same_list(after=write_cursor(last.work_at, last.ticket_id))
    return {
        "page": page,
        "now": uow.now,
        "kinds": KINDS,
        "following": following,
        "first": _same_list() if "after" in request.args else None,
    }


def _same_list(**changes: str) -> str:
    kept: dict[str, Any] = {
        name: value for name, value in request.args.items() if name not in ("after", "lang")
    }
    return url_for("work.list", **(kept | changes))
