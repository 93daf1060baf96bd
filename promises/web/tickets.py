"""Tickets for the staff: the list of a day, one ticket with its evidence, its paper."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from promises.catalogue.queries import about_waiting, versions_in_force
from promises.db.session import UnitOfWork
from promises.desk.models import EventKind, TicketKind, TicketState
from promises.desk.queries import ticket_by_id, ticket_timeline
from promises.desk.search import TicketSearch, find_tickets
from promises.desk.views import TicketView
from promises.flows.dispute import dispute
from promises.http.context import current, own_branch, work
from promises.http.forms import options
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, may, staff
from promises.http.urls import absolute
from promises.identity.models import Branch
from promises.identity.queries import list_branches, list_members
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_
from promises.kernel.zones import local_date
from promises.reporting.customer_memory import customer_memory
from promises.reporting.goodwill import gifts_of_ticket
from promises.reporting.ticket_panels import ticket_panels
from promises.web.causes import tagging
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.matters import KINDS
from promises.web.forms.tickets import SearchForm
from promises.web.goodwill import reason_words
from promises.web.memory import may_remember
from promises.web.payout_choice import money_told
from promises.web.ticket_timeline import timeline_items

blueprint = Blueprint("tickets", __name__)

STATES = {
    TicketState.WAITING: N_("Waiting"),
    TicketState.CALLED: N_("Called"),
    TicketState.IN_SERVICE: N_("In service"),
    TicketState.SERVED: N_("Served"),
    TicketState.LEFT: N_("Left the queue"),
    TicketState.NO_SHOW: N_("Did not come"),
    TicketState.BOOKED: N_("Call back booked"),
    TicketState.CLOSED: N_("Closed at closing time"),
    TicketState.OPEN: N_("Open"),
    TicketState.HANDED_OVER: N_("With a partner"),
    TicketState.ANSWERED: N_("Answered"),
}
UNDOABLE_BY_DISPUTE = (
    EventKind.CALLED,
    EventKind.SERVICE_STARTED,
    EventKind.SERVED,
    EventKind.NO_SHOW,
    EventKind.LEFT,
)


@blueprint.get("/staff/tickets", endpoint="list")
@staff(Permission.TICKET_READ)
def show_list() -> str:
    """The tickets of one branch and day, latest first; or the one that a number or code names."""
    with work() as uow:
        branches = _branches(uow)
        if not branches:
            return render_template("staff_tickets/list.html", form=None, page=None, zone="UTC")
        form = _search_form(branches)
        branch = _chosen(form, branches)
        day_on = form.day_on.data or local_date(uow.now, branch.time_zone)
        page = find_tickets(
            uow.session,
            organisation_id=uow.organisation_id,
            search=TicketSearch(
                branch_id=branch.id,
                day_on=day_on,
                state=TicketState(form.state.data) if form.state.data else None,
                text=form.text.data or "",
                after=read_cursor(request.args.get("after")),
            ),
        )
    form.day_on.data, form.branch_id.data = day_on, branch.id
    following = None
    if page.more:
        last = page.rows[-1]
        following = _same_list(after=write_cursor(last.queued_at, last.ticket_id))
    return render_template(
        "staff_tickets/list.html", form=form, page=page, zone=branch.time_zone, kinds=KINDS,
        following=following, first=_same_list() if "after" in request.args else None,
    )  # fmt: skip


@blueprint.get("/staff/tickets/<uuid:ticket_id>")
@staff(Permission.TICKET_READ)
def show(ticket_id: uuid.UUID) -> str | Response:
    memory = None
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        ticket = _ticket(uow, ticket_id)
        if ticket.kind is not TicketKind.VISIT:
            return redirect(url_for("matters.show", matter_id=ticket_id), 303)
        if may_remember():
            memory = customer_memory(
                uow.session, customer_id=ticket.customer_id, but=ticket_id, **tenant
            )
        events = ticket_timeline(uow.session, ticket_id=ticket_id, **tenant)
        panels = ticket_panels(uow.session, ticket_id=ticket_id, **tenant)
        why = tagging(uow, [panel.breach.breach_id for panel in panels if panel.breach])
        gifts = gifts_of_ticket(uow.session, ticket_id=ticket_id, **tenant)
        told = money_told(uow, ticket_id)
        names = {}
        if may(Permission.REPORT_READ):
            names = {member.id: member.name for member in list_members(uow.session, **tenant)}
    doubtful = [
        (event.event_id, timeline_items([event], names, ticket.time_zone)[0])
        for event in events
        if event.kind in UNDOABLE_BY_DISPUTE and not event.undone
    ]
    return render_template(
        "staff_tickets/show.html",
        ticket=ticket,
        items=timeline_items(events, names, ticket.time_zone),
        doubtful=doubtful,
        panels=panels,
        tagging=why,
        memory=memory,
        gifts=gifts,
        gift_reasons=reason_words(),
        me=uow.actor.id,
        kinds=KINDS,
        has_voucher=any(
            panel.compensation and panel.compensation.payout for panel in panels
        ) or any(gift.voucher_id for gift in gifts),
        now=uow.now,
        **told,
    )  # fmt: skip


@blueprint.get("/staff/tickets/<uuid:ticket_id>/paper")
@staff(Permission.DESK)
def paper(ticket_id: uuid.UUID) -> str:
    """The number to be printed for somebody who took it at the desk."""
    with work() as uow:
        ticket = _ticket(uow, ticket_id)
        versions = versions_in_force(
            uow.session,
            organisation_id=uow.organisation_id,
            at=ticket.arrived_at or ticket.queued_at,
            branch_id=ticket.branch_id,
            service_kind_id=ticket.service_kind_id,
            ticket_kind=ticket.kind.value,
        )
    address = absolute("ticket_page.show", code=ticket.public_code)
    return render_template(
        "staff_tickets/paper.html", ticket=ticket, versions=about_waiting(versions), address=address
    )  # fmt: skip


@blueprint.post("/staff/tickets/<uuid:ticket_id>/dispute")
@staff(Permission.DESK)
def object_to(ticket_id: uuid.UUID) -> Response:
    """The customer says at the desk that something is wrong."""
    try:
        with work() as uow:
            _ticket(uow, ticket_id)
            dispute(uow, ticket_id=ticket_id)
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
    else:
        flash(gettext("A manager looks at it. Money for this visit waits until then."), "success")
    return redirect(url_for("tickets.show", ticket_id=ticket_id), 303)


def _ticket(uow: UnitOfWork, ticket_id: uuid.UUID) -> TicketView:
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    own_branch(ticket.branch_id)
    return ticket


def _branches(uow: UnitOfWork) -> list[Branch]:
    """Those whose tickets the member may see, closed ones too."""
    bound = current().branch_id
    found = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    return [branch for branch in found if bound in (None, branch.id)]


def _search_form(branches: list[Branch]) -> SearchForm:
    form = SearchForm(formdata=MultiDict(request.args))
    form.branch_id.choices = options((branch.id, branch.name) for branch in branches)
    form.state.choices = options(
        [("", gettext("All")), *((state.value, gettext(word)) for state, word in STATES.items())]
    )
    form.validate()
    for field in form:
        if field.errors:
            field.data, field.errors = None, []
    return form


def _chosen(form: SearchForm, branches: list[Branch]) -> Branch:
    """The branch asked for; else the one of the member's counter; else the first."""
    member = current().member
    wanted = form.branch_id.data or (member.counter_branch_id if member else None)
    return next((branch for branch in branches if branch.id == wanted), branches[0])


def _same_list(**changes: str) -> str:
    kept: dict[str, Any] = {
        name: value for name, value in request.args.items() if name not in ("after", "lang")
    }
    return url_for("tickets.list", **(kept | changes))
