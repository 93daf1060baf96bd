"""The manager's first page: what is kept, left and waiting, where it hurts, what changed."""

from flask import render_template

from promises.catalogue.queries import list_promises
from promises.http import charts
from promises.http.context import current, work
from promises.identity.queries import list_branches
from promises.kernel.money import Money
from promises.reporting.overview import overview
from promises.web.budgets import MonthView, month_views
from promises.web.promises import chart_days, day_link
from promises.web.words import title_of


def overview_page() -> str:
    """For members who may read reports; `home.start` shows it to them."""
    organisation = current().organisation
    with work() as uow:
        promises = {
            one.promise_id: one
            for one in list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
        }
        found = overview(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            zone=organisation.time_zone,
            currency=organisation.currency,
            promises=list(promises.values()),
        )
        branches = {
            one.id: one
            for one in list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
        }
    months = month_views(promises, found.months)
    return render_template(
        "overview/page.html",
        found=found,
        bars=charts.daily_bars(chart_days(found.days)),
        link=day_link({}),
        branches=branches,
        slugs={one: info.slug for one, info in promises.items()},
        currency=organisation.currency,
        titles={one: title_of(info) for one, info in promises.items()},
        months=months,
        left=_left(months, organisation.currency),
        spent=_spent(months),
    )


def _left(months: list[MonthView], currency: str) -> Money | None:
    """What is left of all budgets together; None where no promise has one."""
    parts = [one.money_left for one in months if one.money_left is not None]
    return sum(parts, Money(0, currency)) if parts else None


def _spent(months: list[MonthView]) -> int:
    """What all promises cost this month, those without a budget too: the list shows them all."""
    return sum(sum(one.standing.spent.values()) for one in months)
