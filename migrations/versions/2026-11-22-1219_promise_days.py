"""Cases of promises counted by day, and when they were.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

from promises.db.tenancy import policy_statements

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

COUNTS = (
    "kept", "broken", "excluded", "open", "broken_live", "broken_unverified", "broken_imported",
    "unverified", "imported",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "promise_days",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_promise_days_organisation_id_promise_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "promise_id", "day_on", name=op.f("pk_promise_days")
        ),
    )
    op.create_table(
        "promise_day_marks",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days_before", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_promise_day_marks_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_promise_day_marks")),
    )
    for table in ("promise_days", "promise_day_marks"):
        for statement in policy_statements(table):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("promise_day_marks")
    op.drop_table("promise_days")
