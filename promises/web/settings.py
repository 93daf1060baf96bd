"""What holds for the whole organisation."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity import organisations, queries
from promises.identity.organisations import OrganisationSettings
from promises.kernel.errors import DomainError
from promises.web.forms.settings import SettingsForm

blueprint = Blueprint("settings", __name__)


@blueprint.route("/staff/settings", methods=["GET", "POST"], endpoint="form")
@staff(Permission.SETTINGS)
def settings() -> Response | tuple[str, int]:
    with work() as uow:
        info = queries.organisation_info(uow.session, organisation_id=uow.organisation_id)
        row = queries.organisation_row(uow.session, organisation_id=uow.organisation_id)
    form = SettingsForm(
        name=info.name,
        locale=info.locale,
        voucher_use=info.voucher_use,
        voucher_valid_years=info.voucher_valid_years,
        notice_hours=row.notice_hours,
    )
    form.offer()
    if form.validate_on_submit():
        wanted = OrganisationSettings(
            name=form.name.data,
            locale=form.locale.data,
            voucher_use=form.voucher_use.data,
            voucher_valid_years=form.voucher_valid_years.data or 0,
            notice_hours=form.notice_hours.data or 0,
        )
        try:
            with work() as uow:
                organisations.change_settings(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    settings=wanted,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            queries.forget_organisation(info.id)
            flash(gettext("Saved."), "success")
            return redirect(url_for("settings.form"), 303)
    return render_template("settings/form.html", form=form, info=info), 422 if form.errors else 200
