"""What people write on the charts of a promise."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, organisation_fk, table_info, tenant_fk


class ChartNote(TenantModel):
    """A note on a day: of one promise or of all, of one branch or of all. A removed one stays."""

    __tablename__ = "chart_notes"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("promise_id", "promises"),
        tenant_fk("branch_id", "branches"),
        CheckConstraint("text <> ''", name="says_something"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed_by_somebody"),
        Index(
            "ix_chart_notes_day",
            "organisation_id",
            "day_on",
            postgresql_where=text("removed_at IS NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    promise_id: Mapped[uuid.UUID | None]
    branch_id: Mapped[uuid.UUID | None]
    day_on: Mapped[dt.date]
    text: Mapped[str] = mapped_column(Text)
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]
    removed_by: Mapped[uuid.UUID | None]
