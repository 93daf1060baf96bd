"""Look at the rows that were there before modes of money, beside the running service.

Revision ID: 0037
Revises: 0036
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE organisations VALIDATE CONSTRAINT ck_organisations_money_mode_known")
    op.execute("ALTER TABLE organisations VALIDATE CONSTRAINT ck_organisations_demo_moves_no_money")
    op.execute("ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_kind_known")


def downgrade() -> None:
    """Nothing to take back: the constraints go with the revision before."""
