"""An index of when general terms change their answer, built beside the running service.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_commitments_change",
            "commitments",
            ["next_change_at"],
            postgresql_where=sa.text("next_change_at IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_commitments_change",
            table_name="commitments",
            postgresql_concurrently=True,
            if_exists=True,
        )
