"""The evidence behind customers' problems."""

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class EvidenceKind(enum.StrEnum):
    """How we know of one more case of a problem."""

    TOLD = "told"  # somebody on staff heard it
    TICKET = "ticket"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    FEEDBACK = "feedback"  # what a customer wrote to us
    BREACH = "breach"  # a broken promise with the cause of the problem


class ProblemEvidence(TenantModel):
    """One case of a problem. It stays with the problem that it was noted on; when that is merged
    into another, it counts there. A ticket counts once a problem, as does an answer."""

    __tablename__ = "problem_evidence"
    __table_args__ = (
        tenant_fk("problem_id", "problems"),
        tenant_fk("ticket_id", "tickets"),
        tenant_fk("branch_id", "branches"),
        tenant_fk("service_kind_id", "service_kinds"),
        tenant_fk("answer_id", "feedback_answers"),
        one_of("kind", EvidenceKind),
        CheckConstraint("(kind = 'feedback') = (answer_id IS NOT NULL)", name="feedback_whole"),
        CheckConstraint(
            "kind IN ('told', 'feedback') OR ticket_id IS NOT NULL", name="names_ticket"
        ),
        Index("ix_problem_evidence_problem", "organisation_id", "problem_id", "happened_at"),
        Index(
            "uq_problem_evidence_ticket",
            "organisation_id",
            "problem_id",
            "ticket_id",
            unique=True,
            postgresql_where=text("ticket_id IS NOT NULL AND taken_back_at IS NULL"),
        ),
        Index(
            "uq_problem_evidence_answer",
            "organisation_id",
            "answer_id",
            unique=True,
            postgresql_where=text("answer_id IS NOT NULL AND taken_back_at IS NULL"),
        ),
        Index(
            "ix_problem_evidence_of_ticket",
            "organisation_id",
            "ticket_id",
            postgresql_where=text("ticket_id IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    problem_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(Text)
    ticket_id: Mapped[uuid.UUID | None]
    answer_id: Mapped[uuid.UUID | None]
    branch_id: Mapped[uuid.UUID | None]
    service_kind_id: Mapped[uuid.UUID | None]
    segment: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    happened_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    taken_back_at: Mapped[dt.datetime | None]
    taken_back_by: Mapped[uuid.UUID | None]
