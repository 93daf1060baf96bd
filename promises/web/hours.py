"""Opening hours of a branch: the week, and the days that differ."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.http.context import work
from promises.http.i18n import day_names, gettext, ngettext
from promises.http.permissions import Permission, staff
from promises.identity import calendars, queries
from promises.identity.calendars import StoredHours
from promises.identity.models import Branch
from promises.identity.public_holidays import COUNTRIES, country_of
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.hours import CalendarRefused, CalendarSpec
from promises.kernel.zones import local_date
from promises.web.forms.hours import (
    ExceptionForm,
    HolidaysForm,
    RemoveExceptionForm,
    WeekForm,
    write_windows,
)

blueprint = Blueprint("hours", __name__)


@blueprint.route("/staff/branches/<uuid:branch_id>/hours", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def week(branch_id: uuid.UUID) -> Response | tuple[str, int]:
    with work() as uow:
        branch, hours = _read(uow, branch_id)
    written = {
        f"day_{index}": write_windows(windows) for index, windows in enumerate(hours.spec.weekly)
    }
    form = WeekForm(**written)
    for index, name in enumerate(day_names()):
        form[f"day_{index}"].label.text = name
    if form.validate_on_submit():
        try:
            spec = CalendarSpec(form.weekly(), hours.spec.zone, hours.spec.exceptions)
            with work() as uow:
                _store(uow, branch, spec, hours.notes)
        except CalendarRefused as refusal:
            form.refuse(_by_day(refusal))
        else:
            flash(gettext("The opening hours are saved."), "success")
            return redirect(url_for("branches.page", branch_id=branch_id), 303)
    page = render_template("branches/week.html", branch=branch, form=form)
    return page, 422 if form.errors else 200


@blueprint.route("/staff/branches/<uuid:branch_id>/days", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def days(branch_id: uuid.UUID) -> Response | tuple[str, int]:
    """Days that differ from the week; a day given again replaces what it was."""
    form = ExceptionForm()
    if form.validate_on_submit():
        try:
            with work() as uow:
                branch, hours = _read(uow, branch_id)
                changed = dict(hours.spec.exceptions) | {form.on.data: form.hours.windows}
                spec = CalendarSpec(hours.spec.weekly, hours.spec.zone, changed)
                noted = dict(hours.notes) | {form.on.data.isoformat(): form.note.data or ""}
                _store(uow, branch, spec, noted)
        except CalendarRefused as refusal:
            form.refuse(_of_day(refusal))
        else:
            flash(gettext("The day is saved."), "success")
            return redirect(url_for("hours.days", branch_id=branch_id), 303)
    return _days(branch_id, form, None), 422 if form.errors else 200


@blueprint.post("/staff/branches/<uuid:branch_id>/days/remove")
@staff(Permission.BRANCHES)
def remove_day(branch_id: uuid.UUID) -> Response:
    form = RemoveExceptionForm()
    with work() as uow:
        branch, hours = _read(uow, branch_id)
        if form.validate():
            left = {d: w for d, w in hours.spec.exceptions.items() if d != form.on.data}
            _store(uow, branch, CalendarSpec(hours.spec.weekly, hours.spec.zone, left), hours.notes)
            flash(gettext("The day is as in every week again."), "success")
    return redirect(url_for("hours.days", branch_id=branch_id), 303)


@blueprint.post("/staff/branches/<uuid:branch_id>/days/holidays")
@staff(Permission.BRANCHES)
def holidays(branch_id: uuid.UUID) -> Response | tuple[str, int]:
    """Closes the branch on a year's public holidays; days that were set by hand stay."""
    form = HolidaysForm()
    form.offer()
    if not form.validate():
        return _days(branch_id, ExceptionForm(formdata=None), form), 422
    with work() as uow:
        branch, _ = _read(uow, branch_id)
        new = calendars.seed_holidays(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            calendar_id=branch.calendar_id,
            country=form.country.data,
            years=[int(form.year.data or 0)],
        )
    told = ngettext("%(n)s holiday was added.", "%(n)s holidays were added.", new)
    flash(told, "success")
    return redirect(url_for("hours.days", branch_id=branch_id), 303)


def _days(branch_id: uuid.UUID, form: ExceptionForm, holidays_form: HolidaysForm | None) -> str:
    with work() as uow:
        branch, hours = _read(uow, branch_id)
        today = local_date(uow.now, branch.time_zone)
    if holidays_form is None:
        country = country_of(branch.time_zone) or COUNTRIES[0]
        holidays_form = HolidaysForm(formdata=None, country=country, year=today.year + 1)
        holidays_form.offer()
    return render_template(
        "branches/days.html",
        branch=branch,
        form=form,
        holidays_form=holidays_form,
        error_form=holidays_form if holidays_form.errors else form,
        coming=_listed(hours, lambda day: day >= today),
        past=_listed(hours, lambda day: day < today)[::-1],
    )


def _listed(hours: StoredHours, wanted: Callable[[dt.date], bool]) -> list[dict[str, object]]:
    return [
        {
            "on": day,
            "hours": write_windows(windows),
            "note": hours.notes.get(day.isoformat(), ""),
        }
        for day, windows in hours.spec.exceptions.items()
        if wanted(day)
    ]


def _read(uow: UnitOfWork, branch_id: uuid.UUID) -> tuple[Branch, StoredHours]:
    branch = queries.branch_by_id(
        uow.session, organisation_id=uow.organisation_id, branch_id=branch_id
    )
    hours = calendars.stored_hours(
        uow.session, organisation_id=uow.organisation_id, calendar_id=branch.calendar_id
    )
    return branch, hours


def _store(uow: UnitOfWork, branch: Branch, spec: CalendarSpec, notes: Mapping[str, str]) -> None:
    calendars.set_opening_hours(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        calendar_id=branch.calendar_id,
        spec=spec,
        notes=notes,
    )


def _by_day(refusal: CalendarRefused) -> Refused:
    """The problems of the week at the fields of its days."""
    return Refused(
        FieldProblem(f"day_{problem.field.split('/')[2]}", problem.message, problem.params)
        if problem.field.startswith("/weekly/")
        else problem
        for problem in refusal.problems
    )


def _of_day(refusal: CalendarRefused) -> Refused:
    return Refused(
        FieldProblem("hours", problem.message, problem.params) for problem in refusal.problems
    )
