"""Look at the payouts that were there before rails beyond vouchers, beside the running service.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

CONSTRAINTS = (
    "ck_payouts_state_known",
    "ck_payouts_generation_counts",
    "fk_payouts_organisation_id_destination_id",
)
INDEXES = {
    "ix_payouts_look": (["look_at", "organisation_id"], "look_at IS NOT NULL"),
    "ix_payouts_provider_ref": (
        ["organisation_id", "rail", "provider_ref"],
        "provider_ref IS NOT NULL",
    ),
}


def upgrade() -> None:
    for name in CONSTRAINTS:
        op.execute(
            "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
            f"ALTER TABLE payouts VALIDATE CONSTRAINT {name}"
        )
    with op.get_context().autocommit_block():
        for name, (columns, condition) in INDEXES.items():
            op.create_index(
                name,
                "payouts",
                columns,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
                if_not_exists=True,
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.drop_index(name, table_name="payouts", postgresql_concurrently=True, if_exists=True)
