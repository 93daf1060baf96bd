"""The customer's own page: the number, the promise counting down, the money, and a say.

Whoever has the link has the ticket: the code is unguessable, and nothing on the page tells of
anybody else. It works without JavaScript; with it, it keeps itself fresh.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from promises.db.session import UnitOfWork
from promises.desk.callbacks import Offer, offers_of
from promises.desk.matters import MatterView, matter_view, statements
from promises.desk.models import TicketKind, TicketState
from promises.desk.queries import (
    peek_ticket_version,
    people_ahead,
    ticket_by_code,
    ticket_timeline,
)
from promises.desk.views import TicketView
from promises.flows.answer_feedback import AfterCase, after_case
from promises.flows.choose_payout import WITHOUT_CHOICE
from promises.flows.claim_compensation import claim_compensation
from promises.flows.dispute import dispute
from promises.flows.follow_ticket import follow, stop_following
from promises.flows.redeem_voucher import codes_of_ticket
from promises.http.conditional import etag_of, respond_if_changed
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.limits import guard
from promises.http.payout_words import WAYS, ToldStory, tell_customer
from promises.http.permissions import public
from promises.http.qr import qr
from promises.identity.models import ContactChannel
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_
from promises.payouts.choices import Ways, ways_of_ticket
from promises.public.forms import FollowForm
from promises.public.matter import Seen, seen_events
from promises.public.presence import LAST_TICKET
from promises.reporting.goodwill import GiftView, gifts_of_ticket
from promises.reporting.payout_steps import money_stories
from promises.reporting.ticket_panels import TicketPanel, ticket_panels
from promises.reporting.wait_range import WaitRange, wait_range

blueprint = Blueprint("ticket_page", __name__)
blueprint.add_app_template_global(qr, "qr")

STILL_WAITING_FOR = dt.timedelta(minutes=10)
"""How long after a mark of service the customer is asked whether it is true."""


class NoSuchTicket(NotFound):
    code = "no_such_ticket"
    message = N_(
        "We do not know this number. Check the link, or show your paper ticket at the desk."
    )


@dataclass(frozen=True, slots=True)
class Page:
    """What the ticket page shows. `codes` are the vouchers' present codes by voucher; `matter` and
    `items`, what happened, are of a matter that took no number; `asked` is the question after
    it; `ways` and `stories`, by compensation, are of money that is or was owed."""

    ticket: TicketView
    panels: tuple[TicketPanel, ...]
    codes: dict[uuid.UUID, str]
    ahead: int
    range: WaitRange | None
    now: dt.datetime
    matter: MatterView | None = None
    items: Sequence[Seen] = ()
    offer: Offer | None = None
    gifts: Sequence[GiftView] = ()
    asked: AfterCase | None = None
    ways: Ways | None = None
    stories: Mapping[uuid.UUID, ToldStory] = field(default_factory=dict)

    def may_choose(self, compensation_id: uuid.UUID) -> bool:
        """Whether there is another way for this debt than the one it goes."""
        ways = self.ways
        return (
            ways is not None
            and len(ways.rails) > 1
            and any(debt.open and debt.compensation_id == compensation_id for debt in ways.debts)
        )

    def voucher_by(self, compensation_id: uuid.UUID) -> dt.datetime | None:
        """When a voucher goes out by itself for money that did not arrive."""
        failed_at = self.stories[compensation_id].failed_at
        return None if failed_at is None else failed_at + WITHOUT_CHOICE

    def way(self, rail: str) -> str | None:
        """By which way money goes, in words."""
        return gettext(WAYS[rail]) if rail in WAYS else None

    @property
    def live_part(self) -> str:
        """The template of what keeps itself fresh."""
        return "tickets/live.html" if self.matter is None else "tickets/matter.html"

    @property
    def may_follow(self) -> bool:
        """Whether there is anything to come that the customer could be told of."""
        if self.matter is not None:
            return self.matter.ended_at is None
        return self.ticket.state in (TicketState.WAITING, TicketState.CALLED)

    @property
    def waiting(self) -> bool:
        return self.ticket.state is TicketState.WAITING

    @property
    def counting(self) -> TicketPanel | None:
        """The promise that counts down: the open one with the earliest deadline."""
        still_open = [one for one in self.panels if one.state == "open" and one.due_at is not None]
        return min(still_open, key=lambda one: one.due_at or one.started_at, default=None)

    @property
    def may_say_waiting(self) -> bool:
        """Served by the books, and just now: the customer may say that it is not so."""
        started = self.ticket.service_started_at
        recent = started is not None and self.now - started < STILL_WAITING_FOR
        return recent and self.ticket.disputed_at is None and self.matter is None


@blueprint.get("/t/<code:code>")
@public
def show(code: str) -> Response:
    """The whole page, with the part that keeps itself fresh inside."""
    version, _now = _version(code)
    with work() as uow:
        page = _page(uow, code)
    session[LAST_TICKET] = code  # so that the code on the wall knows whose phone scans it
    etag = etag_of(*version)
    response = Response(
        render_template(
            "tickets/show.html", page=page, ticket=page.ticket, etag=etag, form=FollowForm()
        )
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/t/<code:code>/live")
@public
def live(code: str) -> Response:
    """The part of the page that changes; a 304 while nothing has."""
    version, now = _version(code)

    def render() -> str:
        with work() as uow:
            page = _page(uow, code)
        return render_template(page.live_part, page=page, ticket=page.ticket)

    return respond_if_changed(version, render, now=now)


@blueprint.post("/t/<code:code>/wrong")
@public
def wrong(code: str) -> BaseResponse:
    """ "This is wrong", and "I am still waiting": the ticket is disputed, its money held."""
    guard("dispute", limit=30, window_s=600)
    with work() as uow:
        ticket = _ticket(uow, code)
        dispute(uow, ticket_id=ticket.ticket_id)
    flash(gettext("Thank you. Somebody at the branch looks at this now."), "success")
    return _back(code)


@blueprint.post("/t/<code:code>/claim/<uuid:compensation_id>")
@public
def claim(code: str, compensation_id: uuid.UUID) -> BaseResponse:
    """The customer asks for what the terms give to those who ask: one act."""
    guard("claim", limit=30, window_s=600)
    with work() as uow:
        ticket = _ticket(uow, code)
        claim_compensation(uow, ticket_id=ticket.ticket_id, compensation_id=compensation_id)
    flash(gettext("Thank you. We have your claim."), "success")
    return _back(code)


@blueprint.post("/t/<code:code>/follow")
@public
def tell_me(code: str) -> BaseResponse | tuple[str, int]:
    """The customer gives a contact, to be told of the turn and of a broken promise."""
    guard("follow", limit=20, window_s=600)
    form = FollowForm()
    if form.validate():
        try:
            with work() as uow:
                follow(
                    uow,
                    public_code=code,
                    channel=ContactChannel(form.channel.data),
                    address=form.address.data,
                    locale=current().locale,
                )
        except DomainError as error:
            if isinstance(error, NotFound):
                raise
            form.refuse(error)
        else:
            flash(gettext("Thank you. We will tell you."), "success")
            return _back(code)
    version, _now = _version(code)
    with work() as uow:
        page = _page(uow, code)
    return render_template(
        "tickets/show.html", page=page, ticket=page.ticket, etag=etag_of(*version), form=form
    ), 422


@blueprint.post("/t/<code:code>/unfollow")
@public
def forget_me(code: str) -> BaseResponse:
    """The contact is erased; nothing more is sent."""
    with work() as uow:
        stop_following(uow, public_code=code)
    flash(gettext("We have erased your contact."), "success")
    return _back(code)


def _back(code: str) -> BaseResponse:
    return redirect(url_for("ticket_page.show", code=code), 303)


def _version(code: str) -> tuple[tuple[Any, ...], dt.datetime]:
    """What the page depends on, in one round trip, before anything else is done."""
    found, now = peek_ticket_version(organisation_id=current().organisation_id, public_code=code)
    if found is None:
        raise NoSuchTicket
    return (found.ticket_id, found.version, found.branch_version), now


def _ticket(uow: UnitOfWork, code: str) -> TicketView:
    found = ticket_by_code(uow.session, organisation_id=uow.organisation_id, public_code=code)
    if found is None:
        raise NoSuchTicket
    return found


def _page(uow: UnitOfWork, code: str) -> Page:
    ticket = _ticket(uow, code)
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    matter, items = None, []
    if ticket.kind is not TicketKind.VISIT:
        matter = matter_view(uow.session, ticket_id=ticket.ticket_id, **tenant)
        items = seen_events(
            ticket_timeline(uow.session, ticket_id=ticket.ticket_id, **tenant),
            statements(uow.session, ticket_id=ticket.ticket_id, **tenant),
            ticket.time_zone,
        )
    panels = ticket_panels(uow.session, ticket_id=ticket.ticket_id, **tenant)
    ahead = people_ahead(uow.session, ticket=ticket, **tenant)
    span = None
    if ticket.state is TicketState.WAITING:
        span = wait_range(
            uow.session, branch_id=ticket.branch_id, now=uow.now, ahead=ahead, **tenant
        )
    gifts = gifts_of_ticket(uow.session, ticket_id=ticket.ticket_id, **tenant)
    paid = any(p.compensation and p.compensation.payout for p in panels) or gifts
    codes = codes_of_ticket(uow, ticket_id=ticket.ticket_id) if paid else []
    shown = {row.id: code for row, code in codes}
    offer = None
    if ticket.state in (TicketState.WAITING, TicketState.BOOKED):
        offer = offers_of(uow.session, ticket_ids=[ticket.ticket_id], **tenant).get(
            ticket.ticket_id
        )
    asked = after_case(uow, ticket)
    ways, stories = None, {}
    if any(panel.compensation for panel in panels):
        ways = ways_of_ticket(uow.session, ticket_id=ticket.ticket_id, now=uow.now, **tenant)
        found = money_stories(uow.session, ticket_id=ticket.ticket_id, **tenant)
        stories = {debt: tell_customer(story) for debt, story in found.items()}
    return Page(
        ticket, panels, shown, ahead, span, uow.now, matter, items, offer, gifts, asked, ways,
        stories,
    )  # fmt: skip
