"""Look at the rows that were there before proposals had a deadline, and index what is sought,
beside the running service.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NOT_YET_VALID = {
    "organisations": ("ck_organisations_decide_within_days_sane",),
    "proposals": (
        "ck_proposals_state_known",
        "ck_proposals_merged_names_other",
        "ck_proposals_merged_into_another",
        "ck_proposals_asked_names_time",
        "fk_proposals_organisation_id_merged_into",
    ),
    "decisions": ("ck_decisions_outcome_known",),
    "messages": ("ck_messages_kind_known",),
}


def upgrade() -> None:
    for table, constraints in NOT_YET_VALID.items():
        for name in constraints:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    # a few rows an organisation: done in a blink
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_proposals_remind ON proposals (organisation_id, remind_at) "
        "WHERE remind_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_proposals_remind", table_name="proposals")
