"""Noting the facts that a promise asks for, from the page of its matter."""

import uuid
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.breaches.models import CommitmentState
from promises.db.session import UnitOfWork
from promises.desk.errors import MatterMoved
from promises.desk.matters import statements
from promises.desk.models import EventKind, EventSource, TicketKind
from promises.desk.queries import ticket_timeline
from promises.desk.values import EventClaim, Said
from promises.desk.views import TicketView
from promises.flows.record_event import record_event
from promises.http.context import work
from promises.http.i18n import gettext, locale, say
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import format_money
from promises.reporting.ticket_panels import TicketPanel, ticket_panels
from promises.rules.terms import GuaranteeTerms
from promises.web.forms.matter_facts import FactsForm, facts_form, filled
from promises.web.matter_asked import (
    SaidSoFar,
    asked_by,
    empty_form,
    known_facts,
    prefix_of,
)
from promises.web.matters import matter_page, matter_ticket

blueprint = Blueprint("matter_facts", __name__)

_FIRST_TOLD = (CommitmentState.BROKEN, CommitmentState.OPEN, CommitmentState.EXCLUDED)


@blueprint.post("/staff/matters/<uuid:matter_id>/facts")
@staff(Permission.DESK)
def save(matter_id: uuid.UUID) -> Response | tuple[str, int]:
    """One event with all that is new; what was known and is not touched is not said again."""
    back = url_for("matters.show", matter_id=matter_id)
    try:
        with work() as uow:
            ticket = matter_ticket(uow, matter_id)
            version_id, seen = _sent()
            terms = _terms(uow, ticket, version_id)
            if ticket.version != seen:
                raise MatterMoved
            form, changes = _typed(uow, ticket, version_id, terms)
            if changes is None:
                page = matter_page(uow, matter_id, (version_id, form))
                return render_template("matters/show.html", **page, error_form=form), 422
            if changes:
                record_event(uow, claim=_claim(ticket, changes))
                flash(_outcome(_panels(uow, ticket, version_id)), "success")
                back = url_for("matters.show", matter_id=matter_id, done="1")
            else:
                flash(gettext("Nothing new was given, so nothing was saved."), "info")
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
    return redirect(back, 303)


def _sent() -> tuple[uuid.UUID, int]:
    try:
        return uuid.UUID(request.form.get("version_id", "")), int(request.form.get("seen", ""))
    except ValueError:
        abort(400)


def _panels(uow: UnitOfWork, ticket: TicketView, version_id: uuid.UUID) -> list[TicketPanel]:
    found = ticket_panels(
        uow.session, organisation_id=uow.organisation_id, ticket_id=ticket.ticket_id
    )
    return [one for one in found if one.version_id == version_id]


def _terms(uow: UnitOfWork, ticket: TicketView, version_id: uuid.UUID) -> GuaranteeTerms:
    """Those of a promise to this matter. Raises NotFound."""
    panels = _panels(uow, ticket, version_id)
    if ticket.kind is not TicketKind.VISIT and panels:
        terms = panels[0].terms
        if isinstance(terms, GuaranteeTerms):
            return terms
    raise NotFound(version_id=str(version_id))


def _typed(
    uow: UnitOfWork, ticket: TicketView, version_id: uuid.UUID, terms: GuaranteeTerms
) -> tuple[FactsForm, dict[str, Any] | None]:
    """The form as it was sent, and what of it is new; None where it needs another look."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    events = ticket_timeline(uow.session, ticket_id=ticket.ticket_id, **tenant)
    said = {
        one.event_id: one for one in statements(uow.session, ticket_id=ticket.ticket_id, **tenant)
    }
    asked = asked_by(terms, known_facts(uow, ticket, SaidSoFar(events, said, {})))
    made = facts_form(asked, ticket.time_zone, terms.currency)
    form = made(prefix=prefix_of(version_id), data=filled(made))
    form.prepare()
    if not form.validate():
        return form, None
    return form, form.changes(empty_form(version_id, terms, asked, ticket.time_zone))


def _claim(ticket: TicketView, changes: dict[str, Any]) -> EventClaim:
    return EventClaim(
        ticket_id=ticket.ticket_id,
        kind=EventKind.NOTED,
        source=EventSource.DESK,
        said=Said(attributes=changes),
        seen_version=ticket.version,
    )


def _outcome(panels: list[TicketPanel]) -> str:
    """What came of it, in words: of a promise that comes due again and again, the worst."""
    panel = min(
        reversed(panels),
        key=lambda one: _FIRST_TOLD.index(one.state) if one.state in _FIRST_TOLD else 9,
    )
    title = panel.title(locale())
    if panel.state is CommitmentState.OPEN:
        return gettext("Saved. The promise is still open: %(title)s.", title=title)
    if panel.state is CommitmentState.KEPT:
        return gettext("Saved. The promise was kept: %(title)s.", title=title)
    if panel.state is CommitmentState.EXCLUDED:
        return gettext("Saved. The promise does not count here: %(title)s.", title=title)
    debt = panel.compensation
    if debt is None:
        return gettext(
            "Saved. The promise was broken: %(title)s. What it comes to is not settled yet.",
            title=title,
        )
    if not debt.amount.amount_minor:
        return gettext("Saved. The promise was broken: %(title)s.", title=title)
    amount = format_money(locale(), debt.amount)
    return gettext(
        "Saved. The promise was broken: %(title)s. It comes to %(amount)s.",
        title=title,
        amount=amount,
    )
