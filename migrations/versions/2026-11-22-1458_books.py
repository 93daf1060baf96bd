"""The accountant's books: days of entries, VAT, a chart of one's own, closed months.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

from promises.db.tenancy import policy_statements

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLES = (
    "ledger_books",
    "ledger_closings",
    "ledger_closing_balances",
    "ledger_chart_entries",
    "vat_choices",
)
COLUMNS = (
    sa.Column("fact_on", sa.Date(), nullable=True),
    sa.Column("debt_id", sa.Uuid(), nullable=True),
    sa.Column("vat_treatment", sa.Text(), nullable=True),
    sa.Column("vat_rate_bp", sa.Integer(), nullable=True),
)
DATED = ("ledger_transactions", "ledger_entries")

# The books are held while the rows are looked at: whoever closes a month waits for this
# transaction to end, or this one sees the month closed.
REFUSE_CLOSED = """
CREATE FUNCTION ledger_refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger_books b
    WHERE b.organisation_id IN (SELECT organisation_id FROM written) FOR SHARE;
    IF EXISTS (
        SELECT 1
        FROM (SELECT organisation_id, min(posted_on) AS posted_on FROM written GROUP BY 1) w
        WHERE w.posted_on < (
            SELECT max(c.month_on) + interval '1 month' FROM ledger_closings c
            WHERE c.organisation_id = w.organisation_id
        )
    ) THEN
        RAISE EXCEPTION 'nothing is posted into a closed month' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

REFUSE_UNBALANCED = """
CREATE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM written GROUP BY organisation_id, transaction_id
        HAVING sum(amount_minor) <> 0 OR min(currency) <> max(currency)
    ) THEN
        RAISE EXCEPTION 'the entries of a transaction sum to zero'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

TRIGGERS = (
    ("ledger_transactions_open", "ledger_transactions", "ledger_refuse_closed"),
    ("ledger_entries_open", "ledger_entries", "ledger_refuse_closed"),
    ("ledger_entries_balanced", "ledger_entries", "ledger_refuse_unbalanced"),
)


def upgrade() -> None:
    _make_ledger_books()
    _make_ledger_closings()
    _make_ledger_closing_balances()
    _make_ledger_chart_entries()
    _make_vat_choices()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)
    for table in DATED:
        op.execute(
            "-- squawk-ignore adding-field-with-default\n"  # worked out once, so no row is written
            f"ALTER TABLE {table} ADD COLUMN posted_on date DEFAULT CURRENT_DATE NOT NULL"
        )
    for column in COLUMNS:
        op.add_column("ledger_transactions", column)
    op.execute(
        "ALTER TABLE ledger_transactions ADD CONSTRAINT ck_ledger_transactions_vat_treatment_known "
        "CHECK (vat_treatment IN ('price_reduction', 'damages', 'goodwill_unclassified')) NOT VALID"
    )
    op.execute(REFUSE_CLOSED)
    op.execute(REFUSE_UNBALANCED)
    for name, table, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS written "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def downgrade() -> None:
    for name, table, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION ledger_refuse_unbalanced()")
    op.execute("DROP FUNCTION ledger_refuse_closed()")
    op.execute(
        "ALTER TABLE ledger_transactions DROP CONSTRAINT ck_ledger_transactions_vat_treatment_known"
    )
    for column in COLUMNS:
        op.drop_column("ledger_transactions", column.name)
    for table in DATED:
        op.drop_column(table, "posted_on")
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_ledger_books() -> None:
    op.create_table(
        "ledger_books",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("open_from", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_ledger_books_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_ledger_books")),
    )


def _make_ledger_closings() -> None:
    op.create_table(
        "ledger_closings",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("previous_on", sa.Date(), nullable=True),
        sa.Column("transactions", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "month_on = (previous_on + interval '1 month')::date",
            name=op.f("ck_ledger_closings_no_gap"),
        ),
        sa.CheckConstraint(
            "extract(day FROM month_on) = 1", name=op.f("ck_ledger_closings_first_day")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "previous_on"],
            ["ledger_closings.organisation_id", "ledger_closings.month_on"],
            name="fk_ledger_closings_previous",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_ledger_closings_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "month_on", name=op.f("pk_ledger_closings")),
        sa.UniqueConstraint(
            "organisation_id",
            "previous_on",
            name="uq_ledger_closings_previous",
            postgresql_nulls_not_distinct=True,
        ),
    )


def _make_ledger_closing_balances() -> None:
    op.create_table(
        "ledger_closing_balances",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("account_code", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "month_on"],
            ["ledger_closings.organisation_id", "ledger_closings.month_on"],
            name="fk_ledger_closing_balances_closing",
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "month_on",
            "account_code",
            "currency",
            name=op.f("pk_ledger_closing_balances"),
        ),
    )


def _make_ledger_chart_entries() -> None:
    op.create_table(
        "ledger_chart_entries",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("number <> ''", name=op.f("ck_ledger_chart_entries_has_number")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_ledger_chart_entries_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_ledger_chart_entries")),
    )
    op.create_index(
        "ix_ledger_chart_entries_account",
        "ledger_chart_entries",
        ["organisation_id", "account_code", "set_at"],
        unique=False,
    )


def _make_vat_choices() -> None:
    op.create_table(
        "vat_choices",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("treatment", sa.Text(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "rate_bp = 0 OR treatment = 'price_reduction'",
            name=op.f("ck_vat_choices_rate_of_a_price"),
        ),
        sa.CheckConstraint(
            "treatment IN ('price_reduction', 'damages', 'goodwill_unclassified')",
            name=op.f("ck_vat_choices_treatment_known"),
        ),
        sa.CheckConstraint("rate_bp BETWEEN 0 AND 5000", name=op.f("ck_vat_choices_rate_possible")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_vat_choices_organisation_id_promise_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_vat_choices")),
    )
    op.create_index(
        "ix_vat_choices_promise",
        "vat_choices",
        ["organisation_id", "promise_id", "valid_from"],
        unique=False,
    )
