"""The counter: who waits, who is served here now, and what the clerk does next.

Every button is one flow and leads back to the same page; what was refused is said there in words.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from promises.db.session import UnitOfWork
from promises.desk.models import EventKind, EventSource, TicketState
from promises.desk.queries import counter_view, peek_branch_version, recorded_acts
from promises.desk.values import EventClaim, NewTicket, Seen
from promises.flows.call_next import call_next
from promises.flows.record_event import record_event, undo
from promises.flows.take_number import take_number
from promises.flows.walk_in import walk_in
from promises.http.conditional import etag_of, respond_if_changed
from promises.http.context import current, own_branch, signed_in, work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches, list_counters
from promises.identity.sessions import pick_counter
from promises.kernel.errors import DomainError, NotFound
from promises.web.counter_board import issued_ticket, make_board, make_toast
from promises.web.forms.matters import KINDS

blueprint = Blueprint("desk", __name__)

MARKS = {
    "started": EventKind.SERVICE_STARTED,
    "served": EventKind.SERVED,
    "recall": EventKind.RECALLED,
    "no-show": EventKind.NO_SHOW,
    "transfer": EventKind.TRANSFERRED,
}
MOST_ACTS = 2
"""One press ends a visit and begins another; more than that is never taken back at once."""


@blueprint.get("/staff/counter")
@staff(Permission.DESK)
def counter() -> str | BaseResponse:
    if current().counter_id is None:
        return redirect(url_for("desk.pick"), 303)
    with work() as uow:
        done = _event_ids(request.args.get("done", ""))
        board = make_board(uow, _counter_id(), done)
        toast = make_toast(uow, done)
        issued = issued_ticket(uow, _id_or_none(request.args.get("issued", "")))
    etag = etag_of(*_etag_parts(board.view.version, board.done, board.now))
    return render_template(
        "desk/counter.html", board=board, toast=toast, issued=issued, etag=etag, kinds=KINDS
    )  # fmt: skip


@blueprint.get("/staff/counter/live")
@staff(Permission.DESK)
def live() -> Response:
    """The board alone; a 304 while nothing has happened at the branch."""
    member = signed_in()
    if member.counter_branch_id is None:
        raise NotFound
    done = _event_ids(request.args.get("done", ""))
    version, now = peek_branch_version(
        organisation_id=current().organisation_id, branch_id=member.counter_branch_id
    )
    return respond_if_changed(
        _etag_parts(version, ",".join(str(one) for one in done), now),
        lambda: _inner(done),
        now=now,
    )


def _inner(done: list[uuid.UUID]) -> str:
    with work() as uow:
        board = make_board(uow, _counter_id(), done)
    return render_template("desk/board.html", board=board, kinds=KINDS)


@blueprint.get("/staff/counter/pick")
@staff(Permission.DESK)
def pick() -> str:
    """Which counter is this? Asked once a sign-in."""
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        bound = current().branch_id
        branches = [
            (branch, list_counters(uow.session, branch_id=branch.id, **tenant))
            for branch in list_branches(uow.session, **tenant)
            if bound in (None, branch.id)
        ]
    return render_template("desk/pick.html", branches=branches, chosen=current().counter_id)


@blueprint.post("/staff/counter/pick")
@staff(Permission.DESK)
def sit_down() -> BaseResponse:
    with work() as uow:
        pick_counter(
            uow.session,
            organisation_id=uow.organisation_id,
            session_id=signed_in().session_id,
            counter_id=_posted_id("counter_id"),
        )
    return redirect(url_for("desk.counter"), 303)


@blueprint.post("/staff/counter/next")
@staff(Permission.DESK)
def call() -> BaseResponse:
    """Call the next customer, who is not called twice by a double click."""
    seen = request.form.get("seen") or None

    def act(uow: UnitOfWork) -> list[uuid.UUID]:
        result = call_next(
            uow, counter_id=_counter_id(), seen=Seen(_as_id(seen) if seen else None)
        )  # fmt: skip
        if result.called is None:
            flash(gettext("Nobody is waiting."), "info")
        return [change.event_id for change in (result.called, result.closed) if change]

    return _do(act)


@blueprint.post("/staff/counter/mark")
@staff(Permission.DESK)
def mark() -> BaseResponse:
    """One tap on what happened to the customer at this counter."""
    kind = MARKS.get(request.form.get("what", ""))
    if kind is None:
        abort(400)
    transfer = kind is EventKind.TRANSFERRED
    claim = EventClaim(
        ticket_id=_posted_id("ticket_id"),
        kind=kind,
        source=EventSource.DESK,
        counter_id=_counter_id(),
        service_kind_id=_posted_id("service_kind_id") if transfer else None,
    )
    return _do(lambda uow: [record_event(uow, claim=claim).event_id])


@blueprint.post("/staff/counter/walk-in")
@staff(Permission.DESK)
def serve_walk_in() -> BaseResponse:
    """Somebody without a number; ends the present visit like the next call does."""
    service_kind_id = _posted_id("service_kind_id")

    def act(uow: UnitOfWork) -> list[uuid.UUID]:
        view = counter_view(
            uow.session, organisation_id=uow.organisation_id, counter_id=_counter_id()
        )
        ended = []
        if view.current is not None and view.current.state is TicketState.IN_SERVICE:
            claim = EventClaim(
                ticket_id=view.current.ticket_id,
                kind=EventKind.SERVED,
                source=EventSource.DESK,
                counter_id=view.counter_id,
            )
            ended.append(record_event(uow, claim=claim).event_id)
        started = walk_in(uow, counter_id=view.counter_id, service_kind_id=service_kind_id)
        return [started.event_id, *ended]

    return _do(act)


@blueprint.post("/staff/counter/new")
@staff(Permission.DESK)
def issue() -> BaseResponse:
    """A number for somebody who asks at the desk."""
    service_kind_id = _posted_id("service_kind_id")
    branch_id = signed_in().counter_branch_id
    if branch_id is None:
        raise NotFound
    try:
        with work() as uow:
            ticket = take_number(
                uow,
                request=NewTicket(
                    branch_id=branch_id,
                    service_kind_id=service_kind_id,
                    source=EventSource.DESK,
                ),
            )
    except DomainError as refusal:
        return _refused(refusal)
    return redirect(url_for("desk.counter", issued=ticket.ticket_id), 303)


@blueprint.post("/staff/counter/undo")
@staff(Permission.DESK)
def take_back() -> BaseResponse:
    """Take back one press: what it began first, then what it ended."""

    def act(uow: UnitOfWork) -> list[uuid.UUID]:
        event_ids = _event_ids(request.form.get("acts", ""))
        found = recorded_acts(uow.session, organisation_id=uow.organisation_id, event_ids=event_ids)
        if not found or len(found) != len(event_ids):
            raise NotFound
        for one in found:
            own_branch(one.branch_id)
            undo(uow, ticket_id=one.ticket_id, event_id=one.event_id)
        flash(gettext("Taken back."), "success")
        return []

    return _do(act)


def _do(act: Callable[[UnitOfWork], list[uuid.UUID]]) -> BaseResponse:
    """Run what a button does; the events that it wrote can be taken back from the next page."""
    try:
        with work() as uow:
            event_ids = act(uow)
    except DomainError as refusal:
        return _refused(refusal)
    done = ",".join(str(event_id) for event_id in event_ids) or None
    return redirect(url_for("desk.counter", done=done), 303)


def _refused(refusal: DomainError) -> BaseResponse:
    if isinstance(refusal, NotFound):
        raise refusal
    flash(say(refusal.text), "warning")
    return redirect(url_for("desk.counter"), 303)


def _counter_id() -> uuid.UUID:
    counter_id = current().counter_id
    if counter_id is None:
        raise NotFound
    return counter_id


def _posted_id(name: str) -> uuid.UUID:
    return _as_id(request.form.get(name, ""))


def _as_id(text: str) -> uuid.UUID:
    return _id_or_none(text) or abort(400)


def _id_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _event_ids(text: str) -> list[uuid.UUID]:
    """What an address or a form names; nothing for what we did not write."""
    try:
        return [uuid.UUID(one) for one in text.split(",", MOST_ACTS) if one][:MOST_ACTS]
    except ValueError:
        return []


def _etag_parts(version: int, done: str, now: dt.datetime) -> tuple[object, ...]:
    """A new one each minute too: who is at risk changes though nothing happens."""
    return ("counter", current().counter_id, version, done, now.replace(second=0, microsecond=0))
