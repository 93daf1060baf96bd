"""What gathers around a proposal: problems, support, comments, followers, news, its way so far."""

import datetime as dt
import enum
import uuid

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.catalogue.models import ProposalState
from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class NewsKind(enum.StrEnum):
    """What happened to a proposal that somebody follows or is named in."""

    COMMENTED = "commented"
    MENTIONED = "mentioned"
    ASKED = "asked"
    ANSWERED = "answered"
    TRIED = "tried"
    TRIAL_ENDED = "trial_ended"
    PUBLISHED = "published"
    DECLINED = "declined"
    MERGED = "merged"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


class ProposalProblem(TenantModel):
    """A further problem that a proposal answers, besides its first."""

    __tablename__ = "proposal_problems"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("problem_id", "problems"),
        UniqueConstraint("organisation_id", "proposal_id", "problem_id"),
        Index("ix_proposal_problems_problem", "organisation_id", "problem_id"),
        {"info": table_info(Access.REMOVE)},
    )

    proposal_id: Mapped[uuid.UUID]
    problem_id: Mapped[uuid.UUID]


class Support(TenantModel):
    """A colleague stands behind a proposal, until taken back."""

    __tablename__ = "proposal_supports"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("member_id", "members"),
        UniqueConstraint("organisation_id", "proposal_id", "member_id"),
        {"info": table_info(Access.REMOVE)},
    )

    proposal_id: Mapped[uuid.UUID]
    member_id: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]


class Comment(TenantModel):
    """What a colleague wrote. A correction is another row that names what it corrects; the newest
    one is shown. `mentions`: the members that it names."""

    __tablename__ = "proposal_comments"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("author_id", "members"),
        tenant_fk("corrects_id", "proposal_comments"),
        CheckConstraint("text <> ''", name="says_something"),
        Index("ix_proposal_comments_proposal", "organisation_id", "proposal_id", "id"),
        Index(
            "ix_proposal_comments_corrects",
            "organisation_id",
            "corrects_id",
            "id",
            postgresql_where=text("corrects_id IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    proposal_id: Mapped[uuid.UUID]
    author_id: Mapped[uuid.UUID]
    corrects_id: Mapped[uuid.UUID | None]
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    created_at: Mapped[dt.datetime]


class Follow(TenantModel):
    """Whether a member hears of a proposal. Who stopped stays stopped, whatever they write."""

    __tablename__ = "proposal_follows"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("member_id", "members"),
        UniqueConstraint("organisation_id", "proposal_id", "member_id"),
        {"info": table_info(Access.CHANGE)},
    )

    proposal_id: Mapped[uuid.UUID]
    member_id: Mapped[uuid.UUID]
    active: Mapped[bool]
    changed_at: Mapped[dt.datetime]


class News(TenantModel):
    """One thing for one member to see; `source_id` is the comment or the change behind it."""

    __tablename__ = "proposal_news"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        tenant_fk("member_id", "members"),
        one_of("kind", NewsKind),
        UniqueConstraint("organisation_id", "member_id", "source_id"),
        Index(
            "ix_proposal_news_unread",
            "organisation_id",
            "member_id",
            "id",
            postgresql_where=text("read_at IS NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    member_id: Mapped[uuid.UUID]
    proposal_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(Text)
    source_id: Mapped[uuid.UUID]
    actor_id: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]


class ProposalChange(TenantModel):
    """A step of a proposal from one state to another, with the words that everybody on staff reads:
    the reason, the question or the answer.

    `in_time` is set where management settled the proposal or put it on trial: whether that was
    before `decide_before`, the deadline of that time.
    """

    __tablename__ = "proposal_changes"
    __table_args__ = (
        tenant_fk("proposal_id", "proposals"),
        one_of("from_state", ProposalState),
        one_of("to_state", ProposalState),
        Index("ix_proposal_changes_proposal", "organisation_id", "proposal_id", "id"),
        Index(
            "ix_proposal_changes_settled",
            "organisation_id",
            "changed_at",
            postgresql_where=text("in_time IS NOT NULL"),
        ),
        {"info": table_info(Access.APPEND)},
    )

    proposal_id: Mapped[uuid.UUID]
    from_state: Mapped[str] = mapped_column(Text)
    to_state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[uuid.UUID | None]
    changed_at: Mapped[dt.datetime]
    decide_before: Mapped[dt.datetime | None]
    in_time: Mapped[bool | None]
