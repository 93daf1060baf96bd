"""Find payouts by rail and the time of their first try, as each night's comparison does.

Revision ID: 0050
Revises: 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_payouts_tried",
            "payouts",
            ["organisation_id", "rail", "key_used_at", "id"],
            postgresql_where=sa.text("key_used_at IS NOT NULL AND NOT by_run"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_payouts_tried", table_name="payouts", postgresql_concurrently=True, if_exists=True
        )
