"""Read a page of all vouchers, or of those in one state, in the order of their issue.

Revision ID: 0055
Revises: 0054
"""

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create("ix_vouchers_issued", ["organisation_id", "issued_at", "id"])
    _create("ix_vouchers_of_state", ["organisation_id", "state", "issued_at", "id"])
    _drop("ix_vouchers_state")


def downgrade() -> None:
    _create("ix_vouchers_state", ["organisation_id", "state", "issued_at"])
    _drop("ix_vouchers_of_state")
    _drop("ix_vouchers_issued")


def _create(name: str, columns: list[str]) -> None:
    with op.get_context().autocommit_block():
        op.create_index(name, "vouchers", columns, postgresql_concurrently=True, if_not_exists=True)


def _drop(name: str) -> None:
    with op.get_context().autocommit_block():
        op.drop_index(name, table_name="vouchers", postgresql_concurrently=True, if_exists=True)
