"""The books for the accountant: what each account came to in a month, and the journal behind it."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from flask import Blueprint, render_template, request

from promises.catalogue.queries import list_promises
from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.kernel.text import format_month
from promises.kernel.zones import local_date
from promises.ledger.chart import Chart, chart, used_codes
from promises.ledger.closing import closings
from promises.ledger.facts import PostingKind
from promises.ledger.months import first_of, last_of, next_month
from promises.ledger.trial_balance import totals, trial_balance
from promises.reporting.journal import JournalFilter, journal, journal_total
from promises.web.ledger_words import (
    KIND_NAMES,
    TREATMENTS,
    account_label,
    rail_name,
    rate_text,
)

blueprint = Blueprint("ledger", __name__)

TRANSACTIONS = 50
SIDES = {"debit": 1, "credit": -1}
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2199, 12, 1)


@dataclass(frozen=True, slots=True)
class Month:
    """The month that a page is about, and its neighbours in the address."""

    month_on: dt.date
    this_on: dt.date

    @property
    def text(self) -> str:
        return written(self.month_on)

    @property
    def name(self) -> str:
        return format_month(locale(), self.month_on)

    @property
    def before(self) -> str:
        return written(first_of(self.month_on - dt.timedelta(days=1)))

    @property
    def after(self) -> str | None:
        return written(next_month(self.month_on)) if self.month_on < self.this_on else None


def written(month_on: dt.date) -> str:
    return f"{month_on:%Y-%m}"


def chosen_month(uow: UnitOfWork) -> Month:
    """The one that the address names; without one, this month."""
    this = first_of(local_date(uow.now, current().organisation.time_zone))
    try:
        asked = dt.date.fromisoformat(f"{request.args.get('month', '')}-01")
    except ValueError:
        asked = this
    return Month(max(EARLIEST, min(asked, this, LATEST)), this)


@blueprint.get("/staff/ledger")
@staff(Permission.LEDGER_READ)
def page() -> str:
    """The trial balance of a month."""
    with work() as uow:
        tenant = uow.organisation_id
        month = chosen_month(uow)
        lines = trial_balance(uow.session, organisation_id=tenant, month_on=month.month_on)
        own = chart(uow.session, organisation_id=tenant)
        closed = closings(uow.session, organisation_id=tenant)
    return render_template(
        "ledger/page.html",
        month=month,
        lines=lines,
        totals=totals(lines),
        labels={line.account_code: account_label(own, line.account_code) for line in lines},
        closing=next((one for one in closed if one.month_on == month.month_on), None),
        closed_to=closed[0].month_on if closed else None,
    )


@blueprint.get("/staff/ledger/journal", endpoint="journal")
@staff(Permission.LEDGER_READ)
def journal_page() -> str:
    """The transactions of a month, the newest first; `account`, `side`, `currency`, `kind` and
    `promise` narrow them."""
    after = one_id(request.args.get("after"))
    with work() as uow:
        tenant = uow.organisation_id
        month = chosen_month(uow)
        own = chart(uow.session, organisation_id=tenant)
        codes = used_codes(uow.session, organisation_id=tenant)
        promises = list_promises(uow.session, organisation_id=tenant, at=uow.now)
        only = chosen_filter(uow, month)
        found = journal(
            uow.session,
            organisation_id=tenant,
            only=only,
            limit=TRANSACTIONS + 1,
            after=after,
        )
        total = None if after else journal_total(uow.session, organisation_id=tenant, only=only)
    shown = found[:TRANSACTIONS]
    return render_template(
        "ledger/journal.html",
        month=month,
        only=only,
        rows=shown,
        total=total,
        following=shown[-1].fact.id if len(found) > TRANSACTIONS else None,
        labels=labels(own, codes),
        promises=promises,
        kinds={one.value: gettext(name) for one, name in KIND_NAMES.items()},
        treatments={one.value: gettext(name) for one, name in TREATMENTS.items()},
        rate_text=rate_text,
        rail_name=rail_name,
        kept=narrowing(month, only),
    )


def labels(own: Chart, codes: list[str]) -> dict[str, str]:
    return {code: account_label(own, code) for code in codes}


def chosen_filter(uow: UnitOfWork, month: Month) -> JournalFilter:
    """What the address asks for, as far as there is such a thing here."""
    kind, code = request.args.get("kind"), request.args.get("account")
    promise_id = one_id(request.args.get("promise"))
    codes = used_codes(uow.session, organisation_id=uow.organisation_id)
    known = promise_id is not None and promise_id in {
        one.promise_id
        for one in list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
    }
    currency = request.args.get("currency", "")
    return JournalFilter(
        month.month_on,
        last_of(month.month_on),
        account_code=code if code in codes else None,
        currency=currency if re.fullmatch("[A-Z]{3}", currency) else None,
        sign=SIDES.get(request.args.get("side", "")),
        kind=kind if kind in list(PostingKind) else None,
        promise_id=promise_id if known else None,
    )


def narrowing(month: Month, only: JournalFilter) -> dict[str, str]:
    """The same as it stands in an address."""
    side = next((name for name, sign in SIDES.items() if sign == only.sign), None)
    found = {
        "month": month.text,
        "account": only.account_code,
        "side": side,
        "currency": only.currency,
        "kind": only.kind,
        "promise": only.promise_id and str(only.promise_id),
    }
    return {name: value for name, value in found.items() if value}


def one_id(text: str | None) -> uuid.UUID | None:
    """None for none, and for one that we did not write."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
