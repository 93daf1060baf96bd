"""Look at the events that were there before facts could be noted, beside the running service.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NOT_YET_VALID = ("ck_service_events_kind_known", "ck_service_events_note_names_facts")


def upgrade() -> None:
    for name in NOT_YET_VALID:
        op.execute(f"ALTER TABLE service_events VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    """Nothing to take back: the constraints go with the revision before."""
