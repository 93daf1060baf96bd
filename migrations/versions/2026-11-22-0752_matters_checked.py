"""Look at the rows that were there before matters, beside the running service.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOT_YET_VALID = {
    "tickets": ("ck_tickets_kind_known", "ck_tickets_state_known"),
    "messages": ("ck_messages_kind_known",),
    "service_events": (
        "ck_service_events_kind_known",
        "ck_service_events_promise_names_time",
        "ck_service_events_leg_names_partner",
        "fk_service_events_organisation_id_partner_id",
        "fk_service_events_organisation_id_text_id",
    ),
}


def upgrade() -> None:
    for table, constraints in NOT_YET_VALID.items():
        for name in constraints:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    """Nothing to take back: the constraints go with the revision before."""
