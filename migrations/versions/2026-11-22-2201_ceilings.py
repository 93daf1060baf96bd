"""Ceilings on what goes out in a day, week or month.

Revision ID: 0056
Revises: 0055
"""

import sqlalchemy as sa
from alembic import op

from promises.db.tenancy import policy_statements

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

_BEFORE = "'customer', 'device', 'clerk', 'branch', 'promise'"


def upgrade() -> None:
    _make_ceilings()
    for statement in policy_statements("ceilings"):
        op.execute(statement)
    _let_keys_be(f"{_BEFORE}, 'whole_promise', 'organisation'")


def downgrade() -> None:
    _let_keys_be(_BEFORE)
    op.drop_table("ceilings")


def _let_keys_be(scopes: str) -> None:
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # another one takes its place at once
        "ALTER TABLE released_keys DROP CONSTRAINT ck_released_keys_scope_known"
    )
    op.execute(
        "ALTER TABLE released_keys ADD CONSTRAINT ck_released_keys_scope_known "
        f"CHECK (scope IN ({scopes})) NOT VALID"
    )


def _make_ceilings() -> None:
    op.create_table(
        "ceilings",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("promise_id", sa.Uuid(), nullable=True),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=True),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "period IN ('day', 'week', 'month')", name=op.f("ck_ceilings_period_known")
        ),
        sa.CheckConstraint(
            "promise_id IS NULL OR period <> 'month'", name=op.f("ck_ceilings_month_in_terms")
        ),
        sa.CheckConstraint(
            "reaction IN ('wait', 'approve')", name=op.f("ck_ceilings_reaction_known")
        ),
        sa.CheckConstraint(
            "branch_id IS NULL OR promise_id IS NULL", name=op.f("ck_ceilings_one_place")
        ),
        sa.CheckConstraint("limit_minor >= 0", name=op.f("ck_ceilings_limit_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_ceilings_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "promise_id"],
            ["promises.organisation_id", "promises.id"],
            name=op.f("fk_ceilings_organisation_id_promise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_ceilings_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_ceilings")),
        sa.UniqueConstraint(
            "organisation_id",
            "branch_id",
            "promise_id",
            "period",
            name="uq_ceilings_place",
            postgresql_nulls_not_distinct=True,
        ),
    )
