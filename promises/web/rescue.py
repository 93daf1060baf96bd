"""Rescue before a breach: a call for help from one tap to the answer, and call backs offered."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from promises.db.session import UnitOfWork
from promises.desk.queries import ticket_by_id
from promises.desk.rescue import branch_of_help, shown_help
from promises.desk.rescue_models import HelpReason
from promises.desk.views import TicketView
from promises.flows import rescue
from promises.flows.close_kindly import close_kindly
from promises.http.booking import BookingForm
from promises.http.conditional import etag_of, respond_if_changed
from promises.http.context import current, own_branch, signed_in, work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_
from promises.kernel.zones import local_date
from promises.reporting import rescue as figures
from promises.reporting.gestures import gesture_cases, gesture_counts
from promises.web.counter_rescue import reason_words

blueprint = Blueprint("rescue", __name__)

SPAN = dt.timedelta(days=30)
STATES = {
    "open": N_("Nobody has answered yet"),
    "taken": N_("A colleague came"),
    "withdrawn": N_("Not needed any more"),
    "expired": N_("Nobody answered"),
}
OFFERS = {
    "open": N_("Offered"),
    "accepted": N_("The customer chose a call back"),
    "declined": N_("The customer kept waiting"),
    "withdrawn": N_("The turn came first"),
    "expired": N_("No answer"),
}
LISTS = ("asked", "taken", "expired", "at_risk", "saved", "offered", "accepted", "held",
         "gestures", "gestures_done")  # fmt: skip
_GESTURES = ("gestures", "gestures_done")
WEEK = dt.timedelta(days=6)
_ASKS = {"asked": None, "taken": "taken", "expired": "expired"}
_CALLS = {"offered": None, "accepted": "accepted", "held": "held"}


@blueprint.get("/staff/help")
@staff(Permission.TEAM_READ)
def page() -> str:
    """Calls for help that stand now, and what they came to in the last thirty days."""
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        calls = shown_help(uow.session, branch_id=current().branch_id, now=uow.now, **tenant)
        branch_id, branches = _branch(uow)
        found, gestures = None, (0, 0)
        if branch_id is not None:
            since = uow.now - SPAN
            found = figures.rescue_figures(
                uow.session, branch_id=branch_id, since_at=since, **tenant
            )
            gestures = gesture_counts(
                uow.session, branch_id=branch_id, since_on=_week(uow), **tenant
            )
    return render_template(
        "rescue/page.html", calls=calls, now=uow.now, me=uow.actor.id, branch_id=branch_id,
        branches=branches, gestures=gestures, found=found, reasons=reason_words(),
        etag=etag_of(*_parts(calls)),
    )  # fmt: skip


@blueprint.get("/staff/help/live")
@staff(Permission.TEAM_READ)
def live() -> Response:
    """The calls alone; a 304 while they are the same."""
    with work() as uow:
        calls = shown_help(
            uow.session,
            organisation_id=uow.organisation_id,
            branch_id=current().branch_id,
            now=uow.now,
        )
    return respond_if_changed(
        _parts(calls),
        lambda: render_template(
            "rescue/calls.html", calls=calls, now=uow.now, me=uow.actor.id, reasons=reason_words()
        ),
        now=uow.now,
    )


@blueprint.get("/staff/help/cases")
@staff(Permission.TEAM_READ)
def cases() -> str:
    """The list behind one of the figures."""
    kind = request.args.get("list", "asked")
    if kind not in LISTS:
        abort(404)
    with work() as uow:
        branch_id, branches = _branch(uow)
        if branch_id is None:
            raise NotFound
        found = _cases(uow, kind, branch_id)
    return render_template(
        "rescue/cases.html", found=found, kind=kind, branch=branches[branch_id],
        reasons=reason_words(), states=_names(STATES), offers=_names(OFFERS),
        shape=_shape(kind),
    )  # fmt: skip


@blueprint.post("/staff/counter/help")
@staff(Permission.DESK)
def ask() -> BaseResponse:
    """One tap: colleagues at the branch see it on their screens, its managers are written to."""
    try:
        reason = HelpReason(request.form.get("reason", ""))
    except ValueError:
        abort(400)
    branch_id = signed_in().counter_branch_id
    if branch_id is None:
        raise NotFound
    return _do(
        lambda uow: rescue.ask_help(
            uow, branch_id=branch_id, counter_id=current().counter_id, reason=reason
        ),
        gettext("Your colleagues see it now."),
    )


@blueprint.post("/staff/help/<uuid:help_id>/take")
@staff(Permission.TEAM_READ)
def take(help_id: uuid.UUID) -> BaseResponse:
    def act(uow: UnitOfWork) -> None:
        _own_call(uow, help_id)
        rescue.take_help(uow, help_id=help_id, counter_id=current().counter_id)

    return _do(act, gettext("Thank you. Whoever asked sees that you come."))


@blueprint.post("/staff/help/<uuid:help_id>/withdraw")
@staff(Permission.DESK)
def withdraw(help_id: uuid.UUID) -> BaseResponse:
    def act(uow: UnitOfWork) -> None:
        _own_call(uow, help_id)
        rescue.withdraw_help(uow, help_id=help_id)

    return _do(act, gettext("Taken back."))


@blueprint.post("/staff/counter/gesture")
@staff(Permission.DESK)
def close() -> BaseResponse:
    """One tap: the closing gesture of a promise was made."""
    try:
        ticket_id = uuid.UUID(request.form.get("ticket_id", ""))
        version_id = uuid.UUID(request.form.get("version_id", ""))
    except ValueError:
        abort(400)

    def act(uow: UnitOfWork) -> None:
        _ticket(uow, ticket_id)
        close_kindly(uow, ticket_id=ticket_id, version_id=version_id)

    return _do(act, gettext("Noted."))


@blueprint.post("/staff/tickets/<uuid:ticket_id>/callback")
@staff(Permission.DESK)
def offer(ticket_id: uuid.UUID) -> BaseResponse:
    """One tap at the counter: the customer's page shows times for a call back."""

    def act(uow: UnitOfWork) -> None:
        _ticket(uow, ticket_id)
        rescue.offer_callback(uow, ticket_id=ticket_id)

    return _do(act, gettext("The customer sees the offer now. The place in the queue is kept."))


@blueprint.route("/staff/tickets/<uuid:offered_id>/callback/answer", methods=["GET", "POST"])
@staff(Permission.DESK)
def answer(offered_id: uuid.UUID) -> str | BaseResponse | tuple[str, int]:
    """A clerk notes the answer of a customer who has no phone at hand."""
    with work() as uow:
        ticket = _ticket(uow, offered_id)
        found = rescue.offers(uow, [offered_id]).get(offered_id)
        now = uow.now
    if found is None or not found.stands(now):
        flash(gettext("No offer stands for this number."), "warning")
        return redirect(url_for("tickets.show", ticket_id=offered_id), 303)
    form = BookingForm()
    form.offer(found.slots, ticket.time_zone)
    if form.validate_on_submit():
        try:
            with work() as uow:
                matter = rescue.accept_callback(
                    uow,
                    ticket_id=offered_id,
                    place=int(form.place.data),
                    phone=form.phone.data or "",
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The call back is booked."), "success")
            return redirect(url_for("matters.show", matter_id=matter.ticket_id), 303)
    page = render_template("rescue/answer.html", form=form, ticket=ticket)
    return page, 422 if form.errors else 200


@blueprint.post("/staff/tickets/<uuid:ticket_id>/callback/keep-waiting")
@staff(Permission.DESK)
def keep_waiting(ticket_id: uuid.UUID) -> BaseResponse:
    def act(uow: UnitOfWork) -> None:
        _ticket(uow, ticket_id)
        rescue.decline_callback(uow, ticket_id=ticket_id)

    return _do(act, gettext("The customer keeps waiting."))


def _do(act: Callable[[UnitOfWork], object], words: str) -> BaseResponse:
    """Run what a button does and go back to where it stands."""
    try:
        with work() as uow:
            act(uow)
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
    else:
        flash(words, "success")
    at_counter = current().counter_id is not None
    return redirect(url_for("desk.counter" if at_counter else "rescue.page"), 303)


def _own_call(uow: UnitOfWork, help_id: uuid.UUID) -> None:
    own_branch(branch_of_help(uow.session, organisation_id=uow.organisation_id, help_id=help_id))


def _ticket(uow: UnitOfWork, ticket_id: uuid.UUID) -> TicketView:
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    own_branch(ticket.branch_id)
    return ticket


def _branch(uow: UnitOfWork) -> tuple[uuid.UUID | None, dict[uuid.UUID, str]]:
    """The branch whose figures are shown: one's own, or the one asked for, or the first."""
    bound = current().branch_id
    branches = {
        branch.id: branch.name
        for branch in list_branches(uow.session, organisation_id=uow.organisation_id)
        if bound in (None, branch.id)
    }
    try:
        asked = uuid.UUID(request.args.get("branch", ""))
    except ValueError:
        asked = None
    return (asked if asked in branches else next(iter(branches), None)), branches


def _cases(uow: UnitOfWork, kind: str, branch_id: uuid.UUID) -> list[Any]:
    common: dict[str, Any] = {
        "organisation_id": uow.organisation_id, "branch_id": branch_id, "since_at": uow.now - SPAN,
    }  # fmt: skip
    if kind in _ASKS:
        return figures.help_cases(uow.session, state=_ASKS[kind], **common)
    if kind in _GESTURES:
        return gesture_cases(
            uow.session,
            organisation_id=uow.organisation_id,
            branch_id=branch_id,
            since_on=_week(uow),
            done=kind == "gestures_done",
        )
    if kind in _CALLS:
        return figures.callback_cases(uow.session, state=_CALLS[kind], **common)
    return figures.rescue_cases(uow.session, saved=kind == "saved", **common)


def _names(words: Any) -> dict[str, str]:
    return {str(key): gettext(text) for key, text in words.items()}


def _shape(kind: str) -> str:
    """Which columns a list has."""
    if kind in _GESTURES:
        return "gestures"
    return "calls" if kind in _ASKS else "offers" if kind in _CALLS else "customers"


def _week(uow: UnitOfWork) -> dt.date:
    """The first of the last seven days."""
    return local_date(uow.now, current().organisation.time_zone) - WEEK


def _parts(calls: list[Any]) -> tuple[object, ...]:
    return ("help", *((call.help_id, call.state) for call in calls))
