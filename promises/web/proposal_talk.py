"""Supporting a proposal, commenting on it, following it, answering management's question."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.proposal_talk import names_that_begin
from promises.flows import discuss_proposal
from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import Conflict, DomainError, Forbidden, NotFound
from promises.web.forms.proposals import AnswerForm, CommentForm
from promises.web.proposals import proposal_page

blueprint = Blueprint("proposal_talk", __name__)

YES = "1"


def _back(proposal_id: uuid.UUID, anchor: str | None = None) -> Response:
    return redirect(url_for("proposals.show", proposal_id=proposal_id, _anchor=anchor), 303)


@blueprint.post("/staff/proposals/<uuid:proposal_id>/support")
@staff(Permission.PROPOSE)
def support(proposal_id: uuid.UUID) -> Response:
    """Says what is wanted, not "the other way round": sent twice it does the same."""
    with work() as uow:
        where = discuss_proposal.support(
            uow, proposal_id=proposal_id, wanted=request.form.get("wanted") == YES
        )
    if where != proposal_id:
        flash(gettext("It goes on in this proposal; your support counts here."), "info")
    return _back(where)


@blueprint.post("/staff/proposals/<uuid:proposal_id>/follow")
@staff(Permission.PROPOSE)
def follow(proposal_id: uuid.UUID) -> Response:
    with work() as uow:
        discuss_proposal.keep_following(
            uow, proposal_id=proposal_id, wanted=request.form.get("wanted") == YES
        )
    return _back(proposal_id)


@blueprint.post("/staff/proposals/<uuid:proposal_id>/comments")
@staff(Permission.PROPOSE)
def comment(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = CommentForm()
    if form.validate():
        try:
            with work() as uow:
                discuss_proposal.comment(uow, proposal_id=proposal_id, text=form.text.data)
            return _back(proposal_id, "comments")
        except NotFound:
            raise
        except DomainError as refusal:
            form.refuse(refusal)
    return proposal_page(proposal_id, comment_form=form, form=form), 422


@blueprint.post("/staff/proposals/<uuid:proposal_id>/comments/<uuid:comment_id>")
@staff(Permission.PROPOSE)
def correct(proposal_id: uuid.UUID, comment_id: uuid.UUID) -> Response | tuple[str, int]:
    form = CommentForm()
    status = 422
    if form.validate():
        try:
            with work() as uow:
                discuss_proposal.correct(
                    uow, proposal_id=proposal_id, comment_id=comment_id, text=form.text.data
                )
            return _back(proposal_id, "comments")
        except NotFound:
            raise
        except DomainError as refusal:
            form.refuse(refusal)
            status = refusal.status
    page = proposal_page(proposal_id, comment_form=form, form=form, correcting=comment_id)
    return page, status


@blueprint.post("/staff/proposals/<uuid:proposal_id>/answer")
@staff(Permission.PROPOSE)
def answer(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = AnswerForm()
    status = 422
    if form.validate():
        try:
            with work() as uow:
                discuss_proposal.answer(uow, proposal_id=proposal_id, text=form.answer.data)
        except (NotFound, Forbidden):
            raise
        except Conflict as refusal:
            form.refuse(refusal)
            status = refusal.status
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Sent. The time to decide goes on."), "success")
            return _back(proposal_id)
    return proposal_page(proposal_id, answer_form=form, form=form), status


@blueprint.get("/staff/proposals/names")
@staff(Permission.PROPOSE)
def names() -> str:
    """A part of the page: colleagues whose name begins with what was typed after an @."""
    begun = request.args.get("q", "").strip()[:40]
    with work() as uow:
        found = names_that_begin(uow.session, organisation_id=uow.organisation_id, begun=begun)
    return render_template("proposals/names.html", names=found)


@blueprint.post("/staff/proposals/news")
@staff(Permission.PROPOSE)
def read() -> Response:
    """Puts away what is new: all of it, or that of one proposal."""
    text = request.form.get("proposal_id")
    try:
        proposal_id = uuid.UUID(text) if text else None
    except ValueError:
        raise NotFound(proposal_id=text) from None
    with work() as uow:
        discuss_proposal.have_read(uow, proposal_id=proposal_id)
    return redirect(url_for("proposals.board"), 303)
