"""Kinds of service: what customers choose among, and which branch gives which."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity import branches, queries
from promises.kernel.errors import DomainError
from promises.web.forms.branches import BranchServicesForm, NewServiceForm, ServiceNamesForm

blueprint = Blueprint("services", __name__)


@blueprint.route("/staff/services/new", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def new() -> Response | tuple[str, int]:
    """Given by every open branch from now on; a branch can leave it out."""
    form = NewServiceForm()
    if form.validate_on_submit():
        try:
            with work() as uow:
                known = queries.list_branches(uow.session, organisation_id=uow.organisation_id)
                branches.add_service_kind(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    letter=form.letter.data.upper(),
                    names=form.names(),
                    branch_ids=[branch.id for branch in known],
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The kind of service is there, at every branch."), "success")
            return redirect(url_for("branches.list"), 303)
    return render_template("services/new.html", form=form), 422 if form.errors else 200


@blueprint.route("/staff/services/<uuid:service_kind_id>", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def page(service_kind_id: uuid.UUID) -> Response | tuple[str, int]:
    with work() as uow:
        row = queries.service_kind_by_id(
            uow.session, organisation_id=uow.organisation_id, service_kind_id=service_kind_id
        )
    form = ServiceNamesForm(**{f"name_{code}": name for code, name in row.names.items()})
    if form.validate_on_submit():
        try:
            _change(service_kind_id, form.names(), row.closed_at is not None)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("branches.list"), 303)
    return render_template("services/page.html", form=form, kind=row), 422 if form.errors else 200


@blueprint.post("/staff/services/<uuid:service_kind_id>/close")
@staff(Permission.BRANCHES)
def close(service_kind_id: uuid.UUID) -> Response:
    return _set_closed(service_kind_id, True)


@blueprint.post("/staff/services/<uuid:service_kind_id>/reopen")
@staff(Permission.BRANCHES)
def reopen(service_kind_id: uuid.UUID) -> Response:
    return _set_closed(service_kind_id, False)


@blueprint.route("/staff/branches/<uuid:branch_id>/services", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def of_branch(branch_id: uuid.UUID) -> Response | tuple[str, int]:
    with work() as uow:
        branch = queries.branch_by_id(
            uow.session, organisation_id=uow.organisation_id, branch_id=branch_id
        )
        given = queries.service_kinds_of_branch(
            uow.session, organisation_id=uow.organisation_id, branch_id=branch_id
        )
        kinds = queries.list_service_kinds(uow.session, organisation_id=uow.organisation_id)
    form = BranchServicesForm(kinds=[kind.id for kind in given])
    form.offer(kinds)
    if form.validate_on_submit():
        with work() as uow:
            branches.set_branch_services(
                uow.session,
                organisation_id=uow.organisation_id,
                actor=uow.actor,
                now=uow.now,
                branch_id=branch_id,
                service_kind_ids=form.kinds.data,
            )
        flash(gettext("Saved."), "success")
        return redirect(url_for("branches.page", branch_id=branch_id), 303)
    page = render_template("services/of_branch.html", form=form, branch=branch)
    return page, 422 if form.errors else 200


def _set_closed(service_kind_id: uuid.UUID, closed: bool) -> Response:
    with work() as uow:
        row = queries.service_kind_by_id(
            uow.session, organisation_id=uow.organisation_id, service_kind_id=service_kind_id
        )
        names: dict[str, str] = row.names
    _change(service_kind_id, names, closed)
    flash(gettext("No longer offered.") if closed else gettext("Offered again."), "success")
    return redirect(url_for("branches.list"), 303)


def _change(service_kind_id: uuid.UUID, names: dict[str, str], closed: bool) -> None:
    with work() as uow:
        branches.change_service_kind(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            service_kind_id=service_kind_id,
            names=names,
            closed=closed,
        )
