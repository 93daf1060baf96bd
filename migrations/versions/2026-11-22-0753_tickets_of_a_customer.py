"""An index of each customer's tickets, built beside the running service.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_tickets_customer",
            "tickets",
            ["organisation_id", "customer_id", "queued_at"],
            postgresql_where=sa.text("customer_id IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_tickets_customer",
            table_name="tickets",
            postgresql_concurrently=True,
            if_exists=True,
        )
