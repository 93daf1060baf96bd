"""What waits for a second person: windows, annulments, disputes and held money."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.compensation.approving import MUCH_TO_ACCOUNT, OTHER_ACCOUNT
from promises.compensation.ceiling_room import ABOVE_CEILING, LARGER_THAN_CEILING
from promises.compensation.errors import ListHasChanged
from promises.compensation.holding import marks_print
from promises.compensation.models import FOR_A_PERSON, Hold
from promises.compensation.queries import (
    Waiting,
    all_waiting,
    list_waiting,
    marks_of,
    sums_by_hold,
)
from promises.db.session import UnitOfWork
from promises.flows import annul_breach, decide_compensation, dispute
from promises.flows.choose_payout import CONTACT_CHANGED, MANY_CASES
from promises.flows.owed_again import SAID_BY_FILE, SAID_BY_HAND
from promises.http.context import current, work
from promises.http.i18n import gettext, ngettext, say
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.kernel.text import N_
from promises.reporting.approvals import (
    asked_annulments,
    bank_details,
    debts,
    disputed_tickets,
    open_hold_windows,
)
from promises.reporting.goodwill import waiting_gifts
from promises.web.cursors import read_cursor, write_cursor
from promises.web.goodwill import reason_words

blueprint = Blueprint("approvals", __name__)

PAGE = 50
MOST_AT_ONCE = 20_000

HOLD_NAMES = {
    Hold.PRESENCE: N_("Waiting for the customer"),
    Hold.APPROVAL: N_("A manager decides"),
    Hold.BUDGET: N_("Budget used up"),
    Hold.EVIDENCE: N_("Evidence to check"),
    Hold.DISPUTE: N_("Disputed"),
    Hold.MASS_BREACH: N_("Many at once"),
    Hold.HISTORY: N_("Imported history"),
    Hold.CLAIM: N_("Waiting for the customer's claim"),
    Hold.PAYMENT: N_("The payment did not arrive"),
}

WHY_NAMES = {
    OTHER_ACCOUNT: N_("Approved before, but not for the account that it would go to now."),
    MUCH_TO_ACCOUNT: N_(
        "Together with other cases, this account would get more than the limit for approvals."
    ),
    ABOVE_CEILING: N_("There is no room for it under a payment ceiling in this period."),
    LARGER_THAN_CEILING: N_("It is larger than a whole payment ceiling, so it would never fit."),
    MANY_CASES: N_("The same account was given for many cases."),
    CONTACT_CHANGED: N_("The contact was changed or taken off before the account was given."),
    SAID_BY_FILE: N_("A bank's file said that the payment did not arrive."),
    SAID_BY_HAND: N_("It was entered that the payment by hand came back."),
}
"""Why a rule asks for a person, in words: reasons of holds that nobody typed."""


BY_A_PERSON = "person"
"""In the address: what waits for a person's decision, for whatever reason."""


@blueprint.get("/staff/approvals", endpoint="list")
@staff(Permission.COMPENSATION_READ)
def show() -> str:
    return _page(after=request.args.get("after"), values=request.args)


@blueprint.post("/staff/approvals/approve")
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def approve() -> Response | tuple[str, int]:
    """Approve the debts that were ticked, as the page showed them."""
    seen = read_marks()

    def act(uow: UnitOfWork) -> str:
        shown = decide_compensation.require_as_shown(uow, seen)
        gone = decide_compensation.approve(
            uow,
            compensation_ids=shown.compensation_ids,
            reason=request.form.get("reason", ""),
            details=shown.details,
        )
        return ngettext("%(n)s compensation goes out.", "%(n)s compensations go out.", gone)

    return _decide(act, nothing_chosen=not seen)


@blueprint.post("/staff/approvals/approve-all")
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def approve_all() -> Response | tuple[str, int]:
    """Approve a whole list at once, but only with every debt and mark that it had on the page."""
    which = _which(request.form)

    def act(uow: UnitOfWork) -> str:
        found = all_waiting(
            uow.session, organisation_id=uow.organisation_id, which=which, limit=MOST_AT_ONCE
        )
        marks = marks_of(found)
        if request.form.get("shown") != marks_print(marks):
            raise ListHasChanged
        shown = decide_compensation.require_as_shown(uow, marks)
        gone = decide_compensation.approve(
            uow, compensation_ids=shown.compensation_ids, details=shown.details
        )
        return ngettext("%(n)s compensation goes out.", "%(n)s compensations go out.", gone)

    return _decide(act)


@blueprint.post("/staff/approvals/refuse")
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def refuse() -> Response | tuple[str, int]:
    seen = read_marks()

    def act(uow: UnitOfWork) -> str:
        shown = decide_compensation.require_as_shown(uow, seen)
        ended = decide_compensation.refuse(
            uow,
            compensation_ids=shown.compensation_ids,
            reason=request.form.get("reason", ""),
        )
        return ngettext("%(n)s compensation refused.", "%(n)s compensations refused.", ended)

    return _decide(act, nothing_chosen=not seen)


@blueprint.post("/staff/approvals/windows/<uuid:window_id>")
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def decide_window(window_id: uuid.UUID) -> Response | tuple[str, int]:
    def act(uow: UnitOfWork) -> str:
        count = decide_compensation.decide_mass_breach(
            uow,
            window_id=window_id,
            pay=request.form.get("decision") == "pay",
            reason=request.form.get("reason", ""),
        )
        return ngettext(
            "Decided for %(n)s compensation.", "Decided for %(n)s compensations.", count
        )

    return _decide(act)


@blueprint.post("/staff/approvals/breaches/<uuid:breach_id>/ask")
@staff(Permission.BREACH_ANNUL)
def ask_annulment(breach_id: uuid.UUID) -> Response | tuple[str, int]:
    def act(uow: UnitOfWork) -> str:
        annul_breach.ask(uow, breach_id=breach_id, reason=request.form.get("reason", ""))
        return gettext("Another person now has to confirm it.")

    return _decide(act)


@blueprint.post("/staff/approvals/breaches/<uuid:breach_id>/decide")
@staff(Permission.BREACH_ANNUL, fresh=True)
def decide_annulment(breach_id: uuid.UUID) -> Response | tuple[str, int]:
    confirm = request.form.get("decision") == "confirm"

    def act(uow: UnitOfWork) -> str:
        annul_breach.decide(
            uow, breach_id=breach_id, confirm=confirm, reason=request.form.get("reason", "")
        )
        if confirm:
            return gettext("The breach is annulled.")
        return gettext("The breach stays.")

    return _decide(act)


@blueprint.post("/staff/approvals/disputes/<uuid:ticket_id>")
@staff(Permission.DISPUTE_RESOLVE, fresh=True)
def resolve_dispute(ticket_id: uuid.UUID) -> Response | tuple[str, int]:
    """Settle a dispute, with the event that did not happen where the customer is right."""
    untrue = _uuid(request.form.get("untrue_event_id"))

    def act(uow: UnitOfWork) -> str:
        dispute.resolve(
            uow,
            ticket_id=ticket_id,
            reason=request.form.get("reason", ""),
            untrue_event_id=untrue,
        )
        return gettext("The dispute is settled.")

    return _decide(act)


def _decide(
    act: Callable[[UnitOfWork], str], *, nothing_chosen: bool = False
) -> Response | tuple[str, int]:
    """Run a decision; a refusal shows the page again with what stands against it."""
    if nothing_chosen:
        words = gettext("Choose at least one compensation.")
        return _page(after=None, values=request.form, refusal=words), 422
    try:
        with work() as uow:
            words = act(uow)
    except DomainError as refusal:
        page = _page(after=None, values=request.form, refusal=say(refusal.text))
        return page, refusal.status
    flash(words, "success")
    return redirect(url_for("approvals.list", **_address(request.form)), 303)


def _page(*, after: str | None, values: Any, refusal: str | None = None) -> str:
    which, address = _which(values), _address(values)
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        found = list_waiting(
            uow.session, which=which, after=read_cursor(after), limit=PAGE + 1, **tenant
        )
        shown = found[:PAGE]
        everything = all_waiting(uow.session, which=which, limit=MOST_AT_ONCE, **tenant)
        ids = [row.id for row in shown]
        listed = debts(uow.session, ids=ids, **tenant)
        context = {
            "debts": listed,
            "marks": marks_of(listed),
            "bank": bank_details(uow.session, ids=ids, **tenant),
            "sums": sums_by_hold(uow.session, **tenant),
            "windows": open_hold_windows(uow.session, **tenant),
            "annulments": asked_annulments(uow.session, **tenant),
            "disputes": disputed_tickets(uow.session, **tenant),
            "gifts": waiting_gifts(uow.session, **tenant),
            "gift_reasons": reason_words(),
            "now": uow.now,
        }
    following = write_cursor(shown[-1].created_at, shown[-1].id) if len(found) > PAGE else None
    return render_template(
        "approvals/list.html",
        address=address,
        hold=address.get("hold"),
        names={one.value: gettext(name) for one, name in HOLD_NAMES.items()},
        whys=why_words(),
        count=len(everything),
        sum_minor=sum(row.amount_minor for row in everything),
        shown=marks_print(marks_of(everything)),
        currency=current().organisation.currency,
        following=following,
        refusal=refusal,
        **context,
    )


def why_words() -> dict[str, str]:
    return {reason: gettext(words) for reason, words in WHY_NAMES.items()}


def _address(values: Any) -> dict[str, Any]:
    """What the address says of which debts, as far as it makes sense."""
    hold = values.get("hold")
    known = {BY_A_PERSON, *(one.value for one in Hold)}
    asked = {"hold": hold if hold in known else None}
    asked |= {name: str(_uuid(values.get(name)) or "") for name in ("promise", "branch")}
    return {name: text for name, text in asked.items() if text}


def _which(values: Any) -> Waiting:
    asked = _address(values)
    hold = asked.get("hold")
    holds = None if hold is None else FOR_A_PERSON if hold == BY_A_PERSON else (hold,)
    return Waiting(holds, _uuid(asked.get("promise")), _uuid(asked.get("branch")))


def read_marks(limit: int | None = None) -> dict[uuid.UUID, str]:
    """What was chosen, each as its page showed it: id and mark."""
    seen = {}
    for text in request.form.getlist("chosen")[:limit]:
        name, _, mark = text.partition(" ")
        if (one := _uuid(name)) is not None:
            seen[one] = mark
    return seen


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
