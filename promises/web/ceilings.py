"""How much goes out at most in a day, week or month: the ceilings, what is behind each, and how
they are set."""

import datetime as dt
import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.queries import PromiseState, list_promises
from promises.compensation.ceilings import CeilingRule, ceiling_at, ceiling_by_id
from promises.db.session import UnitOfWork
from promises.flows.set_ceiling import set_ceiling
from promises.http import charts
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import format_date
from promises.kernel.zones import local_date
from promises.reporting.ceilings import CeilingStanding, ceiling_standings, released_within
from promises.web.forms.ceilings import PERIODS, REACTIONS, CeilingForm, NewCeilingForm
from promises.web.words import title_of

blueprint = Blueprint("ceilings", __name__)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Places:
    """What ceilings may be on, in words."""

    branches: Mapping[uuid.UUID, str]
    promises: Mapping[uuid.UUID, str]
    running: Mapping[uuid.UUID, str]
    """The promises that have not ended."""

    def words(self, branch_id: uuid.UUID | None, promise_id: uuid.UUID | None) -> str:
        if branch_id is not None:
            return self.branches[branch_id]
        if promise_id is not None:
            return self.promises[promise_id]
        return gettext("The whole organisation")


@blueprint.get("/staff/ceilings", endpoint="list")
@staff(Permission.COMPENSATION_READ)
def list_all() -> str:
    with work() as uow:
        today = _today(uow)
        found = ceiling_standings(uow.session, organisation_id=uow.organisation_id, today=today)
        places = _places(uow)
    return render_template("ceilings/list.html", found=found, places=places, **_words())


@blueprint.get("/staff/ceilings/<uuid:ceiling_id>")
@staff(Permission.COMPENSATION_READ)
def show(ceiling_id: uuid.UUID) -> str:
    """One ceiling in one period: how it was used up, and the debts behind that."""
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        today = _today(uow)
        standings = ceiling_standings(
            uow.session, today=today, on=_day(request.args.get("on")), ceiling_id=ceiling_id,
            **tenant,
        )  # fmt: skip
        if not standings:
            raise NotFound(ceiling_id=str(ceiling_id))
        standing = standings[0]
        count, sum_minor, debts = released_within(
            uow.session, standing=standing, limit=PAGE + 1, after=_uuid(request.args.get("after")),
            **tenant,
        )  # fmt: skip
        places = _places(uow)
    return render_template(
        "ceilings/show.html", one=standing, places=places, count=count, sum_minor=sum_minor,
        debts=debts[:PAGE], following=debts[PAGE - 1].id if len(debts) > PAGE else None,
        today=today, burn=_burn(standing), **_words(),
    )  # fmt: skip


@blueprint.route("/staff/ceilings/new", methods=["GET", "POST"])
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def new() -> Response | tuple[str, int]:
    form = NewCeilingForm()
    with work() as uow:
        places = _places(uow)
    form.offer(current().organisation.currency)
    form.offer_places(places.branches.items(), places.running.items())
    if form.validate_on_submit():
        where = form.chosen()
        with work() as uow:
            before = ceiling_at(
                uow.session, organisation_id=uow.organisation_id, period=form.period.data,
                branch_id=where["branch_id"], promise_id=where["promise_id"],
            )  # fmt: skip
        if before.limit_minor is not None:
            words = gettext("There is a ceiling here already. Change it in the list.")
            form.place.errors = [words]
        elif _set(form, before):
            return redirect(url_for("ceilings.list"), 303)
    page = render_template("ceilings/change.html", form=form, rule=None, places=places, **_words())
    return page, 422 if form.errors else 200


@blueprint.route("/staff/ceilings/<uuid:ceiling_id>/change", methods=["GET", "POST"])
@staff(Permission.COMPENSATION_DECIDE, fresh=True)
def change(ceiling_id: uuid.UUID) -> Response | tuple[str, int]:
    with work() as uow:
        rule = ceiling_by_id(
            uow.session, organisation_id=uow.organisation_id, ceiling_id=ceiling_id
        )
        places = _places(uow)
    form = CeilingForm(limit=rule.limit_minor, reaction=rule.reaction, version=str(rule.version))
    form.offer(current().organisation.currency)
    if form.validate_on_submit():
        seen = form.version.data or ""
        known = seen.isascii() and seen.isdigit() and len(seen) < 10
        if _set(form, replace(rule, version=int(seen) if known else -1)):
            return redirect(url_for("ceilings.list"), 303)
    page = render_template("ceilings/change.html", form=form, rule=rule, places=places, **_words())
    return page, 422 if form.errors else 200


def _set(form: CeilingForm, before: CeilingRule) -> bool:
    """Whether it was done; else the form says what stands against it."""
    wanted = replace(before, limit_minor=form.limit.data, reaction=form.reaction.data)
    try:
        with work() as uow:
            set_ceiling(uow, wanted=wanted)
    except DomainError as refusal:
        form.refuse(refusal)
        return False
    flash(gettext("Saved. The ceiling holds from the next payment on."), "success")
    return True


def _places(uow: UnitOfWork) -> Places:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    branches = list_branches(uow.session, closed=True, **tenant)
    promises = list_promises(uow.session, at=uow.now, **tenant)
    return Places(
        {one.id: one.name for one in branches},
        {one.promise_id: title_of(one) for one in promises},
        {one.promise_id: title_of(one) for one in promises if one.state is not PromiseState.ENDED},
    )


def _words() -> dict[str, Any]:
    return {
        "periods": {one.value: gettext(words) for one, words in PERIODS.items()},
        "reactions": {one.value: gettext(words) for one, words in REACTIONS.items()},
        "currency": current().organisation.currency,
    }


def _today(uow: UnitOfWork) -> dt.date:
    return local_date(uow.now, current().organisation.time_zone)


def _burn(one: CeilingStanding) -> dict[str, Any] | None:
    """What was left at the end of each day; None where there is nothing to draw."""
    whole = (one.last - one.first).days + 1
    if whole == 1 or one.limit_minor == 0:
        return None
    spent = list(itertools.accumulate(one.days))
    days = [one.first + dt.timedelta(days=n) for n in range(len(spent))]
    left = [
        (format_date(current().locale, day), one.limit_minor - gone)
        for day, gone in zip(days, spent, strict=True)
    ]
    return {
        "chart": charts.burn_line(spent, one.limit_minor, whole),
        "left": list(reversed(left)),
    }


def _day(text: str | None) -> dt.date | None:
    """No day that a calendar could not count back from."""
    try:
        return max(dt.date.fromisoformat(text or ""), dt.date(2000, 1, 1))
    except ValueError:
        return None


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
