"""Double entry. A transaction is written whole, in one statement, and never touched again."""

import datetime as dt
import uuid

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
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
from promises.ledger.vat import TaxTreatment

TODAY = text("CURRENT_DATE")
"""For what a version of the service without these columns writes while the next one starts."""


class LedgerAccount(Model):
    __tablename__ = "ledger_accounts"
    __table_args__ = (
        organisation_fk(),
        CheckConstraint("kind IN ('asset', 'liability', 'income', 'expense')", name="kind_known"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)


class LedgerTransaction(TenantModel):
    """`key` names the business fact; its uniqueness makes posting it twice impossible. It stands in
    the books on `posted_on`, a local day of an open period; `fact_on` is the day of what happened
    where that is another. `debt_id` is the compensation or gift that it is about."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "key"),
        tenant_fk("reverses_id", "ledger_transactions"),
        one_of("vat_treatment", TaxTreatment),
        Index("ix_ledger_transactions_posted", "organisation_id", "posted_on", "recorded_at", "id"),
        {"info": table_info(Access.APPEND)},
    )

    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    reference_id: Mapped[uuid.UUID]
    reverses_id: Mapped[uuid.UUID | None]
    recorded_at: Mapped[dt.datetime]
    posted_on: Mapped[dt.date] = mapped_column(Date, server_default=TODAY)
    fact_on: Mapped[dt.date | None] = mapped_column(Date)
    debt_id: Mapped[uuid.UUID | None]
    vat_treatment: Mapped[str | None] = mapped_column(Text)
    vat_rate_bp: Mapped[int | None]


class LedgerEntry(Model):
    """Debit positive, credit negative; the entries of a transaction sum to zero, which the database
    sees to. `posted_on` is the transaction's, so that one index adds up an account."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        tenant_fk("transaction_id", "ledger_transactions"),
        ForeignKeyConstraint(
            ["organisation_id", "account_code", "currency"],
            ["ledger_accounts.organisation_id", "ledger_accounts.code", "ledger_accounts.currency"],
            name="fk_ledger_entries_account",
        ),
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        Index(
            "ix_ledger_entries_account_day",
            "organisation_id",
            "account_code",
            "currency",
            "posted_on",
            "transaction_id",
            postgresql_include=["amount_minor"],
        ),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_code: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    amount_minor: Mapped[int] = minor_units()
    posted_on: Mapped[dt.date] = mapped_column(Date, server_default=TODAY)
