"""Cases of promises counted by day, so that nobody counts a year to show it."""

import datetime as dt
import uuid

from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, organisation_fk, table_info, tenant_fk


class PromiseDay(Model):
    """The commitments of one promise that began on one local day, by state and evidence. A copy:
    right as of the mark of its organisation, see DayMark."""

    __tablename__ = "promise_days"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    promise_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    day_on: Mapped[dt.date] = mapped_column(primary_key=True)
    kept: Mapped[int]
    broken: Mapped[int]
    excluded: Mapped[int]
    open: Mapped[int]
    broken_live: Mapped[int]
    broken_unverified: Mapped[int]
    broken_imported: Mapped[int]
    unverified: Mapped[int]
    imported: Mapped[int]


class DayMark(Model):
    """When the days of an organisation before `days_before` were counted. What changed since, and
    for a while before, is to be counted again."""

    __tablename__ = "promise_day_marks"
    __table_args__ = (organisation_fk(), {"info": table_info(Access.CHANGE)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    counted_at: Mapped[dt.datetime]
    days_before: Mapped[dt.date]
