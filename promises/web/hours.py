"""Opening hours of a calendar: the week, and the days that differ."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.http.context import work
from promises.http.i18n import day_names, gettext, ngettext, say
from promises.http.permissions import Permission, staff
from promises.identity import calendars
from promises.identity.calendar_history import calendar_by_id
from promises.identity.calendars import CalendarName, StoredHours
from promises.identity.errors import HoursChanged
from promises.identity.public_holidays import COUNTRIES, country_of
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.hours import CalendarRefused, CalendarSpec, Windows
from promises.kernel.zones import local_date
from promises.web.forms.hours import (
    ExceptionForm,
    HolidaysForm,
    RemoveExceptionForm,
    WeekForm,
    write_windows,
)

blueprint = Blueprint("hours", __name__)


@blueprint.route("/staff/calendars/<uuid:calendar_id>/week", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def week(calendar_id: uuid.UUID) -> Response | tuple[str, int]:
    with work() as uow:
        calendar, hours = read(uow, calendar_id)
    written = {
        f"day_{index}": write_windows(windows) for index, windows in enumerate(hours.spec.weekly)
    }
    form = WeekForm(version=hours.number, **written)
    for index, name in enumerate(day_names()):
        form[f"day_{index}"].label.text = name
    if form.validate_on_submit():
        try:
            spec = CalendarSpec(form.weekly(), hours.spec.zone, hours.spec.exceptions)
            with work() as uow:
                store(uow, calendar_id, spec, hours.notes, form.expected())
        except CalendarRefused as refusal:
            form.refuse(_by_day(refusal))
        except HoursChanged as refusal:
            with work() as uow:
                calendar, hours = read(uow, calendar_id)
            form.refuse(refusal)
            form.version.data = str(hours.number)
        else:
            flash(gettext("The opening hours are saved."), "success")
            return redirect(url_for("calendars.page", calendar_id=calendar_id), 303)
    page = render_template(
        "calendars/week.html",
        calendar=calendar,
        form=form,
        saved=_saved_now(form, hours.spec.weekly) if form.errors else {},
    )
    return page, 422 if form.errors else 200


@blueprint.route("/staff/calendars/<uuid:calendar_id>/days", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def days(calendar_id: uuid.UUID) -> Response | tuple[str, int]:
    """Days that differ from the week; a day given again replaces what it was."""
    with work() as uow:
        _, hours = read(uow, calendar_id)
    form = ExceptionForm(version=hours.number)
    if form.validate_on_submit():
        try:
            changed = dict(hours.spec.exceptions) | {form.on.data: form.hours.windows}
            spec = CalendarSpec(hours.spec.weekly, hours.spec.zone, changed)
            noted = dict(hours.notes) | {form.on.data.isoformat(): form.note.data or ""}
            _still(hours, form.expected())
            with work() as uow:
                store(uow, calendar_id, spec, noted, hours.number)
        except CalendarRefused as refusal:
            form.refuse(_of_day(refusal))
        except HoursChanged as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The day is saved."), "success")
            return redirect(url_for("hours.days", calendar_id=calendar_id), 303)
    return _days(calendar_id, form, None), 422 if form.errors else 200


@blueprint.post("/staff/calendars/<uuid:calendar_id>/days/remove")
@staff(Permission.BRANCHES)
def remove_day(calendar_id: uuid.UUID) -> Response:
    form = RemoveExceptionForm()
    with work() as uow:
        _, hours = read(uow, calendar_id)
    if form.validate():
        left = {d: w for d, w in hours.spec.exceptions.items() if d != form.on.data}
        try:
            spec = CalendarSpec(hours.spec.weekly, hours.spec.zone, left)
            _still(hours, form.expected())
            with work() as uow:
                store(uow, calendar_id, spec, hours.notes, hours.number)
        except CalendarRefused as refusal:
            flash(say(refusal.problems[0].text), "danger")
        except HoursChanged as refusal:
            flash(say(refusal.text), "warning")
        else:
            flash(gettext("The day is as in every week again."), "success")
    return redirect(url_for("hours.days", calendar_id=calendar_id), 303)


@blueprint.post("/staff/calendars/<uuid:calendar_id>/days/holidays")
@staff(Permission.BRANCHES)
def holidays(calendar_id: uuid.UUID) -> Response | tuple[str, int]:
    """Closes a year's public holidays; days that were set by hand stay."""
    with work() as uow:
        _, hours = read(uow, calendar_id)
    form = HolidaysForm()
    form.offer()
    if not form.validate():
        return _days(calendar_id, ExceptionForm(formdata=None, version=hours.number), form), 422
    with work() as uow:
        new = calendars.seed_holidays(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            calendar_id=calendar_id,
            country=form.country.data,
            years=[int(form.year.data or 0)],
        )
    told = ngettext("%(n)s holiday was added.", "%(n)s holidays were added.", new)
    flash(told, "success")
    return redirect(url_for("hours.days", calendar_id=calendar_id), 303)


def read(uow: UnitOfWork, calendar_id: uuid.UUID) -> tuple[CalendarName, StoredHours]:
    tenant = {"organisation_id": uow.organisation_id, "calendar_id": calendar_id}
    calendar = calendar_by_id(uow.session, **tenant)
    return calendar, calendars.stored_hours(uow.session, **tenant)


def store(
    uow: UnitOfWork,
    calendar_id: uuid.UUID,
    spec: CalendarSpec,
    notes: Mapping[str, str],
    expected: int,
) -> None:
    calendars.set_opening_hours(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        calendar_id=calendar_id,
        spec=spec,
        notes=notes,
        expected=expected,
    )


def _still(hours: StoredHours, expected: int) -> None:
    """The page's version is the one that was read just now; what comes between is found when it is
    stored."""
    if hours.number != expected:
        raise HoursChanged(expected=expected, found=hours.number)


def _days(calendar_id: uuid.UUID, form: ExceptionForm, holidays_form: HolidaysForm | None) -> str:
    with work() as uow:
        calendar, hours = read(uow, calendar_id)
        today = local_date(uow.now, hours.spec.zone)
    form.version.data = str(hours.number)
    if holidays_form is None:
        country = country_of(hours.spec.zone) or COUNTRIES[0]
        holidays_form = HolidaysForm(formdata=None, country=country, year=today.year + 1)
        holidays_form.offer()
    return render_template(
        "calendars/days.html",
        calendar=calendar,
        version=hours.number,
        form=form,
        holidays_form=holidays_form,
        error_form=holidays_form if holidays_form.errors else form,
        coming=listed(hours, lambda day: day >= today),
        past=listed(hours, lambda day: day < today)[::-1],
    )


def listed(hours: StoredHours, wanted: Callable[[dt.date], bool]) -> list[dict[str, object]]:
    return [
        {
            "on": day,
            "hours": write_windows(windows),
            "note": hours.notes.get(day.isoformat(), ""),
        }
        for day, windows in hours.spec.exceptions.items()
        if wanted(day)
    ]


def _saved_now(form: WeekForm, weekly: tuple[Windows, ...]) -> dict[int, str]:
    """What is saved for the days on which the writer has something else."""
    return {
        index: gettext("Saved now: %(hours)s", hours=write_windows(windows) or gettext("Closed"))
        for index, windows in enumerate(weekly)
        if form[f"day_{index}"].windows != windows
    }


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
