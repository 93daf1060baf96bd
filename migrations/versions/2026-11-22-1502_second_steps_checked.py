"""Look at the sign-ins and messages that were there before second steps, beside the running service.

Revision ID: 0043
Revises: 0042
"""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

CONSTRAINTS = {
    "staff_sessions": "ck_staff_sessions_shown_by_known",
    "messages": "ck_messages_kind_known",
}


def upgrade() -> None:
    for table, name in CONSTRAINTS.items():
        op.execute(
            "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        )


def downgrade() -> None:
    """The constraints go with the revision before."""
