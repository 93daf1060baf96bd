"""One payout, from the broken promise to the money: its dates, its tries, its entries, and who let
it go."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.flows.keep_books import book_fee
from promises.flows.pay_by_hand import enter_return
from promises.http.context import work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, may, staff
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_
from promises.ledger.chart import chart
from promises.ledger.facts import PostingKind
from promises.notify.trouble_words import trouble_words
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import RailVerdict
from promises.payouts.rails.names import MANUAL
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.run_claiming import is_of_rail
from promises.reporting.journal import entries_of
from promises.reporting.payout_trace import PayoutTrace, payout_trace
from promises.web.approvals import why_words
from promises.web.forms.ledger import FeeForm
from promises.web.forms.payout_runs import ReturnForm
from promises.web.ledger_words import KIND_NAMES, account_label, rail_name

blueprint = Blueprint("payout_page", __name__)

STATES = {
    PayoutState.READY: N_("Waits to be sent"),
    PayoutState.SUBMITTING: N_("Is being sent"),
    PayoutState.SUBMITTED: N_("On its way"),
    PayoutState.PAID: N_("Arrived"),
    PayoutState.FAILED: N_("Did not go through"),
    PayoutState.UNKNOWN: N_("Not known whether it went through: it is looked up"),
    PayoutState.NEEDS_REVIEW: N_("A person has to look at it"),
    PayoutState.RETURNED: N_("Came back"),
    PayoutState.CANCELLED: N_("Stopped before it was sent"),
}
VOUCHER_STATES = {
    PayoutState.SUBMITTED: N_("Issued as a voucher"),
    PayoutState.PAID: N_("Redeemed"),
    PayoutState.RETURNED: N_("Exchanged for money"),
}
LOOKS = {
    PayoutState.READY: ("neutral", "open"),
    PayoutState.SUBMITTING: ("info", "recall"),
    PayoutState.SUBMITTED: ("info", "transfer"),
    PayoutState.PAID: ("success", "kept"),
    PayoutState.FAILED: ("danger", "warning"),
    PayoutState.UNKNOWN: ("warning", "warning"),
    PayoutState.NEEDS_REVIEW: ("warning", "flag"),
    PayoutState.RETURNED: ("danger", "undo"),
    PayoutState.CANCELLED: ("neutral", "close"),
}
VERDICTS = {
    RailVerdict.ACCEPTED: N_("Accepted; whether it arrives shows later"),
    RailVerdict.PAID: N_("It arrived"),
    RailVerdict.REJECTED: N_("Refused; no money moved"),
    RailVerdict.RETRY: N_("Nothing happened; it is tried again"),
    RailVerdict.WAIT_FUNDS: N_("Nothing happened; there is too little money at the provider"),
    RailVerdict.CONFIG: N_("Nothing happened; the provider does not let us in"),
    RailVerdict.UNKNOWN: N_("No clear answer; it is looked up before any new try"),
    RailVerdict.MISMATCH: N_("Something else was found than was asked for"),
    RailVerdict.RETURNED: N_("It came back"),
}
DECISIONS = {
    "approved": N_("Approved"),
    "refused": N_("Refused"),
    "held": N_("Held"),
    "lifted": N_("A hold was lifted"),
    "cancelled": N_("Cancelled"),
}

_TOLD_BY_ENTRIES = {
    PostingKind.VOUCHER_ISSUED: ("ticket", "success"),
    PostingKind.GIFT_ISSUED: ("ticket", "success"),
    PostingKind.VOUCHER_REDEEMED: ("kept", "success"),
    PostingKind.VOUCHER_EXPIRED: ("open", "neutral"),
    PostingKind.GIFT_EXPIRED: ("open", "neutral"),
    PostingKind.VOUCHER_EXCHANGED: ("transfer", "info"),
    PostingKind.PAYOUT_SENT: ("transfer", "info"),
    PostingKind.PAYOUT_ARRIVED: ("kept", "success"),
    PostingKind.PAYOUT_FAILED: ("warning", "danger"),
    PostingKind.PAYOUT_CAME_BACK: ("undo", "danger"),
    PostingKind.CHARGES_KEPT: ("money", "neutral"),
    PostingKind.CANCELLED: ("close", "neutral"),
}
"""Steps that the books have dated, with the icon and the tone of each."""

_ENDED = (PayoutState.FAILED, PayoutState.CANCELLED, PayoutState.NEEDS_REVIEW)
_BOOKED_ENDS = {PostingKind.PAYOUT_FAILED, PostingKind.PAYOUT_CAME_BACK}
"""What ended before any money left the debt is in no book."""


def state_words(rail: str, state: str) -> str:
    """Where a payout is; a voucher has words of its own."""
    known = PayoutState(state)
    own = VOUCHER_STATES.get(known) if rail == VOUCHER else None
    return gettext(own or STATES[known])


@blueprint.get("/staff/payouts/<uuid:payout_id>")
@staff(Permission.PAYOUT_READ)
def show(payout_id: uuid.UUID) -> str:
    return _page(payout_id, FeeForm())


@blueprint.post("/staff/payouts/<uuid:payout_id>/fee")
@staff(Permission.LEDGER_CLOSE)
def fee(payout_id: uuid.UUID) -> Response | tuple[str, int]:
    """What the bank or provider charged for this one, booked once."""
    form = FeeForm()
    if not form.validate() or not form.amount.data:
        return _page(payout_id, form), 422
    with work() as uow:
        new = book_fee(uow, payout_id=payout_id, amount_minor=form.amount.data)
    if new:
        flash(gettext("The fee is booked."), "success")
    else:
        flash(gettext("A fee is booked for this payout already."), "warning")
    return redirect(url_for("payout_page.show", payout_id=payout_id), 303)


@blueprint.post("/staff/payouts/<uuid:payout_id>/returned")
@staff(Permission.PAYOUT_RELEASE, fresh=True)
def returned(payout_id: uuid.UUID) -> Response | tuple[str, int]:
    """What was paid by hand came back."""
    form = ReturnForm()
    form.offer()
    with work() as uow:
        if not is_of_rail(
            uow.session, organisation_id=uow.organisation_id, payout_id=payout_id, rail=MANUAL
        ):
            raise NotFound(payout_id=str(payout_id))
    if form.validate():
        try:
            with work() as uow:
                enter_return(
                    uow,
                    payout_id=payout_id,
                    returned_on=form.returned_on.data,
                    why=form.why.data,
                    proof=form.proof.data or "",
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Entered as come back. The customer can choose another way."), "success")
            return redirect(url_for("payout_page.show", payout_id=payout_id), 303)
    return _page(payout_id, FeeForm(formdata=None), form), 422


def _page(payout_id: uuid.UUID, form: FeeForm, back: ReturnForm | None = None) -> str:
    empty = ReturnForm(formdata=None)
    empty.offer()
    with work() as uow:
        trace = payout_trace(uow.session, organisation_id=uow.organisation_id, payout_id=payout_id)
        entries = entries_of(
            uow.session,
            organisation_id=uow.organisation_id,
            transaction_ids=[one.id for one in trace.postings],
        )
        own = chart(uow.session, organisation_id=uow.organisation_id)
    payout = trace.payout
    return render_template(
        "payouts/show.html",
        trace=trace,
        payout=payout,
        form=form,
        back_form=back or empty,
        error_form=back or form,
        may_return=back is not None or _is_returnable(payout),
        entries=entries,
        labels={
            one.account_code: account_label(own, one.account_code)
            for own_entries in entries.values()
            for one in own_entries
        },
        promise=_title(payout.promise_titles),
        dates=_dates(trace),
        trouble=gettext(trouble_words(payout.trouble).manager) if payout.trouble else None,
        rail=rail_name(payout.rail),
        fee_booked=any(one.kind == PostingKind.FEE_CHARGED for one in trace.postings),
        may_book=payout.rail != VOUCHER and may(Permission.LEDGER_CLOSE),
        state_words=state_words,
        rail_name=rail_name,
        looks=LOOKS,
        verdicts=VERDICTS,
        decisions=DECISIONS,
        whys=why_words(),
        kinds=KIND_NAMES,
    )


def _is_returnable(payout: Any) -> bool:
    paid = payout.rail == MANUAL and payout.state == PayoutState.PAID
    return paid and may(Permission.PAYOUT_RELEASE)


def _title(titles: dict[str, str] | None) -> str | None:
    if not titles:
        return None
    return titles.get(locale()) or next(iter(titles.values()))


def _dates(trace: PayoutTrace) -> list[dict[str, object]]:
    """The way of the money in the order of time, for the timeline."""
    found = trace.payout
    at_once = [
        (found.breached_at, N_("The promise was broken"), "broken", "danger"),
        (found.given_at, N_("Goodwill was given"), "money", "info"),
        (found.owed_at, N_("The compensation was owed"), "money", "info"),
        (found.released_at, N_("Nothing held it any more"), "check", "success"),
        (found.created_at, N_("The payout was prepared"), "open", "neutral"),
    ]
    items: list[dict[str, object]] = [
        {"at": at, "title": gettext(title), "icon": icon, "tone": tone}
        for at, title, icon, tone in at_once
        if at is not None
    ]
    told = {PostingKind(posting.kind) for posting in trace.postings}
    if found.state in _ENDED and not told & _BOOKED_ENDS:
        icon, tone = LOOKS[PayoutState(found.state)][::-1]
        words = state_words(found.rail, found.state)
        items.append({"at": found.changed_at, "title": words, "icon": icon, "tone": tone})
    for posting in trace.postings:
        if posting.kind in _TOLD_BY_ENTRIES:
            icon, tone = _TOLD_BY_ENTRIES[PostingKind(posting.kind)]
            words = gettext(KIND_NAMES[PostingKind(posting.kind)])
            items.append({"at": posting.recorded_at, "title": words, "icon": icon, "tone": tone})
    return sorted(items, key=lambda one: str(one["at"]))
