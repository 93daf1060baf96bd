"""Look at the rows that were there before call backs from the queue and gifts, beside the service.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NOT_YET_VALID = {
    "tickets": ("ck_tickets_state_known",),
    "service_events": ("ck_service_events_kind_known",),
    "messages": ("ck_messages_kind_known",),
    "payouts": ("fk_payouts_organisation_id_gift_id", "ck_payouts_pays_one_thing"),
}


def upgrade() -> None:
    for table, constraints in NOT_YET_VALID.items():
        for name in constraints:
            op.execute(
                "-- squawk-ignore prefer-robust-stmts\n"  # looking twice does no harm
                f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
            )
    with op.get_context().autocommit_block():
        op.create_index(
            "uq_payouts_live_gift",
            "payouts",
            ["organisation_id", "gift_id"],
            unique=True,
            postgresql_where=sa.text(
                "gift_id IS NOT NULL AND state NOT IN ('failed', 'cancelled', 'returned')"
            ),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "uq_payouts_live_gift",
            table_name="payouts",
            postgresql_concurrently=True,
            if_exists=True,
        )
