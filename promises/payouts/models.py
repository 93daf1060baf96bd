"""Instructions to move money, the tries at them, and vouchers."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, minor_units, one_of, table_info, tenant_fk


class PayoutState(enum.StrEnum):
    READY = "ready"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"  # for a voucher: issued
    PAID = "paid"  # for a voucher: redeemed
    FAILED = "failed"  # proven that no money moved
    UNKNOWN = "unknown"  # nobody knows whether money moved; looked up before any new try
    NEEDS_REVIEW = "needs_review"  # what the provider did is not what was asked: a person looks
    RETURNED = "returned"  # it came back; a voucher that was exchanged for another rail as well
    CANCELLED = "cancelled"


class VoucherState(enum.StrEnum):
    ACTIVE = "active"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOIDED = "voided"


class Payout(TenantModel):
    """`request` is frozen before the first try, with its hash; `key` never changes, only its
    `generation`. It pays a compensation or a gift of goodwill, never both. A payout that is ready
    with a `lease_until` is left alone until then. `key_used_at` is when the present key may first
    have reached the provider; `key_spent` says that the provider answers it for ever alike.
    `look_at` is when a submitted or paid one is looked at again; `by_run` waits for a file."""

    __tablename__ = "payouts"
    __table_args__ = (
        tenant_fk("compensation_id", "compensations"),
        tenant_fk("gift_id", "goodwill_gifts"),
        tenant_fk("destination_id", "payout_destinations"),
        UniqueConstraint("organisation_id", "key"),
        one_of("state", PayoutState),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("num_nonnulls(compensation_id, gift_id) = 1", name="pays_one_thing"),
        CheckConstraint("generation >= 1", name="generation_counts"),
        Index(
            "uq_payouts_live",
            "organisation_id",
            "compensation_id",
            unique=True,
            postgresql_where=text("state NOT IN ('failed', 'cancelled', 'returned')"),
        ),
        Index(
            "uq_payouts_live_gift",
            "organisation_id",
            "gift_id",
            unique=True,
            postgresql_where=text(
                "gift_id IS NOT NULL AND state NOT IN ('failed', 'cancelled', 'returned')"
            ),
        ),
        Index(
            "ix_payouts_compensation",
            "organisation_id",
            "compensation_id",
            postgresql_where=text("compensation_id IS NOT NULL"),
        ),
        Index(
            "ix_payouts_gift",
            "organisation_id",
            "gift_id",
            postgresql_where=text("gift_id IS NOT NULL"),
        ),
        Index(
            "ix_payouts_to_do",
            "organisation_id",
            "created_at",
            postgresql_where=text("state IN ('ready', 'submitting', 'unknown')"),
        ),
        Index(
            "ix_payouts_rail",
            "organisation_id",
            "rail",
            "created_at",
            "id",
            postgresql_where=text("NOT by_run AND state IN ('ready', 'submitting', 'unknown')"),
        ),
        Index(
            "ix_payouts_unclear",
            "organisation_id",
            "created_at",
            postgresql_where=text("NOT by_run AND state IN ('submitting', 'unknown')"),
        ),
        Index(
            "ix_payouts_look",
            "look_at",
            "organisation_id",
            postgresql_where=text("look_at IS NOT NULL"),
        ),
        Index(
            "ix_payouts_tried",
            "organisation_id",
            "rail",
            "key_used_at",
            "id",
            postgresql_where=text("key_used_at IS NOT NULL AND NOT by_run"),
        ),
        Index(
            "ix_payouts_provider_ref",
            "organisation_id",
            "rail",
            "provider_ref",
            postgresql_where=text("provider_ref IS NOT NULL"),
        ),
        Index(
            "ix_payouts_destination",
            "organisation_id",
            "destination_id",
            postgresql_where=text("destination_id IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    compensation_id: Mapped[uuid.UUID | None]
    gift_id: Mapped[uuid.UUID | None]
    rail: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = minor_units()
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    request: Mapped[dict[str, Any] | None]
    request_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    lease_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    destination_id: Mapped[uuid.UUID | None]
    provider_ref: Mapped[str | None] = mapped_column(Text)
    trouble: Mapped[str | None] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(default=1, server_default="1")
    key_spent: Mapped[bool] = mapped_column(default=False, server_default=false())
    key_used_at: Mapped[dt.datetime | None]
    by_run: Mapped[bool] = mapped_column(default=False, server_default=false())
    look_at: Mapped[dt.datetime | None]
    looks: Mapped[int] = mapped_column(default=0, server_default="0")


class PayoutAttempt(TenantModel):
    """One step of one try at a rail: begun, or what came back."""

    __tablename__ = "payout_attempts"
    __table_args__ = (
        tenant_fk("payout_id", "payouts"),
        UniqueConstraint("organisation_id", "payout_id", "number", "step"),
        CheckConstraint("step IN ('begun', 'ended')", name="step_known"),
        {"info": table_info(Access.APPEND)},
    )

    payout_id: Mapped[uuid.UUID]
    number: Mapped[int]
    step: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str | None] = mapped_column(Text)
    provider_ref: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime]
    generation: Mapped[int] = mapped_column(default=1, server_default="1")
    trouble: Mapped[str | None] = mapped_column(Text)
    http_status: Mapped[int | None]
    request_id: Mapped[str | None] = mapped_column(Text)
    replayed: Mapped[bool] = mapped_column(default=False, server_default=false())


class Voucher(TenantModel):
    """A redeemable code with a value. The code is derived and never stored: `code_mac` finds it,
    `last4` names it. A re-issue raises `generation`, which voids every code before it."""

    __tablename__ = "vouchers"
    __table_args__ = (
        tenant_fk("payout_id", "payouts"),
        UniqueConstraint("organisation_id", "payout_id"),
        UniqueConstraint("organisation_id", "code_mac"),
        one_of("state", VoucherState),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(state = 'redeemed') = (redeemed_at IS NOT NULL)", name="redeemed_whole"),
        CheckConstraint("expires_at > issued_at", name="expires_later"),
        Index("ix_vouchers_issued", "organisation_id", "issued_at", "id"),
        Index("ix_vouchers_of_state", "organisation_id", "state", "issued_at", "id"),
        Index("ix_vouchers_expiry", "expires_at", postgresql_where=text("state = 'active'")),
        {"info": table_info(Access.CHANGE)},
    )

    payout_id: Mapped[uuid.UUID]
    generation: Mapped[int] = mapped_column(default=1)
    code_mac: Mapped[bytes] = mapped_column(LargeBinary)
    last4: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = minor_units()
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    redeemed_at: Mapped[dt.datetime | None]


class VoucherRedemption(TenantModel):
    """That a voucher was redeemed, once for ever, and for what. `shown_before`: who redeemed it had
    been shown its code, or had given it a new one."""

    __tablename__ = "voucher_redemptions"
    __table_args__ = (
        tenant_fk("voucher_id", "vouchers"),
        tenant_fk("counter_id", "counters"),
        UniqueConstraint("organisation_id", "voucher_id"),
        CheckConstraint("use IN ('cash', 'fee', 'goods')", name="use_known"),
        Index(
            "ix_voucher_redemptions_shown_before",
            "organisation_id",
            "redeemed_at",
            "voucher_id",
            postgresql_where=text("shown_before"),
        ),
        {"info": table_info(Access.APPEND)},
    )

    voucher_id: Mapped[uuid.UUID]
    use: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    counter_id: Mapped[uuid.UUID | None]
    redeemed_at: Mapped[dt.datetime]
    shown_before: Mapped[bool] = mapped_column(default=False, server_default=false())


class VoucherReissue(TenantModel):
    __tablename__ = "voucher_reissues"
    __table_args__ = (
        tenant_fk("voucher_id", "vouchers"),
        UniqueConstraint("organisation_id", "voucher_id", "generation"),
        CheckConstraint("reason <> ''", name="has_reason"),
        {"info": table_info(Access.APPEND)},
    )

    voucher_id: Mapped[uuid.UUID]
    generation: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    reissued_at: Mapped[dt.datetime]


class VoucherShowing(TenantModel):
    """That somebody was shown the code of one generation; once a person, however often."""

    __tablename__ = "voucher_showings"
    __table_args__ = (
        tenant_fk("voucher_id", "vouchers"),
        UniqueConstraint(
            "organisation_id",
            "voucher_id",
            "generation",
            "actor_kind",
            "actor_id",
            name="uq_voucher_showings_once",
        ),
        CheckConstraint("generation >= 1", name="generation_counts"),
        {"info": table_info(Access.APPEND)},
    )

    voucher_id: Mapped[uuid.UUID]
    generation: Mapped[int]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID]
    shown_at: Mapped[dt.datetime]
