"""Keep for which account, by its blind index, a debt was approved.

Revision ID: 0053
Revises: 0052
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("compensation_decisions", sa.Column("account", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("compensation_decisions", "account")
