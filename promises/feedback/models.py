"""What customers and staff say of us.

Nothing here names a person. An answer about a case is found by its ticket for a few hours only, so
that it can be changed; then its id is drawn anew. Answers are shown in blocks: a block holds five
or more, an answer is in one block for ever, and each figure is a sum of whole blocks. So no figure,
and no difference of figures, tells of fewer than five.
"""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import (
    Access,
    Model,
    TenantModel,
    one_of,
    organisation_fk,
    table_info,
    tenant_fk,
)

LEAST_SHOWN = 5
"""No figure, text or group of fewer answers is ever shown."""


class Question(enum.StrEnum):
    EFFORT = "effort"  # 1 very hard … 5 very easy
    RECOMMENDATION = "recommendation"  # 0 … 10
    SATISFACTION = "satisfaction"  # 1 … 5
    EMOTION = "emotion"  # 1 angry … 5 delighted
    WORDS = "words"  # in the customer's own words


class Outcome(enum.StrEnum):
    """What had become of our promises when the customer answered."""

    KEPT = "kept"
    MADE_GOOD = "made_good"  # broken, and the money was in the customer's hand
    BROKEN = "broken"  # broken, and not made good
    NOTHING = "nothing"  # no promise was decided
    UNKNOWN = "unknown"  # told by a file or a program that does not say


class AnswerSource(enum.StrEnum):
    CASE = "case"
    IMPORT = "import"
    API = "api"


class TextState(enum.StrEnum):
    """What staff did with the words of an answer."""

    NEW = "new"
    LINKED = "linked"
    SET_ASIDE = "set_aside"


class FeedbackImportState(enum.StrEnum):
    UPLOADED = "uploaded"
    DONE = "done"
    DROPPED = "dropped"


class FeedbackSettings(Model):
    """What an organisation asks, and when a cause of breaches counts as a problem. No row: the
    defaults of these columns."""

    __tablename__ = "feedback_settings"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("survey_days BETWEEN 0 AND 60", name="survey_days_sane"),
        CheckConstraint("recurring_breaches BETWEEN 2 AND 1000", name="recurring_breaches_sane"),
        CheckConstraint("recurring_days BETWEEN 1 AND 366", name="recurring_days_sane"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    questions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    survey_days: Mapped[int]
    recurring_breaches: Mapped[int]
    recurring_days: Mapped[int]
    changed_at: Mapped[dt.datetime]


class FeedbackReceipt(Model):
    """That somebody answered about a ticket, once; not what."""

    __tablename__ = "feedback_receipts"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        one_of("question", Question),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[dt.datetime]


class FeedbackAnswer(TenantModel):
    """One answer. While `settles_at` is set it may still change and is shown to nobody; then its id
    is random. `month_on` is the first day of its month: no exact time is kept."""

    __tablename__ = "feedback_answers"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        tenant_fk("service_kind_id", "service_kinds"),
        tenant_fk("import_id", "feedback_imports"),
        tenant_fk("block_id", "feedback_blocks"),
        one_of("question", Question),
        one_of("outcome", Outcome),
        one_of("source", AnswerSource),
        CheckConstraint("score IS NOT NULL OR body IS NOT NULL", name="says_something"),
        CheckConstraint("score BETWEEN 0 AND 10", name="score_sane"),
        CheckConstraint("(question = 'words') = (score IS NULL)", name="score_of_question"),
        CheckConstraint("(body IS NULL) = (text_state IS NULL)", name="text_whole"),
        CheckConstraint("block_id IS NULL OR settles_at IS NULL", name="settled_when_shown"),
        CheckConstraint("extract(day FROM month_on) = 1", name="month_begins"),
        Index(
            "ix_feedback_answers_waiting",
            "organisation_id",
            "question",
            "month_on",
            postgresql_where=text("block_id IS NULL AND settles_at IS NULL"),
        ),
        Index(
            "ix_feedback_answers_settling",
            "organisation_id",
            "settles_at",
            postgresql_where=text("settles_at IS NOT NULL"),
        ),
        Index(
            "ix_feedback_answers_texts",
            "organisation_id",
            "text_state",
            "month_on",
            "id",
            postgresql_where=text("body IS NOT NULL AND block_id IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    question: Mapped[str] = mapped_column(Text)
    score: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)
    month_on: Mapped[dt.date]
    branch_id: Mapped[uuid.UUID | None]
    service_kind_id: Mapped[uuid.UUID | None]
    segment: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    import_id: Mapped[uuid.UUID | None]
    settles_at: Mapped[dt.datetime | None]
    block_id: Mapped[uuid.UUID | None]
    text_state: Mapped[str | None] = mapped_column(Text)


class FeedbackBlock(TenantModel):
    """Five or more answers that are shown together, for ever. `shared` names what all of them have
    in common; what they do not share is left empty. `counts` holds how many gave each score from 0
    to 10, and nothing where no score was asked."""

    __tablename__ = "feedback_blocks"
    __table_args__ = (
        organisation_fk(),
        one_of("question", Question),
        CheckConstraint(f"answers >= {LEAST_SHOWN}", name="five_or_more"),
        CheckConstraint("first_on <= last_on", name="months_in_order"),
        Index("ix_feedback_blocks_months", "organisation_id", "question", "last_on"),
        {"info": table_info(Access.APPEND)},
    )

    question: Mapped[str] = mapped_column(Text)
    first_on: Mapped[dt.date]
    last_on: Mapped[dt.date]
    shared: Mapped[list[str]] = mapped_column(ARRAY(Text))
    branch_id: Mapped[uuid.UUID | None]
    service_kind_id: Mapped[uuid.UUID | None]
    segment: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[int]
    counts: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class FeedbackKey(Model):
    """That a row of a file, or a call of a program, was taken: the same again adds nothing."""

    __tablename__ = "feedback_keys"
    __table_args__ = (organisation_fk(), {"info": table_info(Access.APPEND)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class FeedbackImport(TenantModel):
    """One file of answers; `mapping` says which of its columns mean what."""

    __tablename__ = "feedback_imports"
    __table_args__ = (
        organisation_fk(),
        one_of("state", FeedbackImportState),
        Index("ix_feedback_imports_created", "organisation_id", "created_at"),
        {"info": table_info(Access.CHANGE)},
    )

    filename: Mapped[str] = mapped_column(Text)
    mapping: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(Text)
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_added: Mapped[int] = mapped_column(default=0)
    rows_known: Mapped[int] = mapped_column(default=0)
    rows_refused: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]


class FeedbackFile(Model):
    """The bytes of an uploaded file until its import has ended."""

    __tablename__ = "feedback_files"
    __table_args__ = (
        tenant_fk("import_id", "feedback_imports"),
        {"info": table_info(Access.REMOVE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class FeedbackRowProblem(Model):
    """A row that was refused, by its line in the file."""

    __tablename__ = "feedback_row_problems"
    __table_args__ = (
        tenant_fk("import_id", "feedback_imports"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    column: Mapped[str | None] = mapped_column("column_name", Text)
