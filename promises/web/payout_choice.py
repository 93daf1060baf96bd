"""At the desk: a customer without a phone chooses how the money comes, with a clerk's help."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.desk.queries import ticket_by_id
from promises.desk.views import TicketView
from promises.flows import choose_payout
from promises.http.context import current, own_branch, work
from promises.http.i18n import gettext
from promises.http.payout_pages import AccountForm, ChoicePage, said_of
from promises.http.payout_words import WAYS_OF_STAFF, ToldStory, tell_staff
from promises.http.permissions import Permission, may, staff
from promises.kernel.errors import DomainError, NotFound
from promises.payouts.bank_accounts import checked_account
from promises.payouts.choices import Ways, ways_of_ticket
from promises.payouts.rails.names import SEPA
from promises.reporting.payout_steps import money_stories

blueprint = Blueprint("payout_choice", __name__)


def money_told(uow: UnitOfWork, ticket_id: uuid.UUID) -> dict[str, Any]:
    """What the pages of a ticket say of its money: its stories in words by compensation, and by
    which ways it can go."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "ticket_id": ticket_id}
    decides = may(Permission.COMPENSATION_DECIDE)
    found = money_stories(uow.session, **tenant)
    stories: Mapping[uuid.UUID, ToldStory] = {
        debt: tell_staff(story, decides=decides) for debt, story in found.items()
    }
    ways: Ways | None = ways_of_ticket(uow.session, now=uow.now, **tenant) if found else None
    return {"stories": stories, "ways": ways, "way_names": WAYS_OF_STAFF}


@blueprint.get("/staff/tickets/<uuid:ticket_id>/pay")
@staff(Permission.DESK)
def choose(ticket_id: uuid.UUID) -> str:
    return _page(ticket_id, AccountForm())


@blueprint.post("/staff/tickets/<uuid:ticket_id>/pay")
@staff(Permission.DESK)
def take(ticket_id: uuid.UUID) -> Response | tuple[str, int]:
    """With the customer present; bank details that staff typed wait for a second person."""
    form = AccountForm()
    rail = request.form.get("rail", SEPA)
    with work() as uow:
        ticket = _ticket(uow, ticket_id)
    if rail == SEPA and not form.validate():
        return _page(ticket_id, form), 422
    try:
        with work() as uow:
            said = _take(uow, ticket, rail, form)
    except DomainError as refusal:
        form.refuse(refusal)
        return _page(ticket_id, form), refusal.status
    flash(said, "success")
    return redirect(url_for("tickets.show", ticket_id=ticket_id), 303)


def _take(uow: UnitOfWork, ticket: TicketView, rail: str, form: AccountForm) -> str:
    if rail != SEPA:
        choose_payout.choose(uow, ticket_id=ticket.ticket_id, rail=rail)
        return gettext("The customer's choice is noted.")
    given = choose_payout.give_account(
        uow,
        ticket_id=ticket.ticket_id,
        account=checked_account(form.iban.data, form.holder.data),
        page=f"/o/{current().organisation.slug}/t/{ticket.public_code}",
        at_desk=True,
    )
    return said_of(given, ticket.time_zone)


def _ticket(uow: UnitOfWork, ticket_id: uuid.UUID) -> TicketView:
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    own_branch(ticket.branch_id)
    return ticket


def _page(ticket_id: uuid.UUID, form: AccountForm) -> str:
    with work() as uow:
        ticket = _ticket(uow, ticket_id)
        ways = ways_of_ticket(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, ticket_id=ticket_id
        )
    return render_template(
        "staff_tickets/pay.html",
        page=ChoicePage(ticket, ways, uow.now),
        ticket=ticket,
        form=form,
        names=WAYS_OF_STAFF,
    )
