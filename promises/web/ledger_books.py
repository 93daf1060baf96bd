"""What the accountant keeps: the chart of accounts, the VAT of promises, closed months."""

import datetime as dt
import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.catalogue.queries import list_promises, promise_by_id
from promises.flows.keep_books import close_books, name_account, set_vat
from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import format_month
from promises.kernel.zones import local_date
from promises.ledger.chart import account_history, chart, used_codes
from promises.ledger.closing import closings, next_to_close
from promises.ledger.months import last_of
from promises.ledger.vat import TaxTreatment, Vat
from promises.ledger.vat_choices import vat_history
from promises.web.forms.ledger import AccountForm, CloseForm, VatForm
from promises.web.ledger_words import (
    ACCOUNT_KINDS,
    TREATMENTS,
    default_name,
    rate_text,
)

blueprint = Blueprint("ledger_books", __name__)


@blueprint.get("/staff/ledger/accounts")
@staff(Permission.LEDGER_SET)
def accounts() -> str:
    """Each of our accounts with the number and the name that it has here."""
    with work() as uow:
        own = chart(uow.session, organisation_id=uow.organisation_id)
        codes = used_codes(uow.session, organisation_id=uow.organisation_id)
    return render_template(
        "ledger/accounts.html",
        accounts=[(own.of(code), default_name(code)) for code in codes],
        kinds=ACCOUNT_KINDS,
    )


@blueprint.route("/staff/ledger/accounts/<account:account_code>", methods=["GET", "POST"])
@staff(Permission.LEDGER_SET)
def account(account_code: str) -> Response | tuple[str, int]:
    """Give an account a number and a name; what it was called before stays to be seen."""
    with work() as uow:
        tenant = uow.organisation_id
        if account_code not in used_codes(uow.session, organisation_id=tenant):
            raise NotFound
        found = chart(uow.session, organisation_id=tenant).of(account_code)
        history = account_history(uow.session, organisation_id=tenant, account_code=account_code)
    form = AccountForm(number=found.number, name=found.name)
    if form.validate_on_submit():
        with work() as uow:
            name_account(
                uow,
                account_code=account_code,
                number=form.number.data,
                name=form.name.data or "",
            )
        flash(gettext("Saved."), "success")
        return redirect(url_for("ledger_books.accounts"), 303)
    shown = render_template(
        "ledger/account.html", form=form, name=default_name(account_code), history=history
    )
    return shown, 422 if form.errors else 200


@blueprint.get("/staff/ledger/vat")
@staff(Permission.LEDGER_SET)
def vat() -> str:
    """What the money of each promise is to the tax authority today."""
    with work() as uow:
        tenant = uow.organisation_id
        promises = list_promises(uow.session, organisation_id=tenant, at=uow.now)
        history = vat_history(
            uow.session,
            organisation_id=tenant,
            promise_ids=[one.promise_id for one in promises],
        )
        today = local_date(uow.now, current().organisation.time_zone)
    return render_template(
        "ledger/vat.html",
        promises=[(one, history.in_force(one.promise_id, today)) for one in promises],
        treatments=TREATMENTS,
        rate_text=rate_text,
        undecided=TaxTreatment.GOODWILL_UNCLASSIFIED,
    )


@blueprint.route("/staff/ledger/vat/<uuid:promise_id>", methods=["GET", "POST"])
@staff(Permission.LEDGER_SET)
def vat_of(promise_id: uuid.UUID) -> Response | tuple[str, int]:
    """Decide it from a day on; decisions before stay to be seen."""
    with work() as uow:
        tenant = uow.organisation_id
        promise = promise_by_id(
            uow.session, organisation_id=tenant, promise_id=promise_id, at=uow.now
        )
        history = vat_history(uow.session, organisation_id=tenant, promise_ids=[promise_id])
        today = local_date(uow.now, current().organisation.time_zone)
    now_is = history.in_force(promise_id, today)
    form = VatForm(treatment=now_is.treatment, rate=now_is.rate_bp or None, valid_from=today)
    form.offer()
    if form.validate_on_submit() and _set(form, promise_id):
        flash(gettext("Saved."), "success")
        return redirect(url_for("ledger_books.vat"), 303)
    shown = render_template(
        "ledger/vat_of.html",
        form=form,
        promise=promise,
        history=history.chosen.get(promise_id, ()),
        treatments=TREATMENTS,
        rate_text=rate_text,
    )
    return shown, 422 if form.errors or form.form_errors else 200


def _set(form: VatForm, promise_id: uuid.UUID) -> bool:
    priced = form.treatment.data is TaxTreatment.PRICE_REDUCTION
    chosen = Vat(form.treatment.data, (form.rate.data or 0) if priced else 0)
    try:
        with work() as uow:
            set_vat(uow, promise_id=promise_id, vat=chosen, valid_from=form.valid_from.data)
    except DomainError as refusal:
        form.refuse(refusal)
        return False
    return True


@blueprint.get("/staff/ledger/months")
@staff(Permission.LEDGER_READ)
def months() -> str:
    """Closed months with their seals, and the one whose turn it is."""
    return _months(CloseForm())


@blueprint.post("/staff/ledger/months")
@staff(Permission.LEDGER_CLOSE, fresh=True)
def close() -> Response | tuple[str, int]:
    """For good: corrections go to the month after."""
    form = CloseForm()
    month_on = _read_month(form.month.data) if form.validate() else None
    if month_on is None:
        return _months(form), 422
    try:
        with work() as uow:
            close_books(uow, month_on=month_on)
    except DomainError as refusal:
        form.refuse(refusal)
        return _months(form), refusal.status
    flash(gettext("%(month)s is closed.", month=format_month(locale(), month_on)), "success")
    return redirect(url_for("ledger_books.months"), 303)


def _months(form: CloseForm) -> str:
    with work() as uow:
        found = closings(uow.session, organisation_id=uow.organisation_id)
        following = next_to_close(uow.session, organisation_id=uow.organisation_id)
        today = local_date(uow.now, current().organisation.time_zone)
    return render_template(
        "ledger/months.html",
        form=form,
        closings=[(one, format_month(locale(), one.month_on)) for one in found],
        following=following,
        following_name=format_month(locale(), following) if following else None,
        over=following is not None and last_of(following) < today,
    )


def _read_month(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
