"""The audit trail: append-only, one hash chain an organisation."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, organisation_fk, table_info


class AuditRecord(Model):
    """Who did what, when, on what. `hash` covers the record and the hash before it."""

    __tablename__ = "audit_records"
    __table_args__ = (
        organisation_fk(),
        Index("ix_audit_records_object", "organisation_id", "object_kind", "object_id"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recorded_at: Mapped[dt.datetime]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(Text)
    object_kind: Mapped[str] = mapped_column(Text)
    object_id: Mapped[uuid.UUID | None]
    details: Mapped[dict[str, Any]]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(Model):
    """The end of an organisation's chain; its row lock puts records in order."""

    __tablename__ = "audit_heads"
    __table_args__ = (organisation_fk(), {"info": table_info(Access.CHANGE)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
