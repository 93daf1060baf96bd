"""Promises by general terms: versions without a limit, commitments that the engine judges.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OUTCOMES = ("full", "capped", "limit_reached", "none")
MORE_OUTCOMES = ("below_minimum", "claim_too_early", "claim_too_late")
REMEDIES = (
    "money", "voucher", "bill_credit", "fee_waiver", "expense", "goods", "apology",
    "right_to_cancel",
)  # fmt: skip


def upgrade() -> None:
    for column in ("limit_us", "amount_minor"):
        _may_be_missing("promise_versions", column)
    op.add_column(
        "promise_versions",
        sa.Column("calendars", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    _check("promise_versions", "short_form_whole", "(limit_us IS NULL) = (amount_minor IS NULL)")
    _may_be_missing("commitments", "due_at")
    op.add_column(
        "commitments", sa.Column("by_engine", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "commitments", sa.Column("next_change_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "commitments", sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    _recheck(
        "commitments",
        "due_after_start",
        "by_engine OR (due_at IS NOT NULL AND due_at > started_at)",
    )
    op.add_column(
        "compensations", sa.Column("remedy", sa.Text(), server_default="money", nullable=False)
    )
    op.add_column(
        "compensations", sa.Column("pay_before", sa.DateTime(timezone=True), nullable=True)
    )
    _check("compensations", "remedy_known", _among("remedy", REMEDIES))
    _recheck("compensations", "outcome_known", _among("outcome", OUTCOMES + MORE_OUTCOMES))


def downgrade() -> None:
    _recheck("compensations", "outcome_known", _among("outcome", OUTCOMES))
    op.drop_column("compensations", "pay_before")
    op.drop_column("compensations", "remedy")
    _recheck("commitments", "due_after_start", "due_at > started_at")
    for column in ("detail", "next_change_at", "by_engine"):
        op.drop_column("commitments", column)
    op.alter_column("commitments", "due_at", nullable=False)
    op.drop_constraint("ck_promise_versions_short_form_whole", "promise_versions")
    op.drop_column("promise_versions", "calendars")
    for column in ("limit_us", "amount_minor"):
        op.alter_column("promise_versions", column, nullable=False)


def _may_be_missing(table: str, column: str) -> None:
    op.execute(
        "-- squawk-ignore ban-drop-not-null\n"  # the service before writes no row without it
        f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
    )


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _recheck(table: str, name: str, condition: str) -> None:
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}"
    )
    _check(table, name, condition)


def _check(table: str, name: str, condition: str) -> None:
    """The rows that are there are looked at by the next revision: here it would stop writers."""
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition}) NOT VALID"
    )
