"""What the accountant keeps: closed months, the organisation's own chart, VAT by promise."""

import datetime as dt
import uuid

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
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
from promises.ledger.vat import MOST_RATE_BP, TaxTreatment


class LedgerBooks(Model):
    """One row an organisation. Whoever posts holds it in share, whoever closes a month alone: so
    nothing is posted into a month while it is being closed. Before `open_from` all is closed."""

    __tablename__ = "ledger_books"
    __table_args__ = (organisation_fk(), {"info": table_info(Access.CHANGE)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    open_from: Mapped[dt.date | None] = mapped_column(Date)


class LedgerClosing(Model):
    """A closed month, named by its first day. Each follows the one before it without a gap; its
    `digest` seals the month's entries and the digest before it."""

    __tablename__ = "ledger_closings"
    __table_args__ = (
        organisation_fk(),
        ForeignKeyConstraint(
            ["organisation_id", "previous_on"],
            ["ledger_closings.organisation_id", "ledger_closings.month_on"],
            name="fk_ledger_closings_previous",
        ),
        UniqueConstraint(
            "organisation_id",
            "previous_on",
            name="uq_ledger_closings_previous",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("extract(day FROM month_on) = 1", name="first_day"),
        CheckConstraint("month_on = (previous_on + interval '1 month')::date", name="no_gap"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    month_on: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    previous_on: Mapped[dt.date | None] = mapped_column(Date)
    transactions: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    closed_at: Mapped[dt.datetime]
    closed_by: Mapped[uuid.UUID | None]


class LedgerClosingBalance(Model):
    """What one account came to in a closed month."""

    __tablename__ = "ledger_closing_balances"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "month_on"],
            ["ledger_closings.organisation_id", "ledger_closings.month_on"],
            name="fk_ledger_closing_balances_closing",
        ),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    month_on: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    account_code: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    opening_minor: Mapped[int] = minor_units()
    debit_minor: Mapped[int] = minor_units()
    credit_minor: Mapped[int] = minor_units()


class ChartEntry(TenantModel):
    """The organisation's own number and name of one of our accounts; the newest counts."""

    __tablename__ = "ledger_chart_entries"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("number <> ''", name="has_number"),
        Index("ix_ledger_chart_entries_account", "organisation_id", "account_code", "set_at"),
        {"info": table_info(Access.APPEND)},
    )

    account_code: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    set_at: Mapped[dt.datetime]
    set_by: Mapped[uuid.UUID | None]


class VatChoice(TenantModel):
    """What the compensations of a promise are to the tax authority, from a day on. Of the choices
    of the same day the newest counts."""

    __tablename__ = "vat_choices"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        one_of("treatment", TaxTreatment),
        CheckConstraint(f"rate_bp BETWEEN 0 AND {MOST_RATE_BP}", name="rate_possible"),
        CheckConstraint("rate_bp = 0 OR treatment = 'price_reduction'", name="rate_of_a_price"),
        Index("ix_vat_choices_promise", "organisation_id", "promise_id", "valid_from"),
        {"info": table_info(Access.APPEND)},
    )

    promise_id: Mapped[uuid.UUID]
    treatment: Mapped[str] = mapped_column(Text)
    rate_bp: Mapped[int]
    valid_from: Mapped[dt.date] = mapped_column(Date)
    set_at: Mapped[dt.datetime]
    set_by: Mapped[uuid.UUID | None]
