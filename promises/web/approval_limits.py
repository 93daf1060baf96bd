"""Above which sums a person approves what goes out."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.compensation.thresholds import Thresholds, thresholds_of
from promises.flows.set_thresholds import set_thresholds
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.web.forms.approvals import LimitsForm

blueprint = Blueprint("approval_limits", __name__)


@blueprint.route("/staff/approvals/limits", methods=["GET", "POST"])
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def page() -> Response | tuple[str, int]:
    with work() as uow:
        found = thresholds_of(uow.session, organisation_id=uow.organisation_id)
    form = LimitsForm(
        window_days=found.window_days,
        customer=found.customer_minor,
        device=found.device_minor,
        clerk=found.clerk_minor,
        branch=found.branch_minor,
        version=str(found.version),
    )
    form.offer(current().organisation.currency)
    if form.validate_on_submit():
        try:
            with work() as uow:
                set_thresholds(uow, wanted=_wanted(form))
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved. The limits hold from the next payment on."), "success")
            return redirect(url_for("approvals.list"), 303)
    return render_template("approvals/limits.html", form=form), 422 if form.errors else 200


def _wanted(form: LimitsForm) -> Thresholds:
    seen = form.version.data or ""
    return Thresholds(
        window_days=form.window_days.data or 0,
        customer_minor=form.customer.data,
        device_minor=form.device.data,
        clerk_minor=form.clerk.data,
        branch_minor=form.branch.data,
        version=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1,
    )
