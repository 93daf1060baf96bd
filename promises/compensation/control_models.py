"""What lets a person look before money goes: thresholds on sums, and the sums that they bind."""

import datetime as dt
import enum
import uuid

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, one_of, organisation_fk, table_info


class SumScope(enum.StrEnum):
    """For whom released money is summed up."""

    CUSTOMER = "customer"
    DEVICE = "device"
    CLERK = "clerk"  # each member of staff who marked something on the ticket
    BRANCH = "branch"
    PROMISE = "promise"  # a known customer by one promise: the threshold of its terms


class ApprovalRule(Model):
    """Above which sum, in so many days, a manager approves; None where there is no such limit."""

    __tablename__ = "approval_rules"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("window_days BETWEEN 1 AND 366", name="window_in_a_year"),
        CheckConstraint(
            "least(customer_minor, device_minor, clerk_minor, branch_minor) >= 0",
            name="limits_not_negative",
        ),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    window_days: Mapped[int]
    customer_minor: Mapped[int | None] = mapped_column(BigInteger)
    device_minor: Mapped[int | None] = mapped_column(BigInteger)
    clerk_minor: Mapped[int | None] = mapped_column(BigInteger)
    branch_minor: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[int]
    changed_at: Mapped[dt.datetime]


class ReleasedKey(Model):
    """One row for each that money is summed up for: whoever releases locks it, on whatever day."""

    __tablename__ = "released_keys"
    __table_args__ = (
        organisation_fk(),
        one_of("scope", SumScope),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)


class ReleasedDay(Model):
    """What was released on a local day, so that a sum over many days reads a few rows."""

    __tablename__ = "released_days"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    day_on: Mapped[dt.date] = mapped_column(primary_key=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
