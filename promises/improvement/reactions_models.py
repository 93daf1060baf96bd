"""What is done by itself when a budget is used up, as management chose before it was."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class Trigger(enum.StrEnum):
    """A budget of a month and the share of it that is used up."""

    ERRORS_MOST = "errors_most"
    ERRORS_ALL = "errors_all"
    MONEY_MOST = "money_most"
    MONEY_ALL = "money_all"


class Reaction(enum.StrEnum):
    TELL = "tell"  # the managers are told, and no more
    APPROVE = "approve"  # until the month ends a manager approves each new debt
    PAUSE = "pause"  # new tickets get no promise; said publicly
    SUGGEST = "suggest"  # a higher budget is suggested to the managers


class ReactionChoice(TenantModel):
    """What management chose for a promise; the highest number holds. `reactions`: trigger →
    reaction; what is not named is only told."""

    __tablename__ = "reaction_choices"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("chosen_by", "members"),
        UniqueConstraint("organisation_id", "promise_id", "number"),
        CheckConstraint("number > 0", name="number_positive"),
        {"info": table_info(Access.APPEND)},
    )

    promise_id: Mapped[uuid.UUID]
    number: Mapped[int]
    reactions: Mapped[dict[str, Any]]
    chosen_by: Mapped[uuid.UUID]
    chosen_at: Mapped[dt.datetime]


class ReactionRun(TenantModel):
    """A reaction that was done, once a month and trigger. `outcome`: done, or why it could not be.
    A manager may take back the approval that it asks for (`lifted_*`)."""

    __tablename__ = "reaction_runs"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("choice_id", "reaction_choices"),
        tenant_fk("lifted_by", "members"),
        UniqueConstraint("organisation_id", "promise_id", "month_on", "trigger"),
        one_of("trigger", Trigger),
        one_of("reaction", Reaction),
        CheckConstraint("(lifted_by IS NULL) = (lifted_at IS NULL)", name="lifted_whole"),
        Index("ix_reaction_runs_month", "organisation_id", "month_on"),
        {"info": table_info(Access.CHANGE)},
    )

    promise_id: Mapped[uuid.UUID]
    month_on: Mapped[dt.date]
    trigger: Mapped[str] = mapped_column(Text)
    reaction: Mapped[str] = mapped_column(Text)
    choice_id: Mapped[uuid.UUID]
    outcome: Mapped[str] = mapped_column(Text)
    done_at: Mapped[dt.datetime]
    lifted_by: Mapped[uuid.UUID | None]
    lifted_at: Mapped[dt.datetime | None]
