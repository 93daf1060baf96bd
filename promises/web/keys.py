"""Keys for programs that use the API."""

import datetime as dt
import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity import access, queries
from promises.identity.access import NewKey
from promises.kernel.errors import DomainError
from promises.kernel.zones import resolve_local
from promises.web.forms.access import SCOPES, KeyForm

blueprint = Blueprint("keys", __name__)


@blueprint.get("/staff/keys", endpoint="list")
@staff(Permission.KEYS)
def list_keys() -> str:
    with work() as uow:
        known = queries.list_api_keys(uow.session, organisation_id=uow.organisation_id)
        branches = {
            branch.id: branch.name
            for branch in queries.list_branches(
                uow.session, organisation_id=uow.organisation_id, closed=True
            )
        }
        now = uow.now
    return render_template("keys/list.html", keys=known, branches=branches, scopes=SCOPES, now=now)


@blueprint.route("/staff/keys/new", methods=["GET", "POST"])
@staff(Permission.KEYS, fresh=True)
def new() -> str | tuple[str, int]:
    """The answer to the form shows the key, this once; nothing stores it."""
    form = KeyForm()
    with work() as uow:
        form.offer(queries.list_branches(uow.session, organisation_id=uow.organisation_id))
    if form.validate_on_submit():
        request = NewKey(
            name=form.name.data,
            scopes=form.scopes.data,
            branch_id=form.branch_id.data,
            expires_at=_end_of(form.expires_on.data),
        )
        try:
            with work() as uow:
                _, key = access.issue_api_key(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    request=request,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return render_template("keys/made.html", name=request.name, key=key)
    return render_template("keys/new.html", form=form), 422 if form.errors else 200


@blueprint.post("/staff/keys/<uuid:key_id>/revoke")
@staff(Permission.KEYS)
def revoke(key_id: uuid.UUID) -> Response:
    with work() as uow:
        access.revoke_api_key(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            key_id=key_id,
        )
    flash(gettext("The key is revoked. Programs that use it are refused from now on."), "success")
    return redirect(url_for("keys.list"), 303)


def _end_of(day: dt.date | None) -> dt.datetime | None:
    """The midnight at which that local day is over."""
    if day is None:
        return None
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min)
    return resolve_local(midnight, current().organisation.time_zone).instant
