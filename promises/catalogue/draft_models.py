"""Promises in the making: what a manager has answered so far."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, organisation_fk, table_info, tenant_fk


class DraftState(enum.StrEnum):
    OPEN = "open"
    PUBLISHED = "published"
    DROPPED = "dropped"


class Draft(TenantModel):
    """A new promise, or the next version of one. `terms` always parse; `answers` are the texts of
    the fields beside them. `revision` counts the changes, so that nobody overwrites another's.
    `version_id` is what it was published as: the next draft finds its template again by it."""

    __tablename__ = "drafts"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("promise_id", "promises"),
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("version_id", "promise_versions"),
        one_of("state", DraftState),
        CheckConstraint("revision > 0", name="revision_positive"),
        CheckConstraint(
            "(state = 'published') = (version_id IS NOT NULL)", name="published_names_version"
        ),
        Index("ix_drafts_state", "organisation_id", "state", "changed_at"),
        *(
            Index(
                f"uq_drafts_open_{one}",
                "organisation_id",
                f"{one}_id",
                unique=True,
                postgresql_where=text("state = 'open'"),
            )
            for one in ("promise", "proposal")
        ),
        {"info": table_info(Access.CHANGE)},
    )

    template: Mapped[str | None] = mapped_column(Text)
    promise_id: Mapped[uuid.UUID | None]
    proposal_id: Mapped[uuid.UUID | None]
    version_id: Mapped[uuid.UUID | None]
    terms: Mapped[dict[str, Any]]
    answers: Mapped[dict[str, Any]]
    revision: Mapped[int]
    state: Mapped[str] = mapped_column(Text, default=DraftState.OPEN)
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]
    changed_by: Mapped[uuid.UUID]
    changed_at: Mapped[dt.datetime]
