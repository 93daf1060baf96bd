"""Times in which a promise is not made to those who come."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from promises.db.base import Access, TenantModel, table_info, tenant_fk


class PromisePause(TenantModel):
    """From `starts_at` until before `ends_at` nobody new is promised this: nowhere, or at one
    branch. Without `ends_at` it goes on until somebody ends it.

    It is announced before it begins and never reaches back. `reasons` are by language and public.
    `end_set_at` and `end_set_by` say when and by whom the end was moved; one that is called off
    before it begins ends where it starts.
    """

    __tablename__ = "promise_pauses"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("branch_id", "branches"),
        CheckConstraint("starts_at >= announced_at", name="starts_forward"),
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        CheckConstraint(
            "end_set_at IS NULL OR (ends_at IS NOT NULL AND ends_at >= end_set_at)",
            name="end_moves_forward",
        ),
        CheckConstraint("reasons <> '{}'::jsonb", name="has_reason"),
        Index("ix_promise_pauses_promise", "organisation_id", "promise_id", "starts_at"),
        Index(
            "uq_promise_pauses_unended",
            "organisation_id",
            "promise_id",
            "branch_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("ends_at IS NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    promise_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID | None]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime | None]
    reasons: Mapped[dict[str, Any]]
    announced_at: Mapped[dt.datetime]
    announced_by: Mapped[uuid.UUID | None]
    end_set_at: Mapped[dt.datetime | None]
    end_set_by: Mapped[uuid.UUID | None]
