"""What customers wrote: read, put behind a problem, set aside; and what is asked."""

import datetime as dt
import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.problem_queries import similar_problems
from promises.feedback.models import TextState
from promises.feedback.settings import Asking, asking_of
from promises.feedback.texts import PAGE, WrittenText, count_texts, get_text, list_texts
from promises.flows import sort_feedback
from promises.flows.change_asking import change
from promises.http.context import current, own_branch, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.kernel.text import format_month
from promises.web.forms.feedback import AskingForm, TextForm
from promises.web.problems import places

blueprint = Blueprint("feedback", __name__)


@blueprint.app_template_filter("month")
def _month(day: dt.date) -> str:
    return format_month(locale(), day)


@blueprint.get("/staff/feedback")
@staff(Permission.PROPOSE)
def inbox() -> str:
    """New words first; somebody bound to a branch reads those of no branch as well."""
    asked = request.args.get("show", "")
    state = next((one for one in TextState if one.value == asked), TextState.NEW)
    number = _page_number()
    with work() as uow:
        names = places(uow)
        texts = list_texts(
            uow.session,
            organisation_id=uow.organisation_id,
            state=state,
            branch_id=current().branch_id,
            skip=(number - 1) * PAGE,
            limit=PAGE + 1,
        )
        counts = count_texts(
            uow.session, organisation_id=uow.organisation_id, branch_id=current().branch_id
        )
    return render_template(
        "feedback/inbox.html", texts=texts[:PAGE], more=len(texts) > PAGE, counts=counts,
        state=state, number=number, **names,
    )  # fmt: skip


@blueprint.route("/staff/feedback/texts/<uuid:answer_id>", methods=["GET", "POST"])
@staff(Permission.PROPOSE)
def text(answer_id: uuid.UUID) -> Response | tuple[str, int]:
    """One customer's words, with the problems that they may be about."""
    form = TextForm()
    with work() as uow:
        found = get_text(uow.session, organisation_id=uow.organisation_id, answer_id=answer_id)
        _own(found)
        similar = similar_problems(uow.session, uow.organisation_id, found.body, 8)
        names = places(uow)
    form.offer((one.problem_id, one.text) for one in similar)
    if request.method == "GET":
        form.text.data = found.body
    if form.validate_on_submit():
        try:
            with work() as uow:
                problem_id = sort_feedback.link_text(
                    uow,
                    answer_id=answer_id,
                    problem_id=form.problem_id.data,
                    text=form.text.data or "",
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Thank you. It counts."), "success")
            return redirect(url_for("problems.show", problem_id=problem_id), 303)
    page = render_template("feedback/text.html", form=form, text=found, **names)
    return page, 422 if form.errors else 200


@blueprint.post("/staff/feedback/texts/<uuid:answer_id>/set-aside")
@staff(Permission.PROPOSE)
def set_aside(answer_id: uuid.UUID) -> Response:
    with work() as uow:
        _own(get_text(uow.session, organisation_id=uow.organisation_id, answer_id=answer_id))
        sort_feedback.set_aside(uow, answer_id=answer_id)
    flash(gettext("Set aside."), "success")
    return redirect(url_for("feedback.inbox"), 303)


@blueprint.post("/staff/feedback/texts/<uuid:answer_id>/take-up")
@staff(Permission.PROPOSE)
def take_up(answer_id: uuid.UUID) -> Response:
    with work() as uow:
        _own(get_text(uow.session, organisation_id=uow.organisation_id, answer_id=answer_id))
        sort_feedback.take_up_again(uow, answer_id=answer_id)
    return redirect(url_for("feedback.text", answer_id=answer_id), 303)


@blueprint.route("/staff/feedback/settings", methods=["GET", "POST"])
@staff(Permission.PROPOSAL_DECIDE)
def settings() -> Response | tuple[str, int]:
    with work() as uow:
        now = asking_of(uow.session, organisation_id=uow.organisation_id)
    form = AskingForm(
        questions=list(now.questions),
        survey_days=now.survey_days,
        recurring_breaches=now.recurring_breaches,
        recurring_days=now.recurring_days,
    )
    form.offer()
    if form.validate_on_submit():
        wanted = Asking(
            tuple(form.questions.data),
            form.survey_days.data or 0,
            form.recurring_breaches.data or 0,
            form.recurring_days.data or 0,
        )
        try:
            with work() as uow:
                change(uow, asking=wanted)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("feedback.settings"), 303)
    return render_template("feedback/settings.html", form=form), 422 if form.errors else 200


def _own(found: WrittenText) -> None:
    """NotFound for words of another branch than the reader's."""
    if found.branch_id is not None:
        own_branch(found.branch_id)


def _page_number() -> int:
    asked = request.args.get("page", "")
    return max(int(asked), 1) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 1
