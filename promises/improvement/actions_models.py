"""What is done against the causes of breaches, and whether it helped."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class ActionState(enum.StrEnum):
    OPEN = "open"
    DONE = "done"
    CHECKED = "checked"
    DROPPED = "dropped"


class Outcome(enum.StrEnum):
    """What the one who checked an action made of the figures before and after it."""

    HELPED = "helped"
    NO_DIFFERENCE = "no_difference"
    WORSE = "worse"
    TOO_EARLY = "too_early"


class ImprovementAction(TenantModel):
    """Somebody does something by a day, so that a promise is kept more often: in all branches or
    in one, against one cause or in general.

    `done_on` is the local day from which it counts. `public_texts` is what customers read of it,
    by language; it is public while `published_at` is set. `remind_on`: when the owner hears of it
    next. `result` keeps the figures that the one who checked it saw.
    """

    __tablename__ = "improvement_actions"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("branch_id", "branches"),
        tenant_fk("cause_id", "causes"),
        tenant_fk("owner_id", "members"),
        one_of("state", ActionState),
        one_of("outcome", Outcome),
        CheckConstraint("what <> ''", name="says_what"),
        CheckConstraint(
            "(state IN ('done', 'checked')) = (done_on IS NOT NULL)", name="done_has_day"
        ),
        CheckConstraint("(done_on IS NULL) = (done_at IS NULL)", name="done_has_time"),
        CheckConstraint("(state = 'checked') = (checked_at IS NOT NULL)", name="checked_has_time"),
        CheckConstraint("(state = 'checked') = (outcome IS NOT NULL)", name="checked_has_outcome"),
        CheckConstraint(
            "(state = 'dropped') = (dropped_reason IS NOT NULL)", name="dropped_has_reason"
        ),
        CheckConstraint(
            "published_at IS NULL OR (public_texts IS NOT NULL AND done_on IS NOT NULL)",
            name="public_is_done_and_said",
        ),
        Index("ix_improvement_actions_promise", "organisation_id", "promise_id", "done_on"),
        Index(
            "ix_improvement_actions_remind",
            "organisation_id",
            "remind_on",
            postgresql_where=text("remind_on IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    promise_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID | None]
    cause_id: Mapped[uuid.UUID | None]
    what: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[uuid.UUID]
    due_on: Mapped[dt.date]
    state: Mapped[str] = mapped_column(Text, default=ActionState.OPEN)
    remind_on: Mapped[dt.date | None]
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]
    done_on: Mapped[dt.date | None]
    done_at: Mapped[dt.datetime | None]
    done_by: Mapped[uuid.UUID | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None]
    checked_at: Mapped[dt.datetime | None]
    checked_by: Mapped[uuid.UUID | None]
    dropped_reason: Mapped[str | None] = mapped_column(Text)
    public_texts: Mapped[dict[str, Any] | None]
    published_at: Mapped[dt.datetime | None]
    published_by: Mapped[uuid.UUID | None]
