"""What the desk does before a promise breaks: help asked of colleagues, call backs offered."""

import datetime as dt
import enum
import uuid

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, TenantModel, one_of, table_info, tenant_fk
from promises.desk.models import EventSource


class HelpReason(enum.StrEnum):
    AT_RISK = "at_risk"  # somebody is about to wait longer than we promised
    QUEUE = "queue"  # more people than the open counters can serve
    SKILL = "skill"  # a colleague knows this matter better


class HelpState(enum.StrEnum):
    OPEN = "open"
    TAKEN = "taken"  # a colleague comes
    WITHDRAWN = "withdrawn"  # whoever asked needs it no more
    EXPIRED = "expired"  # nobody answered in time


class OfferState(enum.StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"  # the customer keeps waiting
    WITHDRAWN = "withdrawn"  # the customer's turn came first
    EXPIRED = "expired"


class HelpRequest(TenantModel):
    """One clerk's call for help at a branch; open once a branch and reason."""

    __tablename__ = "help_requests"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        tenant_fk("counter_id", "counters"),
        tenant_fk("answer_counter_id", "counters"),
        one_of("reason", HelpReason),
        one_of("state", HelpState),
        CheckConstraint("(state = 'taken') = (answered_by IS NOT NULL)", name="taken_by_somebody"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_whole"),
        Index(
            "uq_help_requests_open",
            "organisation_id",
            "branch_id",
            "reason",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_help_requests_asked", "organisation_id", "branch_id", "asked_at"),
        {"info": table_info(Access.CHANGE)},
    )

    branch_id: Mapped[uuid.UUID]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    counter_id: Mapped[uuid.UUID | None]
    asked_by: Mapped[uuid.UUID]
    asked_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    answered_by: Mapped[uuid.UUID | None]
    answer_counter_id: Mapped[uuid.UUID | None]
    ended_at: Mapped[dt.datetime | None]


class HelpTicket(Model):
    """Who was at risk when help was asked for, and until when: by it the help is measured."""

    __tablename__ = "help_tickets"
    __table_args__ = (
        tenant_fk("help_id", "help_requests"),
        tenant_fk("ticket_id", "tickets"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    help_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    due_at: Mapped[dt.datetime]


class CallbackOffer(TenantModel):
    """A call back at a time of the customer's choice, instead of the queue. `slots` are the times
    to choose from. `source` says who noted the answer: the customer, or a clerk for one without a
    phone. `held_at`: when that call was made, which shows that the customer was there."""

    __tablename__ = "callback_offers"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        tenant_fk("matter_id", "tickets"),
        tenant_fk("branch_id", "branches"),
        one_of("state", OfferState),
        one_of("source", EventSource),
        UniqueConstraint("organisation_id", "matter_id"),
        CheckConstraint("cardinality(slots) BETWEEN 1 AND 3", name="one_to_three_slots"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_whole"),
        CheckConstraint(
            "(state = 'accepted') = (matter_id IS NOT NULL AND chosen_at IS NOT NULL "
            "AND source IS NOT NULL)",
            name="accepted_whole",
        ),
        Index(
            "uq_callback_offers_live",
            "organisation_id",
            "ticket_id",
            unique=True,
            postgresql_where=text("state IN ('open', 'accepted')"),
        ),
        Index("ix_callback_offers_offered", "organisation_id", "branch_id", "offered_at"),
        {"info": table_info(Access.CHANGE)},
    )

    ticket_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID]
    slots: Mapped[list[dt.datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    state: Mapped[str] = mapped_column(Text)
    offered_by: Mapped[uuid.UUID]
    offered_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    source: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[uuid.UUID | None]
    chosen_at: Mapped[dt.datetime | None]
    matter_id: Mapped[uuid.UUID | None]
    held_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
