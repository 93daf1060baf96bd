"""Trying a promise against the organisation's own history before it is made."""

import dataclasses
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from promises.catalogue.draft_queries import get_draft
from promises.catalogue.proposal_queries import get_proposal
from promises.catalogue.queries import promise_by_slug
from promises.db.session import UnitOfWork
from promises.desk.imports.queries import list_imports
from promises.desk.models import ImportState
from promises.http import curves
from promises.http.context import current, work
from promises.http.i18n import day_names
from promises.http.permissions import Permission, may, staff
from promises.identity.queries import list_branches
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.money import minor_digits
from promises.kernel.zones import local_date
from promises.reporting.backtests import Backtest, Span, backtest
from promises.reporting.overview import last_days
from promises.reporting.rates import FEWEST_FOR_SHARE
from promises.rules.terms import GuaranteeTerms, Terms, WaitTerms, parse_terms
from promises.web.backtest_curves import TradeOff, limit_lines, pays, trade_off
from promises.web.forms.backtests import BacktestForm, HistoryForm
from promises.web.forms.terms import blanks_of
from promises.web.words import Told, names_of, scopes_of, tell

blueprint = Blueprint("backtests", __name__)

SPAN_DAYS = 90


@dataclass(frozen=True, slots=True)
class Tried:
    """A promise in words, and what it would have done; no `chart` with too few cases.
    `unit`: how many minor units make one of the currency. `pays`: whether it may cost money."""

    told: Told
    found: Backtest
    chart: TradeOff | None
    heat: curves.HeatMap
    branches: dict[uuid.UUID, str]
    unit: int
    pays: bool


@blueprint.get("/staff/backtest")
@staff(Permission.REPORT_READ)
def page() -> Response | str | tuple[str, int]:
    """The whole page; with the header X-Live only what a moved slider changes. An address that only
    names a promise, a proposal or a draft leads to the one that says all of it; general terms are
    too long for an address, and stay named."""
    if not _complete():
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
        subject={name: request.args[name] for name in SUBJECTS if name in request.args},
    )
    return shown, 200 if tried else 422


@blueprint.get("/staff/backtest/limits.csv")
@staff(Permission.REPORT_READ)
def limits() -> Response:
    """The trade-off curve as a table, a row a limit."""
    if not _complete():
        return redirect(url_for("backtests.limits", **_asking()), 303)
    with work() as uow:
        _, tried = _tried(uow)
    content = "".join(limit_lines(tried.found)) if tried else ""
    headers = {"Content-Disposition": 'attachment; filename="limits.csv"'}
    return Response(content, 200 if tried else 422, headers, mimetype="text/csv")


SUBJECTS = ("promise", "proposal", "draft")
"""What an address may name instead of saying all of a promise."""


def _complete() -> bool:
    """Whether the address says what to try, and on which history."""
    names_one = any(name in request.args for name in SUBJECTS)
    return "limit" in request.args or (names_one and "from_on" in request.args)


def _args() -> dict[str, Any]:
    return request.args.to_dict(flat=False)


def _asking() -> dict[str, Any]:
    """The address of what is named over the last 90 days, or of a first example."""
    with work() as uow:
        terms = _named(uow)
        today = local_date(uow.now, current().organisation.time_zone)
    days = last_days(today, SPAN_DAYS)
    fields = _EXAMPLE if terms is None else _fields(terms)
    return fields | {"from_on": days.from_on, "to_on": days.to_on}


def _fields(terms: Terms) -> dict[str, Any]:
    return written(terms) if isinstance(terms, WaitTerms) else _args()


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


def _named(uow: UnitOfWork) -> Terms | None:
    """The terms of what the address names; raises NotFound."""
    promise, proposal, draft = (request.args.get(name) for name in SUBJECTS)
    tenant = {"organisation_id": uow.organisation_id}
    if promise:
        return promise_by_slug(uow.session, slug=promise, at=uow.now, **tenant).version.terms
    if proposal:
        return get_proposal(uow.session, proposal_id=_uuid(proposal), **tenant).terms
    if draft and may(Permission.PROMISE_PUBLISH):
        return parse_terms(get_draft(uow.session, draft_id=_uuid(draft), **tenant).terms)
    if draft:
        raise NotFound
    return None


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


def _tried(uow: UnitOfWork) -> tuple[HistoryForm, Tried | None]:
    named = None if "limit" in request.args else _named(uow)
    if isinstance(named, GuaranteeTerms):
        return _tried_as_named(uow, named)
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


def _tried_as_named(uow: UnitOfWork, terms: GuaranteeTerms) -> tuple[HistoryForm, Tried | None]:
    form = HistoryForm(formdata=MultiDict(request.args))
    form.offer_imports(_imports(uow))
    if not form.validate():
        return form, None
    return form, _try(uow, _bound(terms), form.span())


def _imports(uow: UnitOfWork) -> list[tuple[uuid.UUID, str]]:
    found = list_imports(
        uow.session, organisation_id=uow.organisation_id, branch_id=current().branch_id
    )
    return [(one.id, one.filename) for one in found if one.state == ImportState.DONE]


def _bound(terms: Terms) -> Terms:
    """Somebody bound to a branch tries promises on that branch only."""
    branch_id = current().branch_id
    if branch_id is None:
        return terms
    scope = dataclasses.replace(terms.scope, branches=frozenset({branch_id}))
    return dataclasses.replace(terms, scope=scope)


def _try(uow: UnitOfWork, terms: Terms, span: Span) -> Tried:
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
        trade_off(found),
        curves.heat_map(hours, FEWEST_FOR_SHARE),
        {one.id: one.name for one in branches},
        10 ** minor_digits(terms.currency),
        pays(terms),
    )
