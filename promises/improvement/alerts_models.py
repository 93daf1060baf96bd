"""What somebody has to know about a promise while it can still be helped."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class AlertKind(enum.StrEnum):
    BURN = "burn"  # breaches come faster than the target allows
    ERRORS = "errors"  # the error budget of the month
    MONEY = "money"  # the money budget of the month


class AlertLevel(enum.StrEnum):
    """Of a burn the first three, of a budget the share of it that is used up."""

    PAGE = "page"
    TELL = "tell"
    NOTICE = "notice"
    MOST = "most"  # 80 per cent
    ALL = "all"


class AlertState(enum.StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Alert(TenantModel):
    """Raised once: while it lasts there is no second one of its promise, branch, kind and level,
    and of a month's budget there never is. No branch: the promise in all branches. `seen` holds
    the counts that raised it. `tell_at`: when its people are to be written to, which is no earlier
    than the branch opens; empty once they were, and where nobody is written to."""

    __tablename__ = "alerts"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("branch_id", "branches"),
        tenant_fk("acknowledged_by", "members"),
        one_of("kind", AlertKind),
        one_of("level", AlertLevel),
        one_of("state", AlertState),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_whole"),
        CheckConstraint("(kind = 'burn') = (month_on IS NULL)", name="budgets_have_a_month"),
        CheckConstraint(
            "(acknowledged_by IS NULL) = (acknowledged_at IS NULL)", name="acknowledged_whole"
        ),
        Index(
            "uq_alerts_live",
            "organisation_id",
            "promise_id",
            "branch_id",
            "kind",
            "level",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("state <> 'closed'"),
        ),
        Index(
            "uq_alerts_month",
            "organisation_id",
            "promise_id",
            "kind",
            "level",
            "month_on",
            unique=True,
            postgresql_where=text("month_on IS NOT NULL"),
        ),
        Index("ix_alerts_closed", "organisation_id", "closed_at"),
        {"info": table_info(Access.CHANGE)},
    )

    promise_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    month_on: Mapped[dt.date | None]
    state: Mapped[str] = mapped_column(Text)
    seen: Mapped[dict[str, Any]]
    raised_at: Mapped[dt.datetime]
    tell_at: Mapped[dt.datetime | None]
    acknowledged_by: Mapped[uuid.UUID | None]
    acknowledged_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
