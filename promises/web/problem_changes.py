"""What managers do on the board of problems: merge, undo, close, open again."""

import uuid

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.problem_queries import get_problem
from promises.flows import merge_problems
from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import NotFound
from promises.web.forms.problems import CloseForm
from promises.web.problems import page_of

blueprint = Blueprint("problem_changes", __name__)


@blueprint.post("/staff/problems/<uuid:problem_id>/merge")
@staff(Permission.PROPOSAL_DECIDE)
def merge(problem_id: uuid.UUID) -> Response:
    """The cases of this one count with the other's from now on."""
    with work() as uow:
        get_problem(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, problem_id=problem_id
        )
        into_id = _other()
        merge_problems.merge(uow, problem_id=problem_id, into_id=into_id)
    flash(gettext("Merged. Its cases count here now."), "success")
    return redirect(url_for("problems.show", problem_id=into_id), 303)


def _other() -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get("into_id", ""))
    except ValueError:
        raise NotFound from None


@blueprint.post("/staff/problems/<uuid:problem_id>/undo-merge")
@staff(Permission.PROPOSAL_DECIDE)
def undo_merge(problem_id: uuid.UUID) -> Response:
    with work() as uow:
        merge_problems.undo(uow, problem_id=problem_id)
    flash(gettext("It stands for itself again."), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.post("/staff/problems/<uuid:problem_id>/close")
@staff(Permission.PROPOSAL_DECIDE)
def close(problem_id: uuid.UUID) -> Response | tuple[str, int]:
    form = CloseForm()
    if not form.validate():
        return page_of(problem_id, closing=form), 422
    with work() as uow:
        merge_problems.close(uow, problem_id=problem_id, reason=form.reason.data)
    flash(gettext("Closed. Everybody on staff sees why."), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.post("/staff/problems/<uuid:problem_id>/reopen")
@staff(Permission.PROPOSAL_DECIDE)
def reopen(problem_id: uuid.UUID) -> Response:
    with work() as uow:
        merge_problems.reopen(uow, problem_id=problem_id)
    flash(gettext("It is open again."), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)
