"""From a customer's problem to a promise in force."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, organisation_fk, table_info, tenant_fk


class ProposalState(enum.StrEnum):
    OPEN = "open"
    PUBLISHED = "published"
    DECLINED = "declined"


class Problem(TenantModel):
    """What hurts customers, in the words of those who see it."""

    __tablename__ = "problems"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("branch_id", "branches"),
        {"info": table_info(Access.CHANGE)},
    )

    text: Mapped[str] = mapped_column(Text)
    branch_id: Mapped[uuid.UUID | None]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]


class Proposal(TenantModel):
    """Staff's idea: a draft of terms that would answer a problem, and how to keep it."""

    __tablename__ = "proposals"
    __table_args__ = (
        tenant_fk("problem_id", "problems"),
        tenant_fk("branch_id", "branches"),
        one_of("state", ProposalState),
        Index("ix_proposals_state", "organisation_id", "state", "created_at"),
        {"info": table_info(Access.CHANGE)},
    )

    problem_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID | None]
    title: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]]
    way_of_working: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default=ProposalState.OPEN)
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]


class Decision(TenantModel):
    """Management's choice on a proposal, once, with its reason."""

    __tablename__ = "decisions"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("promise_id", "promises"),
        UniqueConstraint("organisation_id", "proposal_id"),
        CheckConstraint("outcome IN ('published', 'declined')", name="outcome_known"),
        CheckConstraint("outcome <> 'declined' OR reason <> ''", name="decline_has_reason"),
        {"info": table_info(Access.APPEND)},
    )

    proposal_id: Mapped[uuid.UUID]
    promise_id: Mapped[uuid.UUID | None]
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[uuid.UUID]
    decided_at: Mapped[dt.datetime]


class Promise(TenantModel):
    """The lasting promise; what it says stands in its versions."""

    __tablename__ = "promises"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "slug"),
        {"info": table_info(Access.CHANGE)},
    )

    slug: Mapped[str] = mapped_column(Text)
    titles: Mapped[dict[str, Any]]
    ends_at: Mapped[dt.datetime | None]
    end_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime]


class PromiseVersion(TenantModel):
    """What a promise says from a time on. Insert only; the next version ends its validity.

    Besides the terms stand the columns that set-based judging reads; general terms have no limit
    and no amount of their own. `calendars` are those that they name. `target_path` is a list of
    {"from": date, "share": decimal string}. `history_from` is set where a first version is valid
    from before its publication, over imported history only.
    """

    __tablename__ = "promise_versions"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        UniqueConstraint("organisation_id", "promise_id", "number"),
        UniqueConstraint("organisation_id", "promise_id", "valid_from"),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("limit_us > 0", name="limit_positive"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint("(limit_us IS NULL) = (amount_minor IS NULL)", name="short_form_whole"),
        CheckConstraint(
            "number = 1 OR valid_from >= published_at", name="later_versions_go_forward"
        ),
        CheckConstraint(
            "applied_to_history = (valid_from < published_at)", name="history_is_marked"
        ),
        {"info": table_info(Access.APPEND)},
    )

    promise_id: Mapped[uuid.UUID]
    number: Mapped[int]
    terms: Mapped[dict[str, Any]]
    ticket_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    service_kind_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))
    branch_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))
    limit_us: Mapped[int | None] = mapped_column(BigInteger)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    calendars: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    currency: Mapped[str] = mapped_column(Text)
    way_of_working: Mapped[str] = mapped_column(Text)
    team_reward: Mapped[str] = mapped_column(Text)
    target_path: Mapped[list[Any]]
    valid_from: Mapped[dt.datetime]
    applied_to_history: Mapped[bool]
    published_at: Mapped[dt.datetime]
    published_by: Mapped[uuid.UUID | None]
