"""The whole organisation: how each promise is kept, what breaches cost, why, and how ideas move."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from promises.http.charts_insights import Columns, stacked_columns
from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.http.tables import csv_answer
from promises.kernel.money import Money
from promises.kernel.text import N_, format_duration, format_money, format_month
from promises.kernel.zones import resolve_local
from promises.reporting.insights_causes import causes_counted
from promises.reporting.insights_money import MoneyPart, Month, money_by_month
from promises.reporting.insights_proposals import Funnel, proposal_funnel
from promises.reporting.scorecard import Selection, scorecards_by_promise
from promises.reporting.statistics import pareto
from promises.web.insights import as_share, bounded
from promises.web.periods import Chosen, choose

blueprint = Blueprint("insights_all", __name__)

MONTHS = 3

PARTS = {
    MoneyPart.PAID: N_("Redeemed or paid"),
    MoneyPart.ISSUED: N_("Issued"),
    MoneyPart.HELD: N_("Owed, on hold or on its way"),
    MoneyPart.FAILED: N_("Owed, paying it has failed"),
}
LOOKS = {
    MoneyPart.PAID.value: "good",
    MoneyPart.ISSUED.value: "brand",
    MoneyPart.HELD.value: "risk",
    MoneyPart.FAILED.value: "bad",
}


@dataclass(frozen=True, slots=True)
class MoneyChart:
    """`days` are the addresses' days of each month within the chosen ones."""

    months: list[Month]
    shape: Columns
    days: list[dict[str, object]]
    title: str


@blueprint.get("/staff/insights")
@staff(Permission.REPORT_READ)
def overview() -> str:
    """Of the last 30 days; money of this month and the two before, as far as no days are named."""
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        chosen = choose(uow, days=30)
        selection = bounded(chosen, chosen.selection.promise_id)
        cards = scorecards_by_promise(uow.session, selection=selection, **tenant)
        counted = causes_counted(uow.session, selection=selection, **tenant)
        money = _money(chosen, uow.session, tenant)
        funnel = proposal_funnel(uow.session, since=_since(selection), **tenant)
    return render_template(
        "insights/organisation.html",
        chosen=chosen,
        selection=selection,
        cards=cards,
        shares=pareto([(one, one.count) for one in counted]),
        money=money,
        words=PARTS,
        looks=LOOKS,
        steps=_steps(funnel),
        funnel=funnel,
        funnel_title=_funnel_title(funnel),
        address=chosen.address(from_on=selection.from_on, to_on=selection.to_on),
        as_share=as_share,
        as_money=lambda minor: Money(minor, current().organisation.currency),
        as_month=lambda day: format_month(locale(), day),
        currency=current().organisation.currency,
    )


def _since(selection: Selection) -> dt.datetime:
    assert selection.from_on is not None  # noqa: S101 -- `bounded` gives both ends
    start = dt.datetime.combine(selection.from_on, dt.time())
    return resolve_local(start, current().organisation.time_zone).instant


def _money(chosen: Chosen, session: Any, tenant: dict[str, Any]) -> MoneyChart:
    one = chosen.selection
    last = min(one.to_on or chosen.today, chosen.today)
    first = one.from_on or last
    asked = "from_on" in chosen.form.data and chosen.form.from_on.data
    if not asked:
        first = (last.replace(day=1) - dt.timedelta(days=31 * (MONTHS - 1) - 3)).replace(day=1)
    first = max(min(first, last), last - dt.timedelta(days=365))
    selection = Selection(one.promise_id, one.branch_id, first, last)
    months = money_by_month(session, selection=selection, **tenant)
    shape = stacked_columns(
        [{part.value: of.amount_minor for part, of in month.parts.items()} for month in months],
        LOOKS,
    )
    days = [
        chosen.address(from_on=max(month.month_on, first), to_on=min(_end(month.month_on), last))
        for month in months
    ]
    return MoneyChart(months, shape, days, _money_title(months))


def _end(month_on: dt.date) -> dt.date:
    return (month_on + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


def _money_title(months: list[Month]) -> str:
    latest = months[-1]
    currency = current().organisation.currency
    cost = format_money(locale(), Money(latest.amount_minor, currency))
    month = format_month(locale(), latest.month_on)
    if latest.half is None:
        return gettext("%(cost)s in %(month)s", cost=cost, month=month)
    return gettext(
        "%(cost)s in %(month)s; half of the customers had theirs within %(half)s",
        cost=cost,
        month=month,
        half=format_duration(locale(), latest.half),
    )


def _steps(funnel: Funnel) -> list[tuple[str, int]]:
    return [
        (gettext("Proposed"), funnel.proposed),
        (gettext("Decided"), funnel.answered),
        (gettext("Tried or published"), funnel.tried),
        (gettext("Published"), funnel.published),
    ]


def _funnel_title(funnel: Funnel) -> str:
    if not funnel.proposed:
        return gettext("No proposal in these days")
    if funnel.half is None:
        return gettext(
            "%(published)s of %(all)s proposals became promises",
            published=funnel.published,
            all=funnel.proposed,
        )
    return gettext(
        "%(published)s of %(all)s proposals became promises; half were decided within %(half)s",
        published=funnel.published,
        all=funnel.proposed,
        half=format_duration(locale(), funnel.half),
    )


@blueprint.get("/staff/insights/money.csv")
@staff(Permission.REPORT_READ)
def money_table() -> Response:
    with work() as uow:
        chosen = choose(uow, days=30)
        found = _money(chosen, uow.session, {"organisation_id": uow.organisation_id})
    head = [
        gettext("Month"),
        *(gettext(PARTS[part]) for part in MoneyPart),
        gettext("Customers with the money"),
        gettext("Half had it within"),
        gettext("95 of 100 within"),
    ]
    return csv_answer(
        "money.csv",
        head,
        [
            (
                month.month_on.isoformat()[:7],
                *(month.parts[part].amount_minor for part in MoneyPart),
                month.timed,
                month.half,
                month.most,
            )
            for month in found.months
        ],
    )


@blueprint.get("/staff/insights/proposals.csv")
@staff(Permission.REPORT_READ)
def proposals_table() -> Response:
    with work() as uow:
        chosen = choose(uow, days=30)
        selection = bounded(chosen, None)
        funnel = proposal_funnel(
            uow.session, organisation_id=uow.organisation_id, since=_since(selection)
        )
    return csv_answer("proposals.csv", [gettext("Proposals"), gettext("How many")], _steps(funnel))
