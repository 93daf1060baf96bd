"""Look at the rows that were there before notices and reviews, beside the running service.

Revision ID: 0031
Revises: 0030
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE organisations VALIDATE CONSTRAINT ck_organisations_notice_hours_sane")
    op.execute("ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_kind_known")


def downgrade() -> None:
    """Nothing to take back: the constraints go with the revision before."""
