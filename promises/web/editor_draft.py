"""One draft on the desk: its terms, its form, and how it reads."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promises.catalogue.actions import NewVersion
from promises.catalogue.draft_models import DraftState
from promises.catalogue.draft_queries import DraftRow, get_draft
from promises.catalogue.drafts import lock_draft, save_draft
from promises.catalogue.errors import DraftSettled
from promises.catalogue.notice import Announcement, announcement_for
from promises.catalogue.queries import PromiseInfo, promise_by_slug
from promises.catalogue.templates.library import Template, template_of
from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.identity.calendars import calendar_names
from promises.kernel.text import LOCALES
from promises.rules.terms import Terms, parse_terms
from promises.web.forms.editor import (
    Choices,
    GuaranteeForm,
    WaitForm,
    data_of,
    form_of,
    set_currency,
)
from promises.web.forms.editor_answers import fields_of
from promises.web.words import Told, names_of, scopes_of, tell

DraftForm = WaitForm | GuaranteeForm


@dataclass(frozen=True, slots=True)
class Opened:
    """A draft that is open. `promise` is the one whose next version it is; `now_said` the terms
    of the version that it would follow."""

    row: DraftRow
    terms: Terms
    template: Template | None
    promise: PromiseInfo | None
    choices: Choices
    names: Mapping[uuid.UUID, str]

    @property
    def title(self) -> str:
        """In the reader's language, else in any that was given."""
        titles = [self.row.answers.get(f"title_{code}") for code in (current().locale, *LOCALES)]
        return next((one for one in titles if one), gettext("A promise of your own"))

    @property
    def now_said(self) -> Terms | None:
        return self.promise.version.terms if self.promise else None

    def told(self) -> dict[str, Told]:
        """The promise in every language."""
        return {code: tell(self.terms, self.names, code) for code in LOCALES}

    def form(self, **options: Any) -> DraftForm:
        """With what the draft says, and what was sent if a form was sent."""
        kind = form_of(self.terms, self.template)
        data = data_of(self.terms, kind) | fields_of(self.row.answers)
        form = kind(data=data, **options)
        set_currency(form, current().organisation.currency)
        form.prepare(self.choices)
        form.offer_starts(first=self.promise is None)
        return form


def open_draft(draft_id: uuid.UUID) -> Opened:
    """Raises NoSuchDraft, or DraftSettled where it is no longer open."""
    with work() as uow:
        row = get_draft(uow.session, organisation_id=uow.organisation_id, draft_id=draft_id)
        if row.state is not DraftState.OPEN:
            raise DraftSettled()
        promise = None
        if row.promise_slug is not None:
            promise = promise_by_slug(
                uow.session,
                organisation_id=uow.organisation_id,
                slug=row.promise_slug,
                at=uow.now,
            )
        calendars = calendar_names(uow.session, uow.organisation_id)
        return Opened(
            row=row,
            terms=parse_terms(row.terms),
            template=template_of(row.template),
            promise=promise,
            choices=Choices(scopes_of(uow), tuple(calendars)),
            names=names_of(uow),
        )


def save(
    uow: UnitOfWork, opened: Opened, revision: int, terms: Terms, answers: Mapping[str, Any]
) -> None:
    """Raises what `lock_draft` names."""
    draft = lock_draft(
        uow.session,
        organisation_id=uow.organisation_id,
        draft_id=opened.row.draft_id,
        revision=revision,
        own=uow.actor,
    )
    save_draft(uow.session, draft=draft, actor=uow.actor, now=uow.now, terms=terms, answers=answers)


def gives_less(uow: UnitOfWork, version: NewVersion) -> Announcement | None:
    """In what a next version gives customers less than the one before it; None of a new promise."""
    if version.promise_id is None:
        return None
    return announcement_for(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        promise_id=version.promise_id,
        terms=version.terms,
        valid_from=version.valid_from,
    )


def version_of(opened: Opened, form: DraftForm, uow: UnitOfWork) -> NewVersion:
    """What would be published now. Raises ValidationError, told at the field, for a start that
    has passed."""
    return NewVersion(
        terms=opened.terms,
        valid_from=form.valid_from(uow.now, current().organisation.time_zone),
        titles=form.titles(),
        way_of_working=form.way_of_working.data or "",
        team_reward=form.team_reward.data or "",
        closing_gesture=form.closing_gesture.data or "",
        target_path=form.target_path(),
        promise_id=opened.row.promise_id,
    )
