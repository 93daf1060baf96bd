"""Vouchers at the desk: look one up by its code, redeem it, show a customer theirs again."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import HiddenField
from wtforms.validators import Length

from promises.db.session import UnitOfWork
from promises.desk.queries import ticket_by_id
from promises.desk.views import TicketView
from promises.flows import redeem_voucher
from promises.http.context import current, own_branch, work
from promises.http.forms import Form, Line, Text
from promises.http.i18n import gettext
from promises.http.limits import guard
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.ids import new_id
from promises.kernel.text import N_, format_money
from promises.payouts.errors import NoSuchVoucher
from promises.payouts.models import VoucherState
from promises.payouts.vouchers import vouchers_of_tickets
from promises.reporting.vouchers import list_shown_and_redeemed, list_vouchers
from promises.web.cursors import read_cursor, write_cursor

blueprint = Blueprint("vouchers", __name__)

PAGE = 50
ONE_PERSON = "one_person"
TRIES, TRIES_OF_ADDRESS, WINDOW_S = 60, 600, 300
"""How often one clerk, and one address with all its tills, may ask for a voucher in five minutes; a
code has 80 bits."""


class CodeForm(Form):
    code = Line(N_("Code of the voucher"), longest=40)


class RedeemForm(CodeForm):
    """`seen` names the page on which the value was shown: the same form twice is one redemption."""

    seen = HiddenField(validators=[Length(max=40)])


class ReissueForm(Form):
    reason = Text(N_("Why is a new code needed?"), longest=500)


@blueprint.get("/staff/vouchers", endpoint="list")
@staff(Permission.VOUCHER_READ)
def show() -> str:
    """All vouchers by state, newest first, by their last four characters; or those that one person
    was shown and redeemed."""
    state = request.args.get("state")
    state = state if state in {one.value for one in VoucherState} else None
    only = ONE_PERSON if request.args.get("only") == ONE_PERSON else None
    with work() as uow:
        wanted: dict[str, Any] = {
            "organisation_id": uow.organisation_id,
            "before": read_cursor(request.args.get("after")),
            "limit": PAGE + 1,
        }
        if only:
            found = list_shown_and_redeemed(uow.session, **wanted)
        else:
            found = list_vouchers(uow.session, state=state, **wanted)
    shown = found[:PAGE]
    following = None
    if len(found) > PAGE:
        last = shown[-1]
        following = write_cursor(last.redeemed_at if only else last.issued_at, last.id)
    return render_template(
        "vouchers/list.html", vouchers=shown, state=state, only=only, following=following
    )


@blueprint.get("/staff/vouchers/redeem")
@staff(Permission.VOUCHER_REDEEM)
def enter() -> str:
    return render_template("vouchers/redeem.html", form=CodeForm(), voucher=None)


@blueprint.post("/staff/vouchers/redeem")
@staff(Permission.VOUCHER_REDEEM)
def redeem() -> Response | str | tuple[str, int]:
    """First the value is shown, then it is redeemed: two touches, so that no slip gives money."""
    form = RedeemForm()
    if not form.validate():
        return render_template("vouchers/redeem.html", form=form, voucher=None), 422
    guard("voucher", limit=TRIES, window_s=WINDOW_S, key=str(current().session_id))
    guard("vouchers", limit=TRIES_OF_ADDRESS, window_s=WINDOW_S)
    try:
        if not form.seen.data:
            return _look_up(form)
        with work() as uow:
            done = redeem_voucher.redeem_at_till(
                uow,
                code=form.code.data,
                counter_id=current().counter_id,
                form=form.seen.data,
            )
    except DomainError as error:
        form.refuse(error)
        page = render_template("vouchers/redeem.html", form=form, voucher=None)
        return page, error.status
    flash(
        gettext(
            "Redeemed: give the customer %(amount)s.",
            amount=format_money(current().locale, done.value),
        ),
        "success",
    )
    return redirect(url_for("vouchers.enter"), 303)


@blueprint.get("/staff/tickets/<uuid:ticket_id>/vouchers")
@staff(Permission.VOUCHER_REDEEM)
def of_ticket(ticket_id: uuid.UUID) -> str:
    """A customer without a phone: the desk finds their voucher, and shows its code if asked to."""
    return _of_ticket(ticket_id)


@blueprint.post("/staff/tickets/<uuid:ticket_id>/vouchers/<uuid:voucher_id>/show")
@staff(Permission.VOUCHER_REDEEM)
def show_code(ticket_id: uuid.UUID, voucher_id: uuid.UUID) -> str | tuple[str, int]:
    """One voucher's code, once it is on record who was shown it. No address holds the code, so the
    page answers the form itself."""
    try:
        with work() as uow:
            ticket = _find(uow, ticket_id, voucher_id)
            code = redeem_voucher.show_code(uow, voucher_id=voucher_id)
            vouchers = _vouchers(uow, ticket_id)
    except NotFound:
        raise
    except DomainError as error:
        form = ReissueForm(formdata=None)
        form.refuse(error)
        return _of_ticket(ticket_id, {voucher_id: form}), error.status
    return _page(ticket, vouchers, {}, {voucher_id: code})


@blueprint.post("/staff/tickets/<uuid:ticket_id>/vouchers/<uuid:voucher_id>/reissue")
@staff(Permission.VOUCHER_REDEEM)
def reissue(ticket_id: uuid.UUID, voucher_id: uuid.UUID) -> Response | tuple[str, int]:
    """A new code; the one before it is void at once."""
    form = ReissueForm()
    if not form.validate():
        return _of_ticket(ticket_id, {voucher_id: form}), 422
    try:
        with work() as uow:
            _find(uow, ticket_id, voucher_id)
            redeem_voucher.reissue(uow, voucher_id=voucher_id, reason=form.reason.data)
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return _of_ticket(ticket_id, {voucher_id: form}), error.status
    flash(gettext("The voucher has a new code. The old one no longer works."), "success")
    return redirect(url_for("vouchers.of_ticket", ticket_id=ticket_id), 303)


def _look_up(form: CodeForm) -> tuple[str, int] | str:
    with work() as uow:
        voucher = redeem_voucher.look_up(uow, code=form.code.data)
    if voucher is None:
        raise NoSuchVoucher
    seen = new_id().hex
    return render_template("vouchers/redeem.html", form=form, voucher=voucher, seen=seen)


def _of_ticket(ticket_id: uuid.UUID, refused: dict[uuid.UUID, ReissueForm] | None = None) -> str:
    with work() as uow:
        ticket, vouchers = _ticket(uow, ticket_id), _vouchers(uow, ticket_id)
    return _page(ticket, vouchers, refused or {}, {})


def _page(
    ticket: TicketView,
    vouchers: list[Any],
    refused: dict[uuid.UUID, ReissueForm],
    codes: dict[uuid.UUID, str],
) -> str:
    """`refused` is the form of the voucher of which something was refused; `codes` holds the code
    that may be seen."""
    forms = {one.id: refused.get(one.id) or ReissueForm(formdata=None) for one in vouchers}
    for voucher_id, form in forms.items():
        form.reason.id = f"reason-{voucher_id}"
    return render_template(
        "vouchers/of_ticket.html",
        ticket=ticket,
        vouchers=vouchers,
        codes=codes,
        reissues=forms,
        form=next(iter(refused.values()), None),
    )


def _find(uow: UnitOfWork, ticket_id: uuid.UUID, voucher_id: uuid.UUID) -> TicketView:
    """The ticket, if the voucher came of it."""
    ticket = _ticket(uow, ticket_id)
    if voucher_id not in {row.id for row in _vouchers(uow, ticket_id)}:
        raise NotFound
    return ticket


def _vouchers(uow: UnitOfWork, ticket_id: uuid.UUID) -> list[Any]:
    return vouchers_of_tickets(
        uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id]
    )


def _ticket(uow: UnitOfWork, ticket_id: uuid.UUID) -> TicketView:
    """Codes are as good as money: only for those who may read the tickets of that branch."""
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    own_branch(ticket.branch_id)
    return ticket
