"""Files of payouts: one person prepares, a second releases, and then the file can be fetched."""

import io
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.flows import payout_runs
from promises.http.context import current, work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.http.wiring import wiring
from promises.identity.queries import list_members
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_
from promises.payouts.accounts import rail_states
from promises.payouts.rails.names import MANUAL
from promises.payouts.run_models import RunState
from promises.payouts.runs import SHOWN, Run, run_by_id
from promises.reporting.payout_runs import (
    list_runs,
    payouts_of_run,
    states_of_run,
    waiting_payouts,
)
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.payout_runs import ReleaseForm
from promises.web.ledger_words import rail_name
from promises.web.payout_page import LOOKS, state_words

blueprint = Blueprint("payout_runs", __name__)

PAGE, PAYOUTS = 50, 100

STATES = {
    RunState.DRAFT: (N_("Waits for a second person"), "warning", "pause"),
    RunState.RELEASED: (N_("Released, not fetched yet"), "info", "check"),
    RunState.DOWNLOADED: (N_("Fetched, no answer yet"), "info", "download"),
    RunState.ANSWERED: (N_("The bank has answered"), "info", "transfer"),
    RunState.SETTLED: (N_("All settled"), "success", "kept"),
    RunState.CANCELLED: (N_("Cancelled"), "neutral", "close"),
}


@blueprint.get("/staff/payouts/runs", endpoint="list")
@staff(Permission.PAYOUT_READ)
def show_list() -> str:
    """What waits for a file, and the files, newest first."""
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        waiting = waiting_payouts(uow.session, **tenant)
        states = rail_states(uow.session, **tenant)
        before = read_cursor(request.args.get("after"))
        found = list_runs(uow.session, before=before, limit=PAGE + 1, **tenant)
    shown = found[:PAGE]
    following = write_cursor(shown[-1].prepared_at, shown[-1].id) if len(found) > PAGE else None
    return render_template(
        "payout_runs/list.html",
        waiting=[one for one in waiting if one.rail != MANUAL],
        in_use={name for name, state in states.items() if state.in_use},
        runs=shown,
        following=following,
        states=STATES,
        rail_name=rail_name,
    )


@blueprint.post("/staff/payouts/runs")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
def prepare() -> Response:
    try:
        with work() as uow:
            run_id = payout_runs.prepare_run(uow, wiring().rails, rail=request.form.get("rail", ""))
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
        return redirect(url_for("payout_runs.list"), 303)
    flash(gettext("The file is made. Somebody else releases it now."), "success")
    return redirect(url_for("payout_runs.show", payout_run_id=run_id), 303)


@blueprint.get("/staff/payouts/runs/<uuid:payout_run_id>")
@staff(Permission.PAYOUT_READ)
def show(payout_run_id: uuid.UUID) -> str:
    return _page(payout_run_id, ReleaseForm())


@blueprint.post("/staff/payouts/runs/<uuid:payout_run_id>/release")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
def release(payout_run_id: uuid.UUID) -> Response | tuple[str, int]:
    form = ReleaseForm()
    if form.validate():
        try:
            with work() as uow:
                payout_runs.release_run(uow, run_id=payout_run_id, typed=form.typed.data)
        except NotFound:
            raise
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Released. The file can be fetched now."), "success")
            return redirect(url_for("payout_runs.show", payout_run_id=payout_run_id), 303)
    return _page(payout_run_id, form), 422


@blueprint.post("/staff/payouts/runs/<uuid:payout_run_id>/file")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
def fetch(payout_run_id: uuid.UUID) -> Response:
    """The same bytes each time. Sent by a form: whoever has it may bring it to the bank."""
    try:
        with work() as uow:
            file = payout_runs.fetch_run(uow, wiring().rails, run_id=payout_run_id)
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
        return redirect(url_for("payout_runs.show", payout_run_id=payout_run_id), 303)
    return send_file(
        io.BytesIO(file.content),
        mimetype=file.media_type,
        as_attachment=True,
        download_name=file.name,
        max_age=0,
    )


@blueprint.post("/staff/payouts/runs/<uuid:payout_run_id>/cancel")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
def cancel(payout_run_id: uuid.UUID) -> Response:
    def act(uow: UnitOfWork) -> None:
        payout_runs.cancel_run(uow, run_id=payout_run_id)

    return do(
        act,
        gettext("Cancelled. Its payouts wait for the next file."),
        url_for("payout_runs.show", payout_run_id=payout_run_id),
    )


def do(act: Callable[[UnitOfWork], None], words: str, target: str) -> Response:
    """Carry out, and tell what came of it on the page that follows."""
    try:
        with work() as uow:
            act(uow)
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
    else:
        flash(words, "success")
    return redirect(target, 303)


def _page(run_id: uuid.UUID, form: ReleaseForm) -> str:
    after = request.args.get("after", "")
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        run = run_by_id(uow.session, run_id=run_id, **tenant)
        if run is None:
            raise NotFound(run_id=str(run_id))
        found = payouts_of_run(
            uow.session,
            run_id=run_id,
            after=int(after) if after.isdecimal() and len(after) < len("1000000") else 0,
            limit=PAYOUTS + 1,
            **tenant,
        )
        sums = states_of_run(uow.session, run_id=run_id, **tenant)
        names = {one.id: one.name for one in list_members(uow.session, **tenant)}
    return render_template(
        "payout_runs/show.html",
        run=run,
        shown_sum=run.check_sum[:SHOWN],
        payouts=found[:PAYOUTS],
        following=found[PAYOUTS - 1].position if len(found) > PAYOUTS else None,
        sums=sums,
        form=form,
        look=STATES[run.state],
        steps=_steps(run, names),
        mine=current().actor.id == run.prepared_by,
        rail_name=rail_name,
        state_words=state_words,
        looks=LOOKS,
    )


def _steps(run: Run, names: dict[uuid.UUID, str]) -> list[dict[str, object]]:
    """What happened to the file, oldest first."""

    def by(member_id: uuid.UUID | None) -> str:
        return "" if member_id is None else names.get(member_id, "")

    said = (
        (run.prepared_at, gettext("Prepared"), by(run.prepared_by), "edit"),
        (run.released_at, gettext("Released"), by(run.released_by), "check"),
        (run.downloaded_at, gettext("Fetched for the first time"), "", "download"),
        (run.answered_at, gettext("First answer"), "", "transfer"),
        (run.settled_at, gettext("All settled"), "", "kept"),
        (run.cancelled_at, gettext("Cancelled"), by(run.cancelled_by), "close"),
    )
    return [
        {"at": at, "title": title, "detail": detail, "icon": icon}
        for at, title, detail, icon in said
        if at is not None
    ]
