"""A draft becomes a promise, or the next version of one."""

import uuid

from promises.catalogue.actions import NewVersion, PublishedVersion
from promises.catalogue.drafts import lock_draft, settle_draft
from promises.db.session import UnitOfWork
from promises.flows.decide_proposal import publish


def publish_draft(
    uow: UnitOfWork, *, draft_id: uuid.UUID, revision: int, version: NewVersion, reason: str = ""
) -> PublishedVersion:
    """Publish what the draft says at that revision, and close the draft. A draft of a proposal
    settles the proposal too; `reason` is told to its proposer.

    Raises what `lock_draft` and `publish` name; nothing is stored then.
    """
    draft = lock_draft(
        uow.session, organisation_id=uow.organisation_id, draft_id=draft_id, revision=revision
    )
    published = publish(uow, version=version, proposal_id=draft.proposal_id, reason=reason)
    settle_draft(
        uow.session, draft=draft, actor=uow.actor, now=uow.now, version_id=published.version_id
    )
    return published
