"""Look at the problems that were there before, and index what is sought.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NOT_YET_VALID = (
    "ck_problems_state_known",
    "ck_problems_source_known",
    "ck_problems_merged_names_other",
    "ck_problems_merged_into_another",
    "ck_problems_closed_has_reason",
    "ck_problems_raised_by_cause",
    "fk_problems_organisation_id_merged_into",
    "fk_problems_organisation_id_service_kind_id",
    "fk_problems_organisation_id_cause_id",
)


def upgrade() -> None:
    for name in NOT_YET_VALID:
        op.execute(f"ALTER TABLE problems VALIDATE CONSTRAINT {name}")
    # a few hundred rows an organisation: done in a blink
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_problems_merged ON problems (organisation_id, merged_into) "
        "WHERE merged_into IS NOT NULL"
    )
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE UNIQUE INDEX uq_problems_cause ON problems (organisation_id, cause_id, branch_id) "
        "NULLS NOT DISTINCT WHERE cause_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index("uq_problems_cause", "problems")
    op.drop_index("ix_problems_merged", "problems")
