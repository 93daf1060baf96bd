"""Find every payout of a debt or a gift, those that came to nothing as well.

Revision ID: 0047
Revises: 0046
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_payouts_compensation": "compensation_id",
    "ix_payouts_gift": "gift_id",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, column in INDEXES.items():
            op.create_index(
                name,
                "payouts",
                ["organisation_id", column],
                postgresql_where=f"{column} IS NOT NULL",
                postgresql_concurrently=True,
                if_not_exists=True,
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.drop_index(name, table_name="payouts", postgresql_concurrently=True, if_exists=True)
