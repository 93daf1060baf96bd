"""Look at the rows that were there before general terms, beside the running service.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NOT_YET_VALID = {
    "promise_versions": ("ck_promise_versions_short_form_whole",),
    "commitments": ("ck_commitments_due_after_start",),
    "compensations": ("ck_compensations_remedy_known", "ck_compensations_outcome_known"),
}


def upgrade() -> None:
    for table, constraints in NOT_YET_VALID.items():
        for name in constraints:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    """Nothing to take back: the constraints go with the revision before."""
