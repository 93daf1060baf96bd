"""An index of what was put right or disputed; look at the messages that were there before letters to
those who follow.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
        "ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_kind_known"
    )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_service_events_marks",
            "service_events",
            ["organisation_id", "recorded_at"],
            postgresql_where=sa.text("kind IN ('disputed', 'undone')"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_service_events_marks",
            table_name="service_events",
            postgresql_concurrently=True,
            if_exists=True,
        )
