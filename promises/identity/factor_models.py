"""Second steps of members: codes of an app, passkeys, codes for a lost phone."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, TenantModel, one_of, table_info, tenant_fk


class CeremonyPurpose(enum.StrEnum):
    """What somebody is in the middle of."""

    SIGN_IN = "sign_in"  # the password was right, the second step is to come
    PASSKEY_SIGN_IN = "passkey_sign_in"
    PASSKEY_CONFIRM = "passkey_confirm"
    PASSKEY_ADD = "passkey_add"


class AuthenticatorApp(TenantModel):
    """The secret that an app makes codes of; a member has one in use, and its secret is wiped
    when it ends."""

    __tablename__ = "authenticator_apps"
    __table_args__ = (
        tenant_fk("member_id", "members"),
        CheckConstraint("(ended_at IS NULL) = (secret_sealed IS NOT NULL)", name="ended_is_wiped"),
        Index(
            "uq_authenticator_apps_in_use",
            "organisation_id",
            "member_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    member_id: Mapped[uuid.UUID]
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class AcceptedStep(Model):
    """A code that was accepted, by the number of its half minute since 1970. A member's half
    minute is accepted once for ever, whatever app showed it."""

    __tablename__ = "accepted_steps"
    __table_args__ = (
        tenant_fk("member_id", "members"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    accepted_at: Mapped[dt.datetime]


class Passkey(TenantModel):
    """A key pair on somebody's device; we hold its public half. `sign_count` never goes back."""

    __tablename__ = "passkeys"
    __table_args__ = (
        tenant_fk("member_id", "members"),
        UniqueConstraint("organisation_id", "credential_id"),
        Index("ix_passkeys_member", "organisation_id", "member_id"),
        {"info": table_info(Access.CHANGE)},
    )

    member_id: Mapped[uuid.UUID]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[Any]]
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]


class RecoveryCode(TenantModel):
    """One of ten codes for somebody without phone and passkey; held as a MAC, used once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        tenant_fk("member_id", "members"),
        UniqueConstraint("organisation_id", "code_mac"),
        Index("ix_recovery_codes_member", "organisation_id", "member_id"),
        {"info": table_info(Access.CHANGE)},
    )

    member_id: Mapped[uuid.UUID]
    code_mac: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]


class Ceremony(TenantModel):
    """A sign-in half way, or the challenge that a passkey has to answer: kept here, used once,
    gone after some minutes. `member_id` is None while nobody knows who asks."""

    __tablename__ = "factor_ceremonies"
    __table_args__ = (
        tenant_fk("member_id", "members"),
        tenant_fk("session_id", "staff_sessions"),
        UniqueConstraint("organisation_id", "token_mac"),
        one_of("purpose", CeremonyPurpose),
        Index("ix_factor_ceremonies_expires", "organisation_id", "expires_at"),
        {"info": table_info(Access.REMOVE)},
    )

    purpose: Mapped[str] = mapped_column(Text)
    token_mac: Mapped[bytes] = mapped_column(LargeBinary)
    member_id: Mapped[uuid.UUID | None]
    session_id: Mapped[uuid.UUID | None]
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
