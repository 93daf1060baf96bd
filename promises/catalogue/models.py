"""From a customer's problem to a promise in force."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, organisation_fk, table_info, tenant_fk


class ProposalState(enum.StrEnum):
    """What may follow what stands in `proposal_states`."""

    OPEN = "open"
    ASKED = "asked"  # management asked the proposer; the deadline of the decision rests
    SHADOW = "shadow"  # on trial: judged live, nothing published, nothing paid
    PUBLISHED = "published"
    DECLINED = "declined"
    MERGED = "merged"  # goes on in another proposal


class ProblemState(enum.StrEnum):
    """A problem that a promise answers stays open: whether it still hurts is seen by its cases."""

    OPEN = "open"
    MERGED = "merged"  # its cases count with another problem's
    CLOSED = "closed"


class ProblemSource(enum.StrEnum):
    """How we came to know of it."""

    STAFF = "staff"
    TICKET = "ticket"
    FEEDBACK = "feedback"
    BREACHES = "breaches"  # raised by itself: a cause of breaches that keeps coming back


class Problem(TenantModel):
    """What hurts customers, in the words of those who see it. Its evidence stands beside it; one
    that staff wrote down is a case of itself. `reason` says why it was closed."""

    __tablename__ = "problems"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("branch_id", "branches"),
        tenant_fk("service_kind_id", "service_kinds"),
        tenant_fk("merged_into", "problems"),
        tenant_fk("cause_id", "causes"),
        one_of("state", ProblemState),
        one_of("source", ProblemSource),
        CheckConstraint(
            "(state = 'merged') = (merged_into IS NOT NULL)", name="merged_names_other"
        ),
        CheckConstraint("merged_into <> id", name="merged_into_another"),
        CheckConstraint("state <> 'closed' OR reason <> ''", name="closed_has_reason"),
        CheckConstraint("(source = 'breaches') = (cause_id IS NOT NULL)", name="raised_by_cause"),
        Index(
            "ix_problems_merged",
            "organisation_id",
            "merged_into",
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
        Index(
            "uq_problems_cause",
            "organisation_id",
            "cause_id",
            "branch_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("cause_id IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    text: Mapped[str] = mapped_column(Text)
    branch_id: Mapped[uuid.UUID | None]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(
        Text, default=ProblemState.OPEN, server_default=ProblemState.OPEN.value
    )
    source: Mapped[str] = mapped_column(
        Text, default=ProblemSource.STAFF, server_default=ProblemSource.STAFF.value
    )
    service_kind_id: Mapped[uuid.UUID | None]
    segment: Mapped[str | None] = mapped_column(Text)
    merged_into: Mapped[uuid.UUID | None]
    cause_id: Mapped[uuid.UUID | None]
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    changed_by: Mapped[uuid.UUID | None]
    changed_at: Mapped[dt.datetime | None]


class Proposal(TenantModel):
    """Staff's idea: a draft of terms that would answer a problem, and how to keep it.

    `problem_id` is the problem that it answers first; further ones are linked. Management decides
    before `decide_before`, the first instant that is too late; while a question is open, since
    `asked_at`, that time rests. `decided_at`: when management settled it or put it on trial.
    `reason` is what everybody on staff reads about the present state. `remind_at`: when the next
    reminder is due. `credit`: the proposer may be named beside the promise. Rows from before these
    were kept have no `changed_at` and get a deadline from the next round.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        tenant_fk("problem_id", "problems"),
        tenant_fk("branch_id", "branches"),
        tenant_fk("merged_into", "proposals"),
        one_of("state", ProposalState),
        CheckConstraint(
            "(state = 'merged') = (merged_into IS NOT NULL)", name="merged_names_other"
        ),
        CheckConstraint("merged_into <> id", name="merged_into_another"),
        CheckConstraint("(state = 'asked') = (asked_at IS NOT NULL)", name="asked_names_time"),
        Index("ix_proposals_state", "organisation_id", "state", "created_at"),
        Index(
            "ix_proposals_remind",
            "organisation_id",
            "remind_at",
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    problem_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID | None]
    title: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]]
    way_of_working: Mapped[str] = mapped_column(Text)
    needs: Mapped[str] = mapped_column(Text, default="", server_default="")
    credit: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(Text, default=ProposalState.OPEN)
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    merged_into: Mapped[uuid.UUID | None]
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime | None]
    decide_before: Mapped[dt.datetime | None]
    asked_at: Mapped[dt.datetime | None]
    decided_at: Mapped[dt.datetime | None]
    remind_at: Mapped[dt.datetime | None]


class Decision(TenantModel):
    """Management's choice on a proposal, once, with its reason."""

    __tablename__ = "decisions"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("promise_id", "promises"),
        UniqueConstraint("organisation_id", "proposal_id"),
        CheckConstraint("outcome IN ('published', 'declined', 'merged')", name="outcome_known"),
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
