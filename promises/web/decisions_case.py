"""What a decision rests on, read once for its page."""

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from promises.catalogue.decision_deadlines import decision_time
from promises.catalogue.problem_queries import ProblemCard, get_problem
from promises.catalogue.proposal_queries import (
    Order,
    ProposalRow,
    Wanted,
    further_problems,
    get_proposal,
    list_proposals,
)
from promises.catalogue.proposal_states import UNDECIDED, WAITING
from promises.catalogue.shadow_queries import RunRow, runs_of_proposal
from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.identity.calendars import calendar_names
from promises.identity.errors import CalendarUnknown
from promises.kernel.money import minor_digits
from promises.kernel.text import LOCALES
from promises.kernel.zones import local_date
from promises.reporting.backtests import Backtest, Span, backtest
from promises.reporting.overview import last_days
from promises.rules.terms import Terms
from promises.web.backtest_curves import TradeOff, pays, trade_off
from promises.web.backtests import SPAN_DAYS
from promises.web.forms.decisions import MergeForm, ShadowForm, publish_form
from promises.web.forms.editor import Choices, set_currency
from promises.web.words import Told, names_of, scopes_of, tell

MOST_OTHERS, MOST_PROBLEMS, MOST_CASES = 200, 5, 2_000
SHADOW_DAYS = 28


@dataclass(frozen=True, slots=True)
class Odds:
    """The proposal on the own history; no `chart` with too few cases. `unit`: how many minor units
    make one of the currency."""

    found: Backtest
    chart: TradeOff | None
    pays: bool
    unit: int
    from_on: dt.date | None
    to_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision rests on."""

    row: ProposalRow
    told: dict[str, Told]
    choices: Choices
    problems: tuple[ProblemCard, ...]
    others: tuple[tuple[uuid.UUID, str], ...]
    runs: tuple[RunRow, ...]
    odds: Odds | None
    days_left: int | None
    today: dt.date

    @property
    def closed(self) -> list[uuid.UUID]:
        """Branches of the terms that are closed by now."""
        return sorted(
            (self.row.terms.scope.branches or frozenset()) - set(self.choices.scopes.branches)
        )

    def publish_form(self, **options: Any) -> Any:
        sentences = {code: one.sentence for code, one in self.told.items()}
        form = publish_form(self.row.terms, self.row.way_of_working, sentences, **options)
        set_currency(form, current().organisation.currency)
        form.prepare(self.choices)
        form.offer_starts(first=True)
        return form

    def shadow_form(self, **options: Any) -> ShadowForm:
        scope, open_ones = self.row.terms.scope, self.choices.scopes.branches
        ticked = [one for one in open_ones if scope.branches is None or one in scope.branches]
        last = self.today + dt.timedelta(days=SHADOW_DAYS)
        form = ShadowForm(data={"shadow_branches": ticked, "ends_on": last}, **options)
        form.offer(open_ones)
        return form

    def merge_form(self, **options: Any) -> MergeForm:
        form = MergeForm(**options)
        form.offer(self.others)
        return form


def open_case(proposal_id: uuid.UUID) -> Case:
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        row = get_proposal(uow.session, proposal_id=proposal_id, **tenant)
        names = names_of(uow)
        calendars = tuple(calendar_names(uow.session, uow.organisation_id))
        others = list_proposals(
            uow.session, wanted=Wanted(states=tuple(UNDECIDED)), limit=MOST_OTHERS, **tenant
        )
        runs = runs_of_proposal(uow.session, proposal_id=proposal_id, **tenant)
        return Case(
            row=row,
            told={code: tell(row.terms, names, code) for code in LOCALES},
            choices=Choices(scopes_of(uow), calendars),
            problems=_problems(uow, row),
            others=tuple(
                (one.proposal_id, one.title)
                for one in others.rows
                if one.proposal_id != proposal_id
            ),
            runs=tuple(runs),
            odds=_odds(uow, row.terms),
            days_left=_days_left(uow, row),
            today=local_date(uow.now, current().organisation.time_zone),
        )


def _problems(uow: UnitOfWork, row: ProposalRow) -> tuple[ProblemCard, ...]:
    """Each with the cases behind it."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    further = further_problems(uow.session, proposal_id=row.proposal_id, **tenant)
    ids = [row.problem_id, *(problem_id for problem_id, _ in further)][:MOST_PROBLEMS]
    return tuple(get_problem(uow.session, now=uow.now, problem_id=one, **tenant) for one in ids)


def _days_left(uow: UnitOfWork, row: ProposalRow) -> int | None:
    if row.state not in WAITING or row.asked_at is not None or row.decide_before is None:
        return None
    time = decision_time(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    return time.days_left(row.decide_before, uow.now)


def _odds(uow: UnitOfWork, terms: Terms) -> Odds | None:
    """None without history, or while the terms count by a calendar that nobody keeps."""
    branch_id = current().branch_id
    if branch_id is not None:
        scope = dataclasses.replace(terms.scope, branches=frozenset({branch_id}))
        terms = dataclasses.replace(terms, scope=scope)
    days = last_days(local_date(uow.now, current().organisation.time_zone), SPAN_DAYS)
    try:
        found = backtest(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            terms=terms,
            span=Span(days.from_on, days.to_on),
            most=MOST_CASES,
        )
    except CalendarUnknown:
        return None
    if not found.counts.cases:
        return None
    unit = 10 ** minor_digits(terms.currency)
    return Odds(found, trade_off(found), pays(terms), unit, days.from_on, days.to_on)


def next_to_decide(uow: UnitOfWork, after: str | None = None) -> ProposalRow | None:
    """The proposal whose decision is due first, or the one behind that with the id `after`."""
    waiting = list_proposals(
        uow.session,
        organisation_id=uow.organisation_id,
        wanted=Wanted(states=tuple(WAITING)),
        order=Order.WAITING,
        limit=MOST_OTHERS,
    ).rows
    ids = [str(row.proposal_id) for row in waiting]
    place = ids.index(after) + 1 if after in ids else 0
    return waiting[place] if place < len(waiting) else None
