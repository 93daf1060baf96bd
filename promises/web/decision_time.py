"""How long management has to decide on a proposal."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.validators import InputRequired, NumberRange

from promises.http.context import work
from promises.http.forms import Form, WholeNumber, options
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity import queries
from promises.identity.calendars import calendar_names
from promises.identity.decision_time import MOST_DAYS, change_decision_time
from promises.kernel.text import N_

blueprint = Blueprint("decision_time", __name__)


class DecisionTimeForm(Form):
    days = WholeNumber(
        N_("Management decides within"), [InputRequired(), NumberRange(1, MOST_DAYS)]
    )
    calendar = SelectField(N_("Working days are"))


@blueprint.route("/staff/settings/decisions", methods=["GET", "POST"])
@staff(Permission.SETTINGS)
def page() -> Response | tuple[str, int]:
    with work() as uow:
        row = queries.organisation_row(uow.session, organisation_id=uow.organisation_id)
        form = DecisionTimeForm(days=row.decide_within_days, calendar=row.decision_calendar or "")
        calendars = calendar_names(uow.session, uow.organisation_id)
    form.calendar.choices = options(
        [
            ("", gettext("Weekdays that are no public holiday")),
            *((one.slug, one.name) for one in calendars),
        ]
    )
    if form.validate_on_submit():
        with work() as uow:
            change_decision_time(
                uow.session,
                organisation_id=uow.organisation_id,
                actor=uow.actor,
                now=uow.now,
                days=form.days.data or 0,
                calendar=form.calendar.data or None,
            )
        flash(gettext("Saved."), "success")
        return redirect(url_for("decision_time.page"), 303)
    return render_template("settings/decisions.html", form=form), 422 if form.errors else 200
