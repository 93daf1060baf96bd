"""Causes of breaches, what is done against them, and notes on charts.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("causes", "breach_causes", "improvement_actions", "chart_notes")
JSON = postgresql.JSONB(astext_type=sa.Text())
INSTANT = sa.DateTime(timezone=True)


def keys() -> list[sa.Column]:
    return [
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
    ]


def to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{target}.organisation_id", f"{target}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )


def to_organisation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisations.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def ends(table: str, **checks: str) -> list[sa.Constraint]:
    return [
        *(
            sa.CheckConstraint(text, name=op.f(f"ck_{table}_{name}"))
            for name, text in checks.items()
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    causes()
    actions()
    notes()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)


def causes() -> None:
    op.create_table(
        "causes",
        *keys(),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("names", JSON, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("retired_at", INSTANT, nullable=True),
        sa.Column("retired_by", sa.Uuid(), nullable=True),
        to_organisation("causes"),
        sa.UniqueConstraint("organisation_id", "key", name=op.f("uq_causes_organisation_id_key")),
        *ends(
            "causes",
            has_name="names <> '{}'",
            own_has_author="key IS NOT NULL OR created_by IS NOT NULL",
        ),
    )
    op.create_table(
        "breach_causes",
        *keys(),
        sa.Column("breach_id", sa.Uuid(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("tagged_by", sa.Uuid(), nullable=False),
        sa.Column("tagged_at", INSTANT, nullable=False),
        to("breach_causes", "breach_id", "breaches"),
        to("breach_causes", "cause_id", "causes"),
        to("breach_causes", "tagged_by", "members"),
        *ends("breach_causes"),
    )
    op.create_index(
        "ix_breach_causes_last",
        "breach_causes",
        ["organisation_id", "breach_id", "tagged_at", "id"],
    )


def actions() -> None:
    op.create_table(
        "improvement_actions",
        *keys(),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("checked_at", INSTANT, nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("dropped_reason", sa.Text(), nullable=True),
        sa.Column("public_texts", JSON, nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        to("improvement_actions", "promise_id", "promises"),
        to("improvement_actions", "branch_id", "branches"),
        to("improvement_actions", "cause_id", "causes"),
        to("improvement_actions", "owner_id", "members"),
        *ends(
            "improvement_actions",
            state_known="state IN ('open', 'done', 'checked', 'dropped')",
            outcome_known="outcome IN ('helped', 'no_difference', 'worse', 'too_early')",
            says_what="what <> ''",
            done_has_day="(state IN ('done', 'checked')) = (done_on IS NOT NULL)",
            done_has_time="(done_on IS NULL) = (done_at IS NULL)",
            checked_has_time="(state = 'checked') = (checked_at IS NOT NULL)",
            checked_has_outcome="(state = 'checked') = (outcome IS NOT NULL)",
            dropped_has_reason="(state = 'dropped') = (dropped_reason IS NOT NULL)",
            public_is_done_and_said="published_at IS NULL OR "
            "(public_texts IS NOT NULL AND done_on IS NOT NULL)",
        ),
    )
    op.create_index(
        "ix_improvement_actions_promise",
        "improvement_actions",
        ["organisation_id", "promise_id", "done_on"],
    )
    op.create_index(
        "ix_improvement_actions_remind",
        "improvement_actions",
        ["organisation_id", "remind_on"],
        postgresql_where=sa.text("remind_on IS NOT NULL"),
    )


def notes() -> None:
    op.create_table(
        "chart_notes",
        *keys(),
        sa.Column("promise_id", sa.Uuid(), nullable=True),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        to_organisation("chart_notes"),
        to("chart_notes", "promise_id", "promises"),
        to("chart_notes", "branch_id", "branches"),
        *ends(
            "chart_notes",
            says_something="text <> ''",
            removed_by_somebody="(removed_at IS NULL) = (removed_by IS NULL)",
        ),
    )
    op.create_index(
        "ix_chart_notes_day",
        "chart_notes",
        ["organisation_id", "day_on"],
        postgresql_where=sa.text("removed_at IS NULL"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
