"""Find the payouts that are called out among any number that wait for a file.

Revision ID: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_payouts_called",
            "payouts",
            ["organisation_id", "created_at"],
            postgresql_where=sa.text("NOT by_run AND state IN ('ready', 'submitting', 'unknown')"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_payouts_called",
            table_name="payouts",
            postgresql_concurrently=True,
            if_exists=True,
        )
