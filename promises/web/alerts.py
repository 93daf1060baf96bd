"""Alerts that somebody takes care of, and what management chose for a used-up budget."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.catalogue.queries import promise_by_id, promise_by_slug
from promises.db.session import UnitOfWork
from promises.flows.choose_reactions import acknowledge_alert, choose_reactions, lift_reaction
from promises.http.context import current, work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.improvement.errors import AlertMoved, ReactionMoved
from promises.improvement.reactions import NO_CHOICE, choices
from promises.improvement.reactions_models import Trigger
from promises.kernel.errors import Conflict
from promises.web.forms.alerts import ReactionsForm
from promises.web.words import title_of

blueprint = Blueprint("alerts", __name__)


@blueprint.post("/staff/alerts/<uuid:alert_id>/acknowledge")
@staff(Permission.PROMISE_PUBLISH)
def acknowledge(alert_id: uuid.UUID) -> Response:
    try:
        with work() as uow:
            slug = _slug(uow, acknowledge_alert(uow, alert_id=alert_id))
    except AlertMoved as refusal:
        flash(say(refusal.text), "warning")
        return redirect(url_for("home.start"), 303)
    flash(gettext("You take care of it. The others see that."), "success")
    return redirect(url_for("promises.show", promise_slug=slug), 303)


@blueprint.post("/staff/reactions/<uuid:run_id>/lift")
@staff(Permission.PROMISE_PUBLISH)
def lift(run_id: uuid.UUID) -> Response:
    try:
        with work() as uow:
            slug = _slug(uow, lift_reaction(uow, run_id=run_id))
    except ReactionMoved as refusal:
        flash(say(refusal.text), "warning")
        return redirect(url_for("promises.list"), 303)
    flash(gettext("New debts go by themselves again. What waits already still waits."), "success")
    return redirect(url_for("promises.show", promise_slug=slug), 303)


@blueprint.route("/staff/promises/<slug:promise_slug>/reactions", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def choose(promise_slug: str) -> Response | tuple[str, int]:
    with work() as uow:
        info = promise_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=promise_slug, at=uow.now
        )
        known = choices(
            uow.session, organisation_id=uow.organisation_id, promise_ids=[info.promise_id]
        ).get(info.promise_id, NO_CHOICE)
    form = ReactionsForm(
        data={trigger.value: known.of(trigger).value for trigger in Trigger}
        | {"seen": known.number}
    )
    form.offer()
    if form.validate_on_submit():
        try:
            with work() as uow:
                choose_reactions(
                    uow, promise_id=info.promise_id, chosen=form.chosen, seen=form.seen.data
                )
        except Conflict as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Settled. It holds from now on."), "success")
            return redirect(url_for("promises.show", promise_slug=promise_slug), 303)
    page = render_template("promises/reactions.html", form=form, info=info, title=title_of(info))
    return page, 422 if form.errors else 200


def _slug(uow: UnitOfWork, promise_id: uuid.UUID) -> str:
    found = promise_by_id(
        uow.session,
        organisation_id=current().organisation_id,
        promise_id=promise_id,
        at=uow.now,
    )
    return found.slug
