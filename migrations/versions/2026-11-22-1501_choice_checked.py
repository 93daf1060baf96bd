"""Look at the rows that were there before customers chose, beside the running service.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

CONSTRAINTS = {
    "payout_destinations": "ck_payout_destinations_proof_known",
    "messages": "ck_messages_kind_known",
}
INDEXES = {
    "ix_payout_destinations_pending": (
        "payout_destinations",
        ["organisation_id", "usable_at"],
        "chosen AND applied_at IS NULL AND replaced_at IS NULL",
    ),
    "ix_payout_destinations_forget": (
        "payout_destinations",
        ["organisation_id"],
        "forget_at IS NOT NULL AND details_sealed IS NOT NULL",
    ),
    "ix_payouts_destination": (
        "payouts",
        ["organisation_id", "destination_id"],
        "destination_id IS NOT NULL",
    ),
    "ix_compensations_unpaid": (
        "compensations",
        ["organisation_id", "created_at"],
        "state = 'owed' AND 'payment' = ANY (holds)",
    ),
}


def upgrade() -> None:
    for table, name in CONSTRAINTS.items():
        op.execute(
            "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        )
    with op.get_context().autocommit_block():
        for name, (table, columns, condition) in INDEXES.items():
            op.create_index(
                name,
                table,
                columns,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
                if_not_exists=True,
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, (table, _, _) in INDEXES.items():
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)
