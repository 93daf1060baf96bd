"""Pauses of promises, and what is announced before it takes force.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("promise_pauses", "promise_changes", "promise_ends")


def upgrade() -> None:
    _create(
        "promise_pauses",
        {"promise_id": "promises", "branch_id": "branches"},
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        _instant("starts_at"),
        _instant("ends_at", nullable=True),
        _by_language("reasons"),
        _instant("announced_at"),
        sa.Column("announced_by", sa.Uuid(), nullable=True),
        _instant("end_set_at", nullable=True),
        sa.Column("end_set_by", sa.Uuid(), nullable=True),
        _check("promise_pauses_starts_forward", "starts_at >= announced_at"),
        _check("promise_pauses_ends_after_start", "ends_at IS NULL OR ends_at >= starts_at"),
        _check(
            "promise_pauses_end_moves_forward",
            "end_set_at IS NULL OR (ends_at IS NOT NULL AND ends_at >= end_set_at)",
        ),
        _check("promise_pauses_has_reason", "reasons <> '{}'::jsonb"),
    )
    op.create_index(
        "ix_promise_pauses_promise",
        "promise_pauses",
        ["organisation_id", "promise_id", "starts_at"],
    )
    op.create_index(
        "uq_promise_pauses_unended",
        "promise_pauses",
        ["organisation_id", "promise_id", "branch_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("ends_at IS NULL"),
    )
    _create(
        "promise_changes",
        {"promise_id": "promises", "version_id": "promise_versions"},
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("worse", postgresql.ARRAY(sa.Text()), nullable=False),
        _by_language("reasons"),
        _instant("announced_at"),
        _instant("holds_from"),
        _check(
            "promise_changes_worse_is_announced",
            "cardinality(worse) = 0"
            " OR (holds_from - announced_at >= interval '24 hours' AND reasons <> '{}'::jsonb)",
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "version_id",
            name=op.f("uq_promise_changes_organisation_id_version_id"),
        ),
    )
    _create(
        "promise_ends",
        {"promise_id": "promises"},
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        _instant("ends_at"),
        _by_language("reasons"),
        _instant("announced_at"),
        sa.Column("announced_by", sa.Uuid(), nullable=True),
        _check("promise_ends_end_is_announced", "ends_at - announced_at >= interval '24 hours'"),
        _check("promise_ends_has_reason", "reasons <> '{}'::jsonb"),
        sa.UniqueConstraint(
            "organisation_id", "promise_id", name=op.f("uq_promise_ends_organisation_id_promise_id")
        ),
    )
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)


def _create(table: str, references: dict[str, str], *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *parts,
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{other}.organisation_id", f"{other}.id"],
                name=op.f(f"fk_{table}_organisation_id_{column}"),
            )
            for column, other in references.items()
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f(f"pk_{table}")),
    )


def _instant(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _by_language(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=False)


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{name}"))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
