"""Sign-ins of members."""

import datetime as dt
import enum
import uuid

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class ShownBy(enum.StrEnum):
    """By what somebody showed who they are, beyond a password."""

    CODE = "code"  # of an app on their phone
    PASSKEY = "passkey"
    RECOVERY = "recovery"  # one of the codes that were written down for a lost phone
    DEMONSTRATION = "demonstration"  # nothing at all: the one-click sign-in of the demonstration


class StaffSession(TenantModel):
    """One sign-in of one member; ended rows let nobody in. `counter_id` is the desk picked, and
    `shown_at` is when the member last showed more than a password."""

    __tablename__ = "staff_sessions"
    __table_args__ = (
        tenant_fk("member_id", "members"),
        tenant_fk("counter_id", "counters"),
        UniqueConstraint("organisation_id", "token_mac"),
        Index("ix_staff_sessions_member", "organisation_id", "member_id"),
        one_of("shown_by", ShownBy),
        {"info": table_info(Access.CHANGE)},
    )

    member_id: Mapped[uuid.UUID]
    token_mac: Mapped[bytes] = mapped_column(LargeBinary)
    counter_id: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    shown_by: Mapped[str | None] = mapped_column(Text)
    shown_at: Mapped[dt.datetime | None]
