"""Promises applied to tickets, and what came of them."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class CommitmentState(enum.StrEnum):
    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    EXCLUDED = "excluded"


class Evidence(enum.StrEnum):
    """How well the facts of a commitment are known."""

    LIVE = "live"
    UNVERIFIED = "unverified"
    IMPORTED = "imported"


class Detection(enum.StrEnum):
    EVENT = "event"
    CLOCK = "clock"
    IMPORT = "import"


class AnnulmentState(enum.StrEnum):
    ASKED = "asked"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Commitment(TenantModel):
    """One promise applied to one ticket, judged for ever by one version.

    `due_at` is the first instant that is too late. State, reason, `ended_at`, `ended_by` and
    `by_duration` are the engine's verdict, field by field; the version's terms complete it.

    Of general terms (`by_engine`) `detail` holds the facts used and the engine's answer,
    `next_change_at` when that changes though nothing happens; `due_at` is missing where time alone
    breaks nothing.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("version_id", "promise_versions"),
        tenant_fk("ticket_id", "tickets"),
        UniqueConstraint("organisation_id", "promise_id", "ticket_id", "occurrence"),
        one_of("state", CommitmentState),
        one_of("evidence", Evidence),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_when_closed"),
        CheckConstraint(
            "by_engine OR (due_at IS NOT NULL AND due_at > started_at)", name="due_after_start"
        ),
        Index(
            "ix_commitments_change",
            "next_change_at",
            postgresql_where=text("next_change_at IS NOT NULL"),
        ),
        Index("ix_commitments_due", "due_at", postgresql_where=text("state = 'open'")),
        Index("ix_commitments_ticket", "organisation_id", "ticket_id"),
        Index(
            "ix_commitments_counts",
            "organisation_id",
            "promise_id",
            "day_on",
            "state",
            postgresql_include=["branch_id", "evidence"],
        ),
        Index(
            "ix_commitments_decided",
            "organisation_id",
            "promise_id",
            "decided_at",
            postgresql_include=["branch_id", "state", "evidence"],
            postgresql_where=text("decided_at IS NOT NULL"),
        ),
        {
            "info": table_info(Access.CHANGE),
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": "0.01",
                "autovacuum_vacuum_threshold": "200",
            },
        },
    )

    promise_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    ticket_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID]
    occurrence: Mapped[int] = mapped_column(default=1)
    day_on: Mapped[dt.date]
    started_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime | None]
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[str | None] = mapped_column(Text)
    by_duration: Mapped[bool] = mapped_column(default=False)
    by_engine: Mapped[bool] = mapped_column(server_default="false")
    next_change_at: Mapped[dt.datetime | None]
    detail: Mapped[dict[str, Any] | None]


class Breach(TenantModel):
    """A missed commitment, recorded once. `breached_at` is the deadline, whoever noticed when;
    where no deadline decided, what happened then did."""

    __tablename__ = "breaches"
    __table_args__ = (
        tenant_fk("commitment_id", "commitments"),
        tenant_fk("promise_id", "promises"),
        tenant_fk("version_id", "promise_versions"),
        tenant_fk("ticket_id", "tickets"),
        UniqueConstraint("organisation_id", "commitment_id"),
        one_of("found_by", Detection),
        one_of("evidence", Evidence),
        CheckConstraint("detected_at >= breached_at", name="detected_after_breach"),
        Index("ix_breaches_promise", "organisation_id", "promise_id", "breached_at"),
        Index("ix_breaches_branch", "organisation_id", "branch_id", "breached_at"),
        {"info": table_info(Access.APPEND)},
    )

    commitment_id: Mapped[uuid.UUID]
    promise_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    ticket_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID]
    day_on: Mapped[dt.date]
    breached_at: Mapped[dt.datetime]
    detected_at: Mapped[dt.datetime]
    found_by: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)


class Annulment(TenantModel):
    """That a recorded breach did not happen: asked by one person or by late evidence, decided by
    another person. The breach itself stays."""

    __tablename__ = "annulments"
    __table_args__ = (
        tenant_fk("breach_id", "breaches"),
        one_of("state", AnnulmentState),
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="second_person"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_when_not_asked"),
        Index(
            "uq_annulments_live",
            "organisation_id",
            "breach_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'confirmed')"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    breach_id: Mapped[uuid.UUID]
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[uuid.UUID | None]
    asked_at: Mapped[dt.datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[dt.datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(Text)
