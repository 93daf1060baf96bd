"""What an organisation takes for true when it asks what its promises return."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, minor_units, organisation_fk, table_info


class ReturnAssumption(TenantModel):
    """What one returning customer is worth, and how soon one has to come back. The latest stands;
    the earlier ones stay."""

    __tablename__ = "return_assumptions"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("value_minor >= 0", name="value_not_negative"),
        CheckConstraint("days BETWEEN 1 AND 365", name="days_of_a_year"),
        Index("ix_return_assumptions_latest", "organisation_id", "set_at", "id"),
        {"info": table_info(Access.APPEND)},
    )

    value_minor: Mapped[int] = minor_units()
    currency: Mapped[str] = mapped_column(Text)
    days: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    set_by: Mapped[uuid.UUID]
    set_at: Mapped[dt.datetime]
