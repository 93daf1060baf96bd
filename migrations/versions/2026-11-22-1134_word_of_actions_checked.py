"""Look at the messages that were there before, beside the running service.

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_kind_known")


def downgrade() -> None:
    """Nothing to take back: the constraint goes with the revision before."""
