"""Why promises break: an organisation's own short list of causes, and which breach had which."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, organisation_fk, table_info, tenant_fk


class Cause(TenantModel):
    """One entry of the list, never deleted, only retired. `key` marks those that every organisation
    starts with."""

    __tablename__ = "causes"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "key"),
        CheckConstraint("names <> '{}'", name="has_name"),
        CheckConstraint("key IS NOT NULL OR created_by IS NOT NULL", name="own_has_author"),
        {"info": table_info(Access.CHANGE)},
    )

    key: Mapped[str | None] = mapped_column(Text)
    names: Mapped[dict[str, Any]]
    place: Mapped[int]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    retired_at: Mapped[dt.datetime | None]
    retired_by: Mapped[uuid.UUID | None]


class BreachCause(TenantModel):
    """What one person saw as the cause of a breach. The last one of a breach stands; without a
    cause it takes the ones before it back, and the cause is unknown again."""

    __tablename__ = "breach_causes"
    __table_args__ = (
        tenant_fk("breach_id", "breaches"),
        tenant_fk("cause_id", "causes"),
        tenant_fk("tagged_by", "members"),
        Index("ix_breach_causes_last", "organisation_id", "breach_id", "tagged_at", "id"),
        {"info": table_info(Access.APPEND)},
    )

    breach_id: Mapped[uuid.UUID]
    cause_id: Mapped[uuid.UUID | None]
    tagged_by: Mapped[uuid.UUID]
    tagged_at: Mapped[dt.datetime]
