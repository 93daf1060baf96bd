"""Alerts on promises, the reactions that management chose, and word of them to managers.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from promises.db.tenancy import policy_statements

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = ("alerts", "reaction_choices", "reaction_runs")
INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB(astext_type=sa.Text())
MESSAGES = (
    "turn_near", "your_turn", "promise_broken", "invitation", "reset", "matter_received",
    "matter_promised", "matter_told", "matter_answered", "matter_due", "help_asked",
    "proposal_news", "promise_notice", "decision_due",
)  # fmt: skip


def upgrade() -> None:
    alerts()
    reaction_choices()
    reaction_runs()
    for table in TABLES:
        for statement in policy_statements(table):
            op.execute(statement)
    _allow((*MESSAGES, "promise_alert"))


def downgrade() -> None:
    _allow(MESSAGES)
    for table in reversed(TABLES):
        op.drop_table(table)


def _allow(words: tuple[str, ...]) -> None:
    """The kinds of messages. The rows that are there are looked at by the next revision: in this
    transaction it would stop the writers."""
    listed = ", ".join(f"'{word}'" for word in words)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place at once
        "ALTER TABLE messages DROP CONSTRAINT ck_messages_kind_known"
    )
    op.execute(
        "ALTER TABLE messages ADD CONSTRAINT ck_messages_kind_known "
        f"CHECK (kind IN ({listed})) NOT VALID"
    )


def _create(table: str, keys: dict[str, str], *items: sa.schema.SchemaItem) -> None:
    """`keys`: column → table that it refers to."""
    op.create_table(
        table,
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *items,
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{other}.organisation_id", f"{other}.id"],
                name=op.f(f"fk_{table}_organisation_id_{column}"),
            )
            for column, other in keys.items()
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f(f"pk_{table}")),
    )


def alerts() -> None:
    _create(
        "alerts",
        {"promise_id": "promises", "branch_id": "branches", "acknowledged_by": "members"},
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seen", JSON, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("tell_at", INSTANT, nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        _check("alerts_kind_known", "kind IN ('burn', 'errors', 'money')"),
        _check("alerts_level_known", "level IN ('page', 'tell', 'notice', 'most', 'all')"),
        _check("alerts_state_known", "state IN ('open', 'acknowledged', 'closed')"),
        _check("alerts_closed_whole", "(state = 'closed') = (closed_at IS NOT NULL)"),
        _check("alerts_budgets_have_a_month", "(kind = 'burn') = (month_on IS NULL)"),
        _check(
            "alerts_acknowledged_whole", "(acknowledged_by IS NULL) = (acknowledged_at IS NULL)"
        ),
    )
    op.create_index(
        "uq_alerts_live",
        "alerts",
        ["organisation_id", "promise_id", "branch_id", "kind", "level"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "uq_alerts_month",
        "alerts",
        ["organisation_id", "promise_id", "kind", "level", "month_on"],
        unique=True,
        postgresql_where=sa.text("month_on IS NOT NULL"),
    )
    op.create_index("ix_alerts_closed", "alerts", ["organisation_id", "closed_at"])


def reaction_choices() -> None:
    _create(
        "reaction_choices",
        {"promise_id": "promises", "chosen_by": "members"},
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reactions", JSON, nullable=False),
        sa.Column("chosen_by", sa.Uuid(), nullable=False),
        sa.Column("chosen_at", INSTANT, nullable=False),
        _check("reaction_choices_number_positive", "number > 0"),
        sa.UniqueConstraint(
            "organisation_id",
            "promise_id",
            "number",
            name=op.f("uq_reaction_choices_organisation_id_promise_id_number"),
        ),
    )


def reaction_runs() -> None:
    _create(
        "reaction_runs",
        {"promise_id": "promises", "choice_id": "reaction_choices", "lifted_by": "members"},
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("choice_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("done_at", INSTANT, nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", INSTANT, nullable=True),
        _check(
            "reaction_runs_trigger_known",
            "trigger IN ('errors_most', 'errors_all', 'money_most', 'money_all')",
        ),
        _check(
            "reaction_runs_reaction_known", "reaction IN ('tell', 'approve', 'pause', 'suggest')"
        ),
        _check("reaction_runs_lifted_whole", "(lifted_by IS NULL) = (lifted_at IS NULL)"),
        sa.UniqueConstraint(
            "organisation_id",
            "promise_id",
            "month_on",
            "trigger",
            name=op.f("uq_reaction_runs_organisation_id_promise_id_month_on_trigger"),
        ),
    )
    op.create_index("ix_reaction_runs_month", "reaction_runs", ["organisation_id", "month_on"])


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{name}"))
