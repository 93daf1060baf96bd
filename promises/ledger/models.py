"""Double entry. A transaction is written whole, in one statement, and never touched again."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import (
    Access,
    Model,
    TenantModel,
    minor_units,
    organisation_fk,
    table_info,
    tenant_fk,
)


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
    """`key` names the business fact; its uniqueness makes posting it twice impossible."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "key"),
        tenant_fk("reverses_id", "ledger_transactions"),
        Index("ix_ledger_transactions_recorded", "organisation_id", "recorded_at"),
        {"info": table_info(Access.APPEND)},
    )

    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    reference_id: Mapped[uuid.UUID]
    reverses_id: Mapped[uuid.UUID | None]
    recorded_at: Mapped[dt.datetime]


class LedgerEntry(Model):
    """Debit positive, credit negative; the entries of a transaction sum to zero."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        tenant_fk("transaction_id", "ledger_transactions"),
        ForeignKeyConstraint(
            ["organisation_id", "account_code", "currency"],
            ["ledger_accounts.organisation_id", "ledger_accounts.code", "ledger_accounts.currency"],
            name="fk_ledger_entries_account",
        ),
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        Index("ix_ledger_entries_account", "organisation_id", "account_code", "currency"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_code: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    amount_minor: Mapped[int] = minor_units()
