"""The cases behind the figures: every number of a page leads to one of these lists."""

import datetime as dt
import uuid
from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, render_template, request

from promises.breaches.models import CommitmentState, Evidence
from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.http.permissions import Permission, staff
from promises.kernel.text import N_
from promises.reporting.lists import (
    BreachTotal,
    CommitmentFilter,
    breach_list,
    breach_total,
    commitment_count,
    commitment_list,
    hour_spans,
)
from promises.reporting.money import MoneyGroup, MoneyStage
from promises.reporting.scorecard import Selection
from promises.web.cursors import read_cursor, write_cursor
from promises.web.periods import Chosen, choose

blueprint = Blueprint("breaches", __name__)

Choice = TypeVar("Choice", bound=StrEnum)

STAGE_NAMES = {
    MoneyStage.OWED: N_("Owed"),
    MoneyStage.ISSUED: N_("Issued"),
    MoneyStage.UNDER_WAY: N_("On its way"),
    MoneyStage.REDEEMED: N_("Redeemed"),
    MoneyStage.PAID: N_("Paid"),
    MoneyStage.EXPIRED: N_("Expired"),
    MoneyStage.REFUSED: N_("Refused"),
    MoneyStage.CANCELLED: N_("Cancelled"),
    MoneyStage.NOTHING: N_("Nothing owed"),
}
EVIDENCE_NAMES = {
    Evidence.LIVE: N_("Seen as it happened"),
    Evidence.UNVERIFIED: N_("Unverified"),
    Evidence.IMPORTED: N_("Imported"),
}
REASON_NAMES = {
    "in_time": N_("In time"),
    "too_late": N_("Too late"),
    "deadline_passed": N_("Nothing had happened at the deadline"),
    "left_before_limit": N_("Left before the limit"),
    "left_after_limit": N_("Left after the limit"),
    "closed_before_limit": N_("Closed by rule before the limit"),
    "closed_after_limit": N_("Closed by rule after the limit"),
    "no_show": N_("Did not come when called"),
    "no_show_after_limit": N_("Did not come when called too late"),
    "does_not_apply": N_("The promise is not for this case"),
    "no_values_in_force": N_("The promise is not for this time"),
    "not_begun": N_("Over before it began"),
    "annulled": N_("Annulled by a second person"),
    "import_taken_back": N_("The import was taken back"),
}
NAMES = {"stages": STAGE_NAMES, "evidences": EVIDENCE_NAMES, "reasons": REASON_NAMES}


@blueprint.get("/staff/breaches", endpoint="list")
@staff(Permission.TEAM_READ)
def breaches() -> str:
    """The newest first; `stage` leaves those whose money is there."""
    text = request.args.get("stage")
    stage = _one_of(MoneyStage, text) or _one_of(MoneyGroup, text)
    after = read_cursor(request.args.get("after"))
    with work() as uow:
        chosen = choose(uow)
        page = breach_list(
            uow.session,
            organisation_id=uow.organisation_id,
            selection=chosen.selection,
            stage=stage,
            after=after,
        )
        total = None if after else _total(uow, chosen.selection, stage)
    following = write_cursor(*page.after) if page.after else None
    return render_template(
        "breaches/list.html",
        chosen=chosen,
        page=page,
        total=total,
        currency=current().organisation.currency,
        stage=stage,
        following=following,
        **NAMES,
    )


def _total(
    uow: UnitOfWork, selection: Selection, stage: MoneyStage | MoneyGroup | None
) -> BreachTotal:
    """What the whole list adds up to; told on its first page."""
    return breach_total(
        uow.session, organisation_id=uow.organisation_id, selection=selection, stage=stage
    )


@blueprint.get("/staff/cases")
@staff(Permission.TEAM_READ)
def cases() -> str:
    """Commitments, the newest day first; `state` and `evidence` narrow them, and so do `weekday`
    and `hour` of the arrival and the wait: longer than `over` seconds, at most `most`."""
    after = _read_day(request.args.get("after"))
    with work() as uow:
        chosen = choose(uow)
        only = _filter(chosen)
        page = commitment_list(
            uow.session,
            organisation_id=uow.organisation_id,
            selection=chosen.selection,
            only=only,
            after=after,
        )
        total = None
        if after is None:
            total = commitment_count(
                uow.session,
                organisation_id=uow.organisation_id,
                selection=chosen.selection,
                only=only,
            )
    following = f"{page.after[0].isoformat()}_{page.after[1]}" if page.after else None
    return render_template(
        "breaches/cases.html",
        chosen=chosen,
        page=page,
        total=total,
        state=_shown_state(only),
        evidence=only.evidence,
        narrowed=_narrowed(),
        following=following,
        **NAMES,
    )


NUMBERS = {
    "weekday": (1, 7), "hour": (0, 23), "over": (0, 10**8), "most": (0, 10**8), "served": (1, 1),
}  # fmt: skip
DECIDED = "decided"
"""In the address: kept and broken cases, of which a rate is made."""


def _shown_state(only: CommitmentFilter) -> str | None:
    if only.states is None:
        return None
    return only.states[0].value if len(only.states) == 1 else DECIDED


def _narrowed() -> dict[str, int]:
    """The further numbers of the address that make sense."""
    found = {name: request.args.get(name, type=int) for name in NUMBERS}
    return {
        name: value
        for name, value in found.items()
        if value is not None and NUMBERS[name][0] <= value <= NUMBERS[name][1]
    }


def _filter(chosen: Chosen) -> CommitmentFilter:
    asked = _narrowed()
    spans = None
    if "weekday" in asked or "hour" in asked:
        one = chosen.selection
        spans = hour_spans(
            {branch.id: branch.time_zone for branch in chosen.branches.values()},
            Selection(one.promise_id, one.branch_id, one.from_on, one.to_on or chosen.today),
            weekday=asked.get("weekday"),
            hour=asked.get("hour"),
        )
    state = _one_of(CommitmentState, request.args.get("state"))
    states: tuple[CommitmentState, ...] | None = None if state is None else (state,)
    if request.args.get("state") == DECIDED:
        states = (CommitmentState.KEPT, CommitmentState.BROKEN)
    return CommitmentFilter(
        states,
        _one_of(Evidence, request.args.get("evidence")),
        spans,
        asked.get("over"),
        asked.get("most"),
        True if "served" in asked else None,
    )


def _one_of(choices: type[Choice], text: str | None) -> Choice | None:
    return next((one for one in choices if one.value == text), None)


def _read_day(text: str | None) -> tuple[dt.date, uuid.UUID] | None:
    """None for no place in the list and for one that we did not write."""
    day, _, row_id = (text or "").partition("_")
    try:
        return dt.date.fromisoformat(day), uuid.UUID(row_id)
    except ValueError:
        return None
