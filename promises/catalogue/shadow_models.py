"""Shadow runs: terms judged on live tickets for some weeks, nothing published and nothing paid.

Their cases stand in a table of their own, so that no reader of commitments, breaches or debts can
come upon them. See docs/decisions/0011-shadow-runs.md.
"""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, minor_units, one_of, table_info, tenant_fk


class ShadowState(enum.StrEnum):
    RUNNING = "running"
    ENDED = "ended"  # its time was over
    STOPPED = "stopped"  # somebody ended it before


class ShadowCaseState(enum.StrEnum):
    """The words of commitments; the rooms do not know each other."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    EXCLUDED = "excluded"


class ShadowRun(TenantModel):
    """One trial of a proposal. `terms` are frozen, with the branches in their scope.

    It is for tickets that came from `starts_at` on and before `ends_at`. `ended_at` is up to when
    its cases were judged. `mark` is the newest event that the last round knew of.
    """

    __tablename__ = "shadow_runs"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        one_of("state", ShadowState),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended_when_not_running"),
        Index("ix_shadow_runs_proposal", "organisation_id", "proposal_id", "id"),
        Index(
            "uq_shadow_runs_running",
            "organisation_id",
            "proposal_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    proposal_id: Mapped[uuid.UUID]
    terms: Mapped[dict[str, Any]]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(Text, default=ShadowState.RUNNING)
    started_by: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[uuid.UUID | None]
    judged_to: Mapped[dt.datetime | None]
    mark: Mapped[uuid.UUID | None]


class ShadowCase(TenantModel):
    """What a ticket's commitment would be; the columns are those of commitments.

    `ticket_version` is the last state of the ticket that was judged. `breached_at` is set where it
    was broken, and `noticed_at` when the live engine would have found it. `amount_minor` is what
    would be owed, after the caps, counted within the run; None where nothing was worked out yet.
    """

    __tablename__ = "shadow_cases"
    __table_args__ = (
        tenant_fk("run_id", "shadow_runs"),
        tenant_fk("ticket_id", "tickets"),
        UniqueConstraint("organisation_id", "run_id", "ticket_id", "occurrence"),
        one_of("state", ShadowCaseState),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_when_closed"),
        CheckConstraint("(state = 'broken') = (breached_at IS NOT NULL)", name="broken_has_time"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint("amount_minor IS NULL OR state = 'broken'", name="only_broken_costs"),
        Index("ix_shadow_cases_figures", "organisation_id", "run_id", "day_on", "state"),
        Index(
            "ix_shadow_cases_due",
            "organisation_id",
            "run_id",
            "due_at",
            postgresql_where=text("state = 'open' AND NOT by_engine"),
        ),
        Index(
            "ix_shadow_cases_change",
            "organisation_id",
            "run_id",
            "next_change_at",
            postgresql_where=text("next_change_at IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    run_id: Mapped[uuid.UUID]
    ticket_id: Mapped[uuid.UUID]
    ticket_version: Mapped[int] = mapped_column(BigInteger)
    branch_id: Mapped[uuid.UUID]
    occurrence: Mapped[int]
    day_on: Mapped[dt.date]
    started_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime | None]
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[str | None] = mapped_column(Text)
    by_duration: Mapped[bool]
    by_engine: Mapped[bool]
    next_change_at: Mapped[dt.datetime | None]
    detail: Mapped[dict[str, Any] | None]
    breached_at: Mapped[dt.datetime | None]
    noticed_at: Mapped[dt.datetime | None]
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)


class ShadowResult(TenantModel):
    """What a run said when it ended. Insert only, one a run. `open` cases were not decided by then;
    `unverified` are those among all whose evidence nobody can vouch for."""

    __tablename__ = "shadow_results"
    __table_args__ = (
        tenant_fk("run_id", "shadow_runs"),
        UniqueConstraint("organisation_id", "run_id"),
        {"info": table_info(Access.APPEND)},
    )

    run_id: Mapped[uuid.UUID]
    kept: Mapped[int]
    broken: Mapped[int]
    excluded: Mapped[int]
    open: Mapped[int]
    unverified: Mapped[int]
    amount_minor: Mapped[int] = minor_units()
    currency: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[dt.datetime]
