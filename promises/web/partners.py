"""Partners: companies that some matters are handed to."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.desk.actions import add_partner, close_partner
from promises.desk.matters import list_partners
from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.web.forms.matters import PartnerForm

blueprint = Blueprint("partners", __name__)


@blueprint.route("/staff/partners", methods=["GET", "POST"], endpoint="list")
@staff(Permission.SETTINGS)
def show_list() -> Response | str | tuple[str, int]:
    form = PartnerForm()
    if form.validate_on_submit():
        try:
            with work() as uow:
                add_partner(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    name=form.name.data,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("partners.list"), 303)
    with work() as uow:
        known = list_partners(uow.session, organisation_id=uow.organisation_id)
    page = render_template("matters/partners.html", form=form, partners=known)
    return (page, 422) if form.errors else page


@blueprint.post("/staff/partners/<uuid:partner_id>/close")
@staff(Permission.SETTINGS)
def close(partner_id: uuid.UUID) -> Response:
    """No new matters go there."""
    with work() as uow:
        close_partner(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            partner_id=partner_id,
        )
    flash(gettext("No more matters go there."), "success")
    return redirect(url_for("partners.list"), 303)
