"""Fill in the days and debts of what was posted before, and index the books by day.

Revision ID: 0039
Revises: 0038
"""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

# Row-level security binds the owner too, so each organisation is filled in as itself.
FILL = """
DO $$
DECLARE one uuid;
BEGIN
    FOR one IN SELECT organisation_id FROM organisation_directory LOOP
        PERFORM set_config('app.organisation_id', one::text, true);
        UPDATE ledger_transactions t
        SET posted_on = (t.recorded_at AT TIME ZONE o.time_zone)::date,
            debt_id = coalesce(y.compensation_id, y.gift_id, t.reference_id)
        FROM organisations o, ledger_transactions s
        LEFT JOIN vouchers v ON v.organisation_id = s.organisation_id AND v.id = s.reference_id
        LEFT JOIN payouts y ON y.organisation_id = s.organisation_id
            AND y.id = coalesce(v.payout_id, s.reference_id)
        WHERE t.organisation_id = one AND t.debt_id IS NULL AND o.organisation_id = one
          AND s.organisation_id = one AND s.id = t.id;
        UPDATE ledger_entries e SET posted_on = t.posted_on
        FROM ledger_transactions t
        WHERE e.organisation_id = one AND t.organisation_id = one AND t.id = e.transaction_id
          AND e.posted_on <> t.posted_on;
    END LOOP;
    PERFORM set_config('app.organisation_id', '', true);
END $$
"""
MADE = (
    (
        "ix_ledger_transactions_posted",
        "ledger_transactions",
        ["organisation_id", "posted_on", "recorded_at", "id"],
        {},
    ),
    (
        "ix_ledger_entries_account_day",
        "ledger_entries",
        ["organisation_id", "account_code", "currency", "posted_on", "transaction_id"],
        {"postgresql_include": ["amount_minor"]},
    ),
)
DROPPED = (
    (
        "ix_ledger_transactions_recorded",
        "ledger_transactions",
        ["organisation_id", "recorded_at"],
    ),
    (
        "ix_ledger_entries_account",
        "ledger_entries",
        ["organisation_id", "account_code", "currency"],
    ),
)


def upgrade() -> None:
    op.execute(FILL)
    op.execute(
        "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
        "ALTER TABLE ledger_transactions "
        "VALIDATE CONSTRAINT ck_ledger_transactions_vat_treatment_known"
    )
    with op.get_context().autocommit_block():
        for name, table, columns, options in MADE:
            op.create_index(
                name, table, columns, postgresql_concurrently=True, if_not_exists=True, **options
            )
        for name, table, _ in DROPPED:
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, table, columns in DROPPED:
            op.create_index(name, table, columns, postgresql_concurrently=True, if_not_exists=True)
        for name, table, _, _ in MADE:
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)
