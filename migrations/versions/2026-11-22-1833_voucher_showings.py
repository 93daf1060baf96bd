"""Note to whom the code of a voucher was shown, and who redeemed one after that.

Revision ID: 0051
Revises: 0050
"""

import sqlalchemy as sa
from alembic import op

from promises.db.tenancy import policy_statements

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voucher_showings",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("voucher_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_voucher_showings_generation_counts")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "voucher_id"],
            ["vouchers.organisation_id", "vouchers.id"],
            name=op.f("fk_voucher_showings_organisation_id_voucher_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_voucher_showings")),
        sa.UniqueConstraint(
            "organisation_id",
            "voucher_id",
            "generation",
            "actor_kind",
            "actor_id",
            name="uq_voucher_showings_once",
        ),
    )
    for statement in policy_statements("voucher_showings"):
        op.execute(statement)
    op.add_column(
        "voucher_redemptions",
        sa.Column("shown_before", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("voucher_redemptions", "shown_before")
    op.drop_table("voucher_showings")
