"""Compensation that the customer has to ask for: until when, and when that was.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("claim_before", "claimed_at"):
        op.add_column("compensations", sa.Column(column, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in ("claimed_at", "claim_before"):
        op.drop_column("compensations", column)
