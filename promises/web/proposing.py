"""Proposing a promise, with what is like it and what it would have cost in view."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from promises.catalogue.proposal_queries import list_problems
from promises.catalogue.proposal_similar import Similar, similar_to
from promises.catalogue.proposals import ProposalDraft
from promises.db.session import UnitOfWork
from promises.flows.propose_promise import propose
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.kernel.zones import local_date
from promises.reporting.proposal_trials import Trial, try_lately
from promises.rules.terms import Terms
from promises.web import proposal_words
from promises.web.forms.proposals import ProposalForm
from promises.web.proposals import blueprint as proposals
from promises.web.words import Told, names_of, scopes_of, tell

blueprint = Blueprint("proposing", __name__)

TRY = "try"
SEEN = "1"
LOOKED_AT = 600
"""So many signs of a way of working are compared."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the blanks say, and what it would have kept and cost lately."""

    told: Told
    trial: Trial


@proposals.route("/staff/proposals/new", methods=["GET", "POST"])
@staff(Permission.PROPOSE)
def new() -> Response | tuple[str, int]:
    """Once, before the first sending, the proposer is shown a proposal that may be the same; with
    the script it was in view while typing. `step` may ask for the trial only."""
    form = _form(None)
    sent = form.validate_on_submit()
    tried, similar = (_tried(form), _similar(form)) if sent else (None, None)
    asked = sent and request.form.get("step") == TRY
    doubtful = similar is not None and similar.may_be_the_same and form.similar_seen.data != SEEN
    if sent and not asked and not doubtful:
        try:
            with work() as uow:
                made = propose(uow, draft=_draft(form))
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Thank you. You see here what becomes of it."), "success")
            return redirect(url_for("proposals.show", proposal_id=made.id), 303)
    if doubtful and not asked:
        form.similar_seen.data = SEEN
    shown = render_template(
        "proposals/new.html", form=form, tried=tried, similar=similar,
        doubtful=doubtful and not asked and not form.errors, words=proposal_words,
    )  # fmt: skip
    return shown, 422 if form.errors else 200


def _form(typed: MultiDict[str, str] | None) -> ProposalForm:
    """With the choices of the organisation; `typed` in place of what the request carries."""
    bound = current().branch_id
    start = {"branches": [bound] if bound else [], "problem_id": request.args.get("problem")}
    form = ProposalForm(**start) if typed is None else ProposalForm(formdata=typed)
    form.amount.currency = current().organisation.currency
    with work() as uow:
        problems = list_problems(uow.session, organisation_id=uow.organisation_id)
        form.offer_all(scopes_of(uow), problems)
    return form


def _draft(form: ProposalForm) -> ProposalDraft:
    """Raises TermsRefused."""
    terms = form.any_terms(current().organisation.currency)
    return ProposalDraft(
        title=form.sentence_of(terms),
        terms=terms,
        way_of_working=form.way_of_working.data,
        problem_id=form.problem_id.data,
        problem_text=form.problem_text.data or "",
        branch_id=current().branch_id,
        further_problems=tuple(form.further_problems.data),
        needs=form.needs.data or "",
        credit=form.credit.data,
    )


def _tried(form: ProposalForm) -> Tried | None:
    try:
        terms = form.any_terms(current().organisation.currency)
    except DomainError:
        return None
    with work() as uow:
        return Tried(tell(terms, names_of(uow)), _trial(uow, terms))


def _trial(uow: UnitOfWork, terms: Terms) -> Trial:
    return try_lately(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        today=local_date(uow.now, current().organisation.time_zone),
        terms=terms,
        branch_id=current().branch_id,
    )


def _similar(form: ProposalForm) -> Similar:
    try:
        title = form.sentence_of(form.any_terms(current().organisation.currency))
    except DomainError:
        title = form.title.data or ""
    with work() as uow:
        return similar_to(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            title=title,
            way_of_working=(form.way_of_working.data or "")[:LOOKED_AT],
            problem_id=form.problem_id.data,
        )


@blueprint.get("/staff/proposals/new/similar")
@staff(Permission.PROPOSE)
def similar() -> str:
    """A part of the page: what is like what was typed so far."""
    form = _form(request.args)
    complete = form.limit.validate(form) and form.amount.validate(form)
    if not complete or form.sentence.data is None:
        return render_template("proposals/similar.html", similar=None)
    return render_template("proposals/similar.html", similar=_similar(form), words=proposal_words)


@blueprint.get("/staff/proposals/new/tried")
@staff(Permission.PROPOSE)
def tried() -> str:
    """A part of the page: what the blanks say and would have kept and cost."""
    form = _form(request.args)
    checked = [form[name].validate(form) for name in ("sentence", "limit", "amount", "unit")]
    scoped = [form[name].validate(form) for name in ("services", "branches")]
    found = _tried(form) if all(checked) and all(scoped) else None
    return render_template("proposals/tried.html", tried=found)
