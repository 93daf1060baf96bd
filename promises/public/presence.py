"""The code on the branch's wall: whoever scans it in the hall has shown to be there."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.desk.models import EventKind, EventSource
from promises.desk.queries import ticket_by_code
from promises.desk.values import EventClaim
from promises.desk.views import TicketView
from promises.flows.record_event import record_event
from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.limits import guard
from promises.http.permissions import public
from promises.identity.presence import is_presence_code
from promises.identity.queries import branch_by_slug
from promises.kernel.errors import Gone, NotFound
from promises.kernel.text import N_

blueprint = Blueprint("presence", __name__)

LAST_TICKET = "ticket"
"""Where the form cookie keeps which ticket this browser has opened last."""


class CodeIsOld(Gone):
    code = "presence_code_old"
    message = N_("This code has changed meanwhile. Scan the one on the display again.")


class NoTicketHere(NotFound):
    code = "no_ticket_in_browser"
    message = N_("Open the page of your number on this phone first, then scan the code again.")


@blueprint.get("/here/<slug:branch>/<code:code>")
@public
def ask(branch: str, code: str) -> str:
    """Scanning is a GET and changes nothing yet: the customer confirms with one touch."""
    with work() as uow:
        ticket = _ticket(uow, branch, code)
    return render_template("presence/ask.html", ticket=ticket, branch=branch, code=code)


@blueprint.post("/here/<slug:branch>/<code:code>")
@public
def confirm(branch: str, code: str) -> Response:
    guard("presence", limit=30, window_s=600)
    with work() as uow:
        ticket = _ticket(uow, branch, code)
        if ticket.presence_shown_at is None:
            record_event(
                uow,
                claim=EventClaim(
                    ticket_id=ticket.ticket_id,
                    kind=EventKind.PRESENCE_SHOWN,
                    source=EventSource.CUSTOMER,
                ),
            )
    flash(gettext("Thank you. We know now that you are here."), "success")
    return redirect(url_for("ticket_page.show", code=ticket.public_code), 303)


def _ticket(uow: UnitOfWork, branch_slug: str, code: str) -> TicketView:
    """The ticket of this browser, at the branch whose code was scanned just now."""
    tenant = {"organisation_id": uow.organisation_id}
    branch = branch_by_slug(uow.session, slug=branch_slug, **tenant)
    if not is_presence_code(branch.presence_token, code, uow.now):
        raise CodeIsOld
    opened = session.get(LAST_TICKET)
    ticket = (
        ticket_by_code(uow.session, organisation_id=uow.organisation_id, public_code=opened)
        if isinstance(opened, str)
        else None
    )
    if ticket is None or ticket.branch_id != branch.id:
        raise NoTicketHere
    return ticket
