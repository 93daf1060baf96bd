"""What was made of a promise after each quarter."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class ReviewVerdict(enum.StrEnum):
    KEEP = "keep"
    TIGHTEN = "tighten"  # promise more
    CHANGE = "change"
    PAUSE = "pause"
    END = "end"


class PromiseReview(TenantModel):
    """The review of one quarter, once. `figures` are those that the reviewer saw: they stay as they
    were, whatever is recorded later. `version_id` was in force on the last day of the quarter.

    `sentence` is for staff. `public_texts`, by language, is what the public page says of it.
    """

    __tablename__ = "promise_reviews"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("version_id", "promise_versions"),
        UniqueConstraint("organisation_id", "promise_id", "quarter_from"),
        one_of("verdict", ReviewVerdict),
        CheckConstraint("quarter_to > quarter_from", name="quarter_is_a_span"),
        CheckConstraint("sentence <> ''", name="says_why"),
        {"info": table_info(Access.APPEND)},
    )

    promise_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    quarter_from: Mapped[dt.date]
    quarter_to: Mapped[dt.date]
    figures: Mapped[dict[str, Any]]
    verdict: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)
    public_texts: Mapped[dict[str, Any]]
    reviewed_by: Mapped[uuid.UUID]
    reviewed_at: Mapped[dt.datetime]
