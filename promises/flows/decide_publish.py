"""A proposal becomes a promise from the page of its decision, and the staff who keep it hear so."""

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import select

from promises.catalogue.actions import NewVersion, PublishedVersion
from promises.catalogue.draft_models import Draft, DraftState
from promises.catalogue.drafts import settle_draft
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows.decide_proposal import publish
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

_STAFF = """
SELECT m.id, m.locale, o.slug
FROM members m
JOIN organisations o ON o.organisation_id = m.organisation_id
WHERE m.organisation_id = %(organisation_id)s AND m.state = 'active'
  AND m.role IN ('clerk', 'manager') AND m.id IS DISTINCT FROM %(actor_id)s
  AND (%(branches)s::uuid[] IS NULL OR m.branch_id IS NULL OR m.branch_id = ANY(%(branches)s))
"""


def publish_proposal(
    uow: UnitOfWork,
    *,
    proposal_id: uuid.UUID,
    version: NewVersion,
    reason: str,
    notice: str | None,
    sentences: Mapping[str, str],
) -> PublishedVersion:
    """Publish and settle the proposal. With a `notice`, which may be empty, the staff of the
    branches that the promise is for get a letter, with its sentence in their language. A draft that
    somebody had begun of it is dropped.

    Raises what `publish` names; nothing is stored then.
    """
    draft = uow.session.scalar(
        select(Draft)
        .where(
            Draft.organisation_id == uow.organisation_id,
            Draft.proposal_id == proposal_id,
            Draft.state == DraftState.OPEN,
        )
        .with_for_update()
    )
    made = publish(uow, version=version, proposal_id=proposal_id, reason=reason)
    if draft is not None:
        settle_draft(uow.session, draft=draft, actor=uow.actor, now=uow.now, version_id=None)
    if notice is not None:
        _tell_staff(uow, version, made, notice, sentences)
    return made


def _tell_staff(
    uow: UnitOfWork,
    version: NewVersion,
    made: PublishedVersion,
    notice: str,
    sentences: Mapping[str, str],
) -> None:
    branches: Collection[uuid.UUID] | None = version.terms.scope.branches
    staff = sql.rows(
        uow.session,
        _STAFF,
        {
            "organisation_id": uow.organisation_id,
            "actor_id": uow.actor.id,
            "branches": None if branches is None else sorted(branches),
        },
    )
    params = {
        "titles": dict(version.titles),
        "sentences": dict(sentences),
        "way": version.way_of_working,
        "notice": notice,
        "from_at": made.valid_from.isoformat(),
    }
    messages = [
        NewMessage(
            kind=MessageKind.PROMISE_NOTICE,
            channel=Channel.EMAIL,
            locale=row.locale,
            dedupe_key=f"promise_notice:{made.version_id}:{row.id}",
            member_id=row.id,
            params=params,
            secret=f"/o/{row.slug}/staff/promises/{made.slug}",
        )
        for row in staff
    ]
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
