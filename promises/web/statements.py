"""A customer's statement: every case of a span of days, to be read, printed and taken along."""

import datetime as dt
import uuid

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import MultiDict

from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.http.tables import csv_answer
from promises.kernel.errors import Refused
from promises.kernel.text import N_
from promises.kernel.zones import local_date
from promises.reporting.statements import Statement, statement
from promises.web.breaches import STAGE_NAMES
from promises.web.forms.statements import SpanForm

blueprint = Blueprint("statements", __name__)

SPAN = dt.timedelta(days=364)
STATES = {
    "kept": N_("Kept"),
    "broken": N_("Broken"),
    "excluded": N_("Excluded"),
    "open": N_("Still open"),
}
HEAD = (
    N_("Day"), N_("Matter"), N_("Branch"), N_("Promise"), N_("State"), N_("Money"), N_("Amount"),
    N_("Currency"),
)  # fmt: skip


@blueprint.get("/staff/customers/<uuid:customer_id>/statement")
@staff(Permission.COMPENSATION_READ)
def page(customer_id: uuid.UUID) -> tuple[str, int]:
    form = SpanForm(formdata=MultiDict(request.args))
    found = None
    try:
        found = _statement(customer_id, form)
    except Refused as refusal:
        form.refuse(refusal)
    shown = render_template(
        "statements/page.html",
        form=form,
        customer_id=customer_id,
        statement=found,
        stages=STAGE_NAMES,
        states=STATES,
    )
    return shown, 422 if form.errors or form.form_errors else 200


@blueprint.get("/staff/customers/<uuid:customer_id>/statement.csv")
@staff(Permission.COMPENSATION_READ)
def as_csv(customer_id: uuid.UUID) -> Response:
    found = _statement(customer_id, SpanForm(formdata=MultiDict(request.args)))
    lines = (
        (
            line.day_on.isoformat(),
            line.label,
            line.branch,
            line.title(locale()),
            gettext(STATES[line.state]),
            None if line.stage is None else gettext(STAGE_NAMES[line.stage]),
            None if line.amount is None else line.amount.major,
            None if line.amount is None else line.amount.currency,
        )
        for line in found.lines
    )
    return csv_answer("statement.csv", [gettext(name) for name in HEAD], lines)


def _statement(customer_id: uuid.UUID, form: SpanForm) -> Statement:
    """Of the days that the address names, else of the last year."""
    organisation = current().organisation
    form.validate()
    with work() as uow:
        today = local_date(uow.now, organisation.time_zone)
        to_on = form.to_on.data or today
        from_on = form.from_on.data or to_on - SPAN
        form.from_on.data, form.to_on.data = min(from_on, to_on), to_on
        return statement(
            uow.session,
            organisation_id=uow.organisation_id,
            customer_id=customer_id,
            days=(min(from_on, to_on), to_on),
            currency=organisation.currency,
        )
