"""Customer matters and what happened to them.

`service_events` is the evidence: append-only, two times each. A ticket's own columns are the fold
of its events, kept so that queues and set-based judging need not read the events again.
"""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
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


class TicketKind(enum.StrEnum):
    VISIT = "visit"
    COMPLAINT = "complaint"
    CALLBACK = "callback"
    REQUEST = "request"
    APPLICATION = "application"


class TicketState(enum.StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    IN_SERVICE = "in_service"
    SERVED = "served"
    LEFT = "left"
    NO_SHOW = "no_show"
    BOOKED = "booked"  # went home with a call back; what was promised is judged all the same
    CLOSED = "closed"  # by rule at closing time, never served
    OPEN = "open"  # a matter that takes no number: work to do
    HANDED_OVER = "handed_over"  # a matter that a partner works on
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"  # its import was taken back, or its only event was undone


class EventKind(enum.StrEnum):
    ARRIVED = "arrived"
    CALLED = "called"
    RECALLED = "recalled"
    SERVICE_STARTED = "service_started"
    SERVED = "served"
    LEFT = "left"
    NO_SHOW = "no_show"
    CLOSED = "closed"
    TRANSFERRED = "transferred"
    UNDONE = "undone"  # corrects_id names the event that no longer holds
    DISPUTED = "disputed"
    DISPUTE_RESOLVED = "dispute_resolved"
    PRESENCE_SHOWN = "presence_shown"
    PROMISED = "promised"  # a clerk gave the customer a date; the latest that stands counts
    TOLD = "told"  # word to the customer that we are still on it
    ANSWERED = "answered"
    CALLED_BACK = "called_back"
    HANDED_OVER = "handed_over"
    HANDED_BACK = "handed_back"
    REOPENED = "reopened"
    NOTED = "noted"  # facts that a promise asks for; of each the latest that stands counts
    BOOKED = "booked"  # the customer chose a call back instead of the queue


class EventSource(enum.StrEnum):
    DESK = "desk"
    KIOSK = "kiosk"
    CUSTOMER = "customer"
    API = "api"
    IMPORT = "import"
    RULE = "rule"


class ImportState(enum.StrEnum):
    UPLOADED = "uploaded"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


class BranchDay(Model):
    """The number sequence of one branch on one local day. A number is never handed out twice."""

    __tablename__ = "branch_days"
    __table_args__ = (tenant_fk("branch_id", "branches"), {"info": table_info(Access.CHANGE)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    branch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    day_on: Mapped[dt.date] = mapped_column(primary_key=True)
    last_number: Mapped[int]


class BranchState(Model):
    """A branch's version, raised by everything that changes what its screens show, and the last
    time that staff did something there (a silent branch holds its payouts)."""

    __tablename__ = "branch_states"
    __table_args__ = (tenant_fk("branch_id", "branches"), {"info": table_info(Access.CHANGE)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    branch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    staff_acted_at: Mapped[dt.datetime | None]


class Ticket(TenantModel):
    """One customer matter. `day_on` is the branch's local date of arrival.

    `letter` is the service kind's letter at that time: what is printed on a paper stays true after
    a transfer. `queued_at` orders the queue and never moves. `called_at` and `service_started_at`
    are the first times that still hold; an earlier stay in the queue does not hide them.

    `waited_us` is the wait that the source measured itself; where it stands, judging uses it and
    not the difference of times. `flags` name what is odd about the times. `attributes` are facts by
    name for the terms of promises, without personal data.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        tenant_fk("service_kind_id", "service_kinds"),
        tenant_fk("counter_id", "counters"),
        tenant_fk("customer_id", "customers"),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("device_id", "devices"),
        tenant_fk("import_id", "imports"),
        one_of("kind", TicketKind),
        one_of("state", TicketState),
        one_of("source", EventSource),
        UniqueConstraint("organisation_id", "public_code"),
        UniqueConstraint("organisation_id", "branch_id", "day_on", "number"),
        CheckConstraint("(external_ref IS NULL) = (content_hash IS NULL)", name="known_whole"),
        Index(
            "uq_tickets_external_ref",
            "organisation_id",
            "branch_id",
            "external_ref",
            unique=True,
            postgresql_where=text("external_ref IS NOT NULL AND state <> 'withdrawn'"),
        ),
        Index(
            "ix_tickets_live",
            "organisation_id",
            "branch_id",
            "queued_at",
            postgresql_where=text("state IN ('waiting', 'called', 'in_service')"),
        ),
        Index(
            "uq_tickets_counter_busy",
            "organisation_id",
            "counter_id",
            unique=True,
            postgresql_where=text("state IN ('called', 'in_service')"),
        ),
        Index(
            "ix_tickets_disputed",
            "organisation_id",
            "disputed_at",
            postgresql_where=text("disputed_at IS NOT NULL"),
        ),
        Index("ix_tickets_day", "organisation_id", "branch_id", "day_on"),
        Index(
            "ix_tickets_customer",
            "organisation_id",
            "customer_id",
            "queued_at",
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "ix_tickets_import",
            "organisation_id",
            "import_id",
            postgresql_where=text("import_id IS NOT NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    branch_id: Mapped[uuid.UUID]
    service_kind_id: Mapped[uuid.UUID]
    counter_id: Mapped[uuid.UUID | None]
    customer_id: Mapped[uuid.UUID | None]
    contact_id: Mapped[uuid.UUID | None]
    device_id: Mapped[uuid.UUID | None]
    day_on: Mapped[dt.date]
    number: Mapped[int | None]
    letter: Mapped[str | None] = mapped_column(Text)
    public_code: Mapped[str] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    arrived_at: Mapped[dt.datetime | None]
    queued_at: Mapped[dt.datetime]
    called_at: Mapped[dt.datetime | None]
    service_started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    waited_us: Mapped[int | None] = mapped_column(BigInteger)
    presence_shown_at: Mapped[dt.datetime | None]
    disputed_at: Mapped[dt.datetime | None]
    next_due_at: Mapped[dt.datetime | None]
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    import_id: Mapped[uuid.UUID | None]
    external_ref: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    attributes: Mapped[dict[str, Any] | None]


class ServiceEvent(TenantModel):
    """A fact on a ticket. `occurred_at` is claimed, `recorded_at` is the database's clock.

    `verified` is false where the claim is older than a live source may claim; such an event counts
    against the house at once, and for a payout only with a second person.

    `ticket_version` is the version that the event gave its ticket: it orders the events of a ticket
    beyond doubt (two transactions may have read the clock the other way round), and events of one
    act share it. Imported events have 0. `service_kind_id` stands where the event says what the
    customer came for: at the arrival and at a transfer.
    """

    __tablename__ = "service_events"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        tenant_fk("counter_id", "counters"),
        tenant_fk("corrects_id", "service_events"),
        tenant_fk("service_kind_id", "service_kinds"),
        tenant_fk("partner_id", "partners"),
        tenant_fk("text_id", "matter_texts"),
        one_of("kind", EventKind),
        one_of("source", EventSource),
        CheckConstraint("(kind = 'undone') = (corrects_id IS NOT NULL)", name="undo_names_event"),
        CheckConstraint(
            "kind <> 'transferred' OR service_kind_id IS NOT NULL", name="transfer_names_kind"
        ),
        CheckConstraint(
            "(kind = 'promised') = (promised_at IS NOT NULL)", name="promise_names_time"
        ),
        CheckConstraint(
            "(kind = 'handed_over') = (partner_id IS NOT NULL)", name="leg_names_partner"
        ),
        CheckConstraint("kind <> 'noted' OR attributes IS NOT NULL", name="note_names_facts"),
        Index("ix_service_events_ticket", "organisation_id", "ticket_id", "recorded_at"),
        Index(
            "ix_service_events_marks",
            "organisation_id",
            "recorded_at",
            postgresql_where=text("kind IN ('disputed', 'undone')"),
        ),
        Index(
            "uq_service_events_corrects",
            "organisation_id",
            "corrects_id",
            unique=True,
            postgresql_where=text("corrects_id IS NOT NULL"),
        ),
        {"info": table_info(Access.APPEND)},
    )

    ticket_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[dt.datetime]
    recorded_at: Mapped[dt.datetime]
    verified: Mapped[bool]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    counter_id: Mapped[uuid.UUID | None]
    corrects_id: Mapped[uuid.UUID | None]
    service_kind_id: Mapped[uuid.UUID | None]
    ticket_version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    promised_at: Mapped[dt.datetime | None]
    partner_id: Mapped[uuid.UUID | None]
    text_id: Mapped[uuid.UUID | None]
    attributes: Mapped[dict[str, Any] | None]


class ImportMapping(TenantModel):
    """How a kind of file is read; saved under a name and used again."""

    __tablename__ = "import_mappings"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "name"),
        {"info": table_info(Access.CHANGE)},
    )

    name: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]


class Import(TenantModel):
    """One run of a file through a mapping; `mapping` is the document as it was used."""

    __tablename__ = "imports"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        one_of("state", ImportState),
        Index("ix_imports_created", "organisation_id", "created_at"),
        {"info": table_info(Access.CHANGE)},
    )

    branch_id: Mapped[uuid.UUID]
    filename: Mapped[str] = mapped_column(Text)
    file_hash: Mapped[bytes] = mapped_column(LargeBinary)
    mapping: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(Text)
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_added: Mapped[int] = mapped_column(default=0)
    rows_known: Mapped[int] = mapped_column(default=0)
    rows_conflicting: Mapped[int] = mapped_column(default=0)
    rows_refused: Mapped[int] = mapped_column(default=0)
    rows_filtered: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    taken_back_at: Mapped[dt.datetime | None]
    taken_back_by: Mapped[uuid.UUID | None]


class ImportFile(Model):
    """The bytes of an uploaded file until its import has ended."""

    __tablename__ = "import_files"
    __table_args__ = (tenant_fk("import_id", "imports"), {"info": table_info(Access.REMOVE)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportProblem(Model):
    """A row that was refused, or that a known row contradicts, by its line in the file."""

    __tablename__ = "import_problems"
    __table_args__ = (tenant_fk("import_id", "imports"), {"info": table_info(Access.APPEND)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    column: Mapped[str | None] = mapped_column("column_name", Text)
    params: Mapped[dict[str, Any]]
