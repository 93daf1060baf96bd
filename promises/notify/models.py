"""The outbox of messages, and what became of each try to deliver them."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, one_of, table_info, tenant_fk


class MessageKind(enum.StrEnum):
    TURN_NEAR = "turn_near"
    YOUR_TURN = "your_turn"
    PROMISE_BROKEN = "promise_broken"
    INVITATION = "invitation"
    RESET = "reset"
    FACTOR_CHANGED = "factor_changed"  # to staff: something about their second step changed
    MATTER_RECEIVED = "matter_received"
    MATTER_PROMISED = "matter_promised"
    MATTER_TOLD = "matter_told"
    MATTER_ANSWERED = "matter_answered"
    MATTER_DUE = "matter_due"  # to staff, before a deadline
    HELP_ASKED = "help_asked"  # to managers: a desk asks for help
    PROPOSAL_NEWS = "proposal_news"  # to staff: somebody named them, or something became of theirs
    PROMISE_NOTICE = "promise_notice"  # to staff: a promise was published that they are to keep
    PROMISE_ALERT = "promise_alert"  # to managers: a promise burns, or a budget is used up
    BANK_CONFIRM = "bank_confirm"  # the link by which a customer confirms where the money goes
    MONEY_NEWS = "money_news"  # to the customer: sent, arrived, or what went wrong
    VOUCHER_DUE = "voucher_due"  # to the customer: a voucher is still unused
    VOUCHER_ENDED = "voucher_ended"  # to the customer: it was not used in time
    MONEY_INCIDENT = "money_incident"  # to those who look after payouts: something needs a person
    HOLD_OVERDUE = "hold_overdue"  # to managers: the day of a hold has passed
    CEILING_FULL = "ceiling_full"  # to managers: a payment ceiling holds back what is owed
    DECISION_DUE = "decision_due"  # to managers, before and after the deadline of a decision
    ACTION_DUE = "action_due"  # to its owner: an action against breaches is due, or late
    REVIEW_DUE = "review_due"  # to managers: promises wait for their review of the quarter
    FOLLOW_ASKED = "follow_asked"  # the link that confirms a subscription
    FOLLOWED_NEWS = "followed_news"  # to those who follow promises


CONTACT_REMOVED = "contact_removed"
"""Which news of the money goes to an address that was taken off: the message itself carries it."""


class MessageState(enum.StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"  # the address was erased, or the moment has passed


class Channel(enum.StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Message(TenantModel):
    """One message to one person. `params` holds no personal data and no secret; a link that lets
    somebody in, or an address that was taken off, is sealed in `secret_sealed` and wiped when the
    message has ended."""

    __tablename__ = "messages"
    __table_args__ = (
        tenant_fk("contact_id", "contacts"),
        tenant_fk("member_id", "members"),
        tenant_fk("ticket_id", "tickets"),
        UniqueConstraint("organisation_id", "dedupe_key"),
        one_of("kind", MessageKind),
        one_of("state", MessageState),
        one_of("channel", Channel),
        CheckConstraint("(contact_id IS NULL) <> (member_id IS NULL)", name="one_recipient"),
        Index("ix_messages_to_send", "next_try_at", postgresql_where=text("state = 'queued'")),
        {"info": table_info(Access.CHANGE)},
    )

    kind: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    contact_id: Mapped[uuid.UUID | None]
    member_id: Mapped[uuid.UUID | None]
    ticket_id: Mapped[uuid.UUID | None]
    locale: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]]
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    dedupe_key: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class Delivery(TenantModel):
    """One try at one message."""

    __tablename__ = "deliveries"
    __table_args__ = (
        tenant_fk("message_id", "messages"),
        UniqueConstraint("organisation_id", "message_id", "number"),
        {"info": table_info(Access.APPEND)},
    )

    message_id: Mapped[uuid.UUID]
    number: Mapped[int]
    outcome: Mapped[str] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
    tried_at: Mapped[dt.datetime]
