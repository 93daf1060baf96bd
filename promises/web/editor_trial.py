"""Trying a draft: on a case as it is typed, or on a real ticket."""

import uuid
from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.desk.facts import TicketCase, load_cases
from promises.desk.search import TicketSearch, find_tickets
from promises.http.context import current, work
from promises.http.forms import options
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches
from promises.kernel.errors import DomainError, FieldProblem, Refused
from promises.kernel.text import N_
from promises.kernel.zones import local_date
from promises.web.editor_draft import Opened, open_draft
from promises.web.editor_judging import Answer, Story, answers_to, story_of
from promises.web.forms.editor_trial import (
    NOW,
    PREFIX,
    TicketForm,
    TrialForm,
    in_minor_units,
    trial_form,
)

blueprint = Blueprint("editor_trial", __name__)

TYPED, TICKET = "typed", "ticket"


@blueprint.route("/staff/editor/<uuid:draft_id>/try", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def page(draft_id: uuid.UUID) -> Response | tuple[str, int]:
    """Two forms: the story of a case, and the number of a ticket."""
    opened = open_draft(draft_id)
    asked = request.form.get("what") if request.method == "POST" else None
    typed = trial_form(opened.terms, current().locale)(
        formdata=request.form if asked == TYPED else None
    )
    typed.prepare()
    ticket = TicketForm(formdata=request.form if asked == TICKET else None)
    answers: list[Answer] | None = None
    with work() as uow:
        branches = list_branches(uow.session, organisation_id=uow.organisation_id)
        ticket.branch.choices = options((one.id, one.name) for one in branches)
        form: Any = ticket if asked == TICKET else typed
        if asked and form.validate():
            try:
                story = (
                    _of_ticket(uow, ticket)
                    if asked == TICKET
                    else _typed(uow, opened, typed, _branch(opened, branches))
                )
                answers = answers_to(uow, opened.terms, story)
            except DomainError as refusal:
                form.refuse(_at_fields(refusal))
    shown = render_template(
        "editor/trial.html", opened=opened, typed=typed, ticket=ticket, form=form,
        answers=answers, prefix=PREFIX, now_field=NOW,
    )  # fmt: skip
    return shown, 422 if form.errors else 200


def _branch(opened: Opened, branches: Any) -> uuid.UUID | None:
    """The branch whose opening hours a typed case goes by: the first that the promise is for."""
    wanted = opened.terms.scope.branches
    return next((one.id for one in branches if wanted is None or one.id in wanted), None)


def _typed(uow: UnitOfWork, opened: Opened, form: TrialForm, branch_id: uuid.UUID | None) -> Story:
    """Without a time to look at it the story is looked at when it ends."""
    zone = current().organisation.time_zone
    facts, times = form.story(local_date(uow.now, zone), zone)
    if not times:
        first = PREFIX + next(iter(form.kinds))
        if facts:
            return Story(in_minor_units(opened.terms, facts), uow.now, uow.now, branch_id)
        raise Refused([FieldProblem(first, N_("Tell at least when it begins."))])
    now = times[-1] if NOW in facts else max(times)
    facts.pop(NOW, None)
    return Story(in_minor_units(opened.terms, facts), now, min(times), branch_id)


def _of_ticket(uow: UnitOfWork, form: TicketForm) -> Story:
    return story_of(_case(uow, form), uow.now)


def _case(uow: UnitOfWork, form: TicketForm) -> TicketCase:
    zone = current().organisation.time_zone
    found = find_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        search=TicketSearch(
            branch_id=form.branch.data,
            day_on=form.day_on.data or local_date(uow.now, zone),
            text=form.ticket.data,
        ),
        limit=1,
    )
    if not found.rows:
        raise Refused([FieldProblem("ticket", N_("No ticket of that day has this number."))])
    ticket_id = found.rows[0].ticket_id
    cases = load_cases(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    return cases[ticket_id]


def _at_fields(refusal: DomainError) -> DomainError:
    """Problems of facts stand at the fields of their facts."""
    if isinstance(refusal, Refused):
        refusal.problems = tuple(
            FieldProblem(
                PREFIX + one.field.strip("/").split("/")[0] if one.field[:1] == "/" else one.field,
                gettext(one.message, **one.params) if one.params else one.message,
            )
            for one in refusal.problems
        )
    return refusal
