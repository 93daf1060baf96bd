"""Find the vouchers that one person was shown and redeemed.

Revision ID: 0052
Revises: 0051
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_voucher_redemptions_shown_before",
            "voucher_redemptions",
            ["organisation_id", "redeemed_at", "voucher_id"],
            postgresql_where=sa.text("shown_before"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_voucher_redemptions_shown_before",
            table_name="voucher_redemptions",
            postgresql_concurrently=True,
            if_exists=True,
        )
