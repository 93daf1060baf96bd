"""The way to a published version: fill in, look at the whole, publish.

Publishing cannot be taken back, so the answers are shown once more before. Nothing is stored on
the way; the answers travel with the page.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from promises.catalogue.actions import NewVersion, PublishedVersion
from promises.catalogue.proposal_queries import ProposalRow
from promises.catalogue.queries import PromiseInfo
from promises.flows.decide_proposal import publish
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.kernel.errors import DomainError
from promises.kernel.text import LOCALES
from promises.web.forms.catalogue import VersionForm
from promises.web.words import names_of, scopes_of, tell

CHECK, EDIT, PUBLISH = "check", "edit", "publish"
_NOT_ANSWERS = ("csrf_token", "step")


@dataclass(frozen=True, slots=True)
class Publishing:
    """What is published: a proposal as a new promise, or a next version of a promise."""

    proposal: ProposalRow | None = None
    promise: PromiseInfo | None = None

    @property
    def promise_id(self) -> uuid.UUID | None:
        return self.promise.promise_id if self.promise else None

    @property
    def proposal_id(self) -> uuid.UUID | None:
        return self.proposal.proposal_id if self.proposal else None


def publish_page(form: VersionForm, what: Publishing) -> Response | tuple[str, int]:
    """The form, the page to check the answers, or the publication; `form` is ready but for its
    choices of services and branches."""
    _prepare(form)
    step = request.form.get("step") if request.method == "POST" else EDIT
    if step == EDIT or not form.validate():
        return _form_page(form, what, 200 if step == EDIT else 422)
    try:
        with work() as uow:
            version = _version(form, what.promise_id, uow.now)
            names = names_of(uow)
            if step == PUBLISH:
                made = publish(
                    uow,
                    version=version,
                    proposal_id=what.proposal_id,
                    reason=form.reason.data or "",
                )
                return _published(made)
    except ValidationError:
        return _form_page(form, what, 422)
    except DomainError as refusal:
        form.refuse(refusal)
        return _form_page(form, what, refusal.status)
    return _check_page(what, version, names)


def _prepare(form: VersionForm) -> None:
    currency = current().organisation.currency
    for field in (
        form.amount, form.cap_case, form.approval_threshold, form.budget_month
    ):  # fmt: skip
        field.currency = currency
    with work() as uow:
        form.offer(scopes_of(uow))


def _version(form: VersionForm, promise_id: uuid.UUID | None, now: dt.datetime) -> NewVersion:
    organisation = current().organisation
    return NewVersion(
        terms=form.terms(organisation.currency),
        valid_from=form.valid_from(now, organisation.time_zone),
        titles=form.titles(),
        way_of_working=form.way_of_working.data,
        team_reward=form.team_reward.data or "",
        target_path=form.target_path(),
        promise_id=promise_id,
    )


def _form_page(form: VersionForm, what: Publishing, status: int) -> tuple[str, int]:
    currency = current().organisation.currency
    page = render_template("promises/edit.html", form=form, what=what, currency=currency)
    return page, status


def _check_page(
    what: Publishing, version: NewVersion, names: Mapping[uuid.UUID, str]
) -> tuple[str, int]:
    answers = [
        (name, value) for name, value in request.form.items(multi=True) if name not in _NOT_ANSWERS
    ]
    told = {locale: tell(version.terms, names, locale) for locale in LOCALES}
    page = render_template(
        "promises/check.html", what=what, version=version, told=told, answers=answers
    )
    return page, 200


def _published(made: PublishedVersion) -> Response:
    flash(gettext("Published. It is on the public page now."), "success")
    return redirect(url_for("promises.show", promise_slug=made.slug), 303)
