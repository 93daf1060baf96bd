"""A call back instead of the queue, on the customer's own page: take one of the times, or wait on.

What was promised about the wait is judged all the same; the page says so.
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.desk.callbacks import Offer
from promises.desk.queries import ticket_by_code
from promises.desk.rescue_errors import OfferGone
from promises.desk.views import TicketView
from promises.flows import rescue
from promises.http.booking import BookingForm
from promises.http.context import work
from promises.http.i18n import gettext, say
from promises.http.limits import guard
from promises.http.permissions import public
from promises.kernel.errors import DomainError
from promises.public.tickets import NoSuchTicket

blueprint = Blueprint("callback_page", __name__)


@blueprint.get("/t/<code:code>/callback")
@public
def choose(code: str) -> str | Response:
    """The times and, where we have no phone number yet, a field for it."""
    with work() as uow:
        ticket = _ticket(uow, code)
        offer = _offer(uow, ticket)
    if offer is None:
        return _gone(code)
    form = BookingForm()
    form.offer(offer.slots, ticket.time_zone)
    return render_template("tickets/callback.html", form=form, ticket=ticket, offer=offer)


@blueprint.post("/t/<code:code>/callback")
@public
def take(code: str) -> Response | tuple[str, int]:
    guard("callback", limit=20, window_s=600)
    with work() as uow:
        ticket = _ticket(uow, code)
        offer = _offer(uow, ticket)
    if offer is None:
        return _gone(code)
    form = BookingForm()
    form.offer(offer.slots, ticket.time_zone)
    if form.validate():
        try:
            with work() as uow:
                rescue.accept_callback(
                    uow,
                    ticket_id=ticket.ticket_id,
                    place=int(form.place.data),
                    phone=form.phone.data or "",
                )
        except OfferGone:
            return _gone(code)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("We call you. You can go now, and you keep every right."), "success")
            return redirect(url_for("ticket_page.show", code=code), 303)
    page = render_template("tickets/callback.html", form=form, ticket=ticket, offer=offer)
    return page, 422


@blueprint.post("/t/<code:code>/callback/no")
@public
def keep_waiting(code: str) -> Response:
    guard("callback", limit=20, window_s=600)
    with work() as uow:
        rescue.decline_callback(uow, ticket_id=_ticket(uow, code).ticket_id)
    flash(gettext("Your place in the queue is the same as before."), "success")
    return redirect(url_for("ticket_page.show", code=code), 303)


def _gone(code: str) -> Response:
    flash(say(OfferGone().text), "warning")
    return redirect(url_for("ticket_page.show", code=code), 303)


def _ticket(uow: UnitOfWork, code: str) -> TicketView:
    found = ticket_by_code(uow.session, organisation_id=uow.organisation_id, public_code=code)
    if found is None:
        raise NoSuchTicket
    return found


def _offer(uow: UnitOfWork, ticket: TicketView) -> Offer | None:
    found = rescue.offers(uow, [ticket.ticket_id]).get(ticket.ticket_id)
    return found if found is not None and found.stands(uow.now) else None
