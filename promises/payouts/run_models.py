"""Files of payouts that two people release, and what banks answered to them."""

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import (
    Access,
    Model,
    TenantModel,
    minor_units,
    one_of,
    organisation_fk,
    table_info,
    tenant_fk,
)


class RunState(enum.StrEnum):
    DRAFT = "draft"  # made; nobody can have it yet
    RELEASED = "released"  # a second person has seen the same file
    DOWNLOADED = "downloaded"  # the bank may have it
    ANSWERED = "answered"  # the bank has said something about it
    SETTLED = "settled"  # each of its payouts has come to an end
    CANCELLED = "cancelled"  # before anybody had it


class PayoutRun(TenantModel):
    """One file for one account. Its bytes are frozen: sealed, for they hold account numbers, and
    dropped when all is long settled; their hash stays. `account_index` is the blind index of the
    account it draws on. `answer_by`: when silence, or what was taken and never booked, becomes a
    matter for a person."""

    __tablename__ = "payout_runs"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "rail", "live", "sequence"),
        UniqueConstraint("organisation_id", "message_id"),
        one_of("state", RunState),
        CheckConstraint("count > 0 AND amount_minor > 0", name="pays_something"),
        CheckConstraint("released_by <> prepared_by", name="second_person"),
        CheckConstraint(
            "(released_at IS NULL) = (released_by IS NULL)"
            " AND (cancelled_at IS NULL) = (cancelled_by IS NULL)"
            " AND (cancelled_at IS NOT NULL) = (state = 'cancelled')"
            " AND (state IN ('draft', 'cancelled') OR released_at IS NOT NULL)"
            " AND (state IN ('draft', 'cancelled', 'released') OR downloaded_at IS NOT NULL)",
            name="steps_in_order",
        ),
        Index("ix_payout_runs_newest", "organisation_id", "prepared_at"),
        Index(
            "ix_payout_runs_waiting",
            "organisation_id",
            "answer_by",
            postgresql_where=text("state = 'downloaded'"),
        ),
        Index(
            "ix_payout_runs_kept",
            "organisation_id",
            "settled_at",
            postgresql_where=text("content_sealed IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    rail: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    live: Mapped[bool]
    sequence: Mapped[int]
    message_id: Mapped[str] = mapped_column(Text)
    count: Mapped[int]
    amount_minor: Mapped[int] = minor_units()
    currency: Mapped[str] = mapped_column(Text)
    execute_on: Mapped[dt.date]
    content_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    account_index: Mapped[bytes] = mapped_column(LargeBinary)
    prepared_by: Mapped[uuid.UUID]
    prepared_at: Mapped[dt.datetime]
    released_by: Mapped[uuid.UUID | None]
    released_at: Mapped[dt.datetime | None]
    downloaded_at: Mapped[dt.datetime | None]
    answer_by: Mapped[dt.datetime | None]
    answered_at: Mapped[dt.datetime | None]
    settled_at: Mapped[dt.datetime | None]
    cancelled_by: Mapped[uuid.UUID | None]
    cancelled_at: Mapped[dt.datetime | None]


class PayoutRunItem(Model):
    """A payout's place in a run, under the ids that the bank knows it by; `number` is the payout's
    try that the run is. A payout is in one run at a time: those of a cancelled one are dropped."""

    __tablename__ = "payout_run_items"
    __table_args__ = (
        tenant_fk("run_id", "payout_runs"),
        tenant_fk("payout_id", "payouts"),
        Index(
            "uq_payout_run_items_current",
            "organisation_id",
            "payout_id",
            unique=True,
            postgresql_where=text("dropped_at IS NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    payout_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    position: Mapped[int]
    mark: Mapped[str] = mapped_column(Text)
    tracking_id: Mapped[uuid.UUID]
    number: Mapped[int]
    dropped_at: Mapped[dt.datetime | None]


class BankFileState(enum.StrEnum):
    TAKEN = "taken"  # read, and done what it says
    FOREIGN = "foreign"  # about another account, or a file that is not ours: nothing was done


class BankFile(TenantModel):
    """That a bank's file was uploaded, once for the same file. Its content is not kept: a statement
    tells of much that is none of our business. `lines` are those about our payouts, `moved` how
    many payouts went on by it."""

    __tablename__ = "bank_files"
    __table_args__ = (
        UniqueConstraint("organisation_id", "rail", "message_id", "content_hash"),
        tenant_fk("run_id", "payout_runs"),
        one_of("state", BankFileState),
        Index("ix_bank_files_newest", "organisation_id", "uploaded_at"),
        {"info": table_info(Access.CHANGE)},
    )

    rail: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    run_id: Mapped[uuid.UUID | None]
    lines: Mapped[int]
    moved: Mapped[int]
    uploaded_by: Mapped[uuid.UUID]
    uploaded_at: Mapped[dt.datetime]


class BankEntry(TenantModel):
    """What a bank said about one payout, once for each line of a message."""

    __tablename__ = "bank_entries"
    __table_args__ = (
        tenant_fk("file_id", "bank_files"),
        tenant_fk("run_id", "payout_runs"),
        tenant_fk("payout_id", "payouts"),
        UniqueConstraint("organisation_id", "rail", "message_id", "ref"),
        Index("ix_bank_entries_run", "organisation_id", "run_id", "payout_id"),
        Index("ix_bank_entries_payout", "organisation_id", "payout_id"),
        {"info": table_info(Access.APPEND)},
    )

    file_id: Mapped[uuid.UUID]
    run_id: Mapped[uuid.UUID]
    payout_id: Mapped[uuid.UUID]
    rail: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text)
    ref: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    amount_minor: Mapped[int | None] = minor_units()
    currency: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime]
