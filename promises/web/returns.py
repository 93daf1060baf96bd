"""What a promise returns: do customers come back, and what does making good bring for its cost."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.db.session import UnitOfWork
from promises.http import charts
from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.http.tables import csv_answer
from promises.improvement.returns import DAYS, Assumption, assume, assumptions
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_, format_percent
from promises.reporting.rates import KeptRate
from promises.reporting.returns import (
    MOST_CUSTOMERS,
    MOST_LISTED,
    Group,
    Returns,
    Saved,
    customers_of,
    returns,
)
from promises.reporting.scorecard import Selection
from promises.web.forms.returns import AssumptionForm
from promises.web.periods import Chosen, choose

blueprint = Blueprint("returns", __name__)

SPAN_DAYS = 365
GROUPS = {
    Group.KEPT: N_("Promise kept"),
    Group.MADE_GOOD: N_("Broken and made good"),
    Group.NOT_MADE_GOOD: N_("Broken and not made good"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`stands` is None until somebody has said what a returning customer is worth."""

    chosen: Chosen
    selection: Selection
    days: int
    said: list[Assumption]

    @property
    def stands(self) -> Assumption | None:
        return self.said[0] if self.said else None

    def address(self, **changes: object) -> dict[str, object]:
        one = self.selection
        return self.chosen.address(from_on=one.from_on, to_on=one.to_on, **changes)


@blueprint.get("/staff/returns")
@staff(Permission.REPORT_READ)
def page() -> str:
    """Of a year that ended so long ago that everybody had the time to come back."""
    with work() as uow:
        asked = _asked(uow)
        found = returns(
            uow.session,
            organisation_id=uow.organisation_id,
            selection=asked.selection,
            days=asked.days,
        )
    saved = found.saved(asked.stands.value_minor) if asked.stands else None
    return render_template(
        "returns/page.html",
        asked=asked,
        chosen=asked.chosen,
        found=found,
        saved=saved,
        groups=_words(),
        bars=_bars(found),
        title=_title(found, asked.days),
        address=asked.address(),
        currency=current().organisation.currency,
        zone=current().organisation.time_zone,
        most=MOST_CUSTOMERS,
    )


@blueprint.get("/staff/returns/figures.csv")
@staff(Permission.REPORT_READ)
def figures_file() -> Response:
    """The same figures, with the bounds of each share."""
    with work() as uow:
        asked = _asked(uow)
        found = returns(
            uow.session,
            organisation_id=uow.organisation_id,
            selection=asked.selection,
            days=asked.days,
        )
    words = _words()
    head = [gettext("First case"), gettext("Customers"), gettext("Came back"), gettext("Share"),
            gettext("At least"), gettext("At most"), gettext("Late or imported"),
            gettext("Cost of making good")]  # fmt: skip
    return csv_answer("returns.csv", head, [_line(words[group], found, group) for group in Group])


def _line(words: str, found: Returns, group: Group) -> tuple[object, ...]:
    one = found.of(group)
    share = one.rate.shown
    bounds = (float(one.rate.low), float(one.rate.high)) if share is not None else (None, None)
    counts = (words, one.customers, one.came_back, None if share is None else float(share))
    return (*counts, *bounds, one.unsure, one.cost_minor)


@blueprint.get("/staff/returns/cases")
@staff(Permission.REPORT_READ)
def cases() -> str:
    """The first cases that a number counts."""
    try:
        group = Group(request.args.get("group", Group.MADE_GOOD))
    except ValueError:
        raise NotFound() from None
    came_back = True if request.args.get("came_back") else None
    with work() as uow:
        asked = _asked(uow)
        found = customers_of(
            uow.session,
            organisation_id=uow.organisation_id,
            selection=asked.selection,
            days=asked.days,
            group=group,
            came_back=came_back,
        )
    return render_template(
        "returns/cases.html",
        asked=asked,
        found=found,
        total=found[0].total if found else 0,
        words=_words()[group],
        came_back=came_back,
        most=MOST_LISTED,
        address=asked.address(),
    )


@blueprint.route("/staff/returns/assumptions", methods=["GET", "POST"], endpoint="assumptions")
@staff(Permission.PROMISE_PUBLISH)
def change() -> Response | tuple[str, int]:
    """Say what the figures are counted with; every earlier word stays."""
    currency = current().organisation.currency
    with work() as uow:
        said = assumptions(uow.session, organisation_id=uow.organisation_id)
    form = AssumptionForm(
        value=said[0].value_minor if said else None, days=said[0].days if said else DAYS
    )
    form.offer(currency)
    if form.validate_on_submit():
        try:
            with work() as uow:
                assume(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    value_minor=form.value.data or 0,
                    currency=currency,
                    days=form.days.data or 0,
                    reason=form.reason.data or "",
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("returns.page"), 303)
    page = render_template(
        "returns/assumptions.html",
        form=form,
        said=said,
        zone=current().organisation.time_zone,
    )
    return page, 422 if form.errors else 200


def _asked(uow: UnitOfWork) -> Asked:
    """The chosen days, a year at most, all of them over by the days in which one comes back."""
    said = assumptions(uow.session, organisation_id=uow.organisation_id)
    days = said[0].days if said else DAYS
    chosen = choose(uow)
    one = chosen.selection
    latest = chosen.today - dt.timedelta(days=days + 1)
    last = min(one.to_on or latest, latest)
    earliest = last - dt.timedelta(days=SPAN_DAYS - 1)
    first = max(min(one.from_on or earliest, last), earliest)
    return Asked(chosen, Selection(one.promise_id, one.branch_id, first, last), days, said)


def _words() -> dict[Group, str]:
    return {group: gettext(words) for group, words in GROUPS.items()}


def _share(rate: KeptRate) -> str:
    if rate.shown is not None:
        return format_percent(locale(), rate.shown)
    if not rate.cases:
        return "–"
    return gettext("%(kept)s of %(cases)s", kept=rate.kept, cases=rate.cases)


def _bars(found: Returns) -> tuple[charts.BarRow, ...]:
    """Lengths by shares; a group too small for a share has its counts and no bar."""
    words = _words()
    return charts.horizontal_bars(
        [(words[group], _length(found.of(group).rate), _share(found.of(group).rate))
         for group in Group]
    )  # fmt: skip


def _length(rate: KeptRate) -> int:
    return 0 if rate.shown is None else round(rate.shown * 10_000)


def _title(found: Returns, days: int) -> str:
    good, bad = found.made_good.rate, found.not_made_good.rate
    saved: Saved | None = found.saved(0)
    if saved is None:
        return gettext("Too few known customers to compare who comes back")
    shares: dict[str, Any] = {"good": _share(good), "bad": _share(bad), "days": days}
    if saved.low > 0:
        return gettext(
            "Made good, %(good)s came back within %(days)s days; not made good, %(bad)s", **shares
        )
    if saved.high < 0:
        return gettext(
            "Made good, fewer came back within %(days)s days: %(good)s, against %(bad)s", **shares
        )
    return gettext(
        "No difference beyond chance: made good, %(good)s came back within %(days)s days; "
        "not made good, %(bad)s",
        **shares,
    )
