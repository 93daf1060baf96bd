"""Requests that were answered, so that a repetition gets the same answer and no second effect."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, organisation_fk, table_info


class IdempotentRequest(Model):
    """One Idempotency-Key of one API key. `status` is empty while the request is in flight."""

    __tablename__ = "idempotent_requests"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("(status IS NULL) = (body IS NULL)", name="answered_whole"),
        Index("ix_idempotent_requests_expiry", "organisation_id", "expires_at"),
        {"info": table_info(Access.REMOVE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    api_key_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
