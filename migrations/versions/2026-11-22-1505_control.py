"""Thresholds on rolling sums, deadlines of holds, caps of money, and what paying late costs.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

from promises.db.tenancy import policy_statements

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

TABLES = ("approval_rules", "released_keys", "released_days")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _make_approval_rules()
    _make_released_keys()
    _make_released_days()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)
    op.add_column("compensations", sa.Column("held_until", INSTANT, nullable=True))
    op.add_column("compensations", sa.Column("counted_on", sa.Date(), nullable=True))
    op.add_column("compensations", sa.Column("counted_as", sa.ARRAY(sa.Text()), nullable=True))
    op.add_column("compensations", sa.Column("lateness", sa.Text(), nullable=True))
    op.add_column(
        "compensations",
        sa.Column("is_penalty", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("compensation_decisions", sa.Column("until_at", INSTANT, nullable=True))
    op.add_column(
        "cap_usages", sa.Column("used_minor", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column(
        "goodwill_rules",
        sa.Column("most_unknown_day", sa.Integer(), server_default="3", nullable=False),
    )
    op.execute(
        "ALTER TABLE compensations ADD CONSTRAINT ck_compensations_lateness_known "
        "CHECK (lateness IN ('in_time', 'theirs', 'ours')) NOT VALID"
    )
    op.execute(
        "ALTER TABLE goodwill_rules ADD CONSTRAINT ck_goodwill_rules_unknown_not_negative "
        "CHECK (most_unknown_day >= 0) NOT VALID"
    )
    _let_gifts_wait_for("'amount', 'again', 'month', 'unknown'")


def downgrade() -> None:
    _let_gifts_wait_for("'amount', 'again', 'month'")
    op.drop_column("goodwill_rules", "most_unknown_day")
    op.drop_column("cap_usages", "used_minor")
    op.drop_column("compensation_decisions", "until_at")
    for column in ("is_penalty", "lateness", "counted_as", "counted_on", "held_until"):
        op.drop_column("compensations", column)
    for table in reversed(TABLES):
        op.drop_table(table)


def _let_gifts_wait_for(reasons: str) -> None:
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        "ALTER TABLE goodwill_gifts DROP CONSTRAINT ck_goodwill_gifts_waits_for_known"
    )
    op.execute(
        "ALTER TABLE goodwill_gifts ADD CONSTRAINT ck_goodwill_gifts_waits_for_known "
        f"CHECK (waits_for IN ({reasons})) NOT VALID"
    )


def _make_approval_rules() -> None:
    op.create_table(
        "approval_rules",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("customer_minor", sa.BigInteger(), nullable=True),
        sa.Column("device_minor", sa.BigInteger(), nullable=True),
        sa.Column("clerk_minor", sa.BigInteger(), nullable=True),
        sa.Column("branch_minor", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "least(customer_minor, device_minor, clerk_minor, branch_minor) >= 0",
            name=op.f("ck_approval_rules_limits_not_negative"),
        ),
        sa.CheckConstraint(
            "window_days BETWEEN 1 AND 366", name=op.f("ck_approval_rules_window_in_a_year")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_approval_rules_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_approval_rules")),
    )


def _make_released_keys() -> None:
    op.create_table(
        "released_keys",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "scope IN ('customer', 'device', 'clerk', 'branch', 'promise')",
            name=op.f("ck_released_keys_scope_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_released_keys_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "scope", "key", name=op.f("pk_released_keys")),
    )


def _make_released_days() -> None:
    op.create_table(
        "released_days",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_released_days_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_released_days_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "scope", "key", "day_on", name=op.f("pk_released_days")
        ),
    )
