"""What is owed for breaches, what holds it back, and what it was counted against."""

import datetime as dt
import enum
import uuid

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, TenantModel, minor_units, one_of, table_info, tenant_fk
from promises.rules.guarantee.vocabulary import Remedy


class CompensationState(enum.StrEnum):
    OWED = "owed"  # a debt that something holds back
    RELEASED = "released"  # handed on to a payout
    NOTHING_OWED = "nothing_owed"  # the terms grant nothing for this breach
    REFUSED = "refused"  # a person said no, with a reason that the customer sees
    CANCELLED = "cancelled"  # the breach was annulled, or the terms owe nothing after all


class Hold(enum.StrEnum):
    """Why a debt is not paid yet. Each is cleared by its own remedy."""

    PRESENCE = "presence"  # until the customer is known to have been there
    APPROVAL = "approval"  # above the threshold of the terms
    BUDGET = "budget"  # the money of a budget or a ceiling is used up
    EVIDENCE = "evidence"  # late, edited or contradicting evidence
    DISPUTE = "dispute"  # the customer said that something is wrong
    MASS_BREACH = "mass_breach"  # many at once, when a system or a branch was down
    HISTORY = "history"  # a promise applied to imported history
    CLAIM = "claim"  # the terms give it to those who ask
    PAYMENT = "payment"  # the money did not arrive: another way is chosen


FOR_A_PERSON = (Hold.APPROVAL, Hold.EVIDENCE, Hold.DISPUTE, Hold.MASS_BREACH, Hold.HISTORY)
"""Holds that only a person lifts; the others end by the customer's doing or by new money."""


class Outcome(enum.StrEnum):
    FULL = "full"
    CAPPED = "capped"
    LIMIT_REACHED = "limit_reached"
    NONE = "none"
    BELOW_MINIMUM = "below_minimum"
    CLAIM_TOO_EARLY = "claim_too_early"
    CLAIM_TOO_LATE = "claim_too_late"


class Lateness(enum.StrEnum):
    """How the time to pay by ended, looked at once."""

    IN_TIME = "in_time"
    THEIRS = "theirs"  # late, and it was the customer's turn
    OURS = "ours"  # late by our own fault


class Compensation(TenantModel):
    """`held_until` is the deadline of a person's hold. `counted_as` are the sums that the released
    amount went into, each as scope and key, on the local day `counted_on`. A penalty is what paying
    another debt of the same breach late costs."""

    __tablename__ = "compensations"
    __table_args__ = (
        tenant_fk("breach_id", "breaches"),
        tenant_fk("promise_id", "promises"),
        tenant_fk("version_id", "promise_versions"),
        tenant_fk("ticket_id", "tickets"),
        tenant_fk("customer_id", "customers"),
        tenant_fk("hold_window_id", "hold_windows"),
        UniqueConstraint("organisation_id", "breach_id", "instalment"),
        one_of("state", CompensationState),
        one_of("outcome", Outcome),
        one_of("remedy", Remedy),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint("state = 'owed' OR holds = '{}'", name="only_a_debt_is_held"),
        CheckConstraint("state <> 'owed' OR holds <> '{}'", name="a_debt_unheld_is_released"),
        CheckConstraint("(amount_minor = 0) = (state = 'nothing_owed')", name="nothing_is_zero"),
        CheckConstraint(
            "state NOT IN ('refused', 'cancelled') OR closing_reason <> ''", name="closed_says_why"
        ),
        Index(
            "ix_compensations_waiting",
            "organisation_id",
            "created_at",
            postgresql_where=text("state = 'owed'"),
        ),
        Index(
            "ix_compensations_unpaid",
            "organisation_id",
            "created_at",
            postgresql_where=text("state = 'owed' AND 'payment' = ANY (holds)"),
        ),
        Index(
            "ix_compensations_held_until",
            "organisation_id",
            "held_until",
            postgresql_where=text("held_until IS NOT NULL"),
        ),
        Index(
            "ix_compensations_pay_before",
            "organisation_id",
            "pay_before",
            postgresql_where=text(
                "pay_before IS NOT NULL AND lateness IS NULL AND state IN ('owed', 'released')"
            ),
        ),
        Index(
            "uq_compensations_penalty",
            "organisation_id",
            "breach_id",
            unique=True,
            postgresql_where=text("is_penalty"),
        ),
        one_of("lateness", Lateness),
        Index(
            "ix_compensations_counted",
            "organisation_id",
            "counted_on",
            "id",
            postgresql_where=text("counted_on IS NOT NULL"),
        ),
        Index("ix_compensations_ticket", "organisation_id", "ticket_id"),
        Index("ix_compensations_promise", "organisation_id", "promise_id", "state"),
        {"info": table_info(Access.CHANGE)},
    )

    breach_id: Mapped[uuid.UUID]
    instalment: Mapped[int] = mapped_column(default=1)
    promise_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    ticket_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID | None]
    amount_minor: Mapped[int] = minor_units()
    currency: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text, server_default=Remedy.MONEY.value)
    pay_before: Mapped[dt.datetime | None]
    claim_before: Mapped[dt.datetime | None]
    claimed_at: Mapped[dt.datetime | None]
    state: Mapped[str] = mapped_column(Text)
    holds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    hold_window_id: Mapped[uuid.UUID | None]
    closing_reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[dt.datetime]
    released_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    held_until: Mapped[dt.datetime | None]
    counted_on: Mapped[dt.date | None]
    counted_as: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    lateness: Mapped[str | None] = mapped_column(Text)
    is_penalty: Mapped[bool] = mapped_column(default=False, server_default=false())


class CompensationDecision(TenantModel):
    """What a person decided about a compensation: approve, refuse, or a hold set or lifted.
    `account` is the blind index of the account that an approval was given for, if any."""

    __tablename__ = "compensation_decisions"
    __table_args__ = (
        tenant_fk("compensation_id", "compensations"),
        CheckConstraint(
            "kind IN ('approved', 'refused', 'held', 'lifted', 'cancelled')", name="kind_known"
        ),
        Index("ix_compensation_decisions_of", "organisation_id", "compensation_id"),
        {"info": table_info(Access.APPEND)},
    )

    compensation_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(Text)
    holds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    decided_at: Mapped[dt.datetime]
    until_at: Mapped[dt.datetime | None]
    account: Mapped[bytes | None] = mapped_column(LargeBinary)


class CapUsage(Model):
    """How often a cap was used: scope and key say whose, period says when."""

    __tablename__ = "cap_usages"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        CheckConstraint("used_count >= 0", name="used_not_negative"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    promise_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    period: Mapped[str] = mapped_column(Text, primary_key=True)
    used_count: Mapped[int]


class Budget(Model):
    """The money set aside for a promise in a month. Reserving is one conditional statement."""

    __tablename__ = "budgets"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        CheckConstraint("reserved_minor >= 0", name="reserved_not_negative"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    promise_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    month_on: Mapped[dt.date] = mapped_column(primary_key=True)
    limit_minor: Mapped[int] = mapped_column(BigInteger)
    reserved_minor: Mapped[int] = mapped_column(BigInteger)


class HoldWindow(TenantModel):
    """A stretch in which breaches came all at once; one decision frees or refuses its payouts."""

    __tablename__ = "hold_windows"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        CheckConstraint("cause IN ('late_detection', 'silent_branch')", name="cause_known"),
        CheckConstraint("(decided_at IS NULL) = (decision IS NULL)", name="decided_whole"),
        Index(
            "uq_hold_windows_open",
            "organisation_id",
            "branch_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    branch_id: Mapped[uuid.UUID]
    cause: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[dt.datetime]
    decision: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[dt.datetime | None]
