"""The promise editor: questions with the sentence beside them, and the publication at the end."""

import dataclasses
import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from promises.catalogue.actions import PublishedVersion
from promises.catalogue.drafts import lock_draft, settle_draft
from promises.catalogue.targets import is_path
from promises.flows.publish_draft import publish_draft
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import Conflict, DomainError
from promises.kernel.text import LOCALES, N_
from promises.rules.terms import dump_terms
from promises.web.editor_changes import Reading, changes
from promises.web.editor_draft import (
    DraftForm,
    Opened,
    gives_less,
    open_draft,
    save,
    version_of,
)
from promises.web.editor_history import history_line
from promises.web.forms.editor import LATER, terms_of
from promises.web.forms.editor_answers import answers_of
from promises.web.forms.editor_words import NOTES, STATED, UNITS
from promises.web.forms.pauses import ReasonsForm
from promises.web.notice_words import POINTS

blueprint = Blueprint("editor", __name__)

CHECK, UPDATE = "check", "update"
_RISING = N_("The days must rise, and each level must lie above 0 and up to 100 per cent.")
_MAY_WAIT = ("title_fi", "title_sv", "title_en", "way_of_working")


@blueprint.route("/staff/editor/<uuid:draft_id>", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def page(draft_id: uuid.UUID) -> Response | tuple[str, int]:
    """Answer the questions. What can be read is kept at once, also when the rest is still open."""
    opened = open_draft(draft_id)
    form = opened.form()
    if request.method == "GET":
        return _page(opened, form, 200)
    checking = request.form.get("step") == CHECK
    fine = _validate(form, everything=checking)
    if all(name in LATER for name in form.errors):
        try:
            _save(opened, form)
        except DomainError as refusal:
            form.refuse(refusal)
            return _page(open_draft(draft_id), form, refusal.status)
        if fine:
            where = "editor.check" if checking else "editor.page"
            return redirect(url_for(where, draft_id=draft_id), 303)
    return _page(open_draft(draft_id), form, 422)


def _validate(form: DraftForm, *, everything: bool) -> bool:
    """Titles and the way of working may wait until the whole is looked at."""
    fine = form.validate()
    if everything:
        if fine and not is_path(form.target_path()):
            form.targets.errors = [gettext(_RISING)]
        return fine and not form.errors
    for name in _MAY_WAIT:
        form[name].errors = []
    return not form.errors


def _save(opened: Opened, form: DraftForm) -> None:
    terms = terms_of(form, opened.row.terms, current().organisation.currency)
    _follow(opened, form, dump_terms(terms))
    with work() as uow:
        save(uow, opened, _revision(), terms, answers_of(form))


def _follow(opened: Opened, form: DraftForm, terms: dict[str, Any]) -> None:
    """A title that nobody has touched says the new numbers."""
    if opened.template is not None:
        before, now = (opened.template.suggested(one) for one in (opened.row.terms, terms))
        for code in LOCALES:
            field = form[f"title_{code}"]
            if field.data == before[code]:
                field.data = now[code]


def _revision() -> int:
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _page(opened: Opened, form: DraftForm, status: int) -> tuple[str, int]:
    return render_template("editor/draft.html", **_shown(opened), form=form), status


def _shown(opened: Opened) -> dict[str, Any]:
    """What every page of a draft shows."""
    with work() as uow:
        line = history_line(uow, opened.terms, opened.row.draft_id)
    template = opened.template
    speaks = template is not None and template.speaks_for(opened.row.terms)
    stated = [STATED[name] for name in template.stated] if template and speaks else []
    return {
        "opened": opened,
        "told": opened.told(),
        "stated": [(gettext(question), gettext(answer)) for question, answer in stated],
        "units": {name: gettext(text) for name, text in UNITS.items()},
        "line": line,
        "later": LATER,
        "notes": NOTES,
        "currency": current().organisation.currency,
    }


@blueprint.route("/staff/editor/<uuid:draft_id>/check", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def check(draft_id: uuid.UUID) -> Response | tuple[str, int]:
    """The whole once more, what changes, and the publication."""
    opened = open_draft(draft_id)
    form, refused = opened.form(formdata=None), ReasonsForm()
    status = 200
    try:
        with work() as uow:
            version = version_of(opened, form, uow)
            less = gives_less(uow, version)
            if request.method == "POST":
                made = publish_draft(
                    uow,
                    draft_id=draft_id,
                    revision=_revision(),
                    version=dataclasses.replace(version, change_reasons=refused.reasons()),
                    reason=form.reason.data or "",
                )
                return _published(made)
    except ValidationError:
        return _page(opened, form, 422)
    except DomainError as refusal:
        refused.refuse(refusal)
        opened, status = open_draft(draft_id), refusal.status
    before = opened.now_said
    changed = changes(dump_terms(before), opened.row.terms, _reading(opened)) if before else None
    page = render_template(
        "editor/check.html",
        **_shown(opened),
        version=version,
        form=refused,
        changes=changed,
        less=less,
        points=[POINTS[point] for point in less.points] if less else (),
    )
    return page, status


def _reading(opened: Opened) -> Reading:
    found = current()
    return Reading(found.locale, found.organisation.currency, opened.template, opened.names)


def _published(made: PublishedVersion) -> Response:
    flash(gettext("Published. It is on the public page now."), "success")
    return redirect(url_for("promises.show", promise_slug=made.slug), 303)


@blueprint.post("/staff/editor/<uuid:draft_id>/drop")
@staff(Permission.PROMISE_PUBLISH)
def drop(draft_id: uuid.UUID) -> Response:
    try:
        with work() as uow:
            draft = lock_draft(
                uow.session,
                organisation_id=uow.organisation_id,
                draft_id=draft_id,
                revision=_revision(),
            )
            settle_draft(uow.session, draft=draft, actor=uow.actor, now=uow.now, version_id=None)
    except Conflict as refusal:
        flash(gettext(refusal.message, **refusal.params), "warning")
    else:
        flash(gettext("The draft is dropped."), "success")
    return redirect(url_for("editor_start.gallery"), 303)
