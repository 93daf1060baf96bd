"""Take back a column of caps that nothing has read or written.

Revision ID: 0049
Revises: 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "-- squawk-ignore ban-drop-column\n"  # no version that runs asks for it
        "ALTER TABLE cap_usages DROP COLUMN IF EXISTS used_minor"
    )


def downgrade() -> None:
    op.add_column(
        "cap_usages", sa.Column("used_minor", sa.BigInteger(), server_default="0", nullable=False)
    )
