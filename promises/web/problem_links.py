"""From a ticket to the problem that it shows."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.catalogue.problem_queries import BoardFilter, problem_board
from promises.desk.queries import ticket_by_id
from promises.flows.report_problem import link_ticket
from promises.http.context import own_branch, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError, NotFound
from promises.web.forms.problems import LinkForm

blueprint = Blueprint("problem_links", __name__)

OFFERED = 12


@blueprint.route("/staff/tickets/<uuid:ticket_id>/problem", methods=["GET", "POST"])
@staff(Permission.PROPOSE)
def link(ticket_id: uuid.UUID) -> Response | tuple[str, int]:
    form = LinkForm()
    with work() as uow:
        ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
        if ticket is None:
            raise NotFound(ticket_id=str(ticket_id))
        own_branch(ticket.branch_id)
        cards = problem_board(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            only=BoardFilter(),
            limit=OFFERED,
        )
        form.offer((card.problem_id, card.text) for card in cards)
    if form.validate_on_submit():
        try:
            with work() as uow:
                done = link_ticket(
                    uow,
                    ticket_id=ticket_id,
                    problem_id=form.problem_id.data,
                    text=form.text.data or "",
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            if done.added:
                flash(gettext("Thank you. It counts."), "success")
            else:
                flash(gettext("This ticket counts there already."), "info")
            return redirect(url_for("problems.show", problem_id=done.problem_id), 303)
    page = render_template("problems/link.html", form=form, ticket=ticket)
    return page, 422 if form.errors else 200
