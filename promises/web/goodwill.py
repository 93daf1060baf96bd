"""Goodwill: a clerk gives, a manager decides about what is beyond the limits, and both see what the
purses came to. Sums by branch and reason, never by person."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.compensation.budgets import month_of
from promises.compensation.goodwill_models import GiftState, GoodwillReason, VatTreatment
from promises.compensation.goodwill_rule import USUAL_UNKNOWN_DAY, Rule, rule_of
from promises.db.session import UnitOfWork
from promises.desk.queries import ticket_by_id
from promises.desk.views import TicketView
from promises.flows import give_goodwill
from promises.http.context import current, own_branch, work
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches
from promises.kernel.errors import DomainError, NotFound
from promises.reporting.goodwill import gifts_of_month, sums_of_month
from promises.web.forms.goodwill import REASONS, GiveForm, RuleForm

blueprint = Blueprint("goodwill", __name__)


@blueprint.get("/staff/goodwill")
@staff(Permission.COMPENSATION_READ)
def page() -> str:
    """One month: each branch's purse, the sums by reason, and the gifts behind a sum."""
    organisation = current().organisation
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        this = month_of(uow.now, organisation.time_zone)
        month = min(_month(request.args.get("month")) or this, this)
        branches = {one.id: one.name for one in list_branches(uow.session, closed=True, **tenant)}
        branch_id = _known(request.args.get("branch"), branches)
        reason = request.args.get("reason")
        reason = reason if reason in set(GoodwillReason) else None
        sums = sums_of_month(uow.session, month_on=month, **tenant)
        gifts = gifts_of_month(
            uow.session, month_on=month, branch_id=branch_id, reason=reason, **tenant
        )
        rule = rule_of(uow.session, **tenant)
    return render_template(
        "goodwill/page.html", month=month, this=this, before=_earlier(month), sums=sums,
        gifts=gifts, rule=rule, branches=branches, branch_id=branch_id, reason=reason,
        reasons=reason_words(), currency=organisation.currency, after=_later(month),
    )  # fmt: skip


@blueprint.route("/staff/goodwill/rule", methods=["GET", "POST"])
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def rule() -> Response | tuple[str, int]:
    """What clerks may give; off until somebody switches it on."""
    with work() as uow:
        found = rule_of(uow.session, organisation_id=uow.organisation_id)
    form = RuleForm(
        switched_on=found is not None and found.switched_on,
        purse=found.purse_minor if found else 10_000,
        most_gift=found.most_gift_minor if found else 500,
        most_customer=found.most_customer_minor if found else 1_000,
        most_unknown_day=found.most_unknown_day if found else USUAL_UNKNOWN_DAY,
        vat_treatment=found.vat_treatment if found else VatTreatment.OUTSIDE_SCOPE,
    )
    form.offer(current().organisation.currency)
    if form.validate_on_submit():
        try:
            with work() as uow:
                give_goodwill.set_rule(
                    uow,
                    rule=Rule(
                        switched_on=form.switched_on.data,
                        purse_minor=form.purse.data or 0,
                        most_gift_minor=form.most_gift.data or 0,
                        most_customer_minor=form.most_customer.data or 0,
                        most_unknown_day=form.most_unknown_day.data or 0,
                        vat_treatment=form.vat_treatment.data,
                    ),
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("goodwill.page"), 303)
    return render_template("goodwill/rule.html", form=form), 422 if form.errors else 200


@blueprint.route("/staff/tickets/<uuid:ticket_id>/goodwill", methods=["GET", "POST"])
@staff(Permission.DESK)
def give(ticket_id: uuid.UUID) -> Response | tuple[str, int]:
    """A small gift with its reason; what is beyond the limits waits for a manager."""
    with work() as uow:
        ticket = _ticket(uow, ticket_id)
        found = rule_of(uow.session, organisation_id=uow.organisation_id)
    form = GiveForm(amount=found.most_gift_minor if found else None)
    form.offer(current().organisation.currency)
    if form.validate_on_submit():
        try:
            with work() as uow:
                gift = give_goodwill.give(
                    uow,
                    ticket_id=ticket_id,
                    amount_minor=form.amount.data or 0,
                    reason=form.reason.data,
                    words=form.words.data or "",
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            if gift.state is GiftState.GIVEN:
                flash(
                    gettext("Given. The voucher is on the customer's page in a moment."), "success"
                )
            else:
                flash(gettext("A manager looks at it, and then it goes out."), "info")
            return redirect(url_for("tickets.show", ticket_id=ticket_id), 303)
    page = render_template("goodwill/give.html", form=form, ticket=ticket, rule=found)
    return page, 422 if form.errors else 200


@blueprint.post("/staff/goodwill/<uuid:gift_id>/decide")
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def decide(gift_id: uuid.UUID) -> Response:
    approve = request.form.get("decision") == "approve"

    def act(uow: UnitOfWork) -> None:
        give_goodwill.decide(
            uow, gift_id=gift_id, approve=approve, reason=request.form.get("reason", "")
        )

    words = gettext("The gift goes out.") if approve else gettext("The gift is refused.")
    return _do(act, words, url_for("approvals.list"))


@blueprint.post("/staff/tickets/<uuid:ticket_id>/goodwill/<uuid:gift_id>/take-back")
@staff(Permission.DESK)
def take_back(ticket_id: uuid.UUID, gift_id: uuid.UUID) -> Response:
    def act(uow: UnitOfWork) -> None:
        _ticket(uow, ticket_id)
        gift = give_goodwill.take_back(uow, gift_id=gift_id)
        if gift.ticket_id != ticket_id:
            raise NotFound(gift_id=str(gift_id))

    return _do(act, gettext("Taken back."), url_for("tickets.show", ticket_id=ticket_id))


def reason_words() -> dict[str, str]:
    return {reason.value: gettext(words) for reason, words in REASONS.items()}


def _do(act: Callable[[UnitOfWork], None], words: str, target: str) -> Response:
    try:
        with work() as uow:
            act(uow)
    except NotFound:
        raise
    except DomainError as refusal:
        flash(say(refusal.text), "warning")
    else:
        flash(words, "success")
    return redirect(target, 303)


def _ticket(uow: UnitOfWork, ticket_id: uuid.UUID) -> TicketView:
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    own_branch(ticket.branch_id)
    return ticket


def _known(text: str | None, branches: dict[uuid.UUID, str]) -> uuid.UUID | None:
    try:
        asked = uuid.UUID(text or "")
    except ValueError:
        return None
    return asked if asked in branches else None


def _month(text: str | None) -> dt.date | None:
    """ "2026-03" as its first day; None for what is no month."""
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _earlier(month: dt.date) -> dt.date:
    return (month - dt.timedelta(days=1)).replace(day=1)


def _later(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=32)).replace(day=1)
