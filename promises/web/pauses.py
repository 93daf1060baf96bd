"""Pausing a promise: announced with its reason, told before a number is taken, counted in hours."""

import datetime as dt
import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from promises.catalogue.pause_queries import Pause, paused_time, pauses_of_promise
from promises.catalogue.queries import PromiseInfo, promise_by_slug
from promises.db.session import UnitOfWork
from promises.flows.pause_promise import pause_promise, resume_promise
from promises.http.context import current, work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches, list_members
from promises.kernel.errors import DomainError, NotFound
from promises.web.forms.pauses import PauseForm
from promises.web.words import title_of

blueprint = Blueprint("pauses", __name__)

SHOWN_DAYS = 90


@blueprint.get("/staff/promises/<slug:promise_slug>/pauses", endpoint="list")
@staff(Permission.PROMISE_READ)
def list_pauses(promise_slug: str) -> str:
    with work() as uow:
        info = _promise(uow, promise_slug)
        tenant = {"organisation_id": uow.organisation_id}
        pauses = pauses_of_promise(uow.session, **tenant, promise_id=info.promise_id)
        members = {one.id: one.name for one in list_members(uow.session, **tenant)}
        time = paused_time(
            uow.session,
            **tenant,
            promise_id=info.promise_id,
            since=uow.now - dt.timedelta(days=SHOWN_DAYS),
            until=uow.now,
        )
    return render_template(
        "pauses/list.html",
        info=info,
        title=title_of(info),
        pauses=[(one, one.state(uow.now)) for one in pauses],
        branches=_branch_names(),
        members=members,
        time=time,
        shown_days=SHOWN_DAYS,
    )


@blueprint.route("/staff/promises/<slug:promise_slug>/pauses/new", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def new(promise_slug: str) -> Response | tuple[str, int]:
    with work() as uow:
        info = _promise(uow, promise_slug)
    form = PauseForm()
    scope = info.version.terms.scope.branches
    names = _branch_names()
    form.offer((one, name) for one, name in names.items() if scope is None or one in scope)
    if form.validate_on_submit():
        try:
            with work() as uow:
                starts_at, ends_at = form.span(uow.now, current().organisation.time_zone)
                pause_promise(
                    uow,
                    promise_id=info.promise_id,
                    branch_id=form.branch_id.data,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    reasons=form.reasons(),
                )
        except ValidationError:
            pass  # the field says why
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The pause is announced. The public page shows it."), "success")
            return redirect(url_for("pauses.list", promise_slug=promise_slug), 303)
    page = render_template("pauses/new.html", form=form, info=info, title=title_of(info))
    return page, 422 if form.errors else 200


@blueprint.post("/staff/promises/<slug:promise_slug>/pauses/<uuid:pause_id>/end")
@staff(Permission.PROMISE_PUBLISH)
def end(promise_slug: str, pause_id: uuid.UUID) -> Response:
    try:
        with work() as uow:
            info = _promise(uow, promise_slug)
            _require_of(uow, info, pause_id)
            resume_promise(uow, pause_id=pause_id)
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
    else:
        flash(gettext("From now on the promise holds again."), "success")
    return redirect(url_for("pauses.list", promise_slug=promise_slug), 303)


def _require_of(uow: UnitOfWork, info: PromiseInfo, pause_id: uuid.UUID) -> Pause:
    of_promise = pauses_of_promise(
        uow.session, organisation_id=uow.organisation_id, promise_id=info.promise_id
    )
    found = next((one for one in of_promise if one.pause_id == pause_id), None)
    if found is None:
        raise NotFound(pause_id=str(pause_id))
    return found


def _branch_names() -> dict[uuid.UUID, str]:
    with work() as uow:
        known = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
        return {branch.id: branch.name for branch in known}


def _promise(uow: UnitOfWork, slug: str) -> PromiseInfo:
    return promise_by_slug(uow.session, organisation_id=uow.organisation_id, slug=slug, at=uow.now)
