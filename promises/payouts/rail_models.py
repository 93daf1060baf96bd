"""How an organisation reaches its rails, where money goes, and what providers told us."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
    true,
)
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


class RailSetting(Model):
    """One rail of one organisation. `settings` is plain, `secrets_sealed` a sealed JSON object that
    no page shows again; `hints` keeps the last four characters of each secret. A paused rail is
    asked nothing until somebody saves working settings. Of the rails that need nothing of the
    customer the one with the lowest `preference` is taken."""

    __tablename__ = "rail_settings"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("(paused_at IS NULL) = (pause_trouble IS NULL)", name="paused_says_why"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    rail: Mapped[str] = mapped_column(Text, primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    live: Mapped[bool]
    settings: Mapped[dict[str, Any]]
    secrets_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    hints: Mapped[dict[str, Any]]
    paused_at: Mapped[dt.datetime | None]
    pause_trouble: Mapped[str | None] = mapped_column(Text)
    tested_at: Mapped[dt.datetime | None]
    test_works: Mapped[bool | None]
    test_detail: Mapped[str] = mapped_column(Text, default="", server_default="")
    changed_by: Mapped[uuid.UUID | None]
    changed_at: Mapped[dt.datetime]
    preference: Mapped[int] = mapped_column(default=0, server_default="0")


class Proof(enum.StrEnum):
    """What shows that a destination is the customer's."""

    GIVEN = "given"  # it came with the case, or needs no details
    CONTACT = "contact"  # whoever reads the ticket's contact confirms it
    LINK = "link"  # typed by the holder of the ticket's page, and left to rest for a day
    PERSON = "person"  # a second person on staff looks at it


class PayoutDestination(TenantModel):
    """Where the money of one ticket can go by one rail: given with the case, or chosen by the
    customer (`chosen`). The details are sealed JSON, as `rails.base.Destination` says; their
    blind index `fingerprint` is the same for the same account everywhere in the organisation.
    Usable from `usable_at` on, which is set when it is confirmed. Purged details are gone.

    `confirm_mac` is that of the link sent to the ticket's contact. `applied_at` is when a usable
    choice reached the debts that had gone another way before. From `forget_at` on the details go
    as soon as no payout needs them."""

    __tablename__ = "payout_destinations"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        Index(
            "uq_payout_destinations_current",
            "organisation_id",
            "ticket_id",
            "rail",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_payout_destinations_fingerprint", "organisation_id", "fingerprint"),
        Index(
            "ix_payout_destinations_kept",
            "organisation_id",
            "created_at",
            postgresql_where=text("details_sealed IS NOT NULL"),
        ),
        Index(
            "ix_payout_destinations_pending",
            "organisation_id",
            "usable_at",
            postgresql_where=text("chosen AND applied_at IS NULL AND replaced_at IS NULL"),
        ),
        Index(
            "ix_payout_destinations_forget",
            "organisation_id",
            postgresql_where=text("forget_at IS NOT NULL AND details_sealed IS NOT NULL"),
        ),
        one_of("proof", Proof),
        {"info": table_info(Access.CHANGE)},
    )

    ticket_id: Mapped[uuid.UUID]
    rail: Mapped[str] = mapped_column(Text)
    details_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    last4: Mapped[str] = mapped_column(Text)
    chosen: Mapped[bool]
    usable_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    replaced_at: Mapped[dt.datetime | None]
    purged_at: Mapped[dt.datetime | None]
    proof: Mapped[str] = mapped_column(Text, default=Proof.GIVEN, server_default=Proof.GIVEN.value)
    confirm_mac: Mapped[bytes | None] = mapped_column(LargeBinary)
    applied_at: Mapped[dt.datetime | None]
    forget_at: Mapped[dt.datetime | None]


class EventState(enum.StrEnum):
    NEW = "new"  # stored, not yet looked into
    APPLIED = "applied"  # the payout it names was looked at again
    IGNORED = "ignored"  # of a kind that says nothing about payouts
    PARKED = "parked"  # of nothing that we know: an incident names it


class ProviderEvent(TenantModel):
    """A message of a provider, verified and stored once. Only what it is about is kept, for some
    months: it makes us look again and is never believed."""

    __tablename__ = "provider_events"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "provider", "event_id"),
        one_of("state", EventState),
        Index(
            "ix_provider_events_new",
            "organisation_id",
            "received_at",
            postgresql_where=text("state = 'new'"),
        ),
        Index(
            "ix_provider_events_old",
            "organisation_id",
            "received_at",
            postgresql_where=text("state <> 'new'"),
        ),
        {"info": table_info(Access.REMOVE)},
    )

    provider: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    object_ref: Mapped[str] = mapped_column(Text)
    payout_id: Mapped[uuid.UUID | None]
    live: Mapped[bool]
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    received_at: Mapped[dt.datetime]
    handled_at: Mapped[dt.datetime | None]


class IncidentKind(enum.StrEnum):
    """What about money needs a person."""

    UNKNOWN_EFFECT = "unknown_effect"  # the provider has an effect that is not in our books
    MISSING_EFFECT = "missing_effect"  # we have it as sent or paid, the provider knows nothing
    OTHER_AMOUNT = "other_amount"  # both have it, and they differ
    UNKNOWN_EVENT = "unknown_event"  # a verified message about nothing that we know
    WRONG_MODE = "wrong_mode"  # a live message at a test rail, or the other way round
    RAIL_PAUSED = "rail_paused"  # the provider does not let us in
    NEEDS_REVIEW = "needs_review"  # a payout that no rule can settle
    BANK_SILENT = "bank_silent"  # no answer to a run within its days
    HANDS_LATE = "hands_late"  # payouts that wait for a file or a hand, and nobody comes
    STATEMENT_GAP = "statement_gap"  # the booked sum is not the sum of the run
    FOREIGN_STATEMENT = "foreign_statement"  # a statement of another account


class MoneyIncident(TenantModel):
    """Something about money that a person has to look into: one open row a matter. `ref` names
    it: the payout, the provider's object, the run. `told_at`: when letters about it went out."""

    __tablename__ = "money_incidents"
    __table_args__ = (
        organisation_fk(),
        one_of("kind", IncidentKind),
        CheckConstraint("(closed_at IS NULL) = (closing_note IS NULL)", name="closed_says_how"),
        Index(
            "uq_money_incidents_open",
            "organisation_id",
            "kind",
            "ref",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_money_incidents_opened", "organisation_id", "opened_at"),
        {"info": table_info(Access.CHANGE)},
    )

    kind: Mapped[str] = mapped_column(Text)
    rail: Mapped[str] = mapped_column(Text)
    ref: Mapped[str] = mapped_column(Text)
    payout_id: Mapped[uuid.UUID | None]
    amount_minor: Mapped[int | None] = minor_units()
    currency: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]]
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[uuid.UUID | None]
    closing_note: Mapped[str | None] = mapped_column(Text)
    told_at: Mapped[dt.datetime | None]


class Reconciliation(TenantModel):
    """One comparison of a rail's effects of a span with our payouts. `run_on` is the local day of a
    nightly one, of which there is one a rail. Not finished: under way, interrupted, or the provider
    could not be read (`trouble`). Sums are of the organisation's currency; `differences` counts the
    incidents that it found."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        organisation_fk(),
        Index(
            "uq_reconciliations_nightly",
            "organisation_id",
            "rail",
            "run_on",
            unique=True,
            postgresql_where=text("run_on IS NOT NULL"),
        ),
        Index("ix_reconciliations_newest", "organisation_id", "started_at"),
        {"info": table_info(Access.CHANGE)},
    )

    rail: Mapped[str] = mapped_column(Text)
    live: Mapped[bool]
    run_on: Mapped[dt.date | None]
    since: Mapped[dt.datetime]
    until: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    trouble: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    theirs: Mapped[int] = mapped_column(default=0, server_default="0")
    theirs_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    ours: Mapped[int] = mapped_column(default=0, server_default="0")
    ours_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    differences: Mapped[int] = mapped_column(default=0, server_default="0")


class PayoutDecision(TenantModel):
    """That a person decided what a payout came to which no rule could settle, or entered that what
    was paid by hand came back, and on what evidence: once for ever."""

    __tablename__ = "payout_decisions"
    __table_args__ = (
        tenant_fk("payout_id", "payouts"),
        UniqueConstraint("organisation_id", "payout_id"),
        CheckConstraint("evidence <> ''", name="has_evidence"),
        {"info": table_info(Access.APPEND)},
    )

    payout_id: Mapped[uuid.UUID]
    was_paid: Mapped[bool]
    evidence: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    decided_at: Mapped[dt.datetime]
