"""A clerk's goodwill: a small purse, gifts out of it, and what rules them.

A gift is no compensation: nothing was broken, or nothing that was is paid by it.
"""

import datetime as dt
import enum
import uuid

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import (
    Access,
    Model,
    TenantModel,
    minor_units,
    one_of,
    organisation_fk,
    table_info,
    tenant_fk,
)


class GoodwillReason(enum.StrEnum):
    OUR_MISTAKE = "our_mistake"
    CAME_TWICE = "came_twice"
    HARD_DAY = "hard_day"
    TOLD_US = "told_us"
    OTHER = "other"


class GiftState(enum.StrEnum):
    WAITING = "waiting"  # a manager decides
    GIVEN = "given"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"


class WaitsFor(enum.StrEnum):
    """Why a gift needs a manager."""

    AMOUNT = "amount"  # more than a clerk gives at once
    AGAIN = "again"  # the same customer had one in the last thirty days
    MONTH = "month"  # more than one customer gets in a month
    UNKNOWN = "unknown"  # more gifts to people whom nobody knows than a clerk gives in a day


class VatTreatment(enum.StrEnum):
    OUTSIDE_SCOPE = "outside_scope"  # money for nothing in return
    PRICE_REDUCTION = "price_reduction"  # less to pay for what was bought


class GoodwillRule(Model):
    """What an organisation lets its clerks give; without the row, or switched off, nothing."""

    __tablename__ = "goodwill_rules"
    __table_args__ = (
        organisation_fk(),
        one_of("vat_treatment", VatTreatment),
        CheckConstraint("purse_minor > 0", name="purse_positive"),
        CheckConstraint("most_gift_minor BETWEEN 1 AND purse_minor", name="gift_fits_purse"),
        CheckConstraint("most_customer_minor >= most_gift_minor", name="customer_gets_one"),
        CheckConstraint("most_unknown_day >= 0", name="unknown_not_negative"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    switched_on: Mapped[bool]
    purse_minor: Mapped[int] = mapped_column(BigInteger)
    most_gift_minor: Mapped[int] = mapped_column(BigInteger)
    most_customer_minor: Mapped[int] = mapped_column(BigInteger)
    vat_treatment: Mapped[str] = mapped_column(Text)
    most_unknown_day: Mapped[int] = mapped_column(default=3, server_default="3")
    changed_at: Mapped[dt.datetime]


class GoodwillPurse(Model):
    """What a branch has used of its purse in a month. Reserving is one conditional statement."""

    __tablename__ = "goodwill_purses"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        CheckConstraint("used_minor >= 0", name="used_not_negative"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    branch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    month_on: Mapped[dt.date] = mapped_column(primary_key=True)
    used_minor: Mapped[int] = mapped_column(BigInteger)


class GoodwillGift(TenantModel):
    """`words` are the giver's own and can be wiped. `month_on` is the purse that it was taken from;
    a gift that waits has taken nothing yet."""

    __tablename__ = "goodwill_gifts"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        tenant_fk("branch_id", "branches"),
        tenant_fk("customer_id", "customers"),
        one_of("reason", GoodwillReason),
        one_of("state", GiftState),
        one_of("waits_for", WaitsFor),
        one_of("vat_treatment", VatTreatment),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(state = 'given') <= (month_on IS NOT NULL)", name="given_of_a_purse"),
        CheckConstraint(
            "(state IN ('waiting', 'refused')) <= (waits_for IS NOT NULL)",
            name="waits_for_a_reason",
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> given_by", name="second_person"),
        CheckConstraint("state <> 'refused' OR decision_reason <> ''", name="refused_says_why"),
        Index("ix_goodwill_gifts_ticket", "organisation_id", "ticket_id"),
        Index("ix_goodwill_gifts_given", "organisation_id", "given_at"),
        Index(
            "ix_goodwill_gifts_unknown",
            "organisation_id",
            "given_by",
            "given_at",
            postgresql_where=text("customer_id IS NULL"),
        ),
        Index(
            "ix_goodwill_gifts_customer",
            "organisation_id",
            "customer_id",
            "given_at",
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "ix_goodwill_gifts_waiting",
            "organisation_id",
            "given_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    ticket_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID | None]
    amount_minor: Mapped[int] = minor_units()
    currency: Mapped[str] = mapped_column(Text)
    vat_treatment: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    waits_for: Mapped[str | None] = mapped_column(Text)
    month_on: Mapped[dt.date | None]
    given_by: Mapped[uuid.UUID]
    given_at: Mapped[dt.datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[dt.datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text, default="")
