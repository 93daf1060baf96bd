"""All calendars of the organisation: those of its branches, and others that promises count by."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.http.context import current, work
from promises.http.i18n import day_names, gettext
from promises.http.permissions import Permission, staff
from promises.identity import calendars, new_calendars
from promises.identity.calendar_history import VersionRead, calendar_by_id, list_versions
from promises.kernel.errors import DomainError
from promises.kernel.hours import Windows
from promises.kernel.zones import local_date
from promises.web.forms.hours import NewCalendarForm, write_windows
from promises.web.hours import listed, read

blueprint = Blueprint("calendars", __name__)

SHOWN_DAYS = 8
_ALL = 1_000_000_000


@blueprint.get("/staff/calendars", endpoint="list")
@staff(Permission.BRANCHES)
def show_list() -> str:
    with work() as uow:
        known = calendars.calendar_names(uow.session, uow.organisation_id)
    return render_template(
        "calendars/list.html",
        own=[one for one in known if not one.of_branch],
        of_branches=[one for one in known if one.of_branch],
    )


@blueprint.route("/staff/calendars/new", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def new() -> Response | tuple[str, int]:
    form = NewCalendarForm(time_zone=current().organisation.time_zone, pattern="days")
    form.offer()
    if form.validate_on_submit():
        try:
            with work() as uow:
                made = new_calendars.create_calendar(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    name=form.name.data,
                    time_zone=form.time_zone.data,
                    weekly=form.weekly(),
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The calendar is there. Check its days next."), "success")
            return redirect(url_for("calendars.page", calendar_id=made.id), 303)
    return render_template("calendars/new.html", form=form), 422 if form.errors else 200


@blueprint.get("/staff/calendars/<uuid:calendar_id>")
@staff(Permission.BRANCHES)
def page(calendar_id: uuid.UUID) -> str:
    with work() as uow:
        calendar, hours = read(uow, calendar_id)
        today = local_date(uow.now, hours.spec.zone)
    coming = listed(hours, lambda day: day >= today)
    return render_template(
        "calendars/page.html",
        calendar=calendar,
        hours=hours,
        days=day_names(),
        week=[write_windows(windows) for windows in hours.spec.weekly],
        coming=coming[:SHOWN_DAYS],
        more=max(len(coming) - SHOWN_DAYS, 0),
    )


@blueprint.get("/staff/calendars/<uuid:calendar_id>/versions")
@staff(Permission.BRANCHES)
def versions(calendar_id: uuid.UUID) -> str:
    """Each version beside the one before it, the newest first; a page at a time."""
    asked = request.args.get("below", "")
    below = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else _ALL
    with work() as uow:
        tenant = {"organisation_id": uow.organisation_id, "calendar_id": calendar_id}
        calendar = calendar_by_id(uow.session, **tenant)
        found = list_versions(uow.session, **tenant, below=below)
    names = day_names()
    return render_template(
        "calendars/versions.html",
        calendar=calendar,
        versions=[_shown(one, names) for one in found],
        older=found[-1].number if found and found[-1].number > 1 else None,
    )


def _shown(one: VersionRead, names: list[str]) -> dict[str, object]:
    """A version for the page: rows of what, before, after, why."""
    week = [(names[index], _open(was), _open(now), "") for index, was, now in one.week]
    days = [(day.on, _open(day.before), _open(day.after), day.note) for day in one.days]
    return {
        "number": one.number,
        "created_at": one.created_at,
        "author": one.author,
        "zones": one.zones,
        "week": week,
        "days": days,
    }


def _open(windows: Windows | None) -> str:
    if windows is None:
        return gettext("As in every week")
    return write_windows(windows) or gettext("Closed")
