"""What lets a person look before money goes: thresholds on sums, ceilings by period, and the sums
that they bind."""

import datetime as dt
import enum
import uuid

from sqlalchemy import BigInteger, CheckConstraint, Text, UniqueConstraint
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


class SumScope(enum.StrEnum):
    """For whom released money is summed up."""

    CUSTOMER = "customer"
    DEVICE = "device"
    CLERK = "clerk"  # each member of staff who marked something on the ticket
    BRANCH = "branch"
    PROMISE = "promise"  # a known customer by one promise: the threshold of its terms
    WHOLE_PROMISE = "whole_promise"  # all that goes out by one promise; kept once it has a ceiling
    ORGANISATION = "organisation"  # all that goes out; kept once there is a ceiling on it


class CeilingPeriod(enum.StrEnum):
    """Of local time; a week begins on Monday. The names are those of `date_trunc`."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class CeilingReaction(enum.StrEnum):
    """What becomes of a debt that would lift the sum above its ceiling."""

    WAIT = "wait"  # it goes when a later period, or a higher ceiling, has room for it
    APPROVE = "approve"  # a manager approves it


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


class Ceiling(TenantModel):
    """The most that goes out in a period: at one branch, by one promise, or of the organisation as
    a whole (neither of the two). Without a limit it is lifted. What a promise may cost in a month
    its terms say.

    `filled_on` is the first day of the last period in which it held something back, `told_on` of
    the last one that managers were written to about. Room is kept for the debt `first_id`, in
    periods that last to `first_from_on`, or longer. After it was raised, what it had sent to
    managers is tried again; `recall_from` is the last debt that was."""

    __tablename__ = "ceilings"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("branch_id", "branches"),
        tenant_fk("promise_id", "promises"),
        tenant_fk("first_id", "compensations"),
        UniqueConstraint(
            "organisation_id",
            "branch_id",
            "promise_id",
            "period",
            name="uq_ceilings_place",
            postgresql_nulls_not_distinct=True,
        ),
        one_of("period", CeilingPeriod),
        one_of("reaction", CeilingReaction),
        CheckConstraint("branch_id IS NULL OR promise_id IS NULL", name="one_place"),
        CheckConstraint("promise_id IS NULL OR period <> 'month'", name="month_in_terms"),
        CheckConstraint("limit_minor >= 0", name="limit_not_negative"),
        {"info": table_info(Access.CHANGE)},
    )

    branch_id: Mapped[uuid.UUID | None]
    promise_id: Mapped[uuid.UUID | None]
    period: Mapped[str] = mapped_column(Text)
    limit_minor: Mapped[int | None] = mapped_column(BigInteger)
    reaction: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    changed_at: Mapped[dt.datetime]
    filled_on: Mapped[dt.date | None]
    told_on: Mapped[dt.date | None]
    first_id: Mapped[uuid.UUID | None]
    first_from_on: Mapped[dt.date | None]
    recall_from: Mapped[uuid.UUID | None]
