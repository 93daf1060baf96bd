"""The promises themselves: what they say, how they are kept, their versions."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import Blueprint, current_app, render_template, url_for

from promises.catalogue.proposal_changes import origin_of
from promises.catalogue.queries import (
    PromiseInfo,
    PromiseState,
    Version,
    list_versions,
    promise_by_slug,
)
from promises.catalogue.targets import target_on
from promises.compensation.queries import Waiting, all_waiting
from promises.db.session import UnitOfWork
from promises.http import charts
from promises.http.context import current, work
from promises.http.permissions import Permission, staff
from promises.identity.branch_hours import BranchHours
from promises.improvement.alerts import Alert, gravest, live_alerts
from promises.improvement.reactions import NO_CHOICE, Choice, Run, choices, runs_of_month
from promises.reporting.budgets import promise_standing, standings
from promises.reporting.money import MoneyFigures, money_figures
from promises.reporting.rates import room_for_breaches
from promises.reporting.scorecard import (
    CleanDays,
    DayFigures,
    Scorecard,
    Selection,
    Waits,
    added,
    daily_series,
    days_without_breach,
    scorecard_grid,
    scorecards_by_promise,
    waits,
)
from promises.rules.terms import Terms, WaitTerms
from promises.web.budgets import (
    MonthView,
    error_burn,
    links_of,
    money_burn,
    month_view,
    month_views,
    spark,
)
from promises.web.editor_changes import changes_of_versions
from promises.web.forms.alerts import reaction_rows
from promises.web.periods import SPAN_DAYS, choose
from promises.web.words import names_of, tell, title_of

blueprint = Blueprint("promises", __name__)

MOST_HELD = 20_000
SHOWN_DAYS = 30
"""How far back the figures go where the address does not say."""


@blueprint.get("/staff/promises", endpoint="list")
@staff(Permission.PROMISE_READ)
def list_all() -> str:
    """The promise with the least left to break first; those not in force after them."""
    with work() as uow:
        chosen = choose(uow, days=SHOWN_DAYS)
        selection = Selection(None, *_bounds(chosen.selection))
        cards = scorecards_by_promise(
            uow.session, organisation_id=uow.organisation_id, selection=selection
        )
        found = standings(
            uow.session,
            organisation_id=uow.organisation_id,
            promises=list(chosen.promises.values()),
            today=chosen.today,
            hours=BranchHours(uow.session, organisation_id=uow.organisation_id, now=uow.now),
        )
        names = names_of(uow)
    months = month_views(chosen.promises, found)
    order = [one.info for one in months]
    order += [one for one in chosen.promises.values() if one.promise_id not in found]
    return render_template(
        "promises/list.html",
        chosen=chosen,
        order=order,
        cards=cards,
        months={one.info.promise_id: one for one in months},
        told={one.promise_id: tell(one.version.terms, names) for one in order},
    )


def _bounds(selection: Selection) -> tuple[uuid.UUID | None, dt.date | None, dt.date | None]:
    return selection.branch_id, selection.from_on, selection.to_on


@dataclass(frozen=True, slots=True)
class Figures:
    """How one promise was kept in the chosen days; clean days are of all time."""

    card: Scorecard
    by_branch: dict[uuid.UUID, Scorecard]
    money: MoneyFigures
    clean: CleanDays | None
    waits: Waits
    bars: charts.DailyBars
    histogram: charts.Histogram | None


@dataclass(frozen=True, slots=True)
class Watched:
    """How the budgets of this month stand, as a whole and by branch, what is alerted and what was
    done by itself; without a month of a promise that is not in force. `new_money`: how many debts
    wait for it, and their sum."""

    month: MonthView | None
    branches: tuple[tuple[uuid.UUID, MonthView], ...]
    alerts: tuple[Alert, ...]
    runs: tuple[Run, ...]
    choice: Choice
    new_money: tuple[int, int] = (0, 0)


@blueprint.get("/staff/promises/<slug:promise_slug>")
@staff(Permission.PROMISE_READ)
def show(promise_slug: str) -> str:
    with work() as uow:
        info = _promise(uow, promise_slug)
        chosen = choose(uow, days=SHOWN_DAYS)
        selection = Selection(info.promise_id, *_bounds(chosen.selection))
        figures = _figures(uow, info, selection, chosen.today)
        watched = _watched(uow, info, chosen.today)
        versions = list_versions(
            uow.session, organisation_id=uow.organisation_id, promise_id=info.promise_id
        )
        names = names_of(uow)
        changed = changes_of_versions(uow, versions, names)
        origin = origin_of(
            uow.session, organisation_id=uow.organisation_id, promise_id=info.promise_id
        )
    target = target_on(info.version.target_path, chosen.today)
    return render_template(
        "promises/show.html",
        info=info,
        title=title_of(info),
        told={one.version_id: tell(one.terms, names) for one in versions},
        versions=versions,
        changed=changed,
        origin=origin,
        chosen=chosen,
        selection=selection,
        figures=figures,
        watched=watched,
        errors=error_burn(watched.month.standing) if watched.month else None,
        spending=money_burn(watched.month) if watched.month else None,
        places=_places(figures, watched),
        sparks={branch_id: spark(one.standing) for branch_id, one in watched.branches},
        links=links_of(info.slug, current_app.view_functions),
        reactions=reaction_rows(watched.choice),
        link=day_link(_address_of(selection)),
        bin_link=_bin_link(selection),
        target=target,
        room=None if target is None else room_for_breaches(figures.card.rate, Fraction(target)),
        mixed=_mixed(versions, info.version, selection),
    )


def _watched(uow: UnitOfWork, info: PromiseInfo, today: dt.date) -> Watched:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    chosen = choices(uow.session, promise_ids=[info.promise_id], **tenant)
    mine = [
        one
        for one in gravest(live_alerts(uow.session, **tenant))
        if one.promise_id == info.promise_id and _own(one.branch_id)
    ]
    month_on = today.replace(day=1)
    runs = [
        one
        for one in runs_of_month(uow.session, month_on=month_on, **tenant)
        if one.promise_id == info.promise_id
    ]
    choice = chosen.get(info.promise_id, NO_CHOICE)
    if info.state is not PromiseState.IN_FORCE:
        return Watched(None, (), tuple(mine), tuple(runs), choice)
    hours = BranchHours(uow.session, now=uow.now, **tenant)
    found = promise_standing(uow.session, info=info, today=today, hours=hours, **tenant)
    branches = [
        (branch_id, month_view(info, one, branch_id))
        for branch_id, one in found.branches.items()
        if _own(branch_id)
    ]
    branches.sort(key=lambda pair: pair[1].tightness)
    held = []
    if found.whole.money is not None:
        which = Waiting(("budget",), info.promise_id)
        held = all_waiting(uow.session, which=which, limit=MOST_HELD, **tenant)
    return Watched(
        month_view(info, found.whole),
        tuple(branches),
        tuple(mine),
        tuple(runs),
        choice,
        (len(held), sum(row.amount_minor for row in held)),
    )


def _places(
    figures: Figures, watched: Watched
) -> list[tuple[uuid.UUID, Scorecard | None, MonthView | None]]:
    """Branches with the least left first; then those that only the chosen days know."""
    found: list[tuple[uuid.UUID, Scorecard | None, MonthView | None]] = [
        (branch_id, figures.by_branch.get(branch_id), view) for branch_id, view in watched.branches
    ]
    known = {branch_id for branch_id, _, _ in found}
    others = [one for one in figures.by_branch.items() if one[0] not in known]
    others.sort(key=lambda pair: pair[1].rate.high)
    return found + [(branch_id, card, None) for branch_id, card in others]


def _own(branch_id: uuid.UUID | None) -> bool:
    """Whether whoever asks sees this branch; None is the promise as a whole."""
    return branch_id is None or current().branch_id in (None, branch_id)


def _address_of(selection: Selection) -> dict[str, Any]:
    asked = {"promise": selection.promise_id, "branch": selection.branch_id}
    return {name: value for name, value in asked.items() if value is not None}


def day_link(where: dict[str, Any]) -> Callable[[dt.date, str], str]:
    """Addresses of the cases behind the numbers of a chart of days."""

    def link(on: dt.date, state: str) -> str:
        return url_for("breaches.cases", state=state, from_on=on, to_on=on, **where)

    return link


def _bin_link(selection: Selection) -> Callable[[int, int | None], str]:
    """The same for a histogram of waits: longer than the first, at most the second."""
    where = _address_of(selection) | {"from_on": selection.from_on, "to_on": selection.to_on}

    def link(over: int, most: int | None) -> str:
        return url_for(
            "breaches.cases", state="decided", served=1, over=over or None, most=most, **where
        )

    return link


def _mixed(versions: Sequence[Version], shown: Version, selection: Selection) -> bool:
    """Whether another limit than the shown one held on some of the chosen days."""
    return any(
        _measured_by(one.terms) != _measured_by(shown.terms)
        and (selection.to_on is None or one.valid_from.date() <= selection.to_on)
        and (
            selection.from_on is None
            or not one.valid_to
            or one.valid_to.date() >= selection.from_on
        )
        for one in versions
    )


def _measured_by(terms: Terms) -> object:
    """What two versions must share for their waits to be told in one chart."""
    return terms.rule.too_late if isinstance(terms, WaitTerms) else terms.guarantee.document


def _figures(uow: UnitOfWork, info: PromiseInfo, selection: Selection, today: dt.date) -> Figures:
    organisation = current().organisation
    asked: dict[str, Any] = {"organisation_id": uow.organisation_id, "selection": selection}
    measured = waits(uow.session, **asked)
    grid = scorecard_grid(uow.session, **asked)
    days = grid.days(*_bar_days(selection, today))
    return Figures(
        card=added(grid.by_branch.values()),
        by_branch=grid.by_branch,
        money=money_figures(uow.session, currency=organisation.currency, **asked),
        clean=days_without_breach(uow.session, now=uow.now, zone=organisation.time_zone, **asked),
        waits=measured,
        bars=charts.daily_bars(chart_days(days)),
        histogram=wait_chart(measured, info.version),
    )


def _bar_days(selection: Selection, today: dt.date) -> tuple[dt.date, dt.date]:
    """At most 90 days, the last ones of the selection."""
    last = min(selection.to_on or today, today)
    first = max(selection.from_on or dt.date.min, last - dt.timedelta(days=SPAN_DAYS - 1))
    return min(first, last), last


def bars_of(uow: UnitOfWork, selection: Selection, today: dt.date) -> list[charts.Day]:
    first, last = _bar_days(selection, today)
    span = Selection(selection.promise_id, selection.branch_id, first, last)
    return chart_days(
        daily_series(uow.session, organisation_id=uow.organisation_id, selection=span)
    )


def chart_days(days: Iterable[DayFigures]) -> list[charts.Day]:
    return [charts.Day(one.day_on, one.kept, one.broken, one.excluded) for one in days]


def wait_chart(measured: Waits, version: Version) -> charts.Histogram | None:
    """Up to twice the limit; the bins end at the limit, so that none mixes kept and broken."""
    if not measured.cases or not isinstance(version.terms, WaitTerms):
        return None
    limit = version.terms.rule.limit_seconds
    width = next((size for size in _BIN_SECONDS if limit % size == 0 and limit <= size * 10), limit)
    count = min(2 * limit // width + 1, 24)
    return charts.histogram(measured.bins(width, count), width, limit)


_BIN_SECONDS = (1, 2, 5, 10, 15, 20, 30, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14_400)


def _promise(uow: UnitOfWork, slug: str) -> PromiseInfo:
    return promise_by_slug(uow.session, organisation_id=uow.organisation_id, slug=slug, at=uow.now)
