"""Where a draft begins: a template, a proposal, a published promise, or nothing."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.draft_queries import DraftRow, list_open_drafts, template_of_version
from promises.catalogue.drafts import NewDraft, begin_draft
from promises.catalogue.gestures import gestures_of
from promises.catalogue.proposal_moves import lock_undecided_proposal
from promises.catalogue.proposal_queries import get_proposal
from promises.catalogue.queries import promise_by_slug
from promises.catalogue.templates.library import Template, template_of, templates
from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.text import LOCALES
from promises.rules.terms import Terms, dump_terms, parse_terms
from promises.web.forms.editor_answers import answers_of_version
from promises.web.forms.editor_words import NOTES
from promises.web.words import names_of, tell

blueprint = Blueprint("editor_start", __name__)

LONGEST_SHOWN = 200
SHORT, GENERAL = "short", "general"
_SHORT = {
    "format": 1,
    "scope": {"ticket_kinds": ["visit"]},
    "measure": {"kind": "elapsed", "from": "arrived", "to": "service_started"},
    "limit": {"seconds": 900, "boundary": "inclusive"},
    "leavers": {"before_limit": "excluded", "after_limit": "owed"},
}
_GENERAL = {
    "format": 2,
    "scope": {"ticket_kinds": ["request"]},
    "facts": {"arrived_at": "instant", "answered_at": "instant"},
    "deadlines": {"answer_before": {"from": "arrived_at", "add": 14, "unit": "calendar_day"}},
    "broken_when": {"late": {"event": "answered_at", "deadline": "answer_before"}},
}
_START_AMOUNT = 10


@blueprint.get("/staff/editor")
@staff(Permission.PROMISE_PUBLISH)
def gallery() -> str:
    words = request.args.get("q", "")[:100]
    locale = current().locale
    with work() as uow:
        drafts = list_open_drafts(uow.session, organisation_id=uow.organisation_id)
        names = names_of(uow)
    found = [one for one in templates() if one.matches(words, locale)]
    own = {one.slug: _own_terms(one) for one in found}
    return render_template(
        "editor/gallery.html",
        words=words,
        found=found,
        titles={one.slug: one.suggested(dump_terms(own[one.slug]))[locale] for one in found},
        told={one.slug: _short(tell(own[one.slug], names).sentence) for one in found},
        drafts=[(row, _title(row)) for row in drafts],
        notes=NOTES,
    )


def _short(sentence: str) -> str:
    """Without the tables of a long promise, which the draft shows."""
    return sentence if len(sentence) <= LONGEST_SHOWN else f"{sentence[:LONGEST_SHOWN]}…"


def _own_terms(template: Template) -> Terms:
    organisation = current().organisation
    return parse_terms(template.start(organisation.currency, organisation.time_zone))


def _title(row: DraftRow) -> str:
    titles = [row.answers.get(f"title_{code}") for code in (current().locale, *LOCALES)]
    return next((one for one in titles if one), gettext("A promise of your own"))


@blueprint.post("/staff/editor")
@staff(Permission.PROMISE_PUBLISH)
def start() -> Response:
    """From a template, or from nothing: `short` for waiting, `general` for those who write JSON."""
    wanted = request.form.get("template", "")
    template = template_of(wanted)
    with work() as uow:
        if template is not None:
            return _begun(uow, _of_template(template))
        return _begun(uow, _of_nothing(wanted))


def _of_template(template: Template) -> NewDraft:
    terms = _own_terms(template)
    titles = template.suggested(dump_terms(terms))
    answers = {f"title_{code}": titles[code] for code in LOCALES}
    way = template.way_of_working[current().locale]
    return NewDraft(terms, answers | {"way_of_working": way}, template.slug)


def _of_nothing(kind: str) -> NewDraft:
    organisation = current().organisation
    amount = _START_AMOUNT * 100
    document: dict[str, Any]
    if kind == GENERAL:
        document = _GENERAL | {"time_zone": organisation.time_zone, "amount": amount}
    else:
        document = _SHORT | {"amount": {"kind": "flat", "amount_minor": amount}}
    return NewDraft(parse_terms(document | {"currency": organisation.currency}), {})


def _begun(uow: UnitOfWork, new: NewDraft) -> Response:
    draft = begin_draft(
        uow.session, organisation_id=uow.organisation_id, actor=uow.actor, now=uow.now, start=new
    )
    return redirect(url_for("editor.page", draft_id=draft.id), 303)


@blueprint.post("/staff/promises/<slug:promise_slug>/draft")
@staff(Permission.PROMISE_PUBLISH)
def next_version(promise_slug: str) -> Response:
    """The draft of the next version of a promise: what holds now, to be changed."""
    with work() as uow:
        info = promise_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=promise_slug, at=uow.now
        )
        template = template_of_version(
            uow.session,
            organisation_id=uow.organisation_id,
            version_id=info.version.version_id,
        )
        gestures = gestures_of(
            uow.session,
            organisation_id=uow.organisation_id,
            version_ids=[info.version.version_id],
        )
        gesture = gestures.get(info.version.version_id, "")
        return _begun(
            uow,
            NewDraft(
                info.version.terms,
                answers_of_version(info) | {"closing_gesture": gesture},
                template,
                promise_id=info.promise_id,
            ),
        )


@blueprint.post("/staff/proposals/<uuid:proposal_id>/draft")
@staff(Permission.PROMISE_PUBLISH)
def from_proposal(proposal_id: uuid.UUID) -> Response:
    """The draft of what was proposed; its title is in its author's language. Raises
    AlreadyDecided."""
    with work() as uow:
        lock_undecided_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
        )
        row = get_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
        )
        answers = {
            f"title_{current().organisation.locale}": row.title,
            "way_of_working": row.way_of_working,
        }
        return _begun(uow, NewDraft(row.terms, answers, proposal_id=proposal_id))
