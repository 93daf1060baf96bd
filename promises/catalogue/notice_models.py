"""What was announced before it took force: changes of a promise, and its end."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, table_info, tenant_fk


class PromiseChange(TenantModel):
    """That a later version of a promise was announced. `worse` names the points in which it gives
    a customer less than the version before it; then it needs notice and a public reason.

    `reasons` are by language.
    """

    __tablename__ = "promise_changes"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("version_id", "promise_versions"),
        UniqueConstraint("organisation_id", "version_id"),
        CheckConstraint(
            "cardinality(worse) = 0"
            " OR (holds_from - announced_at >= interval '24 hours' AND reasons <> '{}'::jsonb)",
            name="worse_is_announced",
        ),
        {"info": table_info(Access.APPEND)},
    )

    promise_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    worse: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reasons: Mapped[dict[str, Any]]
    announced_at: Mapped[dt.datetime]
    holds_from: Mapped[dt.datetime]


class PromiseEnd(TenantModel):
    """That a promise will end, announced in time. `reasons` are public, by language."""

    __tablename__ = "promise_ends"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        UniqueConstraint("organisation_id", "promise_id"),
        CheckConstraint("ends_at - announced_at >= interval '24 hours'", name="end_is_announced"),
        CheckConstraint("reasons <> '{}'::jsonb", name="has_reason"),
        {"info": table_info(Access.APPEND)},
    )

    promise_id: Mapped[uuid.UUID]
    ends_at: Mapped[dt.datetime]
    reasons: Mapped[dict[str, Any]]
    announced_at: Mapped[dt.datetime]
    announced_by: Mapped[uuid.UUID | None]
