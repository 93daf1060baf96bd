"""Clearing what waits: ten at a time, by keyboard or by hand, each decision shown before it counts.

Choosing leads to a page that says how many and how much; only what it was made of is decided. After
a decision the next ones are shown.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.compensation.errors import ListHasChanged
from promises.compensation.holding import USUAL_HOLD
from promises.db.session import UnitOfWork
from promises.flows import decide_compensation
from promises.http.context import current, work
from promises.http.forms import Form
from promises.http.i18n import gettext, ngettext, say
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.kernel.text import N_
from promises.kernel.zones import local_date, resolve_local
from promises.reporting.approval_queue import Place, Waiting, approval_queue, total_minor
from promises.web.approvals import HOLD_NAMES, read_marks, why_words
from promises.web.breaches import EVIDENCE_NAMES
from promises.web.cursors import read_cursor, write_cursor
from promises.web.forms.approvals import HoldForm, RefuseForm

blueprint = Blueprint("approval_queue", __name__)

PAGE = 10

SUM_NAMES = {
    "customer": N_("Much for one customer"),
    "device": N_("Much from one device"),
    "clerk": N_("Much with one member of staff"),
    "branch": N_("Much at one branch"),
    "promise": N_("Above the promise's own threshold"),
}


@dataclass(frozen=True, slots=True)
class _Verb:
    """One way to decide: the form that asks what else it needs, and what is done."""

    form: type[Form]
    act: Callable[[UnitOfWork, decide_compensation.Shown, Any], str]


def _approve(uow: UnitOfWork, shown: decide_compensation.Shown, form: Any) -> str:
    gone = decide_compensation.approve(
        uow, compensation_ids=shown.compensation_ids, details=shown.details
    )
    return ngettext("%(n)s compensation goes out.", "%(n)s compensations go out.", gone)


def _refuse(uow: UnitOfWork, shown: decide_compensation.Shown, form: Any) -> str:
    ended = decide_compensation.refuse(
        uow, compensation_ids=shown.compensation_ids, reason=form.reason.data
    )
    return ngettext("%(n)s compensation refused.", "%(n)s compensations refused.", ended)


def _hold(uow: UnitOfWork, shown: decide_compensation.Shown, form: Any) -> str:
    zone = current().organisation.time_zone
    end_of_day = dt.datetime.combine(form.until_on.data + dt.timedelta(days=1), dt.time())
    held = decide_compensation.hold(
        uow,
        compensation_ids=shown.compensation_ids,
        reason=form.reason.data,
        until=resolve_local(end_of_day, zone).instant - dt.timedelta.resolution,
    )
    return ngettext("%(n)s compensation is held.", "%(n)s compensations are held.", held)


VERBS = {
    "approve": _Verb(Form, _approve),
    "refuse": _Verb(RefuseForm, _refuse),
    "hold": _Verb(HoldForm, _hold),
}


@blueprint.get("/staff/approvals/queue")
@staff(Permission.COMPENSATION_READ)
def page() -> str:
    return _page()


@blueprint.post("/staff/approvals/queue/check")
@staff(Permission.COMPENSATION_DECIDE)
def check() -> tuple[str, int]:
    """Nothing is decided yet: how many, how much, and what else has to be said."""
    seen, verb = read_marks(PAGE + 1), _verb()
    if not seen:
        return _page(gettext("Choose at least one compensation.")), 422
    return _check(verb, seen)


@blueprint.post("/staff/approvals/queue/decide")
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def decide() -> Response | tuple[str, int]:
    """What the page before showed, or nothing at all."""
    seen, name = read_marks(PAGE + 1), _verb()
    verb = VERBS[name]
    form = verb.form()
    if not seen:
        return _page(gettext("Choose at least one compensation.")), 422
    if not form.validate_on_submit():
        return _check(name, seen, form=form)
    try:
        with work() as uow:
            shown = decide_compensation.require_as_shown(uow, seen)
            words = verb.act(uow, shown, form)
    except ListHasChanged as refusal:
        return _page(say(refusal.text)), refusal.status
    except DomainError as refusal:
        form.refuse(refusal)
        return _check(name, seen, form=form, status=refusal.status)
    flash(words, "success")
    return redirect(url_for("approval_queue.page"), 303)


def _check(
    name: str, seen: Mapping[uuid.UUID, str], *, form: Any = None, status: int = 422
) -> tuple[str, int]:
    with work() as uow:
        found = _found(uow, Place(ids=tuple(seen)), limit=len(seen))
        until_on = local_date(uow.now + USUAL_HOLD, current().organisation.time_zone)
    if {one.row.id: one.mark for one in found} != seen:
        return _page(say(ListHasChanged().text)), ListHasChanged.status
    asked = form is not None
    form = form or VERBS[name].form(formdata=None, data={"until_on": until_on})
    page = render_template(
        "approvals/check.html",
        verb=name,
        form=form,
        found=found,
        sum_minor=total_minor(found),
        **_names(),
    )
    return page, status if asked else 200


def _page(refusal: str | None = None) -> str:
    after = read_cursor(request.args.get("after"))
    with work() as uow:
        found = _found(uow, Place(after), limit=PAGE + 1)
    shown = found[:PAGE]
    last = shown[-1].row if len(found) > PAGE else None
    return render_template(
        "approvals/queue.html",
        found=shown,
        sum_minor=total_minor(shown),
        following=None if last is None else write_cursor(last.created_at, last.id),
        refusal=refusal,
        **_names(),
    )


def _found(uow: UnitOfWork, place: Place, limit: int) -> list[Waiting]:
    return approval_queue(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        today_on=local_date(uow.now, current().organisation.time_zone),
        limit=limit,
        place=place,
    )


def _names() -> dict[str, Any]:
    return {
        "currency": current().organisation.currency,
        "names": {one.value: gettext(name) for one, name in HOLD_NAMES.items()},
        "whys": why_words(),
        "sums": {name: gettext(words) for name, words in SUM_NAMES.items()},
        "evidences": {str(name): gettext(words) for name, words in EVIDENCE_NAMES.items()},
    }


def _verb() -> str:
    asked = request.form.get("verb", "")
    return asked if asked in VERBS else "approve"
