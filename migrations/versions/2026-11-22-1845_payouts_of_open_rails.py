"""Find the payouts of a rail that can be called among any number that wait for one that cannot.

Revision ID: 0054
Revises: 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_TO_DO = "NOT by_run AND state IN ('ready', 'submitting', 'unknown')"
_UNCLEAR = "NOT by_run AND state IN ('submitting', 'unknown')"


def upgrade() -> None:
    _create("ix_payouts_rail", ["organisation_id", "rail", "created_at", "id"], _TO_DO)
    _create("ix_payouts_unclear", ["organisation_id", "created_at"], _UNCLEAR)
    _drop("ix_payouts_called")


def downgrade() -> None:
    _create("ix_payouts_called", ["organisation_id", "created_at"], _TO_DO)
    _drop("ix_payouts_unclear")
    _drop("ix_payouts_rail")


def _create(name: str, columns: list[str], where: str) -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            name,
            "payouts",
            columns,
            postgresql_where=sa.text(where),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def _drop(name: str) -> None:
    with op.get_context().autocommit_block():
        op.drop_index(name, table_name="payouts", postgresql_concurrently=True, if_exists=True)
