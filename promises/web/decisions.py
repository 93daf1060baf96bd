"""One decision on one page: the problem, the odds and the cost, and what management makes of it."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from promises.catalogue.actions import NewVersion
from promises.catalogue.proposal_states import UNDECIDED
from promises.catalogue.targets import is_path
from promises.db.session import UnitOfWork
from promises.flows import decide_steps, shadow_runs
from promises.flows.decide_proposal import decline as decline_proposal
from promises.flows.decide_publish import publish_proposal
from promises.http.context import current, work
from promises.http.forms import Form
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.kernel.text import LOCALES, N_
from promises.rules.terms import Terms, dump_terms
from promises.web import proposal_words
from promises.web.decisions_case import Case, next_to_decide, open_case
from promises.web.forms.decisions import AskForm, RefusalForm, date_first_level
from promises.web.forms.editor import terms_of
from promises.web.words import names_of, tell

blueprint = Blueprint("decisions", __name__)

_RISING = N_("The days must rise, and each level must lie above 0 and up to 100 per cent.")


@blueprint.get("/staff/decisions/next")
@staff(Permission.PROPOSAL_DECIDE)
def following() -> Response:
    """The proposal whose decision is due first, or the one behind `after`; the board where none
    is."""
    with work() as uow:
        found = next_to_decide(uow, request.args.get("after"))
    if found is None:
        flash(gettext("Nothing else waits for a decision."), "info")
        return redirect(url_for("proposals.board"), 303)
    return redirect(url_for("decisions.page", proposal_id=found.proposal_id), 303)


@blueprint.get("/staff/proposals/<uuid:proposal_id>/decision")
@staff(Permission.PROPOSAL_DECIDE)
def page(proposal_id: uuid.UUID) -> Response | str:
    """Of a proposal that is decided, its own page tells the rest."""
    case = open_case(proposal_id)
    if case.row.state not in UNDECIDED:
        return redirect(url_for("proposals.show", proposal_id=proposal_id), 303)
    return _page(case)


def _page(case: Case, **forms: Form) -> str:
    shown = {
        "publish": case.publish_form(formdata=None),
        "shadow": case.shadow_form(formdata=None),
        "merge": case.merge_form(formdata=None),
        "ask": AskForm(formdata=None),
        "decline": RefusalForm(formdata=None),
    } | forms
    return render_template(
        "decisions/page.html", case=case, row=case.row, words=proposal_words,
        currency=current().organisation.currency, sent=next(iter(forms), None),
        form=next(iter(forms.values()), None), **shown,
    )  # fmt: skip


# ---- what may be chosen


@blueprint.post("/staff/proposals/<uuid:proposal_id>/decision/publish")
@staff(Permission.PROMISE_PUBLISH)
def publish(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    case = open_case(proposal_id)
    form = case.publish_form()
    date_first_level(form, case.today)
    if not _fine(form):
        return _page(case, publish=form), 422
    currency = current().organisation.currency
    try:
        terms = terms_of(form, dump_terms(case.row.terms), currency)
        with work() as uow:
            names = names_of(uow)
            made = publish_proposal(
                uow,
                proposal_id=proposal_id,
                version=_version(form, terms, uow),
                reason=form.reason.data or "",
                notice=(form.notice.data or "") if form.tell_staff.data else None,
                sentences={code: tell(terms, names, code).sentence for code in LOCALES},
            )
    except ValidationError:
        return _page(case, publish=form), 422
    except DomainError as refusal:
        form.refuse(refusal)
        return _page(case, publish=form), refusal.status
    flash(gettext("Published. It is on the public page now."), "success")
    return redirect(url_for("promises.show", promise_slug=made.slug), 303)


def _fine(form: Any) -> bool:
    fine: bool = form.validate()
    if fine and not is_path(form.target_path()):
        form.targets.errors = [gettext(_RISING)]
        return False
    return fine


def _version(form: Any, terms: Terms, uow: UnitOfWork) -> NewVersion:
    return NewVersion(
        terms=terms,
        valid_from=form.valid_from(uow.now, current().organisation.time_zone),
        titles=form.titles(),
        way_of_working=form.way_of_working.data or "",
        team_reward=form.team_reward.data or "",
        target_path=form.target_path(),
    )


@blueprint.post("/staff/proposals/<uuid:proposal_id>/decision/decline")
@staff(Permission.PROPOSAL_DECIDE)
def decline(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = RefusalForm()
    return _taken(
        proposal_id,
        "decline",
        form,
        lambda uow: decline_proposal(uow, proposal_id=proposal_id, reason=form.decline_reason.data),
        gettext("Declined. The proposer sees your reason."),
    )


@blueprint.post("/staff/proposals/<uuid:proposal_id>/decision/merge")
@staff(Permission.PROPOSAL_DECIDE)
def merge(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = open_case(proposal_id).merge_form()
    return _taken(
        proposal_id,
        "merge",
        form,
        lambda uow: decide_steps.merge(
            uow,
            proposal_id=proposal_id,
            into_id=form.into.data,
            reason=form.merge_reason.data,
        ),
        gettext("Merged. Supporters and followers have come along."),
    )


@blueprint.post("/staff/proposals/<uuid:proposal_id>/decision/ask")
@staff(Permission.PROPOSAL_DECIDE)
def ask(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = AskForm()
    return _taken(
        proposal_id,
        "ask",
        form,
        lambda uow: decide_steps.ask(uow, proposal_id=proposal_id, question=form.question.data),
        gettext("Asked. Your time to decide rests until the answer."),
    )


@blueprint.post("/staff/proposals/<uuid:proposal_id>/decision/shadow")
@staff(Permission.PROPOSAL_DECIDE)
def shadow(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = open_case(proposal_id).shadow_form()
    zone = current().organisation.time_zone
    return _taken(
        proposal_id,
        "shadow",
        form,
        lambda uow: shadow_runs.start(
            uow,
            proposal_id=proposal_id,
            branch_ids=form.shadow_branches.data,
            ends_at=form.ends_at(zone),
        ),
        gettext("It runs in shadow from now on. Nothing is published and nothing is paid."),
    )


def _taken(
    proposal_id: uuid.UUID,
    name: str,
    form: Form,
    step: Callable[[UnitOfWork], object],
    done: str,
) -> Response | tuple[str, int]:
    status = 422
    if form.validate():
        try:
            with work() as uow:
                step(uow)
        except DomainError as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            flash(done, "success")
            return redirect(url_for("proposals.show", proposal_id=proposal_id), 303)
    return _page(open_case(proposal_id), **{name: form}), status
