"""Drafts of promises.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REFERENCES = {
    "promise_id": "promises",
    "proposal_id": "proposals",
    "version_id": "promise_versions",
}


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in REFERENCES),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'published', 'dropped')", name=op.f("ck_drafts_state_known")
        ),
        sa.CheckConstraint("revision > 0", name=op.f("ck_drafts_revision_positive")),
        sa.CheckConstraint(
            "(state = 'published') = (version_id IS NOT NULL)",
            name=op.f("ck_drafts_published_names_version"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_drafts_organisation_id"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_drafts_organisation_id_{column}"),
            )
            for column, table in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_drafts")),
    )
    op.create_index("ix_drafts_state", "drafts", ["organisation_id", "state", "changed_at"])
    for one in ("promise", "proposal"):
        op.create_index(
            f"uq_drafts_open_{one}",
            "drafts",
            ["organisation_id", f"{one}_id"],
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        )
    for statement in policy_statements("drafts"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("drafts")
