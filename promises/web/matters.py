"""One matter: what we promised, what happened, and what the clerk does next."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.desk.claims import UNDO_SPAN
from promises.desk.matters import list_partners, matter_view, statements
from promises.desk.models import EventKind, EventSource, TicketKind
from promises.desk.queries import ticket_by_id, ticket_timeline
from promises.desk.states import OPEN_MATTER, UNDOABLE
from promises.desk.values import EventClaim, NewMatter, Said
from promises.desk.views import TicketView, TimelineEvent
from promises.flows import open_matter as flow
from promises.flows.record_event import record_event
from promises.http.context import current, own_branch, signed_in, work
from promises.http.i18n import gettext, locale, say
from promises.http.permissions import Permission, may, staff
from promises.identity.actions import add_contact, known_customer
from promises.identity.models import Branch, ContactChannel, MemberState
from promises.identity.queries import list_branches, list_members, list_service_kinds
from promises.kernel.errors import DomainError, NotFound
from promises.reporting.customer_memory import customer_memory
from promises.reporting.ticket_panels import ticket_panels
from promises.web.causes import tagging
from promises.web.forms.matter_facts import FactsForm
from promises.web.forms.matters import (
    KINDS,
    HandOverForm,
    NewMatterForm,
    OwnerForm,
    PromiseForm,
    SayForm,
    chosen_time,
)
from promises.web.matter_asked import SaidSoFar, asking_forms
from promises.web.memory import may_remember, phone_to_call
from promises.web.payout_choice import money_told
from promises.web.ticket_timeline import OF_MATTERS, TITLES, timeline_items

blueprint = Blueprint("matters", __name__)

STEPS = {
    "began": EventKind.SERVICE_STARTED,
    "told": EventKind.TOLD,
    "answered": EventKind.ANSWERED,
    "called-back": EventKind.CALLED_BACK,
    "handed-back": EventKind.HANDED_BACK,
    "left": EventKind.LEFT,
    "reopened": EventKind.REOPENED,
}


@blueprint.route("/staff/matters/new", methods=["GET", "POST"])
@staff(Permission.DESK)
def new() -> Response | str | tuple[str, int]:
    """A minute at most: what it is, what about, and what we promise."""
    member = signed_in()
    form = NewMatterForm(kind=TicketKind.COMPLAINT)
    with work() as uow:
        branches = _branches(uow)
        kinds = list_service_kinds(uow.session, organisation_id=uow.organisation_id)
    form.offer(branches, kinds, locale())
    if form.branch_id.data is None:
        form.branch_id.data = member.counter_branch_id or member.branch_id
    if form.validate_on_submit():
        try:
            with work() as uow:
                opened = flow.open_matter(uow, request=_request(uow, form, branches))
        except DomainError as refusal:
            if isinstance(refusal, NotFound):
                raise
            form.refuse(refusal)
        else:
            flash(gettext("Opened. You are responsible for it."), "success")
            return redirect(url_for("matters.show", matter_id=opened.ticket_id), 303)
    page = render_template("matters/new.html", form=form)
    return (page, 422) if form.errors else page


def _request(uow: UnitOfWork, form: NewMatterForm, branches: list[Branch]) -> NewMatter:
    branch = next(one for one in branches if one.id == form.branch_id.data)
    common: dict[str, Any] = {"organisation_id": uow.organisation_id, "now": uow.now}
    customer_id = contact_id = None
    if form.customer_reference.data:
        reference = form.customer_reference.data
        customer_id = known_customer(uow.session, **common, reference=reference)
    if form.address.data:
        channel = ContactChannel.EMAIL if "@" in form.address.data else ContactChannel.SMS
        contact_id = add_contact(
            uow.session,
            **common,
            channel=channel,
            address=form.address.data,
            locale=form.language.data,
            customer_id=customer_id,
        )
    received = chosen_time(form.received_on.data, form.received_time.data, branch.time_zone)
    return NewMatter(
        branch_id=branch.id,
        service_kind_id=form.service_kind_id.data,
        kind=form.kind.data,
        source=EventSource.DESK,
        subject=form.subject.data or None,
        promised_at=chosen_time(form.promised_on.data, form.promised_time.data, branch.time_zone),
        owner_id=signed_in().member_id,
        customer_id=customer_id,
        contact_id=contact_id,
        locale=form.language.data,
        occurred_at=None if received is None else min(received, uow.now),
    )


@blueprint.get("/staff/matters/<uuid:matter_id>")
@staff(Permission.TICKET_READ)
def show(matter_id: uuid.UUID) -> str | Response:
    with work() as uow:
        if matter_ticket(uow, matter_id).kind is TicketKind.VISIT:
            return redirect(url_for("tickets.show", ticket_id=matter_id), 303)
        page = matter_page(uow, matter_id)
    return render_template("matters/show.html", **page)


def matter_page(
    uow: UnitOfWork, ticket_id: uuid.UUID, wrong: tuple[uuid.UUID, FactsForm] | None = None
) -> dict[str, Any]:
    """What the page shows. `wrong`: the form of a promise's facts that was sent and needs another
    look, with the version that asks for them."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    ticket = matter_ticket(uow, ticket_id)
    matter = matter_view(uow.session, ticket_id=ticket_id, **tenant)
    if matter is None:
        raise NotFound(ticket_id=str(ticket_id))
    events = ticket_timeline(uow.session, ticket_id=ticket_id, **tenant)
    said = {one.event_id: one for one in statements(uow.session, ticket_id=ticket_id, **tenant)}
    names = _names(uow)
    panels = ticket_panels(uow.session, ticket_id=ticket_id, **tenant)
    memory = None
    if may_remember():
        memory = customer_memory(
            uow.session, customer_id=ticket.customer_id, but=ticket_id, **tenant
        )
    return {
        "ticket": ticket,
        "matter": matter,
        "items": timeline_items(events, names, ticket.time_zone, said),
        "last": _last_step(events),
        "titles": TITLES | OF_MATTERS,
        "kinds": KINDS,
        "panels": panels,
        "tagging": tagging(uow, [one.breach.breach_id for one in panels if one.breach]),
        "asking": asking_forms(uow, ticket, panels, SaidSoFar(events, said, names), wrong),
        "memory": memory,
        "now": uow.now,
        "undo_until": _undo_until(events, uow.now),
        "phone": phone_to_call(uow, ticket),
        "has_texts": any(one.text for one in said.values()) or matter.subject is not None,
        **money_told(uow, ticket_id),
        **_forms(uow, ticket, matter.owner_id),
    }


def _forms(uow: UnitOfWork, ticket: TicketView, owner_id: uuid.UUID | None) -> dict[str, Any]:
    if not may(Permission.DESK):
        return {"is_open": ticket.state in OPEN_MATTER}
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    hand_over, owner = HandOverForm(formdata=None), OwnerForm(formdata=None, owner_id=owner_id)
    partners = list_partners(uow.session, **tenant)
    hand_over.offer(partners)
    members = list_members(uow.session, **tenant)
    owner.offer(one for one in members if one.state != MemberState.DEACTIVATED)
    owner.owner_id.data = owner_id
    return {
        "is_open": ticket.state in OPEN_MATTER,
        "promise_form": PromiseForm(formdata=None),
        "say_form": SayForm(formdata=None),
        "hand_over_form": hand_over if any(one.closed_at is None for one in partners) else None,
        "owner_form": owner,
    }


def _names(uow: UnitOfWork) -> dict[uuid.UUID, str]:
    """Who did what: to those who may know. A clerk sees the own name only."""
    if may(Permission.REPORT_READ):
        members = list_members(uow.session, organisation_id=uow.organisation_id)
        return {member.id: member.name for member in members}
    member = signed_in()
    return {member.member_id: member.name}


def _last_step(events: list[TimelineEvent]) -> TimelineEvent | None:
    """The act that a correction would take back: the first event of the last one that stands."""
    standing = [one for one in events if one.kind in UNDOABLE and not one.undone]
    if not standing or standing[-1].source is EventSource.RULE:
        return None
    last = standing[-1].recorded_at
    return next(one for one in standing if one.recorded_at == last)


def _undo_until(events: list[TimelineEvent], now: dt.datetime) -> dt.datetime | None:
    last = _last_step(events)
    if last is None or "done" not in request.args or last.recorded_at + UNDO_SPAN <= now:
        return None
    return last.recorded_at + UNDO_SPAN


@blueprint.post("/staff/matters/<uuid:matter_id>/log")
@staff(Permission.DESK)
def log(matter_id: uuid.UUID) -> Response:
    """One tap on what happened, with what the customer is to read about it."""
    kind = STEPS.get(request.form.get("what", ""))
    form = SayForm()

    def claim(_uow: UnitOfWork, _ticket: TicketView) -> EventClaim:
        if kind is None or not form.validate():
            abort(400)
        said = Said(text=form.text.data) if form.text.data else None
        return _claim(matter_id, kind, said)

    return _do(matter_id, claim)


@blueprint.post("/staff/matters/<uuid:matter_id>/promise")
@staff(Permission.DESK)
def promise(matter_id: uuid.UUID) -> Response:
    """A date that the customer was given; a later one takes its place."""
    form = PromiseForm()

    def claim(_uow: UnitOfWork, ticket: TicketView) -> EventClaim | None:
        if not form.validate():
            flash(gettext("Give the day by which the customer hears from us."), "warning")
            return None
        at = chosen_time(form.promised_on.data, form.promised_time.data, ticket.time_zone)
        return _claim(matter_id, EventKind.PROMISED, Said(promised_at=at))

    return _do(matter_id, claim)


@blueprint.post("/staff/matters/<uuid:matter_id>/hand-over")
@staff(Permission.DESK)
def hand_over(matter_id: uuid.UUID) -> Response:
    form = HandOverForm()

    def claim(uow: UnitOfWork, _ticket: TicketView) -> EventClaim:
        form.offer(list_partners(uow.session, organisation_id=uow.organisation_id))
        if not form.validate():
            raise NotFound
        return _claim(matter_id, EventKind.HANDED_OVER, Said(partner_id=form.partner_id.data))

    return _do(matter_id, claim)


@blueprint.post("/staff/matters/<uuid:matter_id>/undo")
@staff(Permission.DESK)
def undo(matter_id: uuid.UUID) -> Response:
    """Take the last step back: a correction, also after the ten seconds."""

    def claim(uow: UnitOfWork, _ticket: TicketView) -> EventClaim:
        events = ticket_timeline(
            uow.session, organisation_id=uow.organisation_id, ticket_id=matter_id
        )
        last = _last_step(events)
        if last is None or str(last.event_id) != request.form.get("event_id"):
            raise NotFound
        return EventClaim(
            ticket_id=matter_id,
            kind=EventKind.UNDONE,
            source=EventSource.DESK,
            corrects_id=last.event_id,
        )

    return _do(matter_id, claim, done=False)


@blueprint.post("/staff/matters/<uuid:matter_id>/owner")
@staff(Permission.DESK)
def owner(matter_id: uuid.UUID) -> Response:
    form = OwnerForm()
    with work() as uow:
        matter_ticket(uow, matter_id)
        form.offer(list_members(uow.session, organisation_id=uow.organisation_id))
        if not form.validate():
            raise NotFound
        flow.assign(uow, ticket_id=matter_id, owner_id=form.owner_id.data)
    flash(gettext("Saved."), "success")
    return redirect(url_for("matters.show", matter_id=matter_id), 303)


@blueprint.post("/staff/matters/<uuid:matter_id>/erase")
@staff(Permission.SETTINGS)
def erase(matter_id: uuid.UUID) -> Response:
    with work() as uow:
        matter_ticket(uow, matter_id)
        flow.erase(uow, ticket_id=matter_id)
    flash(gettext("What was written is erased. What happened stays."), "success")
    return redirect(url_for("matters.show", matter_id=matter_id), 303)


def _claim(ticket_id: uuid.UUID, kind: EventKind, said: Said | None) -> EventClaim:
    return EventClaim(ticket_id=ticket_id, kind=kind, source=EventSource.DESK, said=said)


def _do(
    ticket_id: uuid.UUID,
    claim: Callable[[UnitOfWork, TicketView], EventClaim | None],
    *,
    done: bool = True,
) -> Response:
    try:
        with work() as uow:
            wanted = claim(uow, matter_ticket(uow, ticket_id))
            if wanted is not None:
                record_event(uow, claim=wanted)
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
        done = False
    mark = "1" if done and wanted is not None else None
    return redirect(url_for("matters.show", matter_id=ticket_id, done=mark), 303)


def matter_ticket(uow: UnitOfWork, ticket_id: uuid.UUID) -> TicketView:
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    own_branch(ticket.branch_id)
    return ticket


def _branches(uow: UnitOfWork) -> list[Branch]:
    bound = current().branch_id
    found = list_branches(uow.session, organisation_id=uow.organisation_id)
    return [branch for branch in found if bound in (None, branch.id)]
