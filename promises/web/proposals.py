"""Proposals: everybody on staff sees what became of each, supports and discusses it."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.decision_deadlines import decision_time
from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_changes import list_changes
from promises.catalogue.proposal_figures import (
    Funnel,
    Kept,
    Stage,
    decision_record,
    funnel,
    list_deadlines,
)
from promises.catalogue.proposal_news import unread_news
from promises.catalogue.proposal_queries import (
    Order,
    ProposalRow,
    Wanted,
    count_proposals,
    count_wanted,
    further_problems,
    get_proposal,
    list_proposals,
)
from promises.catalogue.proposal_states import UNDECIDED, WAITING
from promises.catalogue.proposal_talk import CommentPage, list_comments, supporters
from promises.catalogue.shadow_queries import runs_of_proposal
from promises.db.session import UnitOfWork
from promises.flows.decide_proposal import decline as decline_proposal
from promises.http import charts
from promises.http.context import current, signed_in, work
from promises.http.i18n import gettext, ngettext
from promises.http.permissions import Permission, may, staff
from promises.kernel.errors import Conflict, DomainError
from promises.kernel.zones import local_date
from promises.reporting.proposal_trials import Trial, kept_lately, try_lately
from promises.reporting.rates import KeptRate
from promises.web import proposal_words
from promises.web.decisions_case import next_to_decide
from promises.web.forms.catalogue import DeclineForm
from promises.web.forms.proposals import AnswerForm, BoardForm, CommentForm
from promises.web.words import names_of, tell

blueprint = Blueprint("proposals", __name__)

MINE, OVERDUE = "mine", "overdue"
TABS: dict[str, tuple[ProposalState, ...]] = {
    "waiting": tuple(WAITING),
    "ended": (ProposalState.DECLINED, ProposalState.MERGED),
    "settled": (ProposalState.PUBLISHED, ProposalState.DECLINED, ProposalState.MERGED),
} | {one.value: (one,) for one in ProposalState}
"""What a list may be narrowed to, besides one's own and those that are late."""
SHOWN_DEADLINES = 50


@dataclass(frozen=True, slots=True)
class Countdown:
    """Working days left to decide; negative once the last one has passed."""

    days: int
    late: bool


@blueprint.get("/staff/proposals")
@staff(Permission.PROPOSE)
def board() -> str:
    shown = request.args.get("show", "waiting")
    form = BoardForm(formdata=request.args)
    form.offer()
    order = Order(form.order.data) if form.order.data in set(Order) else Order.NEWEST
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        wanted = _wanted(uow, shown, (form.words.data or "")[:100])
        page = list_proposals(
            uow.session,
            wanted=wanted,
            order=order,
            before=_uuid(request.args.get("before")),
            offset=_offset(),
            reader=signed_in().member_id,
            **tenant,
        )
        found: dict[str, Any] = {
            "total": count_wanted(uow.session, wanted=wanted, **tenant),
            "counts": count_proposals(uow.session, **tenant),
            "record": decision_record(uow.session, now=uow.now, **tenant),
            "funnel": funnel(uow.session, now=uow.now, **tenant),
            "news": unread_news(uow.session, member_id=signed_in().member_id, **tenant),
            "countdowns": _countdowns(uow, page.rows),
            "kept": _kept(uow, page.rows),
            "now": uow.now,
            "triage": _triage(uow),
        }
        names = names_of(uow)
    told = {row.proposal_id: tell(row.terms, names) for row in page.rows}
    return render_template(
        "proposals/board.html", page=page, shown=shown, told=told, mine=MINE, overdue=OVERDUE,
        filters=form, words=proposal_words, bars=_bars(found["funnel"]), **found,
    )  # fmt: skip


def _bars(found: Funnel) -> tuple[charts.BarRow, ...]:
    """How many stand where, and for how long the middle one of them has been there."""
    return charts.horizontal_bars(
        [
            (
                proposal_words.state_words(one.state),
                one.count,
                _aged(one),
                url_for("proposals.board", show=one.state.value),
            )
            for one in found.stages
        ]
    )


def _aged(one: Stage) -> str:
    days = 0 if one.age is None else one.age.days
    if one.state not in UNDECIDED or one.count < 2 or not days:
        return str(one.count)
    return ngettext(
        "%(count)s, half of them for %(n)s day or longer",
        "%(count)s, half of them for %(n)s days or longer",
        days,
        count=one.count,
    )


@blueprint.get("/staff/proposals/funnel.csv")
@staff(Permission.PROPOSE)
def funnel_file() -> Response:
    """How many stand where, with the median age in seconds."""
    with work() as uow:
        found = funnel(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    lines = ["state,proposals,median_age_seconds"]
    lines += [
        f"{one.state},{one.count},{'' if one.age is None else round(one.age.total_seconds())}"
        for one in found.stages
    ]
    headers = {"Content-Disposition": 'attachment; filename="proposals.csv"'}
    return Response("\n".join(lines) + "\n", headers=headers, mimetype="text/csv")


def _triage(uow: UnitOfWork) -> ProposalRow | None:
    """For managers, who may put one off and go on to the next."""
    if not may(Permission.PROPOSAL_DECIDE):
        return None
    return next_to_decide(uow, request.args.get("later"))


def _wanted(uow: UnitOfWork, shown: str, words: str) -> Wanted:
    if shown == OVERDUE:
        return Wanted(overdue_at=uow.now, words=words)
    return Wanted(
        states=TABS.get(shown, ()),
        proposed_by=signed_in().member_id if shown == MINE else None,
        words=words,
        problem_id=_uuid(request.args.get("problem")),
    )


def _countdowns(uow: UnitOfWork, rows: tuple[ProposalRow, ...]) -> dict[uuid.UUID, Countdown]:
    """For those whose time is running; it rests while a question is open."""
    running = [
        (row.proposal_id, row.decide_before)
        for row in rows
        if row.state is ProposalState.OPEN and row.decide_before is not None
    ]
    if not running:
        return {}
    time = decision_time(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    return {
        proposal_id: Countdown(time.days_left(before, uow.now), before <= uow.now)
        for proposal_id, before in running
    }


def _kept(uow: UnitOfWork, rows: tuple[ProposalRow, ...]) -> dict[uuid.UUID, KeptRate]:
    """How the promises that became of them were kept lately."""
    return kept_lately(
        uow.session,
        organisation_id=uow.organisation_id,
        promise_ids=[row.promise_id for row in rows if row.promise_id is not None],
        today=_today(uow),
    )


def _today(uow: UnitOfWork) -> dt.date:
    return local_date(uow.now, current().organisation.time_zone)


@blueprint.get("/staff/proposals/decisions")
@staff(Permission.PROPOSE)
def decisions() -> str:
    """How management keeps its own promise to decide: each deadline that has ended."""
    asked = request.args.get("kept", "")
    kept = {"in_time": (Kept.IN_TIME,), "broken": (Kept.LATE, Kept.WAITING)}.get(asked, ())
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "now": uow.now}
        record = decision_record(uow.session, **tenant)
        offset = _offset()
        rows = list_deadlines(
            uow.session, kept=kept, offset=offset, limit=SHOWN_DEADLINES + 1, **tenant
        )
        time = decision_time(uow.session, **tenant)
    return render_template(
        "proposals/decisions.html", record=record, rows=rows[:SHOWN_DEADLINES], asked=asked,
        next_offset=offset + SHOWN_DEADLINES if len(rows) > SHOWN_DEADLINES else None,
        days=time.days, words=proposal_words,
    )  # fmt: skip


@blueprint.get("/staff/proposals/<uuid:proposal_id>")
@staff(Permission.PROPOSE)
def show(proposal_id: uuid.UUID) -> str:
    return proposal_page(proposal_id)


def proposal_page(proposal_id: uuid.UUID, **forms: Any) -> str:
    """The page of a proposal; `form` is the one that was sent and refused, if any."""
    shown = {
        "decline_form": DeclineForm(formdata=None),
        "comment_form": CommentForm(formdata=None),
        "answer_form": AnswerForm(formdata=None),
        "correcting": None,
    } | forms
    me = signed_in().member_id
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        one: dict[str, Any] = tenant | {"proposal_id": proposal_id}
        row = get_proposal(uow.session, reader=me, **one)
        found: dict[str, Any] = {
            "further": further_problems(uow.session, **one),
            "comments": list_comments(
                uow.session, before=_uuid(request.args.get("comments")), **one
            ),
            "supporters": supporters(uow.session, **one),
            "changes": list_changes(uow.session, **one),
            "countdown": _countdowns(uow, (row,)).get(proposal_id),
            "runs": runs_of_proposal(uow.session, **one),
            "trial": _trial(uow, row),
            "kept": _kept(uow, (row,)),
            "told": tell(row.terms, names_of(uow)),
            "now": uow.now,
        }
    if shown["correcting"] is None:
        shown |= _correcting(found["comments"], me, found["now"])
    return render_template(
        "proposals/show.html", row=row, me=me, words=proposal_words, **found, **shown
    )


def _correcting(comments: CommentPage, me: uuid.UUID, now: dt.datetime) -> dict[str, Any]:
    """The comment that its author asks to correct, in the form."""
    wanted = _uuid(request.args.get("correct"))
    for one in comments.rows:
        if one.comment_id == wanted and one.correctable(me, now):
            form = CommentForm(formdata=None, data={"text": one.text})
            return {"correcting": wanted, "comment_form": form}
    return {}


def _trial(uow: UnitOfWork, row: ProposalRow) -> Trial | None:
    """Beside what is still to be decided."""
    if row.state not in UNDECIDED:
        return None
    return try_lately(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        today=_today(uow),
        terms=row.terms,
        branch_id=current().branch_id,
    )


@blueprint.post("/staff/proposals/<uuid:proposal_id>/decline")
@staff(Permission.PROPOSAL_DECIDE)
def decline(proposal_id: uuid.UUID) -> Response | tuple[str, int]:
    form = DeclineForm()
    status = 422
    if form.validate():
        try:
            with work() as uow:
                decline_proposal(uow, proposal_id=proposal_id, reason=form.reason.data)
        except Conflict as refusal:
            form.refuse(refusal)
            status = refusal.status
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Declined. The proposer sees your reason."), "success")
            return redirect(url_for("proposals.show", proposal_id=proposal_id), 303)
    return proposal_page(proposal_id, decline_form=form, form=form), status


def _offset() -> int:
    text = request.args.get("from", "0")
    return min(int(text), 1_000_000) if text.isascii() and text.isdigit() else 0


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
