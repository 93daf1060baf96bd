"""Proposals: staff propose, everybody sees what became of it, managers decide."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_queries import (
    ProposalRow,
    count_proposals,
    get_proposal,
    list_problems,
    list_proposals,
)
from promises.catalogue.proposals import ProposalDraft
from promises.flows.decide_proposal import decline as decline_proposal
from promises.flows.propose_promise import propose
from promises.http.context import current, signed_in, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import Conflict, DomainError
from promises.web.forms.catalogue import DeclineForm, ProposalForm
from promises.web.words import names_of, scopes_of, tell

blueprint = Blueprint("proposals", __name__)

MINE = "mine"


@blueprint.get("/staff/proposals")
@staff(Permission.PROPOSE)
def board() -> str:
    shown = request.args.get("show", ProposalState.OPEN.value)
    before = _uuid(request.args.get("before"))
    known_state = shown in {one.value for one in ProposalState}
    with work() as uow:
        page = list_proposals(
            uow.session,
            organisation_id=uow.organisation_id,
            state=ProposalState(shown) if known_state else None,
            proposed_by=signed_in().member_id if shown == MINE else None,
            before=before,
        )
        counts = count_proposals(uow.session, organisation_id=uow.organisation_id)
        names = names_of(uow)
    told = {row.proposal_id: tell(row.terms, names) for row in page.rows}
    return render_template(
        "proposals/board.html", page=page, counts=counts, shown=shown, told=told, mine=MINE
    )


@blueprint.route("/staff/proposals/new", methods=["GET", "POST"])
@staff(Permission.PROPOSE)
def new() -> Response | tuple[str, int]:
    bound = current().branch_id
    form = ProposalForm(branches=[bound] if bound else [])
    form.amount.currency = current().organisation.currency
    with work() as uow:
        problems = list_problems(uow.session, organisation_id=uow.organisation_id)
        form.offer_problems(scopes_of(uow), problems)
    if form.validate_on_submit():
        try:
            with work() as uow:
                made = propose(uow, draft=_draft(form))
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Thank you. You see here what becomes of it."), "success")
            return redirect(url_for("proposals.show", proposal_id=made.id), 303)
    return render_template("proposals/new.html", form=form), 422 if form.errors else 200


def _draft(form: ProposalForm) -> ProposalDraft:
    return ProposalDraft(
        title=form.title.data,
        terms=form.terms(current().organisation.currency),
        way_of_working=form.way_of_working.data,
        problem_id=form.problem_id.data,
        problem_text=form.problem_text.data or "",
        branch_id=current().branch_id,
    )


@blueprint.get("/staff/proposals/<uuid:proposal_id>")
@staff(Permission.PROPOSE)
def show(proposal_id: uuid.UUID) -> str:
    return _page(proposal_id, DeclineForm(formdata=None))


def _page(proposal_id: uuid.UUID, form: DeclineForm) -> str:
    row = _row(proposal_id)
    with work() as uow:
        told = tell(row.terms, names_of(uow))
    return render_template("proposals/show.html", row=row, told=told, form=form)


def _row(proposal_id: uuid.UUID) -> ProposalRow:
    with work() as uow:
        return get_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
        )


@blueprint.post("/staff/proposals/<uuid:proposal_id>/decline")
@staff(Permission.PROPOSAL_DECIDE)
def decline(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = DeclineForm()
    status = 422
    if form.validate():
        try:
            with work() as uow:
                decline_proposal(uow, proposal_id=proposal_id, reason=form.reason.data)
        except Conflict as refusal:
            form.refuse(refusal)
            status = refusal.status
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Declined. The proposer sees your reason."), "success")
            return redirect(url_for("proposals.show", proposal_id=proposal_id), 303)
    return _page(proposal_id, form), status


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
