"""The promises themselves: what they say, how they are kept, their versions."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import Blueprint, render_template

from promises.catalogue.queries import (
    PromiseInfo,
    Version,
    list_versions,
    promise_by_slug,
)
from promises.catalogue.targets import target_on
from promises.db.session import UnitOfWork
from promises.http import charts
from promises.http.context import current, work
from promises.http.permissions import Permission, staff
from promises.reporting.money import MoneyFigures, money_figures, month_budgets
from promises.reporting.rates import room_for_breaches
from promises.reporting.scorecard import (
    CleanDays,
    Scorecard,
    Selection,
    Waits,
    daily_series,
    days_without_breach,
    scorecard,
    scorecards_by_branch,
    scorecards_by_promise,
    waits,
)
from promises.rules.terms import Terms, WaitTerms
from promises.web.editor_changes import changes_of_versions
from promises.web.periods import SPAN_DAYS, choose
from promises.web.words import names_of, tell, title_of

blueprint = Blueprint("promises", __name__)


@blueprint.get("/staff/promises", endpoint="list")
@staff(Permission.PROMISE_READ)
def list_all() -> str:
    organisation = current().organisation
    with work() as uow:
        chosen = choose(uow, days=SPAN_DAYS)
        selection = Selection(None, *_bounds(chosen.selection))
        cards = scorecards_by_promise(
            uow.session, organisation_id=uow.organisation_id, selection=selection
        )
        budgets = month_budgets(
            uow.session,
            organisation_id=uow.organisation_id,
            currency=organisation.currency,
            now=uow.now,
            month_on=chosen.today.replace(day=1),
        )
        names = names_of(uow)
    told = {one.promise_id: tell(one.version.terms, names) for one in chosen.promises.values()}
    return render_template(
        "promises/list.html", chosen=chosen, cards=cards, budgets=budgets, told=told
    )


def _bounds(selection: Selection) -> tuple[uuid.UUID | None, dt.date | None, dt.date | None]:
    return selection.branch_id, selection.from_on, selection.to_on


@dataclass(frozen=True, slots=True)
class Figures:
    """How one promise was kept in the chosen days; money and clean days are of all time."""

    card: Scorecard
    by_branch: dict[uuid.UUID, Scorecard]
    money: MoneyFigures
    clean: CleanDays | None
    waits: Waits
    bars: charts.DailyBars
    histogram: charts.Histogram | None


@blueprint.get("/staff/promises/<slug:promise_slug>")
@staff(Permission.PROMISE_READ)
def show(promise_slug: str) -> str:
    with work() as uow:
        info = _promise(uow, promise_slug)
        chosen = choose(uow, days=SPAN_DAYS)
        selection = Selection(info.promise_id, *_bounds(chosen.selection))
        figures = _figures(uow, info, selection, chosen.today)
        versions = list_versions(
            uow.session, organisation_id=uow.organisation_id, promise_id=info.promise_id
        )
        names = names_of(uow)
        changed = changes_of_versions(uow, versions, names)
    target = target_on(info.version.target_path, chosen.today)
    return render_template(
        "promises/show.html",
        info=info,
        title=title_of(info),
        told={one.version_id: tell(one.terms, names) for one in versions},
        versions=versions,
        changed=changed,
        chosen=chosen,
        selection=selection,
        figures=figures,
        target=target,
        room=None if target is None else room_for_breaches(figures.card.rate, Fraction(target)),
        mixed=_mixed(versions, info.version, selection),
    )


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
    return Figures(
        card=scorecard(uow.session, **asked),
        by_branch=scorecards_by_branch(uow.session, **asked),
        money=money_figures(uow.session, currency=organisation.currency, **asked),
        clean=days_without_breach(uow.session, now=uow.now, zone=organisation.time_zone, **asked),
        waits=measured,
        bars=charts.daily_bars(bars_of(uow, selection, today)),
        histogram=wait_chart(measured, info.version),
    )


def bars_of(uow: UnitOfWork, selection: Selection, today: dt.date) -> list[charts.Day]:
    """At most 90 days, the last ones of the selection."""
    last = min(selection.to_on or today, today)
    first = max(selection.from_on or dt.date.min, last - dt.timedelta(days=SPAN_DAYS - 1))
    span = Selection(selection.promise_id, selection.branch_id, min(first, last), last)
    series = daily_series(uow.session, organisation_id=uow.organisation_id, selection=span)
    return [charts.Day(one.day_on, one.kept, one.broken, one.excluded) for one in series]


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
