"""Matters that take no number: complaints, callbacks, requests, applications.

A matter is a ticket, with its events, its promises and its page. What only a matter has stands
beside the ticket, so that the queue's rows stay as small and as quick as they are.
"""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Computed, Index, Text, UniqueConstraint, text
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
from promises.desk.models import TicketKind

NEVER = "9999-12-31 00:00:00+00"
"""Where a matter with no deadline stands in the work list: last."""

WORK_AT = f"coalesce(least(late_since, next_due_at, promised_at), '{NEVER}')"


class Partner(TenantModel):
    """Another company that works on some of our matters."""

    __tablename__ = "partners"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "slug"),
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="slug_form"),
        {"info": table_info(Access.CHANGE)},
    )

    slug: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]


class MatterText(TenantModel):
    """What somebody wrote about a matter. It may tell of a person, so it can be wiped; events and
    matters refer to it by id."""

    __tablename__ = "matter_texts"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        CheckConstraint("(body IS NULL) = (erased_at IS NOT NULL)", name="erased_whole"),
        Index("ix_matter_texts_ticket", "organisation_id", "ticket_id"),
        {"info": table_info(Access.CHANGE)},
    )

    ticket_id: Mapped[uuid.UUID]
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    erased_at: Mapped[dt.datetime | None]


class Matter(Model):
    """What a ticket has that is no visit. `promised_at` and `partner_id` follow from its events,
    `next_due_at` is the ticket's. `late_since`: the first deadline that was missed, so that those
    to whom we broke our word stay first until they are answered.

    `work_at` orders the work list. `remind_at`: when whoever works on it is to be reminded; None
    where nobody is, or was already.
    """

    __tablename__ = "matters"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        tenant_fk("branch_id", "branches"),
        tenant_fk("owner_id", "members"),
        tenant_fk("partner_id", "partners"),
        tenant_fk("subject_id", "matter_texts"),
        one_of("kind", TicketKind),
        CheckConstraint("kind <> 'visit'", name="no_visit"),
        Index(
            "ix_matters_work",
            "organisation_id",
            "branch_id",
            "work_at",
            "ticket_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_matters_all_work",
            "organisation_id",
            "work_at",
            "ticket_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_matters_own_work",
            "organisation_id",
            "owner_id",
            "work_at",
            "ticket_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_matters_remind",
            "remind_at",
            postgresql_where=text("ended_at IS NULL AND remind_at IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    branch_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[uuid.UUID | None]
    partner_id: Mapped[uuid.UUID | None]
    subject_id: Mapped[uuid.UUID | None]
    opened_at: Mapped[dt.datetime]
    promised_at: Mapped[dt.datetime | None]
    next_due_at: Mapped[dt.datetime | None]
    late_since: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    remind_at: Mapped[dt.datetime | None]
    work_at: Mapped[dt.datetime] = mapped_column(Computed(WORK_AT, persisted=True))
