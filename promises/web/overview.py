"""The manager's first page: what is kept, left and waiting, where it hurts, what changed."""

from flask import render_template

from promises.catalogue.queries import list_promises
from promises.http import charts
from promises.http.context import current, work
from promises.identity.queries import list_branches
from promises.kernel.money import Money
from promises.kernel.zones import local_date
from promises.reporting.money import BudgetLine
from promises.reporting.overview import SPAN_DAYS, last_days, overview
from promises.web.promises import bars_of


def overview_page() -> str:
    """For members who may read reports; `home.start` shows it to them."""
    organisation = current().organisation
    with work() as uow:
        found = overview(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            zone=organisation.time_zone,
            currency=organisation.currency,
        )
        today = local_date(uow.now, organisation.time_zone)
        bars = charts.daily_bars(bars_of(uow, last_days(today, SPAN_DAYS), today))
        branches = {
            one.id: one
            for one in list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
        }
        promises = {
            one.promise_id: one
            for one in list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
        }
    limited = {one: line for one, line in found.budgets.items() if line.limit is not None}
    return render_template(
        "overview/page.html",
        found=found,
        today=today,
        bars=bars,
        branches=branches,
        promises=promises,
        limited=limited,
        left=_left(list(limited.values()), organisation.currency),
    )


def _left(lines: list[BudgetLine], currency: str) -> Money | None:
    """What is left of all budgets together; None where no promise has one."""
    if not lines:
        return None
    return sum((line.left for line in lines if line.left), Money(0, currency))
