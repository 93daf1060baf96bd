"""What about money needs a person, and what each night's comparison with the providers came to."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.flows import money_incidents
from promises.http.context import work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_members
from promises.kernel.errors import DomainError
from promises.payouts.incidents import KnownIncident, count_open, list_incidents
from promises.payouts.rail_models import IncidentKind
from promises.payouts.reconciling import list_runs
from promises.payouts.reviewing import payouts_by_id
from promises.web.cursors import read_cursor, write_cursor
from promises.web.incident_words import incident_meaning, incident_next, incident_title
from promises.web.ledger_words import rail_name

blueprint = Blueprint("incidents", __name__)

PAGE = 30
_PROVIDERS = {"stripe": "Stripe"}


@blueprint.get("/staff/payouts/incidents", endpoint="list")
@staff(Permission.PAYOUT_READ)
def show() -> str:
    return _page()


@blueprint.post("/staff/payouts/incidents/<uuid:incident_id>/close")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
def close(incident_id: uuid.UUID) -> Response | tuple[str, int]:
    def act(uow: UnitOfWork) -> str:
        note = request.form.get("note", "")
        money_incidents.close(uow, incident_id=incident_id, note=note)
        return gettext("Closed.")

    return _decide(act)


@blueprint.post("/staff/payouts/<uuid:payout_id>/review")
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def review(payout_id: uuid.UUID) -> Response | tuple[str, int]:
    """Say what became of a payout that no rule could settle."""
    decision = request.form.get("decision")
    if decision not in ("paid", "nothing"):
        abort(400)  # no word is not a no: that would pay again
    was_paid = decision == "paid"

    def act(uow: UnitOfWork) -> str:
        evidence = request.form.get("evidence", "")
        money_incidents.review(uow, payout_id=payout_id, was_paid=was_paid, evidence=evidence)
        if was_paid:
            return gettext("The payout counts as paid.")
        return gettext("The debt is open again, and the customer is asked for another way.")

    return _decide(act)


@blueprint.get("/staff/payouts/reconciliations")
@staff(Permission.PAYOUT_READ)
def reconciliations() -> str:
    with work() as uow:
        found = list_runs(
            uow.session,
            organisation_id=uow.organisation_id,
            before=read_cursor(request.args.get("after")),
            limit=PAGE + 1,
        )
        open_count = count_open(uow.session, organisation_id=uow.organisation_id)
    runs = found[:PAGE]
    following = write_cursor(runs[-1].started_at, runs[-1].id) if len(found) > PAGE else None
    return render_template(
        "incidents/reconciliations.html",
        runs=runs,
        following=following,
        open_count=open_count,
        way=_way,
    )


def _decide(act: Callable[[UnitOfWork], str]) -> Response | tuple[str, int]:
    """A refusal shows the page again with what stands against it."""
    try:
        with work() as uow:
            words = act(uow)
    except DomainError as refusal:
        if refusal.status == 404:
            raise
        return _page(refusal=say(refusal.text)), refusal.status
    flash(words, "success")
    return redirect(url_for("incidents.list"), 303)


def _page(*, refusal: str | None = None) -> str:
    closed = request.args.get("show") == "closed"
    with work() as uow:
        found = list_incidents(
            uow.session,
            organisation_id=uow.organisation_id,
            still_open=not closed,
            before=read_cursor(request.args.get("after")),
            limit=PAGE + 1,
        )
        shown = found[:PAGE]
        payouts = payouts_by_id(
            uow.session,
            organisation_id=uow.organisation_id,
            payout_ids=[one.payout_id for one in shown if one.payout_id is not None],
        )
        names = _names(uow, shown)
        open_count = count_open(uow.session, organisation_id=uow.organisation_id)
    following = write_cursor(shown[-1].opened_at, shown[-1].id) if len(found) > PAGE else None
    return render_template(
        "incidents/list.html",
        incidents=[_words(one, payouts) for one in shown],
        closed=closed,
        open_count=open_count,
        names=names,
        following=following,
        refusal=refusal,
    )


def _names(uow: UnitOfWork, shown: Sequence[KnownIncident]) -> dict[uuid.UUID, str]:
    if not any(one.closed_by for one in shown):
        return {}
    people = list_members(uow.session, organisation_id=uow.organisation_id)
    return {one.id: one.name for one in people}


def _words(one: KnownIncident, payouts: dict[uuid.UUID, Any]) -> dict[str, Any]:
    payout = payouts.get(one.payout_id) if one.payout_id else None
    waits = one.kind is IncidentKind.NEEDS_REVIEW and one.closed_at is None
    return {
        "row": one,
        "title": incident_title(one.kind),
        "meaning": incident_meaning(one.kind),
        "next": incident_next(one.kind),
        "way": _way(one.rail),
        "payout": payout,
        "to_review": waits and payout is not None and payout.state == "needs_review",
    }


def _way(rail: str) -> str:
    return _PROVIDERS.get(rail) or rail_name(rail)
