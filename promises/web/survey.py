"""The quarterly question to staff: answer it once, and see what closed rounds came to."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.feedback.questions import LEAST_FOR_RATE
from promises.feedback.surveys import open_survey_of, survey_results
from promises.flows.ask_staff import answer_staff_question
from promises.http.context import signed_in, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.web.forms.feedback import SurveyForm
from promises.web.problems import places

blueprint = Blueprint("survey", __name__)


@blueprint.get("/staff/survey", endpoint="page")
@staff(Permission.TEAM_READ)
def survey_page() -> str:
    return _page(SurveyForm(formdata=None))


@blueprint.post("/staff/survey/<uuid:survey_id>")
@staff(Permission.TEAM_READ)
def answer(survey_id: uuid.UUID) -> Response | tuple[str, int]:
    form = SurveyForm()
    form.offer()
    fine = form.validate()
    try:
        with work() as uow:
            answer_staff_question(
                uow,
                survey_id=survey_id,
                score=form.score.data if fine else None,
                text=form.text.data or "",
            )
    except DomainError as refusal:
        if refusal.status == 404:
            raise
        if fine:
            form.refuse(refusal)
        return _page(form), refusal.status
    flash(gettext("Thank you. Nobody can see what you answered."), "success")
    return redirect(url_for("survey.page"), 303)


def _page(form: SurveyForm) -> str:
    form.offer()
    with work() as uow:
        mine = open_survey_of(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            member_id=signed_in().member_id,
        )
        results = survey_results(uow.session, organisation_id=uow.organisation_id, now=uow.now)
        names = places(uow)
    return render_template(
        "feedback/survey.html", form=form, mine=mine, results=results,
        branches=names["branches"], least=LEAST_FOR_RATE,
    )  # fmt: skip
