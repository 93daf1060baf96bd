"""Look at the kinds that were there before, and find messages of providers by their age.

Revision ID: 0059
Revises: 0058
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("messages", "money_incidents"):
        op.execute(
            "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
            f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_kind_known"
        )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_provider_events_old",
            "provider_events",
            ["organisation_id", "received_at"],
            postgresql_where=sa.text("state <> 'new'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_provider_events_old",
            table_name="provider_events",
            postgresql_concurrently=True,
            if_exists=True,
        )
