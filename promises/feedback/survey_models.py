"""The quarterly question to staff, anonymous by its tables.

Who answered is a row without a time. What was answered is only counted: every cell of the round is
written anew with each answer, and so are the texts, in an order drawn by lot. Nothing in the
database then tells which answer came with which receipt, not even the order of writing.
"""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, TenantModel, organisation_fk, table_info, tenant_fk


class StaffSurvey(TenantModel):
    """One round: a quarter of the year, as 2026Q4. Its answers are shown when it is closed."""

    __tablename__ = "staff_surveys"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "quarter"),
        CheckConstraint("quarter ~ '^[0-9]{4}Q[1-4]$'", name="quarter_form"),
        CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
        {"info": table_info(Access.CHANGE)},
    )

    quarter: Mapped[str] = mapped_column(Text)
    opens_at: Mapped[dt.datetime]
    closes_at: Mapped[dt.datetime]


class StaffSurveyReceipt(Model):
    """That a member answered; not what, and not when."""

    __tablename__ = "staff_survey_receipts"
    __table_args__ = (
        tenant_fk("survey_id", "staff_surveys"),
        tenant_fk("member_id", "members"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    survey_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class StaffSurveyCount(TenantModel):
    """How many of a branch gave a score; without a branch: everybody who has none."""

    __tablename__ = "staff_survey_counts"
    __table_args__ = (
        tenant_fk("survey_id", "staff_surveys"),
        tenant_fk("branch_id", "branches"),
        CheckConstraint("score BETWEEN 0 AND 10", name="score_sane"),
        CheckConstraint("answers >= 0", name="answers_not_negative"),
        Index(
            "uq_staff_survey_counts_cell",
            "organisation_id",
            "survey_id",
            "branch_id",
            "score",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        {"info": table_info(Access.CHANGE)},
    )

    survey_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID | None]
    score: Mapped[int]
    answers: Mapped[int]


class StaffSurveyText(TenantModel):
    """What somebody added in a sentence; of no branch and no score."""

    __tablename__ = "staff_survey_texts"
    __table_args__ = (
        tenant_fk("survey_id", "staff_surveys"),
        Index("ix_staff_survey_texts_survey", "organisation_id", "survey_id"),
        {"info": table_info(Access.REMOVE)},
    )

    survey_id: Mapped[uuid.UUID]
    body: Mapped[str] = mapped_column(Text)
