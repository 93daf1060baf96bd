"""Trying a promise against the organisation's own history before it is made."""

import csv
import dataclasses
import io
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from promises.catalogue.proposal_queries import get_proposal
from promises.catalogue.queries import promise_by_slug
from promises.db.session import UnitOfWork
from promises.desk.imports.queries import list_imports
from promises.desk.models import ImportState
from promises.http import curves
from promises.http.context import current, work
from promises.http.i18n import day_names
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.money import minor_digits
from promises.kernel.zones import local_date
from promises.reporting.backtests import Backtest, Span, backtest
from promises.reporting.backtests.figures import CurvePoint
from promises.reporting.overview import last_days
from promises.reporting.rates import FEWEST_FOR_SHARE
from promises.rules.terms import Terms, WaitTerms
from promises.web.forms.backtests import BacktestForm
from promises.web.forms.terms import blanks_of
from promises.web.words import Told, names_of, scopes_of, tell

blueprint = Blueprint("backtests", __name__)

SPAN_DAYS = 90


@dataclass(frozen=True, slots=True)
class Tried:
    """A promise in words, and what it would have done; no `chart` with too few cases.
    `unit`: how many minor units make one of the currency."""

    told: Told
    found: Backtest
    chart: curves.TradeOff | None
    heat: curves.HeatMap
    branches: dict[uuid.UUID, str]
    unit: int


@blueprint.get("/staff/backtest")
@staff(Permission.REPORT_READ)
def page() -> Response | str | tuple[str, int]:
    """The whole page; with the header X-Live only what a moved slider changes. An address that only
    names a promise or a proposal leads to the one that says all of it."""
    if "limit" not in request.args:
        return redirect(url_for("backtests.page", **_asking()), 303)
    with work() as uow:
        form, tried = _tried(uow)
    part = request.headers.get("X-Live") == "1"
    shown = render_template(
        "backtests/result.html" if part else "backtests/page.html",
        form=form,
        tried=tried,
        csv=url_for("backtests.limits", **_args()),
        days=day_names(),
    )
    return shown, 200 if tried else 422


@blueprint.get("/staff/backtest/limits.csv")
@staff(Permission.REPORT_READ)
def limits() -> Response:
    """The trade-off curve as a table, a row a limit."""
    if "limit" not in request.args:
        return redirect(url_for("backtests.limits", **_asking()), 303)
    with work() as uow:
        _, tried = _tried(uow)
    content = "".join(_lines(tried.found.curve)) if tried else ""
    headers = {"Content-Disposition": 'attachment; filename="limits.csv"'}
    return Response(content, 200 if tried else 422, headers, mimetype="text/csv")


def _args() -> dict[str, Any]:
    return request.args.to_dict(flat=False)


def _asking() -> dict[str, Any]:
    """The address of a promise or proposal over the last 90 days, or of a first example."""
    with work() as uow:
        terms = _named(uow)
        today = local_date(uow.now, current().organisation.time_zone)
    days = last_days(today, SPAN_DAYS)
    fields = _EXAMPLE if terms is None else written(terms)
    return fields | {"from_on": days.from_on, "to_on": days.to_on}


_EXAMPLE: dict[str, Any] = {
    "matter": "visit",
    "until": "service_started",
    "limit": 15,
    "unit": 60,
    "amount": 10,
    "boundary": "inclusive",
    "before_limit": "excluded",
    "after_limit": "owed",
    "cap_period": "month",
}


def _named(uow: UnitOfWork) -> WaitTerms | None:
    """The terms of the proposal or promise in the address; raises NotFound."""
    proposal, promise = request.args.get("proposal"), request.args.get("promise")
    if promise:
        info = promise_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=promise, at=uow.now
        )
        return _about_waiting(info.version.terms)
    if proposal:
        found = get_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=_uuid(proposal)
        )
        return _about_waiting(found.terms)
    return None


def _about_waiting(terms: Terms) -> WaitTerms:
    """Only a promise that limits a wait can be tried here; raises NotFound."""
    if not isinstance(terms, WaitTerms):
        raise NotFound
    return terms


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound(proposal_id=text) from None


def written(terms: WaitTerms) -> dict[str, Any]:
    """The fields of the form as an address says them."""
    form = BacktestForm(formdata=None, data=blanks_of(terms))
    form.amount.currency = form.cap_case.currency = terms.currency
    kept = form.amount, form.cap_case
    amounts = {field.name: field._value() for field in kept}
    rest = {
        field.name: field.data
        for field in form
        if field not in kept and field.data not in (None, "", [])
    }
    return rest | {name: value for name, value in amounts.items() if value}


def _tried(uow: UnitOfWork) -> tuple[BacktestForm, Tried | None]:
    form = BacktestForm(formdata=MultiDict(request.args))
    currency = current().organisation.currency
    form.amount.currency = form.cap_case.currency = currency
    form.process(formdata=MultiDict(request.args))
    form.offer_history(scopes_of(uow), _imports(uow))
    if not form.validate():
        return form, None
    try:
        terms = form.terms(currency)
    except DomainError as refusal:
        form.refuse(refusal)
        return form, None
    return form, _try(uow, _bound(terms), form.span())


def _imports(uow: UnitOfWork) -> list[tuple[uuid.UUID, str]]:
    found = list_imports(
        uow.session, organisation_id=uow.organisation_id, branch_id=current().branch_id
    )
    return [(one.id, one.filename) for one in found if one.state == ImportState.DONE]


def _bound(terms: WaitTerms) -> WaitTerms:
    """Somebody bound to a branch tries promises on that branch only."""
    branch_id = current().branch_id
    if branch_id is None:
        return terms
    scope = dataclasses.replace(terms.scope, branches=frozenset({branch_id}))
    return dataclasses.replace(terms, scope=scope)


def _try(uow: UnitOfWork, terms: WaitTerms, span: Span) -> Tried:
    found = backtest(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        terms=terms,
        span=span,
    )
    branches = list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    hours = [
        curves.Hour(one.weekday, one.hour, one.counts.kept, one.counts.broken)
        for one in found.by_weekday_hour
    ]
    return Tried(
        tell(terms, names_of(uow)),
        found,
        _chart(found),
        curves.heat_map(hours, FEWEST_FOR_SHARE),
        {one.id: one.name for one in branches},
        10 ** minor_digits(terms.currency),
    )


def _chart(found: Backtest) -> curves.TradeOff | None:
    points = [_trade_point(one) for one in found.curve]
    if not any(one.share is not None for one in points):
        return None
    return curves.trade_off(points, found.terms.rule.limit_seconds)


def _trade_point(point: CurvePoint) -> curves.TradePoint:
    share, interval = point.counts.rate.shown, point.interval
    cost = point.monthly.cost_interval
    return curves.TradePoint(
        point.limit_seconds,
        None if share is None else float(share),
        None if interval is None else (float(interval.low), float(interval.high)),
        point.monthly.cost.amount_minor,
        None if cost is None else (cost.low.amount_minor, cost.high.amount_minor),
    )


def _lines(curve: Sequence[CurvePoint]) -> Iterator[str]:
    """Amounts in minor units and shares as decimals, as spreadsheets and programs read them."""
    yield _row(
        (
            "limit_seconds",
            "kept",
            "broken",
            "excluded",
            "open",
            "share",
            "share_low",
            "share_high",
            "breaches_a_month",
            "cost_a_month_minor",
            "cost_low_minor",
            "cost_high_minor",
            "currency",
        )
    )
    for point in curve:
        counts, interval, monthly = point.counts, point.interval, point.monthly
        cost = monthly.cost_interval
        yield _row(
            (
                point.limit_seconds,
                counts.kept,
                counts.broken,
                counts.excluded,
                counts.open,
                _decimal(counts.rate.shown),
                _decimal(interval.low if interval else None),
                _decimal(interval.high if interval else None),
                f"{float(monthly.breaches):.2f}",
                monthly.cost.amount_minor,
                cost.low.amount_minor if cost else None,
                cost.high.amount_minor if cost else None,
                monthly.cost.currency,
            )
        )


def _decimal(share: Fraction | Decimal | None) -> str:
    return "" if share is None else f"{float(share):.6f}"


def _row(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(["" if value is None else value for value in values])
    return line.getvalue()
