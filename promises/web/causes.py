"""Causes of breaches: said in one tap by whoever was there, and counted."""

import datetime as dt
import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.flows.tag_cause import Together, tag_cause, tag_causes
from promises.http.context import current, own_branch, work
from promises.http.i18n import gettext, locale, ngettext, say
from promises.http.permissions import Permission, may, staff
from promises.http.tables import csv_answer
from promises.improvement.causes import add_cause, retire_cause, revive_cause
from promises.improvement.causes_queries import CauseInfo, list_causes, standing_causes, tags_of
from promises.kernel.errors import DomainError, NotFound
from promises.reporting.insights_causes import (
    OfCause,
    breach_of_cause,
    breaches_of_cause,
    causes_counted,
)
from promises.reporting.payout_trace import payouts_of_breach
from promises.reporting.statistics import pareto
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.improvement import CauseForm, TogetherForm
from promises.web.insights import as_share
from promises.web.ledger_words import rail_name
from promises.web.payout_page import state_words
from promises.web.periods import Chosen, choose

blueprint = Blueprint("causes", __name__)

SPAN_DAYS = 30
MOST_BUTTONS = 3
UNKNOWN = "unknown"


@blueprint.get("/staff/causes")
@staff(Permission.TEAM_READ)
def breaches() -> str:
    """The breaches of some days by their causes; `cause` leaves those of one, or the unknown."""
    after = read_cursor(request.args.get("after"))
    of = _asked()
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        chosen = choose(uow, days=SPAN_DAYS)
        known = list_causes(uow.session, retired=True, **tenant)
        counted = causes_counted(uow.session, selection=chosen.selection, **tenant)
        page = breaches_of_cause(
            uow.session, selection=chosen.selection, of=of, after=after, **tenant
        )
    offered = [one for one in known if one.retired_at is None]
    form = TogetherForm(formdata=None)
    form.offer([(one.cause_id, one.name(locale())) for one in offered])
    return render_template(
        "causes/breaches.html",
        chosen=chosen,
        shares=pareto([(one, one.count) for one in counted]),
        names={one.cause_id: one.name(locale()) for one in known},
        shortlist=_most_used(offered, [one.cause_id for one in counted]),
        page=page,
        total=sum(one.count for one in counted if not of.only or one.cause_id == of.cause_id),
        of=of,
        form=form,
        as_share=as_share,
        cause=request.args.get("cause"),
        following=write_cursor(*page.after) if page.after else None,
    )


@blueprint.get("/staff/causes.csv")
@staff(Permission.TEAM_READ)
def table() -> Response:
    with work() as uow:
        chosen = choose(uow, days=SPAN_DAYS)
        counted = causes_counted(
            uow.session, organisation_id=uow.organisation_id, selection=chosen.selection
        )
    head = [gettext("Cause"), gettext("Breaches"), gettext("Share with all above")]
    parts = pareto([(one.name(locale()) or gettext("Unknown"), one.count) for one in counted])
    return csv_answer("causes.csv", head, [(str(p.key), p.count, p.together) for p in parts])


@blueprint.post("/staff/causes/together")
@staff(Permission.CAUSE_TAG)
def together() -> Response:
    """One cause for all breaches of the chosen days, promise and branch that have none."""
    with work() as uow:
        chosen = choose(uow, days=SPAN_DAYS)
        form = TogetherForm()
        known = list_causes(uow.session, organisation_id=uow.organisation_id)
        form.offer([(one.cause_id, one.name(locale())) for one in known])
        if not form.validate():
            flash(gettext("Choose a cause."), "warning")
            return redirect(_list(chosen), 303)
        which = _together(chosen)
        tagged = tag_causes(uow, which=which, cause_id=form.cause_id.data)
    said = ngettext("%(n)s breach has a cause now.", "%(n)s breaches have a cause now.", tagged)
    flash(said, "success" if tagged else "info")
    return redirect(_list(chosen), 303)


def _list(chosen: Chosen) -> str:
    kept: dict[str, Any] = chosen.address()
    return url_for("causes.breaches", **kept)


def _together(chosen: Chosen) -> Together:
    one = chosen.selection
    first = one.from_on or dt.date(1900, 1, 1)
    return Together(
        first, one.to_on or chosen.today, one.promise_id, one.branch_id, _uuid("window")
    )


@blueprint.get("/staff/breaches/<uuid:breach_id>")
@staff(Permission.TEAM_READ)
def breach(breach_id: uuid.UUID) -> str:
    """One breach: what was missed, why, and who said so."""
    with work() as uow:
        found = breach_of_cause(
            uow.session, organisation_id=uow.organisation_id, breach_id=breach_id
        )
        own_branch(found.branch_id)
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        tags = tags_of(uow.session, breach_id=breach_id, **tenant)
        causes = list_causes(uow.session, **tenant)
        payouts = payouts_of_breach(uow.session, breach_id=breach_id, **tenant)
    return render_template(
        "causes/breach.html",
        found=found,
        tags=tags,
        causes=causes,
        payouts=payouts if may(Permission.PAYOUT_READ) else (),
        rail_name=rail_name,
        state_words=state_words,
    )


@blueprint.post("/staff/breaches/<uuid:breach_id>/cause")
@staff(Permission.CAUSE_TAG)
def tag(breach_id: uuid.UUID) -> Response:
    """Say why; without a cause: unknown again. Leads back to where it was said."""
    cause_id = _uuid("cause_id")
    try:
        with work() as uow:
            tag_cause(uow, breach_id=breach_id, cause_id=cause_id, branch_id=current().branch_id)
            ticket_id = breach_of_cause(
                uow.session, organisation_id=uow.organisation_id, breach_id=breach_id
            ).ticket_id
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
        return redirect(url_for("causes.breach", breach_id=breach_id), 303)
    flash(gettext("Saved."), "success")
    if request.form.get("back") == "ticket":
        return redirect(url_for("tickets.show", ticket_id=ticket_id), 303)
    if request.form.get("back") == "list":
        kept = ("promise", "branch", "from_on", "to_on", "cause", "after")
        asked: dict[str, Any] = {n: request.args[n] for n in kept if n in request.args}
        return redirect(url_for("causes.breaches", **asked), 303)
    return redirect(url_for("causes.breach", breach_id=breach_id), 303)


@blueprint.route("/staff/causes/list", methods=["GET", "POST"], endpoint="list")
@staff(Permission.IMPROVE)
def show_list() -> Response | str | tuple[str, int]:
    """The organisation's own list."""
    form = CauseForm()
    if form.validate_on_submit():
        try:
            with work() as uow:
                add_cause(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    names=form.names(),
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("causes.list"), 303)
    with work() as uow:
        known = list_causes(uow.session, organisation_id=uow.organisation_id, retired=True)
    page = render_template("causes/list.html", form=form, causes=known)
    return (page, 422) if form.errors or form.form_errors else page


@blueprint.post("/staff/causes/<uuid:cause_id>/retire")
@staff(Permission.IMPROVE)
def retire(cause_id: uuid.UUID) -> Response:
    """Nobody is offered it any more; breaches keep it."""
    with work() as uow:
        _in_use(uow, cause_id, used=False)
    flash(gettext("This cause is not offered any more."), "success")
    return redirect(url_for("causes.list"), 303)


@blueprint.post("/staff/causes/<uuid:cause_id>/revive")
@staff(Permission.IMPROVE)
def revive(cause_id: uuid.UUID) -> Response:
    with work() as uow:
        _in_use(uow, cause_id, used=True)
    flash(gettext("This cause is offered again."), "success")
    return redirect(url_for("causes.list"), 303)


def _in_use(uow: UnitOfWork, cause_id: uuid.UUID, *, used: bool) -> None:
    verb = revive_cause if used else retire_cause
    verb(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        cause_id=cause_id,
    )


def tagging(uow: UnitOfWork, breach_ids: list[uuid.UUID]) -> dict[str, Any]:
    """What `causes/parts.html` needs to show and to take the causes of these breaches."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    if not breach_ids:
        return {"causes": [], "standing": {}}
    return {
        "causes": list_causes(uow.session, **tenant) if may(Permission.CAUSE_TAG) else [],
        "standing": standing_causes(uow.session, breach_ids=breach_ids, **tenant),
    }


def _most_used(offered: list[CauseInfo], counted: list[uuid.UUID | None]) -> list[CauseInfo]:
    """The causes that were said most often in these days, then in the order of the list."""
    places = {cause_id: place for place, cause_id in enumerate(counted)}
    ordered = sorted(offered, key=lambda one: places.get(one.cause_id, len(places)))
    return ordered[:MOST_BUTTONS]


def _asked() -> OfCause:
    text = request.args.get("cause")
    if not text:
        return OfCause()
    return OfCause(True, None if text == UNKNOWN else _uuid("cause"))


def _uuid(name: str) -> uuid.UUID | None:
    text = request.values.get(name)
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound(**{name: text}) from None
