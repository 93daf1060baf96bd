"""The kiosk on a tablet in the hall: one touch gives a number, on paper and for the phone."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.pause_queries import PausedHere, paused_at_branch, paused_here
from promises.catalogue.queries import about_waiting, versions_in_force
from promises.db.session import UnitOfWork
from promises.desk.models import EventSource, TicketKind
from promises.desk.queries import count_waiting, ticket_by_code
from promises.desk.values import NewTicket
from promises.flows.take_number import take_number
from promises.http.context import current, work
from promises.http.i18n import locale
from promises.http.limits import guard
from promises.http.permissions import device
from promises.http.qr import qr
from promises.http.urls import absolute
from promises.identity.models import DeviceKind
from promises.identity.queries import branch_by_id, service_kinds_of_branch
from promises.kernel.errors import Conflict, DomainError, NotFound
from promises.kernel.text import N_
from promises.rules.terms import WaitTerms

blueprint = Blueprint("kiosk", __name__)


A_MINUTE = 20
"""Numbers that one kiosk gives in a minute; more is somebody playing with it."""


class PausedMeanwhile(Conflict):
    code = "paused_meanwhile"
    message = N_("A promise was paused just now. Read what it says, then choose once more.")


@blueprint.get("/kiosk")
@device(DeviceKind.KIOSK)
def choose() -> str:
    """What did you come for? One big button for each kind of service."""
    with work() as uow:
        return _choose(uow)


@blueprint.post("/kiosk/take")
@device(DeviceKind.KIOSK)
def take() -> Response | tuple[str, int]:
    """One touch: the number."""
    holder = current().device
    if holder is None:
        raise NotFound
    guard("kiosk", limit=A_MINUTE, window_s=60, key=str(holder.id))
    try:
        with work() as uow:
            _require_told(uow)
            ticket = take_number(
                uow,
                request=NewTicket(
                    branch_id=_branch_id(),
                    service_kind_id=_uuid(request.form.get("service_kind_id")),
                    source=EventSource.KIOSK,
                    device_id=holder.id,
                    locale=locale(),
                ),
            )
    except NotFound:
        raise
    except DomainError as refusal:
        with work() as uow:
            return _choose(uow, refusal=refusal), refusal.status
    return redirect(url_for("kiosk.taken", code=ticket.public_code), 303)


@blueprint.get("/kiosk/taken/<code:code>")
@device(DeviceKind.KIOSK)
def taken(code: str) -> str:
    """The number, to be printed or taken along on the phone; the kiosk then starts over."""
    with work() as uow:
        ticket = ticket_by_code(uow.session, organisation_id=uow.organisation_id, public_code=code)
        holder = current().device
        if ticket is None or holder is None or ticket.device_id != holder.id:
            raise NotFound
        versions = versions_in_force(
            uow.session,
            organisation_id=uow.organisation_id,
            at=ticket.arrived_at or uow.now,
            branch_id=ticket.branch_id,
            service_kind_id=ticket.service_kind_id,
            ticket_kind=ticket.kind.value,
        )
    address = absolute("ticket_page.show", code=code)
    return render_template(
        "kiosk/taken.html",
        ticket=ticket,
        versions=about_waiting(versions),
        address=address,
        code=qr(address),
    )


def _choose(uow: UnitOfWork, refusal: DomainError | None = None) -> str:
    branch_id = _branch_id()
    branch = branch_by_id(uow.session, organisation_id=uow.organisation_id, branch_id=branch_id)
    kinds = service_kinds_of_branch(
        uow.session, organisation_id=uow.organisation_id, branch_id=branch_id
    )
    waiting = count_waiting(uow.session, organisation_id=uow.organisation_id, branch_id=branch_id)
    return render_template(
        "kiosk/choose.html",
        branch=branch,
        kinds=kinds,
        waiting=waiting,
        promises=_promises(uow, branch_id, kinds),
        pauses=_pauses(uow, branch_id, kinds),
        refusal=refusal,
    )


def _promises(uow: UnitOfWork, branch_id: uuid.UUID, kinds: list[Any]) -> dict[uuid.UUID, Any]:
    """The first promise in force for each kind of service, to be said before a number is taken."""
    found: dict[uuid.UUID, Any] = {}
    for kind in kinds:
        versions = versions_in_force(
            uow.session,
            organisation_id=uow.organisation_id,
            at=uow.now,
            branch_id=branch_id,
            service_kind_id=kind.id,
            ticket_kind=TicketKind.VISIT.value,
        )
        waits = [one.terms for one in versions if isinstance(one.terms, WaitTerms)]
        if waits:
            found[kind.id] = min(waits, key=lambda terms: terms.rule.limit_seconds)
    return found


def _pauses(
    uow: UnitOfWork, branch_id: uuid.UUID, kinds: list[Any]
) -> dict[uuid.UUID, list[PausedHere]]:
    """What is not promised now, for each kind of service that it would else be promised for."""
    tenant = {"organisation_id": uow.organisation_id}
    if not paused_at_branch(uow.session, **tenant, at=uow.now, branch_id=branch_id):
        return {}
    return {kind.id: _paused(uow, branch_id, kind.id) for kind in kinds}


def _paused(uow: UnitOfWork, branch_id: uuid.UUID, kind_id: uuid.UUID) -> list[PausedHere]:
    return paused_here(
        uow.session,
        organisation_id=uow.organisation_id,
        at=uow.now,
        branch_id=branch_id,
        service_kind_id=kind_id,
        ticket_kind=TicketKind.VISIT.value,
    )


def _require_told(uow: UnitOfWork) -> None:
    """A page that was drawn before a pause began is drawn anew before it gives a number."""
    told = "paused" in request.form
    if not told and _paused(uow, _branch_id(), _uuid(request.form.get("service_kind_id"))):
        raise PausedMeanwhile


def _branch_id() -> uuid.UUID:
    branch_id = current().branch_id
    if branch_id is None:
        raise NotFound
    return branch_id


def _uuid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise NotFound from None
