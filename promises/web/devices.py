"""Kiosks and displays: added here, enrolled on the device itself by a code."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.db.session import unit_of_work
from promises.http import cookies
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.limits import guard
from promises.http.permissions import Permission, public, staff
from promises.http.urls import absolute
from promises.identity import access, queries
from promises.identity.models import DeviceKind
from promises.kernel.actors import SYSTEM
from promises.kernel.errors import DomainError
from promises.web.forms.access import DEVICE_KINDS, DeviceForm, EnrolForm

blueprint = Blueprint("devices", __name__)

PAGES = {DeviceKind.KIOSK: "kiosk", DeviceKind.DISPLAY: "display"}
"""The page of each kind, under the organisation's address."""


@blueprint.get("/staff/devices", endpoint="list")
@staff(Permission.DEVICES)
def list_devices() -> str:
    with work() as uow:
        known = queries.list_devices(uow.session, organisation_id=uow.organisation_id)
        branches = {
            branch.id: branch.name
            for branch in queries.list_branches(
                uow.session, organisation_id=uow.organisation_id, closed=True
            )
        }
    return render_template(
        "devices/list.html", devices=known, branches=branches, kinds=DEVICE_KINDS
    )


@blueprint.route("/staff/devices/new", methods=["GET", "POST"])
@staff(Permission.DEVICES)
def new() -> str | tuple[str, int]:
    form = DeviceForm(kind=DeviceKind.KIOSK)
    with work() as uow:
        form.offer(queries.list_branches(uow.session, organisation_id=uow.organisation_id))
    if form.validate_on_submit():
        try:
            with work() as uow:
                _, code = access.add_device(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    kind=form.kind.data,
                    name=form.name.data,
                    branch_id=form.branch_id.data,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return _code(form.name.data, code)
    return render_template("devices/new.html", form=form), 422 if form.errors else 200


@blueprint.post("/staff/devices/<uuid:device_id>/code")
@staff(Permission.DEVICES)
def renew_code(device_id: uuid.UUID) -> str:
    with work() as uow:
        code = access.renew_code(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            device_id=device_id,
        )
    return _code(None, code)


@blueprint.post("/staff/devices/<uuid:device_id>/revoke")
@staff(Permission.DEVICES)
def revoke(device_id: uuid.UUID) -> Response:
    with work() as uow:
        access.revoke_device(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            device_id=device_id,
        )
    flash(gettext("The device is shut out from now on."), "success")
    return redirect(url_for("devices.list"), 303)


@blueprint.route("/enrol", methods=["GET", "POST"])
@public
def enrol() -> Response | tuple[str, int]:
    """On the tablet or the screen: the code, then its page for good."""
    form = EnrolForm()
    if form.validate_on_submit():
        guard("enrol", limit=10, window_s=600)
        try:
            with unit_of_work(current().organisation_id, SYSTEM) as uow:
                device, token = access.enrol_device(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    now=uow.now,
                    code=form.code.data,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            page = f"/o/{current().organisation.slug}/{PAGES[device.kind]}"
            response = redirect(page, 303)
            cookies.set_device(response, token)
            return response
    return render_template("devices/enrol.html", form=form), 422 if form.errors else 200


def _code(name: str | None, code: str) -> str:
    return render_template(
        "devices/code.html", name=name, code=code, address=absolute("devices.enrol")
    )
