"""A shadow run: how it goes, the cases behind each number, and what comes after it."""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.breaches.models import CommitmentState, Evidence
from promises.catalogue.proposal_states import UNDECIDED
from promises.catalogue.shadow_queries import RunRow, get_run
from promises.db.session import UnitOfWork
from promises.flows import shadow_runs
from promises.http import charts
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches
from promises.kernel.errors import Conflict, DomainError
from promises.kernel.money import Money
from promises.kernel.zones import local_date
from promises.reporting.shadows import (
    PAGE,
    CaseFilter,
    ShadowFigures,
    count_shadow_cases,
    list_shadow_cases,
    shadow_figures,
)
from promises.web.breaches import EVIDENCE_NAMES, REASON_NAMES
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.decisions import ProlongForm
from promises.web.words import names_of, tell

blueprint = Blueprint("shadows", __name__)

MOST_DAYS = 120
DECIDED = "decided"
DECIDED_STATES = (CommitmentState.KEPT, CommitmentState.BROKEN)
LONGER = dt.timedelta(days=14)
Choice = TypeVar("Choice", bound=StrEnum)


@blueprint.get("/staff/shadows/<uuid:shadow_id>")
@staff(Permission.PROPOSE)
def show(shadow_id: uuid.UUID) -> str:
    return _page(shadow_id)


def _page(run_id: uuid.UUID, form: ProlongForm | None = None) -> str:
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        run = get_run(uow.session, run_id=run_id, **tenant)
        figures = shadow_figures(uow.session, run_id=run_id, **tenant)
        branches = list_branches(uow.session, closed=True, **tenant)
        found = {
            "told": tell(run.terms, names_of(uow)),
            "branches": {one.id: one.name for one in branches},
            "bars": _bars(uow, run, figures),
            "now": uow.now,
        }
    if form is None:
        zone = current().organisation.time_zone
        last = local_date(run.ends_at - dt.timedelta.resolution, zone) + LONGER
        form = ProlongForm(formdata=None, data={"ends_on": last})
    return render_template(
        "shadows/show.html", run=run, figures=figures, form=form,
        owed=Money(figures.total.owed_minor, run.terms.currency),
        undecided=run.proposal_state in UNDECIDED, money_of=_money_of(run), **found,
    )  # fmt: skip


def _money_of(run: RunRow) -> Any:
    return lambda amount_minor: Money(amount_minor, run.terms.currency)


def _bars(uow: UnitOfWork, run: RunRow, figures: ShadowFigures) -> charts.DailyBars:
    """Every day so far, quiet ones too; of a long run the last ones."""
    zone = current().organisation.time_zone
    first = local_date(run.starts_at, zone)
    end = run.ended_at or min(uow.now, run.ends_at)
    last = max(local_date(end - dt.timedelta.resolution, zone), first)
    known = dict(figures.days)
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)][-MOST_DAYS:]
    return charts.daily_bars(
        [
            charts.Day(day, counts.kept, counts.broken, counts.excluded)
            if (counts := known.get(day))
            else charts.Day(day, 0, 0)
            for day in days
        ]
    )


@blueprint.get("/staff/shadows/<uuid:shadow_id>/days.csv")
@staff(Permission.PROPOSE)
def days(shadow_id: uuid.UUID) -> Response:
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "run_id": shadow_id}
        run = get_run(uow.session, **tenant)
        figures = shadow_figures(uow.session, **tenant)
    lines = ["day,kept,broken,excluded,open,unverified,owed_minor,currency\r\n"]
    for day, one in figures.days:
        cells = (
            day.isoformat(), one.kept, one.broken, one.excluded, one.open, one.unverified,
            one.owed_minor, run.terms.currency,
        )  # fmt: skip
        lines.append(",".join(str(cell) for cell in cells) + "\r\n")
    headers = {"Content-Disposition": 'attachment; filename="shadow-days.csv"'}
    return Response("".join(lines), 200, headers, mimetype="text/csv")


@blueprint.get("/staff/shadows/<uuid:shadow_id>/cases")
@staff(Permission.PROPOSE)
def cases(shadow_id: uuid.UUID) -> str:
    """The cases behind a figure: `state`, `day`, `branch` and `evidence` narrow them; the state
    `decided` is kept and broken ones, of which a rate is made."""
    state = request.args.get("state")
    one = _one_of(CommitmentState, state)
    after = read_cursor(request.args.get("after"))
    with work() as uow:
        only = CaseFilter(
            DECIDED_STATES if state == DECIDED else (one,) if one else None,
            _branch(uow, request.args.get("branch")),
            _day(request.args.get("day")),
            _one_of(Evidence, request.args.get("evidence")),
        )
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "run_id": shadow_id}
        run = get_run(uow.session, **tenant)
        rows, more = list_shadow_cases(
            uow.session, currency=run.terms.currency, only=only, after=after, **tenant
        )
        total, owed_minor = count_shadow_cases(uow.session, only=only, **tenant)
    chosen = {"day": only.day_on, "branch": only.branch_id, "evidence": only.evidence}
    kept = {name: value for name, value in chosen.items() if value is not None}
    return render_template(
        "shadows/cases.html", run=run, rows=rows, kept=kept, total=total, page=PAGE,
        state=DECIDED if state == DECIDED else one,
        owed=Money(owed_minor, run.terms.currency), evidences=EVIDENCE_NAMES, reasons=REASON_NAMES,
        following=write_cursor(rows[-1].started_at, rows[-1].case_id) if more else None,
        own_branch=current().branch_id,
    )  # fmt: skip


@blueprint.post("/staff/shadows/<uuid:shadow_id>/prolong")
@staff(Permission.PROPOSAL_DECIDE)
def prolong(shadow_id: uuid.UUID) -> Response | tuple[str, int]:
    form = ProlongForm()
    status = 422
    if form.validate():
        try:
            with work() as uow:
                ends_at = form.ends_at(current().organisation.time_zone)
                shadow_runs.prolong(uow, run_id=shadow_id, ends_at=ends_at)
        except DomainError as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            flash(gettext("The shadow run goes on until then."), "success")
            return redirect(url_for("shadows.show", shadow_id=shadow_id), 303)
    return _page(shadow_id, form), status


@blueprint.post("/staff/shadows/<uuid:shadow_id>/stop")
@staff(Permission.PROPOSAL_DECIDE)
def stop(shadow_id: uuid.UUID) -> Response:
    try:
        with work() as uow:
            shadow_runs.stop(uow, run_id=shadow_id)
    except Conflict as refusal:
        flash(gettext(refusal.message, **refusal.params), "warning")
    else:
        flash(gettext("The shadow run is stopped. What it found stands here."), "success")
    return redirect(url_for("shadows.show", shadow_id=shadow_id), 303)


def _one_of(kind: type[Choice], text: str | None) -> Choice | None:
    return next((one for one in kind if one.value == text), None)


def _branch(uow: UnitOfWork, text: str | None) -> uuid.UUID | None:
    """One of the organisation's own; others do not count."""
    known = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    return next((one.id for one in known if str(one.id) == text), None)


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None
