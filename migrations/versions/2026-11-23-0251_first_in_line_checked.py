"""Look at the messages and ceilings that were there before.

Revision ID: 0061
Revises: 0060
"""

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, name in (
        ("messages", "ck_messages_kind_known"),
        ("ceilings", "fk_ceilings_organisation_id_first_id"),
    ):
        op.execute(
            "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        )


def downgrade() -> None:
    """Nothing to take back: the constraints go with the revision before."""
