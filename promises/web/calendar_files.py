"""Taking a calendar file (.ics) into opening hours: upload, look, then one new version."""

import json
import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.http.context import work
from promises.http.i18n import gettext, ngettext, say
from promises.http.permissions import Permission, staff
from promises.identity.calendar_import import DayChange, ImportPreview, preview_import
from promises.identity.calendars import StoredHours
from promises.identity.errors import HoursChanged
from promises.identity.ical_lines import MOST_BYTES, FileRefused
from promises.kernel.hours import CalendarRefused, CalendarSpec, dump_calendar, parse_calendar
from promises.kernel.text import N_
from promises.web.forms.hours import LONGEST_CHANGES, ApplyForm, CalendarFileForm, write_windows
from promises.web.hours import read, store

blueprint = Blueprint("calendar_files", __name__)

SKIPPED = {
    "cancelled": N_("Cancelled"),
    "free": N_("Marked as free time, not as busy"),
    "empty": N_("Without any length"),
    "outside": N_("Only outside these years"),
}


@blueprint.route("/staff/calendars/<uuid:calendar_id>/file", methods=["GET", "POST"])
@staff(Permission.BRANCHES)
def choose(calendar_id: uuid.UUID) -> str | tuple[str, int]:
    """Nothing is stored here: the preview carries the days, and the version that they belong to."""
    with work() as uow:
        calendar, hours = read(uow, calendar_id)
        now = uow.now
    form = CalendarFileForm()
    if form.validate_on_submit():
        try:
            preview = preview_import(hours, form.file.data.stream.read(MOST_BYTES + 1), now)
            changes = write_changes(hours, preview.changes)
        except (FileRefused, CalendarRefused) as refusal:
            form.file.errors = [say(problem.text) for problem in refusal.problems]
        else:
            return render_template(
                "calendars/look.html",
                calendar=calendar,
                preview=preview,
                rows=[_row(one) for one in preview.changes],
                skipped=_skipped(preview),
                apply_form=ApplyForm(formdata=None, version=preview.version, changes=changes),
            )
    page = render_template("calendars/file.html", calendar=calendar, form=form)
    return page, 422 if form.errors else 200


@blueprint.post("/staff/calendars/<uuid:calendar_id>/file/apply")
@staff(Permission.BRANCHES)
def apply(calendar_id: uuid.UUID) -> Response:
    """All days of the preview as one version, or none of them."""
    form = ApplyForm()
    with work() as uow:
        _, hours = read(uow, calendar_id)
    try:
        if hours.number != form.expected():
            raise HoursChanged(expected=form.expected(), found=hours.number)
        spec, notes, count = read_changes(hours, form.changes.data or "")
        with work() as uow:
            store(uow, calendar_id, spec, notes, hours.number)
    except HoursChanged as refusal:
        flash(say(refusal.text), "warning")
        return redirect(url_for("calendar_files.choose", calendar_id=calendar_id), 303)
    except CalendarRefused as refusal:
        flash(say(refusal.problems[0].text), "danger")
        return redirect(url_for("calendar_files.choose", calendar_id=calendar_id), 303)
    flash(ngettext("%(n)s day was taken over.", "%(n)s days were taken over.", count), "success")
    return redirect(url_for("calendars.page", calendar_id=calendar_id), 303)


def write_changes(hours: StoredHours, changes: tuple[DayChange, ...]) -> str:
    """The days as text for the preview's form. Raises CalendarRefused where the whole could not be
    stored, FileRefused where it is more than a form holds."""
    exceptions = {one.on: one.after for one in changes}
    spec = CalendarSpec(
        hours.spec.weekly, hours.spec.zone, dict(hours.spec.exceptions) | exceptions
    )
    every = dump_calendar(spec)["exceptions"]
    days = [[one.on.isoformat(), every[one.on.isoformat()], one.note] for one in changes]
    text = json.dumps(days, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > LONGEST_CHANGES:
        raise FileRefused.of_file(N_("The file changes more days than fit. Give fewer years."))
    return text


def read_changes(hours: StoredHours, text: str) -> tuple[CalendarSpec, dict[str, str], int]:
    """The hours with the days of `write_changes`; the notes; how many days. Raises
    CalendarRefused."""
    document = dump_calendar(hours.spec)
    notes = dict(hours.notes)
    try:
        days = [(str(day), windows, str(note)) for day, windows, note in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        days = [("", [], "")]
    for day, windows, note in days:
        document["exceptions"][day] = windows
        notes[day] = note[:80]
    return parse_calendar(document), notes, len(days)


def _row(one: DayChange) -> dict[str, object]:
    return {
        "on": one.on,
        "before": write_windows(one.before) or gettext("Closed"),
        "after": write_windows(one.after) or gettext("Closed"),
        "note": one.note,
    }


def _skipped(preview: ImportPreview) -> list[tuple[str, int]]:
    return [(gettext(SKIPPED[why]), count) for why, count in sorted(preview.skipped.items())]
