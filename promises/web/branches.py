"""Branches and their counters, for administrators."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.http.i18n import day_names, gettext
from promises.http.permissions import Permission, staff
from promises.identity import branches, queries
from promises.identity.branches import BranchSettings
from promises.identity.calendars import stored_hours
from promises.identity.models import Branch, BranchState
from promises.kernel.errors import DomainError
from promises.web.forms.branches import BranchForm, CounterForm, NewBranchForm
from promises.web.forms.hours import write_windows

blueprint = Blueprint("branches", __name__)

DEFAULT_NO_SHOW_S = 120


@blueprint.get("/staff/branches", endpoint="list")
@staff(Permission.BRANCHES)
def list_all() -> str:
    with work() as uow:
        known = queries.list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
        counters = queries.list_counters(uow.session, organisation_id=uow.organisation_id)
        kinds = queries.list_service_kinds(
            uow.session, organisation_id=uow.organisation_id, closed=True
        )
    counts = {
        branch.id: sum(counter.branch_id == branch.id for counter in counters) for branch in known
    }
    return render_template("branches/list.html", branches=known, counts=counts, kinds=kinds)


@blueprint.route("/staff/branches/new", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def new() -> Response | tuple[str, int]:
    form = NewBranchForm(
        time_zone=current().organisation.time_zone, no_show_after_s=DEFAULT_NO_SHOW_S,
        service_start="tap",
    )  # fmt: skip
    form.offer()
    if form.validate_on_submit():
        try:
            with work() as uow:
                made = branches.add_branch(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    settings=_settings(form),
                    slug=form.slug.data or None,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The branch is there. Check its opening hours next."), "success")
            return redirect(url_for("branches.page", branch_id=made.id), 303)
    return render_template("branches/new.html", form=form), 422 if form.errors else 200


@blueprint.route("/staff/branches/<uuid:branch_id>", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def page(branch_id: uuid.UUID) -> Response | tuple[str, int]:
    with work() as uow:
        row = _branch(uow, branch_id)
    form = BranchForm(
        name=row.name,
        time_zone=row.time_zone,
        service_start=row.service_start,
        no_show_after_s=row.no_show_after_s,
    )
    form.offer()
    if form.validate_on_submit():
        try:
            with work() as uow:
                branches.change_branch(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    branch_id=branch_id,
                    settings=_settings(form),
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("branches.page", branch_id=branch_id), 303)
    return _page(branch_id, form, CounterForm(formdata=None)), 422 if form.errors else 200


@blueprint.post("/staff/branches/<uuid:branch_id>/counters")
@staff(Permission.BRANCHES)
def add_counter(branch_id: uuid.UUID) -> Response | tuple[str, int]:
    form = CounterForm()
    if form.validate():
        try:
            with work() as uow:
                branches.add_counter(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    branch_id=branch_id,
                    name=form.counter.data,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The counter is open."), "success")
            return redirect(url_for("branches.page", branch_id=branch_id), 303)
    return _page(branch_id, None, form), 422


@blueprint.post("/staff/counters/<uuid:counter_id>/close")
@staff(Permission.BRANCHES)
def close_counter(counter_id: uuid.UUID) -> Response:
    with work() as uow:
        row = branches.close_counter(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            counter_id=counter_id,
        )
    flash(gettext("The counter is closed. Adding its name again opens it."), "success")
    return redirect(url_for("branches.page", branch_id=row.branch_id), 303)


@blueprint.post("/staff/branches/<uuid:branch_id>/close")
@staff(Permission.BRANCHES)
def close(branch_id: uuid.UUID) -> Response:
    return _set_closed(branch_id, True, gettext("The branch is closed. Its past stays as it is."))


@blueprint.post("/staff/branches/<uuid:branch_id>/reopen")
@staff(Permission.BRANCHES)
def reopen(branch_id: uuid.UUID) -> Response:
    return _set_closed(branch_id, False, gettext("The branch is open again."))


def _set_closed(branch_id: uuid.UUID, closed: bool, told: str) -> Response:
    with work() as uow:
        branches.close_branch(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            branch_id=branch_id,
            closed=closed,
        )
    flash(told, "success")
    return redirect(url_for("branches.page", branch_id=branch_id), 303)


def _page(branch_id: uuid.UUID, form: BranchForm | None, counter_form: CounterForm) -> str:
    with work() as uow:
        row = _branch(uow, branch_id)
        counters = queries.list_counters(
            uow.session, organisation_id=uow.organisation_id, branch_id=branch_id
        )
        kinds = queries.service_kinds_of_branch(
            uow.session, organisation_id=uow.organisation_id, branch_id=branch_id
        )
        hours = stored_hours(
            uow.session, organisation_id=uow.organisation_id, calendar_id=row.calendar_id
        )
    if form is None:
        form = BranchForm(
            formdata=None,
            name=row.name,
            time_zone=row.time_zone,
            service_start=row.service_start,
            no_show_after_s=row.no_show_after_s,
        )
        form.offer()
    return render_template(
        "branches/page.html",
        branch=row,
        is_open=row.state == BranchState.ACTIVE,
        form=form,
        counter_form=counter_form,
        error_form=counter_form if counter_form.errors else form,
        counters=counters,
        kinds=kinds,
        days=day_names(),
        week=[write_windows(windows) for windows in hours.spec.weekly],
    )


def _settings(form: BranchForm) -> BranchSettings:
    return BranchSettings(
        name=form.name.data,
        time_zone=form.time_zone.data,
        service_start=form.service_start.data,
        no_show_after_s=form.no_show_after_s.data or 0,
    )


def _branch(uow: UnitOfWork, branch_id: uuid.UUID) -> Branch:
    return queries.branch_by_id(
        uow.session, organisation_id=uow.organisation_id, branch_id=branch_id
    )
