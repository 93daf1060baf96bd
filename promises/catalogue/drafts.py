"""Writing drafts: begin, change, drop, settle. Two people who change one at once both learn it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, check_terms
from promises.catalogue.draft_models import Draft, DraftState
from promises.catalogue.errors import DraftChanged, DraftSettled, NoSuchDraft
from promises.catalogue.models import Promise, Proposal
from promises.identity.models import Member
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import Forbidden
from promises.kernel.ids import new_id
from promises.rules.terms import Terms, dump_terms


@dataclass(frozen=True, slots=True)
class NewDraft:
    """What a draft begins with; `promise_id` makes it the next version of that promise."""

    terms: Terms
    answers: Mapping[str, Any]
    template: str | None = None
    promise_id: uuid.UUID | None = None
    proposal_id: uuid.UUID | None = None


def begin_draft(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    start: NewDraft,
) -> Draft:
    """A new draft. Of one promise or proposal there is one open draft: it is given back as it
    is."""
    known = _open_draft(session, organisation_id, start.promise_id, start.proposal_id)
    if known is not None:
        return known
    author = _person(actor)
    draft = Draft(
        organisation_id=organisation_id,
        id=new_id(),
        template=start.template,
        promise_id=start.promise_id,
        proposal_id=start.proposal_id,
        terms=dump_terms(start.terms),
        answers=dict(start.answers),
        revision=1,
        state=DraftState.OPEN,
        created_by=author,
        created_at=now,
        changed_by=author,
        changed_at=now,
    )
    session.add(draft)
    session.flush()
    return draft


def _open_draft(
    session: Session,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID | None,
    proposal_id: uuid.UUID | None,
) -> Draft | None:
    """The one that somebody began already. What it is of is locked, so that two who begin at once
    get the same."""
    of_promise = promise_id is not None
    key = promise_id if of_promise else proposal_id
    if key is None:
        return None
    model: type[Promise] | type[Proposal] = Promise if of_promise else Proposal
    session.get(model, (organisation_id, key), with_for_update=True)
    column = Draft.promise_id if of_promise else Draft.proposal_id
    return session.scalars(
        select(Draft).where(
            Draft.organisation_id == organisation_id, Draft.state == DraftState.OPEN, column == key
        )
    ).one_or_none()


def lock_draft(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    draft_id: uuid.UUID,
    revision: int,
    own: Actor | None = None,
) -> Draft:
    """The open draft as somebody saw it, until the transaction ends nobody else's to change.

    Raises NoSuchDraft, DraftSettled, or DraftChanged where it has moved on since `revision`; the
    last change of `own` is passed over, as an answer may be kept while the next one is sent.
    """
    draft = session.get(
        Draft, (organisation_id, draft_id), with_for_update=True, populate_existing=True
    )
    if draft is None:
        raise NoSuchDraft()
    if draft.state != DraftState.OPEN:
        raise DraftSettled()
    if draft.revision != revision and (own is None or draft.changed_by != own.id):
        other = session.get(Member, (organisation_id, draft.changed_by))
        raise DraftChanged(name=other.name if other else "", changed_at=draft.changed_at)
    return draft


def save_draft(
    session: Session,
    *,
    draft: Draft,
    actor: Actor,
    now: dt.datetime,
    terms: Terms,
    answers: Mapping[str, Any],
) -> None:
    """New content for a locked draft; one that says the same keeps its revision. Raises
    DraftRefused where the terms name what the organisation does not have."""
    check = Check()
    check_terms(session, draft.organisation_id, terms, check)
    check.done()
    document = dump_terms(terms)
    if document == draft.terms and dict(answers) == draft.answers:
        return
    draft.terms, draft.answers = document, dict(answers)
    draft.revision += 1
    draft.changed_by, draft.changed_at = _person(actor), now
    session.flush()


def settle_draft(
    session: Session, *, draft: Draft, actor: Actor, now: dt.datetime, version_id: uuid.UUID | None
) -> None:
    """The end of a locked draft: published as that version, or dropped."""
    draft.state = DraftState.DROPPED if version_id is None else DraftState.PUBLISHED
    draft.version_id = version_id
    draft.changed_by, draft.changed_at = _person(actor), now
    session.flush()


def _person(actor: Actor) -> uuid.UUID:
    if actor.kind is not ActorKind.MEMBER or actor.id is None:
        raise Forbidden()
    return actor.id
