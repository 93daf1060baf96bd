"""Indexes that answer counts of cases by themselves, built beside the running service.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
        "ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_kind_known"
    )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_commitments_counts",
            "commitments",
            ["organisation_id", "promise_id", "day_on", "state"],
            postgresql_include=["branch_id", "evidence"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "ix_commitments_decided",
            "commitments",
            ["organisation_id", "promise_id", "decided_at"],
            postgresql_include=["branch_id", "state", "evidence"],
            postgresql_where=sa.text("decided_at IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        _drop("ix_commitments_figures")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_commitments_figures",
            "commitments",
            ["organisation_id", "promise_id", "day_on", "state"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        _drop("ix_commitments_decided")
        _drop("ix_commitments_counts")


def _drop(name: str) -> None:
    op.drop_index(name, table_name="commitments", postgresql_concurrently=True, if_exists=True)
