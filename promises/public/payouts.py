"""The customer's choice of how the money comes: one touch, or bank details and one touch.

Whoever has the ticket's link may choose. Bank details are confirmed over the ticket's contact; from
a browser in which staff is signed in they are what staff typed.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.compensation.models import Hold
from promises.db.session import UnitOfWork
from promises.desk.queries import ticket_by_code
from promises.desk.views import TicketView
from promises.flows import choose_payout
from promises.flows.choose_payout import Given
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.limits import guard
from promises.http.payout_pages import AccountForm, ChoicePage, said_of
from promises.http.payout_words import HINTS, WAYS
from promises.http.permissions import public, work_of_visitor
from promises.kernel.actors import ActorKind
from promises.kernel.errors import DomainError, NotFound
from promises.payouts.bank_accounts import checked_account
from promises.payouts.choices import ways_of_ticket
from promises.payouts.rail_models import Proof
from promises.payouts.rails.names import SEPA

blueprint = Blueprint("payout_pages", __name__)

TRIES, WINDOW_S = 20, 600


@blueprint.get("/t/<code:code>/pay")
@public
def choose(code: str) -> str | Response:
    return _page(code, AccountForm())


@blueprint.post("/t/<code:code>/pay")
@public
def take(code: str) -> Response | tuple[str, int]:
    """One touch, or bank details: those are checked here and never shown again."""
    guard("pay", limit=TRIES, window_s=WINDOW_S)
    form = AccountForm()
    rail = request.form.get("rail", SEPA)
    if rail == SEPA and not form.validate():
        return _page(code, form), 422
    try:
        with work_of_visitor() as uow:
            said = _take(uow, _ticket(uow, code), rail, form)
    except NotFound:
        raise
    except DomainError as refusal:
        form.refuse(refusal)
        return _page(code, form), refusal.status
    flash(said, "success")
    return _back(code)


def _take(uow: UnitOfWork, ticket: TicketView, rail: str, form: AccountForm) -> str:
    if rail != SEPA:
        choose_payout.choose(uow, ticket_id=ticket.ticket_id, rail=rail)
        return gettext("Thank you. That is how you get it.")
    given = choose_payout.give_account(
        uow,
        ticket_id=ticket.ticket_id,
        account=checked_account(form.iban.data, form.holder.data),
        page=f"/o/{current().organisation.slug}/t/{ticket.public_code}",
        at_desk=uow.actor.kind is ActorKind.MEMBER,
    )
    return said_of(given, ticket.time_zone)


@blueprint.get("/t/<code:code>/pay/confirm/<token:token>")
@public
def ask(code: str, token: str) -> str:
    """Opened by a link: programs that check letters open links too, so a button confirms."""
    with work() as uow:
        ticket = _ticket(uow, code)
        last4 = choose_payout.check_link(uow, ticket_id=ticket.ticket_id, token=token)
    return render_template("payout_pages/confirm.html", ticket=ticket, last4=last4, token=token)


@blueprint.post("/t/<code:code>/pay/confirm/<token:token>")
@public
def confirm(code: str, token: str) -> Response:
    guard("pay", limit=TRIES, window_s=WINDOW_S)
    with work() as uow:
        ticket = _ticket(uow, code)
        usable_at = choose_payout.confirm(uow, ticket_id=ticket.ticket_id, token=token)
        rests = usable_at > uow.now
        waits = _waits_for_a_person(uow, ticket)
    said = gettext("Thank you. The money goes to your account.")
    if rests:
        said = said_of(Given(Proof.LINK, usable_at), ticket.time_zone)
    elif waits:
        said = said_of(Given(Proof.PERSON, None), ticket.time_zone)
    flash(said, "success")
    return _back(code)


def _waits_for_a_person(uow: UnitOfWork, ticket: TicketView) -> bool:
    """Whether somebody approves the money before it goes to the account."""
    ways = ways_of_ticket(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        ticket_id=ticket.ticket_id,
    )
    return any(Hold.APPROVAL.value in debt.holds for debt in ways.debts)


def _ticket(uow: UnitOfWork, code: str) -> TicketView:
    found = ticket_by_code(uow.session, organisation_id=uow.organisation_id, public_code=code)
    if found is None:
        raise NotFound
    return found


def _back(code: str) -> Response:
    return redirect(url_for("ticket_page.show", code=code), 303)


def _page(code: str, form: AccountForm) -> str:
    with work() as uow:
        ticket = _ticket(uow, code)
        ways = ways_of_ticket(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            ticket_id=ticket.ticket_id,
        )
    return render_template(
        "payout_pages/choose.html",
        page=ChoicePage(ticket, ways, uow.now),
        ticket=ticket,
        form=form,
        names=WAYS,
        hints=HINTS,
    )
