"""Look at the sums that were there before ceilings, and find what went out on a day.

Revision ID: 0057
Revises: 0056
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
        "ALTER TABLE released_keys VALIDATE CONSTRAINT ck_released_keys_scope_known"
    )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_compensations_counted",
            "compensations",
            ["organisation_id", "counted_on", "id"],
            postgresql_where=sa.text("counted_on IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_compensations_counted",
            table_name="compensations",
            postgresql_concurrently=True,
            if_exists=True,
        )
