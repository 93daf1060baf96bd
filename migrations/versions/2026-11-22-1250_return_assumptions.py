"""What an organisation assumes when it asks what its promises return.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

from promises.db.tenancy import policy_statements

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "return_assumptions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "value_minor >= 0", name=op.f("ck_return_assumptions_value_not_negative")
        ),
        sa.CheckConstraint(
            "days BETWEEN 1 AND 365", name=op.f("ck_return_assumptions_days_of_a_year")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_return_assumptions_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_return_assumptions")),
    )
    op.create_index(
        "ix_return_assumptions_latest",
        "return_assumptions",
        ["organisation_id", "set_at", "id"],
    )
    for statement in policy_statements("return_assumptions"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("return_assumptions")
