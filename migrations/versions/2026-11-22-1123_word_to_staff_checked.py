"""Look at the messages that were there before staff had word of what was published.

Revision ID: 0020
Revises: 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_kind_known")


def downgrade() -> None:
    pass
