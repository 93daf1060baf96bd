"""The display on the wall of the hall: who is called where, and how well we keep our word today."""

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from promises.catalogue.pause_queries import paused_at_branch
from promises.db.session import UnitOfWork
from promises.desk.queries import branch_version, hall_view
from promises.http.conditional import etag_of, respond_if_changed
from promises.http.context import current, work
from promises.http.permissions import device
from promises.http.qr import qr
from promises.http.urls import absolute
from promises.identity.models import DeviceKind
from promises.identity.presence import presence_code
from promises.identity.queries import branch_by_id
from promises.kernel.errors import NotFound
from promises.kernel.zones import local_date
from promises.reporting.scorecard import kept_on_day

blueprint = Blueprint("display", __name__)


@blueprint.get("/display")
@device(DeviceKind.DISPLAY)
def show() -> str:
    with work() as uow:
        version = _version(uow)
        inner = _inner(uow)
    return render_template("display/show.html", etag=etag_of(*version), inner=Markup(inner))  # noqa: S704 -- rendered above


@blueprint.get("/display/live")
@device(DeviceKind.DISPLAY)
def live() -> Response:
    """The part that changes; a 304 while nothing has happened at the branch."""
    with work() as uow:
        return respond_if_changed(_version(uow), lambda: _inner(uow), now=uow.now)


def _version(uow: UnitOfWork) -> tuple[int, int]:
    """Also the minute: the code on the display changes with it, and so does its clock."""
    branch_id = current().branch_id
    if branch_id is None:
        raise NotFound
    version = branch_version(uow.session, organisation_id=uow.organisation_id, branch_id=branch_id)
    return version, int(uow.now.timestamp()) // 60


def _inner(uow: UnitOfWork) -> str:
    branch_id = current().branch_id
    if branch_id is None:
        raise NotFound
    branch = branch_by_id(uow.session, organisation_id=uow.organisation_id, branch_id=branch_id)
    hall = hall_view(
        uow.session, organisation_id=uow.organisation_id, branch_id=branch_id, now=uow.now
    )
    kept = kept_on_day(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_id=branch_id,
        day_on=local_date(uow.now, branch.time_zone),
    )
    paused = paused_at_branch(
        uow.session, organisation_id=uow.organisation_id, at=uow.now, branch_id=branch_id
    )
    here = absolute(
        "presence.ask",
        branch=branch.slug,
        code=presence_code(branch.presence_token, uow.now),
    )
    return render_template(
        "display/live.html",
        branch=branch,
        hall=hall,
        kept=kept,
        paused=paused,
        now=uow.now,
        here=qr(here),
    )
