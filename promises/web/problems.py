"""The board of customers' problems, and one problem with every case behind its number."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from promises.catalogue.models import ProblemSource
from promises.catalogue.problem_models import EvidenceKind
from promises.catalogue.problem_queries import (
    PAGE,
    BoardFilter,
    ProblemShown,
    cause_names,
    get_problem,
    list_cases,
    merged_into,
    problem_board,
    proposals_for,
    similar_problems,
)
from promises.catalogue.problems import NewCase, NewProblem
from promises.db.session import UnitOfWork
from promises.flows import report_problem
from promises.http.context import current, work
from promises.http.forms import Form
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches, list_service_kinds, service_name
from promises.kernel.errors import DomainError
from promises.kernel.text import N_
from promises.web.forms.problems import SOURCES, BoardForm, CloseForm, HeardForm, ProblemForm

blueprint = Blueprint("problems", __name__)

KINDS = {
    EvidenceKind.TOLD: N_("Heard by staff"),
    EvidenceKind.TICKET: N_("A visit"),
    EvidenceKind.COMPLAINT: N_("A complaint"),
    EvidenceKind.DISPUTE: N_("A customer disagreed"),
    EvidenceKind.FEEDBACK: N_("A customer wrote"),
    EvidenceKind.BREACH: N_("A broken promise"),
}
"""How each case came to us."""


def places(uow: UnitOfWork) -> dict[str, dict[uuid.UUID, str]]:
    """The names of branches and services, also of closed ones."""
    tenant = {"organisation_id": uow.organisation_id}
    language = current().locale
    return {
        "branches": {one.id: one.name for one in list_branches(uow.session, **tenant, closed=True)},
        "kinds": {
            one.id: service_name(one, language)
            for one in list_service_kinds(uow.session, **tenant, closed=True)
        },
    }


@blueprint.get("/staff/problems")
@staff(Permission.PROPOSE)
def board() -> str:
    """Those that hurt most lately first."""
    shown = _one_of(ProblemShown, request.args.get("show")) or ProblemShown.OPEN
    form, number = BoardForm(formdata=MultiDict(request.args)), _page_number()
    with work() as uow:
        names = places(uow)
        form.offer(**names)
        fine = form.validate()
        found = problem_board(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            only=BoardFilter(
                shown,
                form.branch_id.data if fine else None,
                form.service_kind_id.data if fine else None,
                _one_of(ProblemSource, form.source.data),
            ),
            skip=(number - 1) * PAGE,
            limit=PAGE + 1,
        )
        causes = cause_names(uow.session, organisation_id=uow.organisation_id)
    kept = {name: request.args[name] for name in form.data if fine and request.args.get(name)}
    return render_template(
        "problems/board.html", form=form, cards=found[:PAGE], more=len(found) > PAGE, number=number,
        shown=shown, kept=kept, causes=causes, sources=SOURCES, **names,
    )  # fmt: skip


@blueprint.route("/staff/problems/new", methods=["GET", "POST"])
@staff(Permission.PROPOSE)
def new() -> BaseResponse | tuple[str, int]:
    form = ProblemForm(branch_id=current().branch_id)
    with work() as uow:
        form.offer(**places(uow))
    if form.validate_on_submit():
        try:
            with work() as uow:
                made = report_problem.report(uow, problem=_new(form))
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Thank you. It is on the board now."), "success")
            return redirect(url_for("problems.show", problem_id=made.id), 303)
    return render_template("problems/new.html", form=form), 422 if form.errors else 200


def _new(form: ProblemForm) -> NewProblem:
    return NewProblem(
        text=form.text.data,
        branch_id=form.branch_id.data,
        service_kind_id=form.service_kind_id.data,
        segment=form.segment.data or "",
    )


@blueprint.get("/staff/problems/similar")
@staff(Permission.PROPOSE)
def similar() -> str:
    """The known problems most like what is being written, as a part of a page."""
    text = request.args.get("text", "")[:1000]
    with work() as uow:
        found = similar_problems(uow.session, uow.organisation_id, text)
    return render_template("problems/similar.html", found=found)


@blueprint.get("/staff/problems/<uuid:problem_id>")
@staff(Permission.PROPOSE)
def show(problem_id: uuid.UUID) -> str:
    return page_of(problem_id)


def page_of(
    problem_id: uuid.UUID, *, heard: HeardForm | None = None, closing: CloseForm | None = None
) -> str:
    """The page of a problem; the forms are those that were refused, if any."""
    number = _page_number()
    heard = heard or HeardForm(formdata=None, branch_id=current().branch_id)
    with work() as uow:
        tenant = {"organisation_id": uow.organisation_id}
        card = get_problem(uow.session, now=uow.now, problem_id=problem_id, **tenant)
        names = places(uow)
        heard.offer(**names)
        context: dict[str, Any] = {
            "cases": list_cases(
                uow.session,
                organisation_id=uow.organisation_id,
                problem_id=problem_id,
                skip=(number - 1) * PAGE,
            ),
            "proposals": proposals_for(uow.session, problem_id=problem_id, **tenant),
            "merged": merged_into(uow.session, problem_id=problem_id, **tenant),
            "similar": similar_problems(
                uow.session, uow.organisation_id, card.text, but=problem_id
            ),
            "causes": cause_names(uow.session, **tenant),
        }
    wrong: Form | None = next((one for one in (heard, closing) if one and one.errors), None)
    return render_template(
        "problems/show.html", card=card, heard=heard, number=number, page_size=PAGE,
        closing=closing or CloseForm(formdata=None), error_form=wrong, kind_words=KINDS,
        sources=SOURCES, **names, **context,
    )  # fmt: skip


@blueprint.post("/staff/problems/<uuid:problem_id>/heard")
@staff(Permission.PROPOSE)
def hear(problem_id: uuid.UUID) -> BaseResponse | tuple[str, int]:
    """A colleague met the same problem: one more case."""
    form = HeardForm()
    with work() as uow:
        get_problem(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, problem_id=problem_id
        )
        form.offer(**places(uow))
    if not form.validate():
        return page_of(problem_id, heard=form), 422
    with work() as uow:
        case = NewCase(
            kind=EvidenceKind.TOLD,
            happened_at=uow.now,
            branch_id=form.branch_id.data,
            service_kind_id=form.service_kind_id.data,
            note=form.note.data or "",
        )
        report_problem.heard_again(uow, problem_id=problem_id, case=case)
    flash(gettext("Thank you. It counts."), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.post("/staff/problem-cases/<uuid:case_id>/take-back")
@staff(Permission.PROPOSE)
def take_back(case_id: uuid.UUID) -> BaseResponse:
    with work() as uow:
        problem_id = report_problem.take_back(uow, case_id=case_id)
    flash(gettext("Taken back. It no longer counts."), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


def _one_of(choices: Any, text: str | None) -> Any:
    return next((one for one in choices if one.value == text), None)


def _page_number() -> int:
    text = request.args.get("page", "")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 5 else 1
