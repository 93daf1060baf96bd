"""Payouts that somebody pays by hand: what waits, and the receipt that proves it."""

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.flows.pay_by_hand import mark_paid
from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError, NotFound
from promises.payouts.rails.names import MANUAL
from promises.payouts.run_claiming import is_of_rail
from promises.reporting.payout_runs import payouts_by_hand, waiting_payouts
from promises.web.forms.payout_runs import ReceiptForm

blueprint = Blueprint("payouts_by_hand", __name__)

PAGE = 50


@blueprint.get("/staff/payouts/manual", endpoint="list")
@staff(Permission.PAYOUT_READ)
def show() -> str:
    return _page(ReceiptForm(), None)


@blueprint.post("/staff/payouts/manual/<uuid:payout_id>")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
def paid(payout_id: uuid.UUID) -> Response | tuple[str, int]:
    form = ReceiptForm()
    with work() as uow:
        if not is_of_rail(
            uow.session, organisation_id=uow.organisation_id, payout_id=payout_id, rail=MANUAL
        ):
            raise NotFound(payout_id=str(payout_id))
    if form.validate():
        try:
            with work() as uow:
                mark_paid(uow, payout_id=payout_id, receipt=form.receipt.data)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Noted as paid."), "success")
            return redirect(url_for("payouts_by_hand.list"), 303)
    return _page(form, payout_id), 422


def _page(form: ReceiptForm, refused: uuid.UUID | None) -> str:
    with work() as uow:
        waiting = waiting_payouts(uow.session, organisation_id=uow.organisation_id)
        shown = payouts_by_hand(uow.session, organisation_id=uow.organisation_id, limit=PAGE)
    return render_template(
        "payout_runs/by_hand.html",
        form=form,
        refused=refused,
        payouts=shown,
        waiting=[one for one in waiting if one.rail == MANUAL],
    )
