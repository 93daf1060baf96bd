"""A branch's own figures, the same that the public sees: a challenge to the team, nobody's own."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from flask import Blueprint, render_template

from promises.catalogue.queries import PromiseInfo, PromiseState
from promises.catalogue.targets import target_on
from promises.db.session import UnitOfWork
from promises.http import charts
from promises.http.context import current, work
from promises.http.permissions import Permission, staff
from promises.reporting.overview import last_days
from promises.reporting.rates import KeptRate, room_for_breaches
from promises.reporting.scorecard import (
    CleanDays,
    Scorecard,
    Selection,
    days_without_breach,
    scorecard,
)
from promises.web.periods import Chosen, choose
from promises.web.promises import bars_of
from promises.web.words import names_of, tell

blueprint = Blueprint("challenge", __name__)

MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Challenge:
    """One promise as one branch keeps it; `everybody` is the same promise in all branches."""

    info: PromiseInfo
    sentence: str
    recent: Scorecard
    today: Scorecard
    everybody: Scorecard
    clean: CleanDays | None
    target: Decimal | None
    next_on: dt.date | None
    next_target: Decimal | None
    room: int | None
    bars: charts.DailyBars
    span: Selection

    @property
    def bars_rate(self) -> KeptRate:
        """What the bars show together."""
        return KeptRate(self.bars.kept, self.bars.broken)


@blueprint.get("/staff/challenge")
@staff(Permission.TEAM_READ)
def page() -> str:
    """Of the member's own branch; who is bound to none chooses one."""
    with work() as uow:
        chosen = choose(uow)
        names = names_of(uow)
        branch_id = chosen.selection.branch_id or next(iter(chosen.branches), None)
        found = []
        if branch_id is not None:
            found = [
                _challenge(uow, chosen, info, branch_id, tell(info.version.terms, names).sentence)
                for info in chosen.promises.values()
                if info.state is PromiseState.IN_FORCE and _covers(info, branch_id)
            ]
    branch = chosen.branches.get(branch_id) if branch_id else None
    field = chosen.form.branch
    field.choices, field.data = field.choices[1:], branch_id  # one branch, never all of them
    return render_template(
        "challenge/page.html",
        chosen=chosen,
        branch=branch,
        found=found,
        member_bound=current().branch_id is not None,
    )


def _covers(info: PromiseInfo, branch_id: uuid.UUID) -> bool:
    branches = info.version.terms.scope.branches
    return branches is None or branch_id in branches


def _challenge(
    uow: UnitOfWork, chosen: Chosen, info: PromiseInfo, branch_id: uuid.UUID, sentence: str
) -> Challenge:
    today = chosen.today
    here = Selection(info.promise_id, branch_id)
    span = last_days(today, MONTH_DAYS, here)
    path = info.version.target_path
    target = target_on(path, today)
    coming = next((step for step in path if step.from_on > today), None)

    def count(selection: Selection) -> Scorecard:
        return scorecard(uow.session, organisation_id=uow.organisation_id, selection=selection)

    recent = count(span)
    return Challenge(
        info=info,
        sentence=sentence,
        recent=recent,
        today=count(last_days(today, 1, here)),
        everybody=count(last_days(today, MONTH_DAYS, Selection(info.promise_id))),
        clean=days_without_breach(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            zone=current().organisation.time_zone,
            selection=here,
        ),
        target=target,
        next_on=coming.from_on if coming else None,
        next_target=coming.share if coming else None,
        room=None if target is None else room_for_breaches(recent.rate, Fraction(target)),
        bars=charts.daily_bars(bars_of(uow, here, today)),
        span=span,
    )
